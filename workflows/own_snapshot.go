package workflows

import (
	"net/http"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// takeSnapshot takes the run's own snapshot and returns only when the list shows it completed (laws 1, 2). Room for it
// has been made before.
func (r *serverRun) takeSnapshot(ctx workflow.Context) *ending {
	begun, end := r.createSnapshot(ctx)
	if end != nil {
		return end
	}
	return r.awaitSnapshot(ctx, begun)
}

// makeRoom deletes just as many of our own old snapshots as the quota needs.
func (r *serverRun) makeRoom(ctx workflow.Context) *ending {
	if r.ownAlreadyMade() {
		return nil
	}
	plan, err := r.planRoom(ctx)
	if err != nil {
		return notChanged(contract.FailSnapshotLimit, "The quota could not be planned: %v.", err)
	}
	return r.freePlaces(ctx, plan.Remove, plan.Spare)
}

// changeHanging marks runs that do not make room by a completed snapshot while others hang in progress.
const changeHanging = "no-room-by-a-completed-one-while-others-hang"

// planRoom plans the room for the run's own snapshot. A run that began under an earlier release may have made room
// already where this one would not: it goes on as it began.
func (r *serverRun) planRoom(ctx workflow.Context) (retention.QuotaPlan, error) {
	plan, err := retention.PlanQuota(r.snapshots, r.policy,
		retention.Options{Hanging: hangingIn(r.snapshots, r.policy, r.apiNow, r.snapshotInput.ReadyTimeout)})
	if err != nil || len(plan.Hanging) == 0 || workflow.GetVersion(ctx, changeHanging, workflow.DefaultVersion, 1) >= 1 {
		return plan, err
	}
	return retention.PlanQuota(r.snapshots, r.policy, retention.Options{})
}

// hangingIn are the ids of the policy's snapshots that are late by now, the API's clock.
func hangingIn(snapshots []contract.Snapshot, policy retention.Policy, now time.Time, readyTimeout Duration) []int64 {
	late, _ := retention.Stuck(snapshots, policy, now, readyTimeout.Std())
	var ids []int64
	for _, s := range late {
		ids = append(ids, s.ID)
	}
	return ids
}

// adviceHanging is what a person can do about snapshots that hang: Safepoint never deletes one in progress (law 4).
const adviceHanging = "look at the snapshots that hang at VPS.org: delete them there, or have its support end them, then start the run again."

// freePlaces deletes old snapshots of our own, as the quota was planned. A failed one that the API does not let go is no
// reason to end: the next one of the spare ones goes for it, or every run would end there.
func (r *serverRun) freePlaces(ctx workflow.Context, remove, spare []contract.Snapshot) *ending {
	remove = slices.Clone(remove)
	for len(remove) > 0 {
		old := remove[0]
		remove = remove[1:]
		r.waitFor(ctx, "room for one more snapshot")
		pruned := r.deleteSnapshot(r.safe, old, "made room for this run's snapshot", 0)
		r.report.Pruned = append(r.report.Pruned, pruned)
		if ctx.Err() != nil {
			return r.stoppedBeforeChange()
		}
		if !pruned.Deleted && old.Failed() && len(spare) > 0 {
			r.note("snapshot %d, which failed, could not be deleted: %s; snapshot %d goes instead", old.ID, trimDot(pruned.Detail), spare[0].ID)
			remove, spare = append(remove, spare[0]), spare[1:]
			continue
		}
		if !pruned.Deleted {
			return notChanged(contract.FailSnapshotLimit, "No room for another snapshot, and snapshot %d %q could not be deleted: %s.", old.ID, old.Name, pruned.Detail).
				withNext("delete a snapshot that is no longer needed, then start the run again.")
		}
	}
	return nil
}

// createSnapshot posts until there is one snapshot of ours. A POST runs on the safe context: a cancel that comes while
// it is in flight must not lose its answer.
func (r *serverRun) createSnapshot(ctx workflow.Context) (contract.Snapshot, *ending) {
	looked := "" // the run that looked for the effect of an earlier POST
	began := workflow.Now(ctx)
	r.snapshotAsked = began
	if r.ownAlreadyMade() {
		r.snapshotAsked = r.report.StartedAt // by an earlier run, before a reset: some time after the start
	}
	for try := 1; ; try++ {
		if ctx.Err() != nil {
			return contract.Snapshot{}, r.stoppedBeforeChange()
		}
		r.waitFor(ctx, "the API to accept the snapshot")
		lock := r.lock
		result := r.postSnapshot(looked)
		switch result.Answer.Outcome {
		case contract.WriteAccepted:
			return result.Snapshot, nil
		case contract.WriteLockLost:
			r.lockWasLost(ctx, lock)
			return contract.Snapshot{}, r.stoppedBeforeChange()
		case contract.WriteNotSent:
			// Nothing took effect: the same POST may be sent again.
		case contract.WriteUnauthorized:
			return contract.Snapshot{}, notChanged(contract.FailSnapshot, "The API refused the token when the snapshot was to be created: %s.", result.Answer.Detail).
				withNext("%s", adviceToken)
		case contract.WriteRefused:
			return r.createRefused(ctx, result.Answer)
		default: // ambiguous, and whatever a later worker may answer: it may have taken effect
			r.createWasUnclear = true
			r.note("creating the snapshot: %s; looked for it before sending again", result.Answer.Detail)
			found, end := r.findSnapshot(ctx, contract.ActivityFindSnapshot)
			if end != nil || found != nil {
				return deref(found), end
			}
			looked = r.lookedRunID
		}
		wait := retryPause(result.Answer, try)
		if workflow.Now(ctx).Sub(began)+wait > r.snapshotInput.ReadyTimeout.Std() {
			return contract.Snapshot{}, notChanged(contract.FailSnapshot, "The API did not take the snapshot within %s: %s.", r.snapshotInput.ReadyTimeout, result.Answer.Detail).
				withNext("look at the API's state, then start the run again; raise %s if it is only slow.", r.readyTimeoutField())
		}
		if err := pause(ctx, wait, "pause before the snapshot is asked for again"); err != nil {
			return contract.Snapshot{}, r.stoppedBeforeChange()
		}
	}
}

// deref is the snapshot, or none.
func deref(s *contract.Snapshot) contract.Snapshot {
	if s == nil {
		return contract.Snapshot{}
	}
	return *s
}

// postSnapshot sends one POST and waits for its end, whatever happens to the run.
func (r *serverRun) postSnapshot(looked string) contract.CreateSnapshotResult {
	marker := contract.Marker{RunID: r.own.RunID, Policy: r.policy.Name, Purpose: r.purpose}
	var result contract.CreateSnapshotResult
	err := workflow.ExecuteActivity(writeOptions(r.safe, "create the snapshot"), contract.ActivityCreateSnapshot, contract.CreateSnapshotInput{
		Fence:       r.fenceLooked(looked),
		ServerID:    r.serverID,
		Name:        r.own.Name,
		Description: marker.Describe(r.snapshotInput.Description),
	}).Get(r.safe, &result)
	if err != nil {
		result.Answer = ambiguous(err)
	}
	return result
}

// ambiguous is the answer of a write whose activity gave none: the worker died, or its answer was lost.
func ambiguous(err error) contract.WriteAnswer {
	return contract.WriteAnswer{Outcome: contract.WriteAmbiguous, Detail: "no answer from the worker: " + plain(err)}
}

// createRefused tells the two meanings of a 400 apart by counting (law 12). After an unclear answer it looks for ours
// first: the POST before may have taken the last place of the quota.
func (r *serverRun) createRefused(ctx workflow.Context, answer contract.WriteAnswer) (contract.Snapshot, *ending) {
	activity := contract.ActivityListSnapshots
	if r.createWasUnclear {
		activity = contract.ActivityFindSnapshot
	}
	found, end := r.findSnapshot(ctx, activity)
	if end != nil || (found != nil && r.createWasUnclear) {
		return deref(found), end
	}
	if answer.Status == http.StatusBadRequest && len(r.snapshots) >= retention.QuotaPerServer {
		return contract.Snapshot{}, notChanged(contract.FailSnapshotLimit, "The server has %d snapshots, the API's limit: %s.", len(r.snapshots), answer.Detail).
			withNext("delete a snapshot that is no longer needed, then start the run again.")
	}
	return contract.Snapshot{}, notChanged(contract.FailSnapshot, "The API refused the snapshot (HTTP %d): %s.", answer.Status, answer.Detail).
		withNext("mend what the API names, then start the run again.")
}

// findSnapshot looks for our snapshot in the whole list: at once (ListSnapshots), or after VPS_SETTLE (FindSnapshot).
func (r *serverRun) findSnapshot(ctx workflow.Context, activity string) (*contract.Snapshot, *ending) {
	options := readOptions(ctx, "list the snapshots")
	if activity == contract.ActivityFindSnapshot {
		options = waitOptions(ctx, r.snapshotInput.ReadyTimeout.Std(), "the answer was lost: did the snapshot begin?")
		r.waitFor(ctx, "the API to settle after an unclear answer, to look whether the snapshot was begun")
	}
	var found contract.FindSnapshotResult
	err := workflow.ExecuteActivity(options, activity, contract.FindSnapshotInput{Own: r.own, Timeout: r.snapshotInput.ReadyTimeout}).Get(ctx, &found)
	if ctx.Err() != nil {
		return nil, r.stoppedBeforeChange()
	}
	if err != nil {
		return nil, notChanged(contract.FailSnapshot, "It is not known whether the snapshot was begun: %v.", plain(err)).
			withNext("%s A snapshot named %s may exist; retention will find it.", adviceForRead(err), r.own.Name)
	}
	r.snapshots, r.lookedRunID = found.All, found.RunID
	if len(found.Ours) == 0 {
		return nil, nil
	}
	return &found.Ours[0], nil
}

// awaitSnapshot waits until the list shows the snapshot completed.
func (r *serverRun) awaitSnapshot(ctx workflow.Context, begun contract.Snapshot) *ending {
	r.waitIn(ctx, &snapshotWindow, "snapshot %d to be completed", begun.ID)
	var result contract.AwaitSnapshotResult
	timeout := r.snapshotInput.ReadyTimeout
	err := workflow.ExecuteActivity(waitOptions(ctx, timeout.Std(), "wait until the snapshot is completed"), contract.ActivityAwaitSnapshot,
		contract.AwaitSnapshotInput{Own: r.own, ID: begun.ID, Timeout: timeout}).Get(ctx, &result)
	if ctx.Err() != nil {
		return r.stoppedBeforeChange()
	}
	if err != nil {
		return notChanged(contract.FailSnapshot, "The wait for snapshot %d failed: %v.", begun.ID, plain(err))
	}
	switch result.State {
	case contract.AwaitDone:
		if !result.Snapshot.Completed() {
			return notChanged(contract.FailSnapshot, "Snapshot %d is %q, not completed.", result.Snapshot.ID, result.Snapshot.Status)
		}
	case contract.AwaitFailed:
		return notChanged(contract.FailSnapshot, "The API could not make snapshot %d (status %q).", result.Snapshot.ID, result.Snapshot.Status).
			withNext("start the run again; the failed snapshot is deleted by a later run's retention.")
	case contract.AwaitGone:
		return notChanged(contract.FailSnapshot, "Snapshot %d was deleted while it was being made.", begun.ID).
			withNext("find out who deleted it, then start the run again.")
	default: // timed out
		return notChanged(contract.FailSnapshot, "Snapshot %d was not completed within %s. %s", begun.ID, timeout, result.Detail).
			withNext("look at the snapshot at VPS.org; raise %s if it is only slow.", r.readyTimeoutField())
	}
	made := result.Snapshot
	r.made, r.snapshots = &made, result.All
	r.deleteTwins(r.safe, result.Twins)
	return nil
}

// deleteTwins removes duplicates of the run's own snapshot that a lost answer has cost. The kept one is completed.
func (r *serverRun) deleteTwins(ctx workflow.Context, twins []contract.Snapshot) {
	for _, twin := range twins {
		r.report.Pruned = append(r.report.Pruned, r.deleteSnapshot(ctx, twin, "a duplicate of this run's snapshot, made by a request whose answer was lost", r.made.ID))
	}
}

// removeTwins looks once more at the end of a run whose create was unclear: a list may lag longer than VPS_SETTLE.
func (r *serverRun) removeTwins(ctx workflow.Context) {
	if !r.createWasUnclear || r.made == nil || r.lockLostEarly || !r.ensureLock(ctx) {
		return
	}
	var result contract.AwaitSnapshotResult
	err := workflow.ExecuteActivity(waitOptions(ctx, r.snapshotInput.ReadyTimeout.Std(), "look for a late duplicate of the snapshot"), contract.ActivityAwaitSnapshot,
		contract.AwaitSnapshotInput{Own: r.own, ID: r.made.ID, Timeout: r.snapshotInput.ReadyTimeout}).Get(ctx, &result)
	if err != nil {
		r.note("could not look for a duplicate snapshot: %v", plain(err))
		return
	}
	var twins []contract.Snapshot
	for _, s := range append(result.Twins, result.Snapshot) {
		if s.ID != 0 && s.ID != r.made.ID && s.Finished() && r.isOwn(s) && !r.alreadyPruned(s.ID) {
			twins = append(twins, s)
		}
	}
	r.deleteTwins(ctx, twins)
}

// readyTimeoutField is where the input says how long the run's own snapshot may take.
func (r *serverRun) readyTimeoutField() string {
	if r.purpose == contract.PurposeSafety {
		return "safety.ready_timeout"
	}
	return "snapshot.ready_timeout"
}

// alreadyPruned says whether this run has deleted the snapshot.
func (r *serverRun) alreadyPruned(id int64) bool {
	for _, p := range r.report.Pruned {
		if p.ID == id && p.Deleted {
			return true
		}
	}
	return false
}
