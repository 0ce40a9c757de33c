package workflows

import (
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// lockHold is this run's side of the server's lock.
type lockHold struct {
	workflowID string
	runID      string
	held       bool
	// lost is true once the lock ended while it was held; taking it again clears held and lost both ways.
	lost bool
	// gone is true when a lost lock could not be taken again.
	gone      bool
	releasing bool
	child     workflow.ChildWorkflowFuture
}

// takeLock takes the server's lock, or ends the run as on_busy says.
func (r *serverRun) takeLock(ctx workflow.Context) *ending {
	busy, err := r.acquireLock(ctx, r.lockInput.OnBusy == BusyWait, r.lockInput.Timeout.Std())
	switch {
	case ctx.Err() != nil:
		return r.stoppedBeforeChange()
	case err != nil:
		return notChanged(contract.FailServerBusy, "The server's lock could not be taken: %v.", err).
			withNext("look at the lock with: temporal workflow describe -w %s", contract.LockWorkflowID(r.serverID))
	case busy == nil:
		r.enter(ctx, PhasePreflight)
		return nil
	}
	r.report.BusyWith = busy
	who := r.describeBusy(busy)
	if r.lockInput.OnBusy == BusySkip {
		return &ending{outcome: OutcomeSkipped, summary: "Skipped: the server is in use by " + who + ". Nothing was changed."}
	}
	end := notChanged(contract.FailServerBusy, "The server is in use by %s.", who)
	if busy.WorkflowID == "" {
		return end.withNext("look at the lock with: temporal workflow describe -w %s", contract.LockWorkflowID(r.serverID))
	}
	id := shellWord(busy.WorkflowID)
	return end.withNext("look at it with: safepoint status %s (or: temporal workflow describe -w %s), and start this run again when it has ended.", id, id)
}

// describeBusy names the run that holds the lock, or the lock itself when no run is behind it, and how things stand.
func (r *serverRun) describeBusy(busy *contract.LockHolder) string {
	who := "the lock " + contract.LockWorkflowID(r.serverID)
	if busy.WorkflowID != "" {
		who = describeHolder(busy)
	}
	if r.busyDetail != "" {
		who += " (" + r.busyDetail + ")"
	}
	return who
}

// describeHolder names the run that holds a lock, for people.
func describeHolder(h *contract.LockHolder) string {
	s := shownWord(h.WorkflowID)
	if h.Type != "" {
		s = shownWord(h.Type) + " " + s
	}
	if h.Phase != "" {
		s += " (phase " + shownWord(h.Phase) + ")"
	}
	return s
}

// acquireLock starts the lock as a child, or waits for whoever has it. It returns the holder when the time is over, or
// at once when wait is false. The lock itself is started on the safe context: a cancel of the run must not cancel it
// while a write may be in flight.
func (r *serverRun) acquireLock(ctx workflow.Context, wait bool, timeout time.Duration) (*contract.LockHolder, error) {
	began := workflow.Now(ctx)
	for {
		started, err := r.startLock(ctx)
		if err != nil || started {
			return nil, err
		}
		r.lockAwaited = true
		if wait && r.phase == PhasePreflight {
			r.enter(ctx, PhaseLock)
		}
		left := max(timeout-workflow.Now(ctx).Sub(began), time.Second) // zero would mean the activity's own default
		var answer contract.AwaitLockResult
		r.waitFor(ctx, "the server's lock, which another run holds")
		err = workflow.ExecuteActivity(waitOptions(ctx, timeout, "wait for the server's lock"), contract.ActivityAwaitLock, contract.AwaitLockInput{
			ServerID:      r.serverID,
			OwnWorkflowID: r.report.WorkflowID,
			Wait:          wait,
			Timeout:       Duration(left),
		}).Get(ctx, &answer)
		if err != nil {
			return nil, err
		}
		r.lockWaits, r.lockWaitedFor = r.lockWaits+1, answer.Holder.WorkflowID
		if !answer.Free {
			r.busyDetail = answer.Detail
			return &answer.Holder, nil
		}
	}
}

// startLock tries to start the lock. False without an error means that somebody else has it. It blocks on a context
// made from the caller's, because watchLock takes a lost lock again from a coroutine of its own.
func (r *serverRun) startLock(ctx workflow.Context) (bool, error) {
	safe, _ := workflow.NewDisconnectedContext(ctx)
	write := Duration(contract.WriteGrace)
	change := Duration(r.changeGrace)
	id := contract.LockWorkflowID(r.serverID)
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(safe, workflow.ChildWorkflowOptions{
		WorkflowID:            id,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		// A run that ends without releasing (terminated, timed out) closes its server for the grace, not for ever.
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		TypedSearchAttributes: temporal.NewSearchAttributes(serverIDAttribute.ValueSet(r.serverID)),
		Memo:                  map[string]any{contract.MemoWriteGrace: write, contract.MemoChangeGrace: change},
		StaticSummary:         "lock held by " + r.report.WorkflowID,
	}), TypeServerLock, contract.LockRequest{
		ServerID:         r.serverID,
		HolderWorkflowID: r.report.WorkflowID,
		HolderRunID:      r.report.RunID,
		Runbook:          r.report.Runbook,
		WriteGrace:       write,
		ChangeGrace:      change,
	})
	var execution workflow.Execution
	err := child.GetChildWorkflowExecution().Get(safe, &execution)
	var taken *temporal.ChildWorkflowExecutionAlreadyStartedError
	if errors.As(err, &taken) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r.lock = &lockHold{workflowID: id, runID: execution.RunID, held: true, child: child}
	workflow.Go(safe, func(ctx workflow.Context) { r.watchLock(ctx, r.lock) })
	return true, nil
}

// watchLock notices that the lock ended while it was held. Before the change the run stops; after it, going on without
// a lock is worse than nothing and stopping leaves the server half changed, so the lock is taken again.
func (r *serverRun) watchLock(ctx workflow.Context, lock *lockHold) {
	err := lock.child.Get(ctx, nil)
	// Lost already means that a write noticed first: the lock is being taken again, or the new one is held by now.
	if lock.releasing || lock.lost || r.ended {
		return
	}
	lock.held, lock.lost = false, true
	r.note("the server's lock ended while it was held: %v", lockEndReason(err))
	if !r.changeBegun {
		r.lockLostEarly = true
		r.cancelBeforeChange()
		return
	}
	r.retakeLock(ctx, lock)
}

// lockEndReason says how a lock ended; a nil error is a release that this run did not send.
func lockEndReason(err error) string {
	if err == nil {
		return "released by somebody else"
	}
	return err.Error()
}

// retakeLock takes a lost lock again, for as long as a rollback may take.
func (r *serverRun) retakeLock(ctx workflow.Context, lost *lockHold) {
	counts := r.changeBegun && r.countsInterlopers(ctx)
	if counts {
		r.meetLastHolder(ctx)
	}
	r.lockRetaken = true
	waits := r.lockWaits
	busy, err := r.acquireLock(ctx, true, r.restoreTimeout.Std())
	if counts && r.lockWaits > waits && r.lockWaitedFor != r.report.WorkflowID {
		r.meetHolder(r.lockWaitedFor)
	}
	if busy == nil && err == nil {
		r.note("the lock was taken again")
		return
	}
	lost.gone = true
	if busy != nil {
		r.report.BusyWith = busy
	}
}

// lockGone is the end of a good change whose lock was lost and could not be had again: another run may have changed
// what the checks saw.
func (r *updateRun) lockGone() *ending {
	holder := "another run may hold it"
	if r.report.BusyWith != nil {
		holder = describeHolder(r.report.BusyWith) + " holds it"
	}
	return (&ending{
		outcome: OutcomeChangeUnknown,
		failure: contract.FailChangeUnknown,
		summary: "The change was made, but the server's lock was lost and " + holder + ": what the checks saw may be its work. The change was not rolled back.",
	}).withNext("look at the server; snapshot %d %q can still bring it back.", r.snapshot.ID, r.snapshot.Name)
}

// ensureLock waits until the run holds the lock (again). False means that it cannot be had.
func (r *serverRun) ensureLock(ctx workflow.Context) bool {
	if r.lock == nil || (r.lock.lost && !r.changeBegun) {
		return false // lost before the change, nobody takes it again, but for leaving the server up
	}
	if r.lockLostEarly && r.lock.lost && r.countsInterlopers(ctx) {
		// It was lost in the very moment before the change, and nobody takes it again.
		r.lockLostEarly = false
		r.retakeLock(ctx, r.lock)
	}
	if err := workflow.Await(ctx, func() bool { return r.lock.held || r.lock.gone }); err != nil {
		return false
	}
	return r.lock.held
}

// lockWasLost handles the answer of a write that found its lock gone, maybe before the run was told. The lock is the one
// that the write was sent under: by now the run may hold a newer one.
func (r *serverRun) lockWasLost(ctx workflow.Context, lock *lockHold) bool {
	if lock == nil {
		return false
	}
	if !r.changeBegun {
		r.lock.held, r.lock.lost, r.lockLostEarly = false, true, true
		r.cancelBeforeChange()
		return false
	}
	if lock != r.lock {
		return r.ensureLock(ctx)
	}
	// The child's end is on its way, unless a reset made the run believe in a lock that an earlier run released: then
	// nobody will ever tell, so take it again from here.
	if told, err := awaitFor(ctx, lockNews, "news of the lock's end", func() bool { return !lock.held }); err == nil && !told {
		lock.held, lock.lost = false, true
		r.retakeLock(ctx, lock)
	}
	return r.ensureLock(ctx)
}

// lockNews is how long the end of a lock takes to reach its parent; seen: within 2 s.
const lockNews = 10 * time.Second

// releaseLock ends the lock cleanly. The signal goes to the lock as any workflow's would, not as to a child: after a
// reset the lock is still the child of the run before, and a signal to "my child" fails.
func (r *serverRun) releaseLock(ctx workflow.Context) {
	if r.lock == nil || !r.lock.held {
		return
	}
	r.lock.releasing = true
	if err := workflow.SignalExternalWorkflow(ctx, r.lock.workflowID, r.lock.runID, SignalRelease, nil).Get(ctx, nil); err != nil {
		// It ended by itself a moment ago, which is what the signal was for.
		workflow.GetLogger(ctx).Warn("the lock was not released by signal", "error", err)
		return
	}
	if r.report.RunID != r.report.OriginalRunID {
		return // after a reset the lock's end is told to the run before, never to this one
	}
	// The lock's end is a moment away. A run that closed without it would let the next one find a busy server, and would
	// race with the news of it: the server refuses to close a run that has unread events.
	_ = workflow.Await(ctx, func() bool { return r.lock.child.IsReady() }) // the safe context is never cancelled
}
