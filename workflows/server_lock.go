package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// ServerLock is the lock of one server: while it runs, its parent may write to the server and nobody else may. Temporal
// runs one workflow of an id, so the id is the lock.
//
// It ends by the signal "release". When its parent ends in any other way, Temporal asks it to cancel, and it keeps the
// server closed until the longest write that the dead parent may have in flight has met its deadline.
func ServerLock(ctx workflow.Context, in contract.LockRequest) error {
	release := workflow.GetSignalChannel(ctx, SignalRelease)
	released := false
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(release, func(ch workflow.ReceiveChannel, _ bool) { released = ch.ReceiveAsync(nil) })
	selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	workflow.SetCurrentDetails(ctx, "Held by "+codeSpan(in.HolderWorkflowID)+".")
	selector.Select(ctx)
	// A clean end sends the signal and then closes, so both may have arrived at once: the signal wins.
	if released || release.ReceiveAsync(nil) {
		return nil
	}
	return keepClosed(ctx, in, release)
}

// keepClosed waits out the grace of a cancelled lock, on a context that the cancellation does not touch.
func keepClosed(ctx workflow.Context, in contract.LockRequest, release workflow.ReceiveChannel) error {
	free, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	workflow.SetCurrentDetails(free, "The holder "+codeSpan(in.HolderWorkflowID)+" is gone. The server stays closed until its last write has met its deadline.")
	grace := contract.LockGraceResult{Grace: max(in.WriteGrace, in.ChangeGrace)}
	if err := workflow.ExecuteActivity(readOptions(free, "how long must the server stay closed?"), contract.ActivityLockGrace, contract.LockGraceInput{
		HolderWorkflowID: in.HolderWorkflowID,
		HolderRunID:      in.HolderRunID,
		WriteGrace:       in.WriteGrace,
		ChangeGrace:      in.ChangeGrace,
	}).Get(free, &grace); err != nil {
		grace.Grace = max(in.WriteGrace, in.ChangeGrace) // not known: the longer one is the safe one
	}
	released, err := awaitFor(free, grace.Grace.Std(), "grace: a last write may be in flight", func() bool { return release.ReceiveAsync(nil) })
	if err != nil {
		return err
	}
	if released {
		return nil
	}
	return ctx.Err()
}
