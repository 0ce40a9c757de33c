package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// maxWord bounds what a person or a program may send as a name: it is kept in the history and shown in the UI.
const (
	maxRunner = 128
	maxDetail = 2000
)

// setHandlers makes the run answer its query, updates and signal.
func (r *updateRun) setHandlers(ctx workflow.Context) error {
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryStatus, r.status,
		workflow.QueryHandlerOptions{Description: "phase, what it waits for, snapshot, verdicts, what a person may do"}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, UpdateBegin, r.begin, workflow.UpdateHandlerOptions{
		Validator:   r.checkBegin,
		Description: "an external runner asks to make the change; blocks until the snapshot is completed",
	}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, UpdateReport, r.runnerReported, workflow.UpdateHandlerOptions{
		Validator:   r.validateReport,
		Description: "the granted runner says how its change ended",
	}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, UpdateDecide, r.decide, workflow.UpdateHandlerOptions{
		Validator:   r.checkDecision,
		Description: "a person decides for a held run: commit, rollback or extend",
	}); err != nil {
		return err
	}
	workflow.Go(r.safe, func(ctx workflow.Context) {
		beats := workflow.GetSignalChannel(ctx, SignalHeartbeat)
		for {
			var beat HeartbeatSignal
			beats.Receive(ctx, &beat)
			r.heard(ctx, beat)
		}
	})
	return nil
}

// answerPeople makes a run that only people talk to answer its query and their decisions.
func (r *serverRun) answerPeople(ctx workflow.Context) error {
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryStatus, r.status,
		workflow.QueryHandlerOptions{Description: "phase, what it waits for, snapshot, verdicts, what a person may do"}); err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, UpdateDecide, r.decide, workflow.UpdateHandlerOptions{
		Validator:   r.checkDecision,
		Description: "a person decides for a held run; the status says what may be decided",
	})
}

// refuseUpdates answers every update of a run whose input cannot be used with what is wrong with it: whoever begins and
// starts the run in one request would otherwise learn only that there is no such update.
func refuseUpdates(ctx workflow.Context, end error) error {
	for _, name := range []string{UpdateBegin, UpdateReport, UpdateDecide} {
		if err := workflow.SetUpdateHandlerWithOptions(ctx, name, func(workflow.Context, converter.RawValue) error { return end },
			workflow.UpdateHandlerOptions{Validator: func(converter.RawValue) error { return end }}); err != nil {
			return err
		}
	}
	return end
}

// refuse is a validator's no: it writes no event and reaches the caller as its message.
func refuse(format string, args ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, args...), "Refused", nil)
}

func (r *updateRun) checkBegin(request BeginRequest) error {
	switch {
	case r.in.Update.Kind != UpdateExternal:
		return refuse("this run's change is %q, nobody begins it from outside", r.in.Update.Kind)
	case request.Runner == "" || len(request.Runner) > maxRunner:
		return refuse("runner must be 1 to %d characters, random for each process", maxRunner)
	}
	return nil
}

func (r *updateRun) validateReport(request ReportRequest) error {
	if len(request.Detail) > maxDetail {
		return refuse("detail is too long: at most %d characters", maxDetail)
	}
	return r.checkReport(request)
}

// status is the handler of the query.
func (r *serverRun) status() (Status, error) {
	s := Status{
		Runbook:    r.report.Runbook,
		RunID:      r.report.RunID,
		ServerID:   r.serverID,
		Phase:      r.phase,
		Since:      r.report.Phases[len(r.report.Phases)-1].StartedAt,
		WaitingFor: r.waitingFor,
		Window:     r.window,
		Snapshot:   r.report.Snapshot,
		Change:     r.report.Change,
		Outcome:    r.report.Outcome,
		Phases:     r.report.Phases,
		Notes:      r.report.Notes,
		CanDo:      r.canDo(),
		Loss:       r.report.Loss,
	}
	if n := len(r.report.Verifications); n > 0 {
		s.LastVerification = &r.report.Verifications[n-1]
	}
	if r.hold != nil {
		s.Hold = &Hold{Why: r.hold.why, Until: r.hold.until, Decisions: slices.Clone(r.hold.allowed)}
	}
	return s, nil
}

// canDo lists what a person may do now, as commands.
func (r *serverRun) canDo() []string {
	id := shellWord(r.report.WorkflowID)
	switch {
	case r.ended:
		return []string{"safepoint report " + id}
	case r.hold != nil:
		return decisionCommands(id, r.hold.allowed)
	case r.restoreBegun: // an abort is refused
		return []string{"safepoint status " + id + " --wait  # a restore is never interrupted"}
	case r.phase == PhaseCommit: // as well
		return []string{"safepoint status " + id + " --wait  # the change is kept"}
	default: // all that may still be stopped
		return []string{"safepoint abort " + id + "  # leaves the server safe"}
	}
}
