package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// externalChange is a change that a deploy system makes: it begins, heartbeats and reports.
type externalChange struct {
	// open is true from the completed snapshot until somebody began or nobody may any more; closed is for ever.
	open, closed bool
	// granted is the one runner that may change the server.
	granted string
	// confirms: it promised a heartbeat before it begins; confirmed: it has sent one since.
	confirms, confirmed bool
	// earlierRun is true when an earlier run, before a reset, may have granted the change already.
	earlierRun bool
	lastBeat   time.Time
	// anyBeat is the last heartbeat of whatever runner: one that a run before a reset has let begin may still work.
	anyBeat time.Time
	report  *ReportRequest
	// frozen says that a freeze window began before a runner did.
	frozen string
}

// changeExternally opens the change to one runner and waits for its report.
func (r *updateRun) changeExternally(before, ctx workflow.Context) *ending {
	x, u := &r.external, r.in.Update
	x.open = true
	r.waitFor(ctx, "a runner to begin the change (update %q)", UpdateBegin)
	begun, err := awaitFor(before, u.BeginTimeout.Std(), "update.begin_timeout: a runner must begin", func() bool { return x.granted != "" || x.earlierRun || x.frozen != "" })
	x.open, x.closed = false, true
	switch {
	case x.granted != "":
		r.awaitReport(ctx)
		return nil
	case x.earlierRun:
		r.changeBegun = true
		r.settleChange(contract.ChangeUnknown, "this run was reset; an earlier run may have let a runner begin")
		r.outlastEarlierRunner()
		return nil
	case x.frozen != "":
		r.settleChange(contract.ChangeNotStarted, x.frozen)
		return notChanged(contract.FailChangeNotStarted, "A freeze window began before the change: %s.", x.frozen).
			withNext("start the deploy again with a new deploy id after the window.")
	case err != nil:
		return r.stoppedBeforeChange()
	case !begun && !decidedByOriginalRun(r.safe, r.report.OriginalRunID):
		// Nobody asked this run, but an earlier one may have granted the change: ambiguous, never not done.
		r.changeBegun = true
		r.settleChange(contract.ChangeUnknown, "no runner began, but this run was reset; an earlier run may have let a runner begin")
		r.outlastEarlierRunner()
		return nil
	case !begun:
		r.settleChange(contract.ChangeNotStarted, "no runner began in time")
		return notChanged(contract.FailChangeNotStarted, "No runner began the change within update.begin_timeout (%s).", u.BeginTimeout).
			withNext("start the deploy again with a new deploy id; raise update.begin_timeout if the runner is only slow to come.")
	}
	return nil
}

// outlastEarlierRunner waits until a runner that a run before a reset may have let begin has been silent for
// heartbeat_timeout, or its whole time is over: nothing may be verified or restored under a runner that still works.
func (r *updateRun) outlastEarlierRunner() {
	if !r.countsEarlierRun() {
		return
	}
	x, u := &r.external, r.in.Update
	began := workflow.Now(r.safe)
	x.anyBeat = began
	r.waitFor(r.safe, "a runner that the run before the reset may have let begin: until it is silent for %s", u.HeartbeatTimeout)
	for x.report == nil {
		now := workflow.Now(r.safe)
		left := min(u.HeartbeatTimeout.Std()-now.Sub(x.anyBeat), u.Timeout.Std()-now.Sub(began))
		if left <= 0 {
			return
		}
		_, err := awaitFor(r.safe, left, "silence of a runner that may work since before the reset", func() bool { return x.report != nil })
		if err = errors.Join(err, letOthersRun(r.safe)); err != nil {
			workflow.GetLogger(r.safe).Error("the wait for an earlier run's runner was cut short", "error", err) // the safe context is never canceled
			return
		}
	}
}

// awaitReport waits until the runner reported, fell silent for heartbeat_timeout, or update.timeout passed. A cancel
// does not cut this short: a restore under a runner that still works would be undone by it. The runner sees the
// cancel in the run's status and stops.
func (r *updateRun) awaitReport(ctx workflow.Context) {
	x, u := &r.external, r.in.Update
	began := workflow.Now(ctx)
	r.waitFor(ctx, "the report of runner %q", x.granted)
	for {
		now := workflow.Now(r.safe)
		silent, total := u.HeartbeatTimeout.Std()-now.Sub(x.lastBeat), u.Timeout.Std()-now.Sub(began)
		if total <= 0 {
			r.settleUnreported(fmt.Sprintf("the runner did not report within update.timeout (%s)", u.Timeout))
			return
		}
		if silent <= 0 {
			r.settleUnreported(fmt.Sprintf("the runner was silent for update.heartbeat_timeout (%s)", u.HeartbeatTimeout))
			return
		}
		canceled := ctx.Err() != nil
		if canceled {
			r.waitFor(r.safe, "runner %q to stop: the run was canceled, and nothing is restored under a runner that still works", x.granted)
		}
		if _, err := awaitFor(r.safe, min(silent, total), "update.heartbeat_timeout and update.timeout: the runner's next sign of life", func() bool {
			return x.report != nil || (!canceled && ctx.Err() != nil)
		}); err != nil { // the safe context is never cancelled
			r.settleChange(contract.ChangeUnknown, plain(err))
			return
		}
		if x.report != nil {
			r.settleChange(x.report.Result, x.report.Detail)
			return
		}
		if err := letOthersRun(r.safe); err != nil {
			r.settleChange(contract.ChangeUnknown, plain(err))
			return
		}
	}
}

// letOthersRun gives every other coroutine a turn in this very task. A worker that was away finds the heartbeat and the
// timer of the silence in one task, and the timer's side would run first: a runner whose heartbeat the server has
// acknowledged would count as silent, and be restored under.
func letOthersRun(ctx workflow.Context) error {
	ran := false
	workflow.Go(ctx, func(workflow.Context) { ran = true }) // new coroutines run last
	return workflow.Await(ctx, func() bool { return ran })
}

// begin is the handler of the update "begin": it blocks until the change may start, then grants it to one runner.
func (r *updateRun) begin(ctx workflow.Context, request BeginRequest) (BeginAnswer, error) {
	x := &r.external
	safe, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if err := workflow.Await(safe, func() bool { return x.open || x.closed || r.ended }); err != nil {
		return BeginAnswer{}, err
	}
	if x.open && x.granted == "" && !x.earlierRun {
		r.grant(safe, request)
	}
	switch {
	case x.granted == request.Runner && r.report.Change.Result != "":
		return BeginAnswer{Detail: "this runner's change is over: " + resultWord(r.report.Change.Result)}, nil
	case x.granted == request.Runner:
		x.confirms = x.confirms && request.Confirms // one that asks twice promises what it promised both times
		return BeginAnswer{
			Granted: true, Snapshot: r.restorePoint(),
			Timeout: r.in.Update.Timeout, HeartbeatTimeout: r.in.Update.HeartbeatTimeout,
		}, nil
	case x.granted != "":
		return BeginAnswer{Detail: "another runner makes this change; await the verdict"}, nil
	case x.earlierRun:
		return BeginAnswer{Detail: "the run was reset and an earlier runner may have begun; await the verdict"}, nil
	case x.frozen != "":
		return BeginAnswer{Detail: x.frozen}, nil
	default:
		return BeginAnswer{Detail: "the run ended or stopped waiting before the change"}, nil
	}
}

// decidedByOriginalRun says whether what follows is decided in the original run. The marker in the history says which
// run decided, so that a replay decides the same and a reset run does not.
func decidedByOriginalRun(ctx workflow.Context, originalRunID string) bool {
	var decidedBy string
	marker := workflow.SideEffect(ctx, func(ctx workflow.Context) any { return workflow.GetInfo(ctx).WorkflowExecution.RunID })
	return marker.Get(&decidedBy) == nil && decidedBy == originalRunID
}

// grant gives the change to a runner, unless an earlier run may have done so.
func (r *updateRun) grant(ctx workflow.Context, request BeginRequest) {
	x := &r.external
	if !decidedByOriginalRun(ctx, r.report.OriginalRunID) {
		x.earlierRun = true
		return
	}
	if x.granted != "" || !x.open || r.beforeChange.Err() != nil {
		return
	}
	if x.frozen = frozen(ctx, r.notDuring, r.serverID); x.frozen != "" {
		return
	}
	// From this very moment a cancel or a lost lock no longer stops the run.
	r.changeBegun = true
	x.granted, x.confirms, x.lastBeat = request.Runner, request.Confirms, workflow.Now(ctx)
	r.report.Change.Runner, r.report.Change.HeartbeatTimeout = request.Runner, r.in.Update.HeartbeatTimeout
}

// runnerReported is the handler of the update "report"; its validator has refused what does not fit.
func (r *updateRun) runnerReported(_ workflow.Context, request ReportRequest) (ReportAnswer, error) {
	if r.external.report != nil {
		return ReportAnswer{Accepted: true, Detail: "already reported"}, nil
	}
	late := r.report.Change.Result != ""
	r.external.report = &request
	if late {
		return ReportAnswer{Accepted: true, Detail: "a late report: it settles the verification or the hold"}, nil
	}
	return ReportAnswer{Accepted: true, Detail: "reported"}, nil
}

// checkReport refuses a report that cannot settle anything.
func (r *updateRun) checkReport(request ReportRequest) error {
	x := &r.external
	switch {
	case r.in.Update.Kind != UpdateExternal:
		return refuse("this run's change is %q, nobody reports to it", r.in.Update.Kind)
	case request.Result != contract.ChangeSucceeded && request.Result != contract.ChangeFailed && request.Result != contract.ChangeNotStarted:
		return refuse("result must be \"succeeded\", \"failed\" or \"not_started\", got %q", request.Result)
	case x.granted == "":
		return refuse("no runner has begun the change: send the update %q first", UpdateBegin)
	case request.Runner != x.granted:
		return refuse("runner %q was not granted the change", request.Runner)
	case r.report.Change.Result == contract.ChangeNotStarted:
		return refuse("too late: the run has taken this runner for one that never began, and ends")
	case r.restoreBegun:
		return refuse("too late: the restore of the server has begun, and it overwrites the change")
	case r.ended:
		return refuse("too late: the run has ended as %s", r.report.Outcome)
	case x.report != nil && x.report.Result != request.Result:
		return refuse("this runner has already reported %q", x.report.Result)
	case r.phase == PhaseCommit:
		return refuse("too late: the change is committed")
	}
	return nil
}

// heard takes the heartbeat of the granted runner. Of others only the time counts, and only after a reset.
func (r *updateRun) heard(ctx workflow.Context, beat HeartbeatSignal) {
	r.external.anyBeat = workflow.Now(ctx)
	if r.external.granted != "" && beat.Runner == r.external.granted {
		r.external.lastBeat, r.external.confirmed = workflow.Now(ctx), true
	}
}
