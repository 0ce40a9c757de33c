package workflows

import (
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// When a run hands over to the next one. Temporal ends a run at 51,200 events or 50 MiB, and replays all of it when a
// worker takes it over; the server itself suggests to continue at about 4,000 events.
const (
	maxRunEvents = 4000
	// maxRunBytes leaves room for the ends that arrive at once: maxInFlight reports of up to 200 KB (the output of an ssh
	// change has 64 KiB) are 40 MB at the very worst.
	maxRunBytes = 3 << 20
)

// Bounds of what one workflow task does: its commands travel in one message of at most 4 MB, and it may compute for a
// second at most.
const (
	maxUnconfirmed = 20
	maxTaskBytes   = 1 << 20
	maxTaskTargets = 100
)

// How a list of servers that cannot be read in the middle of a run is asked for again, before the run stops.
const (
	selectPause = time.Minute
	selectTries = 60
)

// fanOut is one run of the engine.
type fanOut struct {
	plan   fanOutPlan
	state  *fanOutState
	limits fanOutLimits
	report Report
	// safe is disconnected from the run's cancellation: a cancel is an entry of the state, and reaches children only as a
	// request.
	safe workflow.Context
	// canceled is the run's own context, which a cancel ends.
	canceled workflow.Context

	queue []queued // the first of state.Left, as the account shows them
	// unconfirmed starts, stores and cancel requests are those that Temporal has not answered yet: a run that hands over
	// before it knows would lose them.
	unconfirmed int
	// taskTargets and taskBytes are how much was taken up since the workflow last gave way.
	taskTargets, taskBytes int
	// changes counts everything that may make the next step another one.
	changes int
	// notStarted is true when the servers could not be read, or some do not exist.
	notStarted bool
	notifier   notifier

	phase      Phase
	waitingFor string
	// closing is true once the end is decided, ended once it is told: nobody can change anything any more.
	closing, ended bool
}

func newFanOut(ctx workflow.Context, plan fanOutPlan, state *fanOutState) *fanOut {
	info := workflow.GetInfo(ctx)
	f := &fanOut{plan: plan, state: state, limits: limitsOf(plan, state.Total), phase: PhaseSelect, report: Report{
		Runbook:       info.WorkflowType.Name,
		WorkflowID:    info.WorkflowExecution.ID,
		RunID:         info.WorkflowExecution.RunID,
		OriginalRunID: info.OriginalRunID,
		Reason:        plan.reason,
		StartedAt:     state.StartedAt,
	}}
	f.notifier.targets = plan.notify
	if n := len(state.Phases); n > 0 {
		f.phase = state.Phases[n-1].Phase
	}
	f.canceled = ctx
	f.safe, _ = workflow.NewDisconnectedContext(ctx)
	return f
}

// run takes step after step until the end. An empty end means: continue as new.
func (f *fanOut) run() (fanOutEnd, error) {
	f.awaitInherited(f.state.InFlight)
	f.watchForLost()
	for {
		if err := f.storePages(); err != nil {
			return "", err
		}
		f.noticeCancel()
		if f.mustContinue() {
			return "", f.settleBeforeHandover()
		}
		step := f.state.next(f.limits, len(f.queue))
		if step == stepEnd {
			return f.end(), nil
		}
		if err := f.take(step); err != nil {
			return "", err
		}
	}
}

// noticeCancel takes up a cancel that came with the news this task woke up for: the coroutine that waits for it may not
// have run yet, and Temporal does not carry a cancel over a continue-as-new. True when there was one.
func (f *fanOut) noticeCancel() bool {
	if f.canceled.Err() == nil || f.state.Canceled {
		return false
	}
	f.cancel()
	return true
}

// take does one step.
func (f *fanOut) take(step fanOutStep) error {
	switch step {
	case stepSelect:
		return f.selectPage()
	case stepStart:
		next := f.queue[0]
		f.queue = f.queue[1:]
		f.takeUp(next)
		return f.giveWay()
	case stepCanaryDone:
		f.canariesDone()
		return nil
	case stepUndo:
		return f.undoNewest()
	default: // stepWait
		return f.wait()
	}
}

// mustContinue says that this run's history is long enough. A run that has changed nothing goes on, or runs could follow
// each other without end.
func (f *fanOut) mustContinue() bool {
	info := workflow.GetInfo(f.safe)
	long := info.GetContinueAsNewSuggested() || info.GetCurrentHistoryLength() > maxRunEvents || info.GetCurrentHistorySize() > maxRunBytes
	return long && f.changes > 0
}

// settleBeforeHandover waits until everything that was asked of Temporal is answered, all updates are, and no page is
// full.
func (f *fanOut) settleBeforeHandover() error {
	f.notifier.flush(f.safe)
	for {
		if err := workflow.Await(f.safe, func() bool { return f.unconfirmed == 0 && workflow.AllHandlersFinished(f.safe) }); err != nil {
			return err
		}
		if f.noticeCancel() {
			continue
		}
		if f.state.Unstored || (!f.state.Results.full() && !f.state.Undone.full()) {
			return nil
		}
		if err := f.storePages(); err != nil {
			return err
		}
	}
}

// continueAsNew hands the state to the next run. Activities that wait for inherited runs end with this run; the next one
// asks anew, and reads the servers again that were not taken up.
func (f *fanOut) continueAsNew(ctx workflow.Context, raw converter.RawValue) error {
	return workflow.NewContinueAsNewError(ctx, workflow.GetInfo(ctx).WorkflowType.Name, raw, f.state)
}

// wait blocks until something changes, or the canaries' time is over.
func (f *fanOut) wait() error {
	seen := f.changes
	changed := func() bool { return f.changes != seen }
	f.sayWhatFor()
	f.taskTargets, f.taskBytes = 0, 0
	stage := f.state.Canary.Stage
	if f.state.stopping() || (stage != canaryPause && stage != canaryAsk) {
		return workflow.Await(f.safe, changed)
	}
	if left := f.state.Canary.Until.Sub(workflow.Now(f.safe)); left > 0 {
		if happened, err := awaitFor(f.safe, left, "canary.pause or canary.decide_timeout", changed); happened || err != nil {
			return err
		}
	}
	f.canaryTimeOver()
	return nil
}

// giveWay ends the workflow task when it has done enough.
func (f *fanOut) giveWay() error {
	if f.unconfirmed < maxUnconfirmed && f.taskBytes < maxTaskBytes && f.taskTargets < maxTaskTargets {
		return nil
	}
	f.taskTargets, f.taskBytes = 0, 0
	if f.unconfirmed > 0 {
		return workflow.Await(f.safe, func() bool { return f.unconfirmed == 0 })
	}
	return pause(f.safe, time.Millisecond, "give way to what has arrived") // a timer ends the task; nothing else was asked of Temporal
}

// changed wakes the loop up.
func (f *fanOut) changed() { f.changes++ }

// end says how the run came to its end.
func (f *fanOut) end() fanOutEnd {
	s := f.state
	switch {
	case f.notStarted:
		return fanOutNotStarted
	case s.Undoing:
		return fanOutStopped // a cancel during the undo ends the undo; the fleet had been stopped before
	case s.Canceled:
		return fanOutCanceled
	case s.StopWhy != "":
		return fanOutStopped
	case s.Total == 0:
		return fanOutNothing
	default:
		return fanOutDone
	}
}
