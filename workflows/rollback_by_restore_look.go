package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// look finds out what the run would restore and what that would cost: the token works, the server is in a state to be
// restored in, and the snapshot is there, of this server and completed.
func (r *restoreRun) look(ctx workflow.Context) *ending {
	r.waitFor(ctx, "the preflight")
	var seen contract.PreflightResult
	err := workflow.ExecuteActivity(readOptions(ctx, "preflight: token, server, snapshots"), contract.ActivityPreflight,
		contract.PreflightInput{ServerID: r.serverID, Egress: r.egress}).Get(ctx, &seen)
	if ctx.Err() != nil {
		return r.stoppedBeforeChange()
	}
	if err != nil {
		return notChanged(contract.FailPreflight, "Preflight failed: %v.", plain(err)).withNext("%s", adviceForRead(err))
	}
	r.report.ServerName = seen.Server.Name
	r.tell(contract.NotifyStarted, "", "") // only now: the policy has allowed where it goes
	r.own.KnownIDs = r.knownIDs(seen)
	r.apiNow, r.seenAt = seen.Now, workflow.Now(ctx)
	return r.choose(seen.Server, seen.Snapshots, seen.RunID, r.in.Snapshot)
}

// choose takes over what was seen of the server by the run seenBy, and the snapshot that is meant.
func (r *restoreRun) choose(server contract.Server, snapshots []contract.Snapshot, seenBy string, choice SnapshotChoice) *ending {
	r.server, r.snapshots = server, snapshots
	if !r.restorable(server.Status, seenBy) {
		return notChanged(contract.FailPreflight, "The server is %q: it can only be restored when it is active or stopped.", server.Status).
			withNext("wait for the action under way to end (or have the server unsuspended), then start the run again.")
	}
	chosen, problem := chooseSnapshot(snapshots, r.serverID, choice, r.apiNowAt())
	if problem != "" {
		return notChanged(contract.FailPreflight, "There is nothing to restore: %s.", problem).
			withNext("start the run again with the id of one that is completed.")
	}
	r.chosen = chosen
	r.usePoint(chosen, chosen.CreatedAt)
	r.report.Loss = r.lossNow()
	return nil
}

// restorable says whether the run may go on to its restore. One that is under way after a reset may be this run's own:
// it is followed to its end, because nobody else would verify it. A look counts as the run's that made it: one that is
// replayed after a reset must decide as it did before.
func (r *restoreRun) restorable(status contract.ServerStatus, seenBy string) bool {
	switch status {
	case contract.ServerActive, contract.ServerStopped:
		return true
	case contract.ServerRestoring:
		return seenBy != r.report.OriginalRunID
	default: // suspended, or on its way somewhere
		return false
	}
}

// lossNow says what a restore at this moment overwrites.
func (r *restoreRun) lossNow() string { return lossSentence(r.chosen, r.apiNowAt()) }

// apiNowAt is the API's clock at this moment, zero when it is not known. It goes on as the Temporal server's does: only
// the time between two readings of the same clock is taken from each.
func (r *restoreRun) apiNowAt() time.Time {
	if r.apiNow.IsZero() {
		return r.apiNow
	}
	return r.apiNow.Add(workflow.Now(r.safe).Sub(r.seenAt))
}

// lookAgain reads the server once more after a wait that may have been long. What was agreed to must still be there.
func (r *restoreRun) lookAgain(ctx workflow.Context, since string) *ending {
	if ctx.Err() != nil {
		return r.stoppedBeforeChange()
	}
	r.waitFor(ctx, "a second look at the server and its snapshots")
	var seen contract.ReadServerResult
	err := workflow.ExecuteActivity(readOptions(ctx, "look at the server and its snapshots again"), contract.ActivityReadServer,
		contract.ServerInput{ServerID: r.serverID}).Get(ctx, &seen)
	if ctx.Err() != nil {
		return r.stoppedBeforeChange()
	}
	if err != nil {
		return notChanged(contract.FailPreflight, "The server could not be read again: %v.", plain(err)).withNext("%s", adviceForRead(err))
	}
	if was := r.server; seen.Server.Status != was.Status || !seen.Server.UpdatedAt.Equal(was.UpdatedAt) {
		r.note("the server changed %s: it was %q (updated %s), then %q (updated %s)", since,
			was.Status, shownTime(was.UpdatedAt), seen.Server.Status, shownTime(seen.Server.UpdatedAt))
	}
	return r.choose(seen.Server, seen.Snapshots, seen.RunID, SnapshotChoice{ID: r.chosen.ID})
}

// checkAfterRun refuses a server whose lock another run than after_run had last: what that one wrote would be undone
// unseen. Nothing known of the lock is no proof either.
func (r *restoreRun) checkAfterRun(ctx workflow.Context) *ending {
	if r.in.AfterRun == "" {
		return nil
	}
	r.waitFor(ctx, "a look at who held the server's lock last")
	var last contract.LastHolderResult
	err := workflow.ExecuteActivity(readOptions(ctx, "who wrote to the server last?"), contract.ActivityLastHolder,
		contract.LastHolderInput{ServerID: r.serverID}).Get(ctx, &last)
	switch {
	case ctx.Err() != nil:
		return r.stoppedBeforeChange()
	case err != nil:
		return notChanged(contract.FailPreflight, "It is not known who wrote to the server last: %v.", plain(err)).withNext("look at the worker's log, then start the run again.")
	case !last.Found:
		return r.refuseAfterRun("nobody knows who wrote to server %d last: Temporal has no record of its lock", r.serverID)
	case last.HolderWorkflowID == r.in.AfterRun || r.isThisRun(last):
		return nil
	case last.HolderWorkflowID == "":
		return r.refuseAfterRun("server %d was locked by hand since %s", r.serverID, shownWord(r.in.AfterRun))
	default:
		return r.refuseAfterRun("server %d was locked by %s since %s", r.serverID, shownWord(last.HolderWorkflowID), shownWord(r.in.AfterRun))
	}
}

// isThisRun says whether the last holder is an earlier run of this very run, before a reset.
func (r *restoreRun) isThisRun(last contract.LastHolderResult) bool {
	return last.HolderWorkflowID == r.report.WorkflowID && r.report.RunID != r.report.OriginalRunID
}

// checkUntouched refuses what checkAfterRun could not see yet: a run that held the lock while this one waited for it, or
// between the look and the lock.
func (r *restoreRun) checkUntouched(workflow.Context) *ending {
	if r.in.AfterRun == "" {
		return nil
	}
	if newer := newerManaged(r.snapshots, r.chosen); newer != nil {
		return r.refuseAfterRun("snapshot %d %q is newer than snapshot %d: another run has worked on server %d since %s",
			newer.ID, newer.Name, r.chosen.ID, r.serverID, shownWord(r.in.AfterRun))
	}
	if r.lockAwaited {
		return r.refuseAfterRun("the lock of server %d was still held when this run came, so another one may have written to it since %s", r.serverID, shownWord(r.in.AfterRun))
	}
	return nil
}

// refuseAfterRun ends a run whose after_run was not the last to write.
func (r *restoreRun) refuseAfterRun(format string, args ...any) *ending {
	return notChanged(contract.FailPreflight, "Refused: %s.", fmt.Sprintf(format, args...)).
		withNext("look at what was done since; start the run without after_run to restore all the same.")
}
