package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// commit keeps the change: the snapshot now belongs to retention, which prunes our own old ones. A prune that fails
// does not undo a commit; the report says so.
func (r *updateRun) commit(ctx workflow.Context) *ending {
	r.enter(ctx, PhaseCommit)
	r.waitFor(ctx, "retention to prune old snapshots")
	r.prune(ctx)
	return &ending{outcome: OutcomeCommitted, summary: r.commitSummary()}
}

// commitSummary says on what the commit rests.
func (r *updateRun) commitSummary() string {
	switch {
	case r.decidedToKeep():
		d := r.report.Decisions[len(r.report.Decisions)-1]
		return fmt.Sprintf("The change is kept: decided by %q.", d.By)
	case r.in.Update.Kind == UpdateNone && r.in.Verify.Skip:
		return "The restore point was made. No change was asked for, and verification was skipped."
	case r.in.Update.Kind == UpdateNone:
		return "The restore point was made, and the server passed verification. No change was asked for."
	case r.report.Change.Result == contract.ChangeUnknown && r.in.Verify.Skip:
		return "Nobody knows whether the change was made; verification was skipped, and update.on_unknown is commit."
	case r.report.Change.Result == contract.ChangeUnknown:
		return "Nobody knows whether the change was made; the server passed verification, and update.on_unknown is commit."
	case r.in.Verify.Skip:
		return "The change was made and is kept; verification was skipped."
	default:
		return "The change was made, passed verification and is kept."
	}
}

// decidedToKeep says whether a person has decided that the change is kept.
func (r *serverRun) decidedToKeep() bool {
	n := len(r.report.Decisions)
	return n > 0 && r.report.Decisions[n-1].Decision == DecideCommit
}

// prune applies retention.keep_last to the snapshots that this runbook left on the server (law 4).
func (r *serverRun) prune(ctx workflow.Context) {
	plan, err := retention.Apply(r.snapshots, r.policy, retention.Options{})
	if err != nil {
		r.note("old snapshots were not pruned: %v", err)
		return
	}
	var old []retention.Decision
	for _, d := range plan.Decisions {
		if !d.Keep && d.Snapshot.ID != r.made.ID && !r.alreadyPruned(d.Snapshot.ID) {
			old = append(old, d)
		}
	}
	r.pruneThese(ctx, old)
}

// pruneThese deletes one after the other: two writes to one server never overlap, and each looks at the list again right
// before. The end of ctx ends the tries, but never a delete in flight. What was not tried is not reported either.
func (r *serverRun) pruneThese(ctx workflow.Context, old []retention.Decision) {
	if len(old) == 0 || !r.ensureLock(ctx) {
		return
	}
	for _, d := range old {
		if ctx.Err() != nil {
			return
		}
		r.report.Pruned = append(r.report.Pruned, r.deleteSnapshot(r.safe, d.Snapshot, d.Reason, 0))
	}
}

// How often one delete is tried: a delete is safe to repeat, "already gone" is success. After a change the prune is the
// lesser thing, and a later run does it; a rotation has nothing else to do, and goes on for about five minutes.
const (
	deleteTries         = 4
	deleteTriesRotation = 10
)

// deleteSnapshot deletes one snapshot of ours, as far as the activity's own guard allows. The context is the calling
// coroutine's own, disconnected from the run's cancellation: a delete in flight must not lose its answer.
func (r *serverRun) deleteSnapshot(ctx workflow.Context, old contract.Snapshot, reason string, twinOf int64) PrunedSnapshot {
	pruned := PrunedSnapshot{ID: old.ID, Name: old.Name, Reason: reason}
	var points []int64
	for _, point := range []*contract.Snapshot{r.snapshot, r.made} {
		if point != nil && !slices.Contains(points, point.ID) {
			points = append(points, point.ID)
		}
	}
	for try := 1; try <= r.deleteTries; try++ {
		lock := r.lock
		var result contract.DeleteSnapshotResult
		err := workflow.ExecuteActivity(checkedWriteOptions(ctx, fmt.Sprintf("delete snapshot %d: %s", old.ID, reason)), contract.ActivityDeleteSnapshot, contract.DeleteSnapshotInput{
			Fence:         r.fenceRepeatable(), // "already gone" is success
			ServerID:      r.serverID,
			SnapshotID:    old.ID,
			NamePrefix:    r.policy.NamePrefix,
			Policy:        r.policy.Name,
			RestorePoints: points,
			TwinOf:        twinOf,
		}).Get(ctx, &result)
		if err != nil {
			result.Answer = ambiguous(err)
		}
		pruned.Deleted, pruned.Detail = result.Deleted, result.Answer.Detail
		if result.Deleted {
			return pruned
		}
		switch result.Answer.Outcome {
		case contract.WriteNotSent, contract.WriteAmbiguous:
		case contract.WriteLockLost:
			if !r.lockWasLost(ctx, lock) {
				return pruned
			}
		default: // refused by the guard or the API, or a bad token: asking again changes nothing
			return pruned
		}
		if err := pause(ctx, retryPause(result.Answer, try), fmt.Sprintf("pause before snapshot %d is deleted again", old.ID)); err != nil {
			return pruned
		}
	}
	return pruned
}
