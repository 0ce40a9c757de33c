package workflows

import (
	"slices"
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// FleetRequest is what pause, resume and abort are told.
type FleetRequest struct {
	By   string `json:"by,omitempty"`
	Note string `json:"note,omitempty"`
}

// FleetAnswer says what follows. The same request again is answered the same way and changes nothing.
type FleetAnswer struct {
	Accepted bool   `json:"accepted"`
	Detail   string `json:"detail"`
}

// Decisions of a person that a run of many servers takes at any time.
const (
	DecidePause  Decision = "pause"
	DecideResume Decision = "resume"
	DecideAbort  Decision = "abort"
)

// fanOutUpdates are all updates of a run of many servers.
var fanOutUpdates = []string{UpdatePause, UpdateResume, UpdateAbort, UpdateDecide}

// refuseFanOut answers every update of a run whose input cannot be used with what is wrong with it.
func refuseFanOut(ctx workflow.Context, end error) error {
	for _, name := range fanOutUpdates {
		if err := workflow.SetUpdateHandlerWithOptions(ctx, name, func(workflow.Context, converter.RawValue) error { return end },
			workflow.UpdateHandlerOptions{Validator: func(converter.RawValue) error { return end }}); err != nil {
			return err
		}
	}
	return end
}

// setHandlers makes the run answer its query and updates, and notice a cancel. None of the handlers blocks.
func (f *fanOut) setHandlers(ctx workflow.Context) error {
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryStatus, f.status,
		workflow.QueryHandlerOptions{Description: "phase, counts, the last failures, what a person may do"}); err != nil {
		return err
	}
	for _, u := range []struct {
		name, what string
		check      func(FleetRequest) error
		handle     func(workflow.Context, FleetRequest) (FleetAnswer, error)
	}{
		{UpdatePause, "start no further target until resume", f.checkRequest, f.pause},
		{UpdateResume, "go on after pause", f.checkRequest, f.resume},
		{UpdateAbort, "start no further target ever; those under way finish", f.checkRequest, f.abort},
	} {
		if err := workflow.SetUpdateHandlerWithOptions(ctx, u.name, u.handle,
			workflow.UpdateHandlerOptions{Validator: u.check, Description: u.what}); err != nil {
			return err
		}
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, UpdateDecide, f.decide, workflow.UpdateHandlerOptions{
		Validator: f.checkDecision, Description: "a person decides after the canaries: approve, deny or extend",
	}); err != nil {
		return err
	}
	workflow.Go(f.safe, func(safe workflow.Context) {
		ctx.Done().Receive(safe, nil)
		f.cancel()
	})
	return nil
}

func (f *fanOut) checkRequest(request FleetRequest) error {
	switch {
	case f.ended:
		return refuse("the run has ended as %s", f.report.Outcome)
	case f.closing:
		return refuse("the run is ending: nothing is under way, and no further target will be started")
	}
	return checkWords(request.By, request.Note)
}

// checkWords refuses a name and a note that are too long for a report or would spoil how it looks.
func checkWords(by, note string) error {
	switch {
	case len(by) > maxRunner || len(note) > maxDetail:
		return refuse("by is at most %d and note at most %d bytes", maxRunner, maxDetail)
	case !printable(by) || !printable(note):
		return refuse("by and note must be one line of printable text")
	}
	return nil
}

func (f *fanOut) pause(ctx workflow.Context, request FleetRequest) (FleetAnswer, error) {
	switch {
	case f.state.stopping():
		return FleetAnswer{Detail: "no further target is started anyway: " + f.whyStopping()}, nil
	case f.state.Paused:
		return FleetAnswer{Accepted: true, Detail: "paused already" + f.lastBy(DecidePause)}, nil
	}
	f.state.Paused = true
	f.record(ctx, DecidePause, request.By, request.Note)
	return FleetAnswer{Accepted: true, Detail: "paused: no further target is started, those under way finish"}, nil
}

func (f *fanOut) resume(ctx workflow.Context, request FleetRequest) (FleetAnswer, error) {
	switch {
	case f.state.stopping():
		return FleetAnswer{Detail: "no further target is started: " + f.whyStopping()}, nil
	case !f.state.Paused:
		return FleetAnswer{Accepted: true, Detail: "not paused" + f.lastBy(DecideResume)}, nil
	}
	f.state.Paused = false
	f.record(ctx, DecideResume, request.By, request.Note)
	return FleetAnswer{Accepted: true, Detail: "resumed"}, nil
}

func (f *fanOut) abort(ctx workflow.Context, request FleetRequest) (FleetAnswer, error) {
	switch {
	case f.state.Aborted:
		return FleetAnswer{Accepted: true, Detail: "aborted already" + f.lastBy(DecideAbort)}, nil
	case f.state.stopping():
		return FleetAnswer{Detail: "no further target is started anyway: " + f.whyStopping()}, nil
	}
	f.state.Aborted = true
	f.record(ctx, DecideAbort, request.By, request.Note)
	f.state.stop("aborted%s", by(request.By))
	return FleetAnswer{Accepted: true, Detail: "aborted: no further target is started, those under way finish" + f.thenUndoes()}, nil
}

// checkDecision refuses a decision when there is nothing to decide.
func (f *fanOut) checkDecision(request DecideRequest) error {
	switch {
	case f.ended:
		return refuse("nothing is to be decided: the run has ended as %s", f.report.Outcome)
	case f.closing, !f.asking():
		return refuse("nothing is to be decided: the run is in phase %s and waits for %s", f.phase, f.waitingFor)
	case !slices.Contains(approvalDecisions, request.Decision):
		return refuse("decision must be one of %s; got %q", decisionList(approvalDecisions), request.Decision)
	case request.RunID != "" && request.RunID != f.report.RunID:
		return refuseOtherRun(request.RunID, f.report.RunID)
	}
	return checkWords(request.By, request.Note)
}

func (f *fanOut) decide(ctx workflow.Context, request DecideRequest) (DecideAnswer, error) {
	f.record(ctx, request.Decision, request.By, request.Note)
	switch request.Decision {
	case DecideApprove:
		f.canaryPassed()
		return DecideAnswer{Accepted: true, Detail: "approved: the run goes on"}, nil
	case DecideDeny:
		f.state.stop("the rollout after the canaries was denied%s", by(request.By))
		return DecideAnswer{Accepted: true, Detail: "denied: no further target is started" + f.thenUndoes()}, nil
	default: // extend; the validator lets nothing else through
		f.state.Canary.Until = workflow.Now(ctx).Add(f.plan.canary.DecideTimeout.Std())
		return DecideAnswer{Accepted: true, Detail: "the hold starts over: " + f.plan.canary.DecideTimeout.String()}, nil
	}
}

// thenUndoes ends the answer to a person who stops the run; empty when the servers stay as they are.
func (f *fanOut) thenUndoes() string {
	if undoes := f.undoWords(); undoes != "" {
		return "; this then " + undoes
	}
	return ""
}

// record writes a decision down, with who and when, and wakes the loop up.
func (f *fanOut) record(ctx workflow.Context, d Decision, who, note string) {
	f.state.Decisions = lastOf(append(f.state.Decisions, DecisionRecord{
		Decision: d, By: cutText(who, maxShownName), Note: cutText(note, maxShortText), At: workflow.Now(ctx),
	}), maxFanOutDecisions)
	f.changed()
}

// lastBy names who decided so last.
func (f *fanOut) lastBy(d Decision) string {
	for _, record := range slices.Backward(f.state.Decisions) {
		if record.Decision == d {
			return by(record.By)
		}
	}
	return ""
}

func by(who string) string {
	if strings.TrimSpace(who) == "" {
		return ""
	}
	return " by " + cutText(who, maxShownName)
}

// whyStopping says why no further target is started.
func (f *fanOut) whyStopping() string {
	if f.state.StopWhy != "" {
		return f.state.StopWhy
	}
	return "the run was canceled"
}
