package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// write is one write on its way to the network. Every write is made by begin, first thing in its activity, and leaves
// through send (or, for a webhook, after admit). Three things could otherwise destroy data: a second attempt of a
// write whose first may have been sent, a write of a run that lost the server's lock, and a zombie that writes after
// its deadline, when Temporal has begun the next attempt.
type write struct {
	fence   contract.Fence
	gate    Gate
	runID   string
	attempt int32
	token   []byte
	entry   time.Time
	now     func() time.Time
	// within is how long after entry the write may still leave.
	within time.Duration
}

// begin takes the time and must be the first statement of a write's activity.
func (a *Activities) begin(ctx context.Context, fence contract.Fence) *write {
	return a.beginWithin(ctx, fence, contract.WriteSendWithin)
}

// beginChecked is begin for a write that reads the list before it is sent.
func (a *Activities) beginChecked(ctx context.Context, fence contract.Fence) *write {
	return a.beginWithin(ctx, fence, contract.CheckedWriteSendWithin)
}

func (a *Activities) beginWithin(ctx context.Context, fence contract.Fence, within time.Duration) *write {
	entry := a.pace.now()
	info := activity.GetInfo(ctx)
	return &write{
		fence: fence, gate: a.gate, entry: entry, now: a.pace.now, within: within,
		runID: info.WorkflowExecution.RunID, attempt: info.Attempt, token: info.TaskToken,
	}
}

// again returns an answer when this write may have been sent before: an earlier run of a reset runbook or an earlier
// attempt may have died right after it sent. Nothing is sent then, and the workflow looks first.
func (w *write) again() *contract.WriteAnswer {
	switch {
	case w.attempt > 1:
		// The runbooks allow one attempt; somebody changed the retry policy.
		return refrain(contract.WriteAmbiguous, "this is attempt %d; an earlier attempt may have sent it", w.attempt)
	case w.runID != w.fence.OriginalRunID && w.runID != w.fence.LookedRunID && !w.fence.Repeatable:
		return refrain(contract.WriteAmbiguous, "this run was reset; an earlier run may have sent it")
	default:
		return nil
	}
}

// preparing bounds everything that happens before the request by the time in which it may still leave.
func (w *write) preparing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, w.within-w.elapsed())
}

// elapsed is the time since the activity began on this machine. The larger of both clocks counts: the monotonic one
// stands still while the machine sleeps, and the other one can be set back.
func (w *write) elapsed() time.Duration {
	now := w.now()
	return max(now.Sub(w.entry), now.Round(0).Sub(w.entry.Round(0)))
}

// admit is the last look before the request. It returns nil when the write may be sent now. The order matters: the
// clock comes last, because the questions before it take time.
func (w *write) admit(ctx context.Context) *contract.WriteAnswer {
	if no := w.again(); no != nil {
		return no
	}
	ctx, cancel := w.preparing(ctx)
	defer cancel()
	if no := w.unlocked(ctx); no != nil {
		return no
	}
	if err := w.gate.AttemptValid(ctx, w.token); err != nil {
		return refrain(contract.WriteNotSent, "nothing was sent: %v", err)
	}
	if took := w.elapsed(); took >= w.within {
		return refrain(contract.WriteNotSent, "nothing was sent: it took %s to get ready, which is too late to send safely",
			took.Round(time.Millisecond))
	}
	return nil
}

// unlocked returns an answer when the write needs the server's lock and this run does not provably hold it.
func (w *write) unlocked(ctx context.Context) *contract.WriteAnswer {
	lockID, runID := w.fence.LockWorkflowID, w.fence.LockRunID
	if lockID == "" && runID == "" {
		return nil // a write that needs no lock
	}
	if lockID == "" || runID == "" {
		// Without the run id Temporal would answer about whichever run holds the lock now: somebody else's, perhaps.
		return refrain(contract.WriteLockLost, "nothing was sent: the lock is named by half, as %q and run %q", lockID, runID)
	}
	held, err := w.gate.LockHeld(ctx, lockID, runID)
	switch {
	case err != nil:
		return refrain(contract.WriteNotSent, "nothing was sent: %v", err)
	case !held:
		return refrain(contract.WriteLockLost, "nothing was sent: this run no longer holds the lock %s", lockID)
	default:
		return nil
	}
}

// send asks for admission, sends the request once and says what is known about it. The request's time-out covers the
// client's wait for its rate limit too, so that nothing leaves after within + WriteRequestTimeout, and that is before
// the deadline.
func (w *write) send(ctx context.Context, request func(ctx context.Context) error) contract.WriteAnswer {
	if no := w.admit(ctx); no != nil {
		return *no
	}
	ctx, cancel := context.WithTimeout(ctx, contract.WriteRequestTimeout)
	defer cancel()
	return answer(request(ctx))
}

// refrain is the answer of a write that was not sent.
func refrain(outcome contract.WriteOutcome, format string, args ...any) *contract.WriteAnswer {
	return &contract.WriteAnswer{Outcome: outcome, Detail: short(fmt.Sprintf(format, args...))}
}
