package workflows

import (
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// planSafety plans the room for a safety snapshot. The snapshot to restore is never part of a plan. Without room, why
// says what is there.
func (r *restoreRun) planSafety() (remove, spare []contract.Snapshot, why string) {
	plan, err := retention.PlanQuota(r.snapshots, r.policy, r.keepingChosen())
	switch {
	case err != nil:
		return nil, nil, fmt.Sprintf("the quota could not be planned: %v", err)
	case !plan.Room:
		return nil, nil, plan.Detail
	default:
		return plan.Remove, plan.Spare, ""
	}
}

func (r *restoreRun) keepingChosen() retention.Options {
	return retention.Options{
		RestorePoints: []int64{r.chosen.ID},
		Hanging:       hangingIn(r.snapshots, r.policy, r.apiNow, r.snapshotInput.ReadyTimeout),
	}
}

// takeSafety takes a copy of the state that is about to be overwritten, where the quota has room for it. Without room or
// when the API cannot make it, the run goes on without one only if safety.required allows that, and says so.
func (r *restoreRun) takeSafety(ctx workflow.Context) *ending {
	if !r.in.Safety.Snapshot {
		return nil
	}
	if r.server.Status == contract.ServerRestoring && !r.in.Safety.Required && !r.ownAlreadyMade() {
		r.note("no safety snapshot was taken: the server is being restored, by an earlier run of this one before a reset or by somebody else")
		return nil
	}
	r.enter(ctx, PhaseSnapshot)
	if !r.ownAlreadyMade() {
		remove, spare, why := r.planSafety()
		if why != "" {
			return r.noRoomForSafety(why)
		}
		if end := r.freePlaces(ctx, remove, spare); end != nil {
			return r.withoutSafety(ctx, end)
		}
	}
	if end := r.takeSnapshot(ctx); end != nil {
		return r.withoutSafety(ctx, end)
	}
	r.report.SafetySnapshot = &contract.RestorePoint{ID: r.made.ID, Name: r.made.Name, CreatedAt: r.made.CreatedAt, SizeMB: r.made.SizeMB}
	return nil
}

// noRoomForSafety ends the run, or lets it go on without a safety snapshot.
func (r *restoreRun) noRoomForSafety(why string) *ending {
	if r.in.Safety.Required {
		return notChanged(contract.FailSnapshotLimit, "No room for the safety snapshot: %s.", why).
			withNext("delete a snapshot that is no longer needed, or leave out safety.required, then start the run again.")
	}
	r.note("no safety snapshot was taken, there is no room: %s", why)
	return nil
}

// withoutSafety decides what follows when the safety snapshot could not be taken. A cancel or a lost lock still ends the
// run, and so does a snapshot that is still being made: a restore would cut into it.
func (r *restoreRun) withoutSafety(ctx workflow.Context, end *ending) *ending {
	if ctx.Err() != nil || r.in.Safety.Required {
		return end
	}
	if r.hasPruned() { // the older copy is gone for it: to go on would leave the present state in no snapshot at all
		end.summary = strings.TrimSuffix(end.summary, serverNotChanged) + " An older safety snapshot was deleted to make room for it, so nothing is restored without it." + serverNotChanged
		return end.withNext("mend what the API names and start the run again, or start it without safety.snapshot.")
	}
	if again := r.lookAgain(ctx, "while a safety snapshot was tried"); again != nil {
		return again
	}
	for _, s := range r.snapshots {
		if r.isOwn(s) && !s.Finished() {
			return end
		}
	}
	r.note("no safety snapshot was taken: %s", strings.TrimSuffix(end.summary, serverNotChanged))
	return nil
}

// hasPruned says whether the run has deleted a snapshot.
func (r *serverRun) hasPruned() bool {
	return slices.ContainsFunc(r.report.Pruned, func(p PrunedSnapshot) bool { return p.Deleted })
}

// pruneSafety deletes older safety snapshots after a good restore, never the one just made and never the one that was
// restored (law 4). A prune that fails does not undo a restore; the report says so.
func (r *restoreRun) pruneSafety(ctx workflow.Context) {
	if r.made == nil {
		return
	}
	plan, err := retention.Apply(r.snapshots, r.policy, r.keepingChosen())
	if err != nil {
		r.note("older safety snapshots were not pruned: %v", err)
		return
	}
	for _, d := range plan.Decisions {
		if d.Keep || d.Snapshot.ID == r.made.ID || r.alreadyPruned(d.Snapshot.ID) {
			continue
		}
		if !r.ensureLock(ctx) {
			r.note("older safety snapshots were not pruned: the server's lock was lost")
			return
		}
		r.enter(ctx, PhasePrune)
		r.waitFor(ctx, "retention to prune older safety snapshots")
		r.report.Pruned = append(r.report.Pruned, r.deleteSnapshot(ctx, d.Snapshot, d.Reason, 0))
	}
}
