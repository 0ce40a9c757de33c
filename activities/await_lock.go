package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// defaultLockTimeout ends a look at a lock that was given no time: a holder that is gone is waited for all the same.
const defaultLockTimeout = 30 * time.Minute

// justClosed is the pause before the look at a lock that just closed, should Temporal still call it open.
const justClosed = 20 * time.Millisecond

// takenOver is what the history of a terminated lock says.
const takenOver = "Safepoint: the runbook that held this lock is gone, and the longest write's deadline has passed"

// AwaitLock waits for a server's lock (law 7). A live holder is waited for, or reported at once without Wait. The lock
// of a holder that is gone is taken from it by run id, after its last write can no longer be in flight.
func (a *Activities) AwaitLock(ctx context.Context, in contract.AwaitLockInput) (contract.AwaitLockResult, error) {
	w := startWait(ctx, a.pace.heartbeat, lockWait{})
	defer w.end()
	lockID := contract.LockWorkflowID(in.ServerID)
	me := asker{workflowID: in.OwnWorkflowID, runID: activity.GetInfo(ctx).WorkflowExecution.RunID}
	timeout := in.Timeout.Std()
	if timeout <= 0 {
		timeout = defaultLockTimeout
	}
	for {
		look, err := a.lookAtLock(w.ctx, lockID, me)
		if stop := w.interrupted(); stop != nil {
			return contract.AwaitLockResult{}, stop
		}
		if err != nil && w.elapsed() >= timeout {
			why := short("the lock could not be looked at: " + err.Error())
			return contract.AwaitLockResult{Holder: w.read().Holder, Detail: why}, nil
		}
		if err != nil {
			if err := w.pause(a.pace.retry); err != nil {
				return contract.AwaitLockResult{}, err
			}
			continue
		}
		before := w.read()
		state, left := before.graceLeft(look, w.elapsed())
		if state != before {
			w.write(state)
		}
		if look.state == lockStale && left <= 0 {
			look = a.takeLock(w.ctx, lockID, look)
		}
		if look.state == lockFree {
			return contract.AwaitLockResult{Free: true, Holder: look.holder, Detail: look.why}, nil
		}
		if look.state == lockBusy && !in.Wait || w.elapsed() >= timeout {
			return contract.AwaitLockResult{Holder: look.holder, Detail: look.words(left)}, nil
		}
		if err := a.untilLockMoves(w, lockID, look, []time.Duration{left, timeout - w.elapsed()}); err != nil {
			return contract.AwaitLockResult{}, err
		}
	}
}

// lookAtLock reads the lock's latest run and then its holder's, in this order: a holder that closes in between leaves a
// lock that looks stale, never one that looks free.
func (a *Activities) lookAtLock(ctx context.Context, lockID string, me asker) (lockLook, error) {
	lock, err := a.describe(ctx, lockID, "")
	if err != nil {
		return lockLook{}, err
	}
	var holder run
	if lock.parentID != "" {
		if holder, err = a.describe(ctx, lock.parentID, ""); err != nil {
			return lockLook{}, err
		}
	}
	return judgeLock(lock, holder, me), nil
}

// takeLock makes a stale lock free when its grace is over. It terminates by run id, so that it can never hit the lock of
// another runbook.
func (a *Activities) takeLock(ctx context.Context, lockID string, look lockLook) lockLook {
	if look.open {
		ctx, cancel := context.WithTimeout(ctx, a.pace.call)
		defer cancel()
		err := a.locks.TerminateWorkflow(ctx, lockID, look.lockRunID, takenOver)
		var notFound *serviceerror.NotFound
		if err != nil && !errors.As(err, &notFound) { // not found: it closed by itself
			look.why = short("the lock of a runbook that is gone could not be taken: " + err.Error())
			return look
		}
	}
	look.state, look.why = lockFree, look.why+"; the lock was taken"
	return look
}

// untilLockMoves returns when the lock closed or it is time for the next look at it and its holder: after the recheck
// interval, or earlier when one of ends comes first.
func (a *Activities) untilLockMoves(w *wait[lockWait], lockID string, look lockLook, ends []time.Duration) error {
	within := a.pace.recheck
	for _, end := range ends {
		if end > 0 {
			within = min(within, end)
		}
	}
	if !look.open {
		return w.pause(within)
	}
	ctx, cancel := context.WithTimeout(w.ctx, within)
	defer cancel()
	// The long poll follows no later run: only this one's end matters.
	thisRun := client.WorkflowRunGetOptions{DisableFollowingRuns: true}
	err := a.locks.GetWorkflow(ctx, lockID, look.lockRunID).GetWithOptions(ctx, nil, thisRun)
	var ended *temporal.WorkflowExecutionError
	switch {
	case ctx.Err() != nil:
		return w.interrupted()
	case err == nil, errors.As(err, &ended):
		return w.pause(justClosed)
	default:
		return w.pause(a.pace.retry)
	}
}
