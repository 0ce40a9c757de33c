package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// reportStuck lists what earlier runs of the policy left late or failed. A late one may still complete, so it is only
// reported; a failed one goes with the prune, or before it when its place is needed.
func (r *rotationRun) reportStuck() {
	late, failed := retention.Stuck(r.snapshots, r.policy, r.apiNowAt(), r.snapshotInput.ReadyTimeout.Std())
	for _, s := range late {
		r.stuck(s, "not completed within snapshot.ready_timeout (%s); left alone, it may still complete", r.snapshotInput.ReadyTimeout)
	}
	for _, s := range failed {
		r.stuck(s, "failed, cannot be restored; not removed")
	}
}

// hanging are the snapshots of the policy that have had their time and are still not finished, those that this run has
// waited for among them.
func (r *rotationRun) hanging() []int64 {
	ids := hangingIn(r.snapshots, r.policy, r.apiNowAt(), r.snapshotInput.ReadyTimeout)
	for _, s := range r.snapshots {
		if !s.Finished() && r.stuckAt(s.ID) >= 0 {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// stuck writes down what is known of a stuck snapshot now, in the place of what was known before.
func (r *rotationRun) stuck(s contract.Snapshot, format string, args ...any) {
	entry := StuckSnapshot{ID: s.ID, Name: s.Name, Status: s.Status, Detail: fmt.Sprintf(format, args...)}
	if at := r.stuckAt(s.ID); at >= 0 {
		r.report.Stuck[at] = entry
		return
	}
	r.report.Stuck = append(r.report.Stuck, entry)
}

func (r *rotationRun) stuckAt(id int64) int {
	return slices.IndexFunc(r.report.Stuck, func(s StuckSnapshot) bool { return s.ID == id })
}

// reportLate looks what became of the late ones by the time of the prune.
func (r *rotationRun) reportLate() {
	for _, s := range r.snapshots {
		at := r.stuckAt(s.ID)
		switch {
		case at < 0 || r.report.Stuck[at].Status == s.Status || r.isMade(s):
		case s.Completed():
			r.stuck(s, "completed late, adopted: it counts for the policy")
		case s.Failed():
			r.stuck(s, "failed, cannot be restored; not removed")
		default: // another word for not finished
		}
	}
}

// reportPrunedStuck notes which stuck ones this run has removed.
func (r *rotationRun) reportPrunedStuck() {
	for _, p := range r.report.Pruned {
		at := r.stuckAt(p.ID)
		if at < 0 || !p.Deleted {
			continue
		}
		entry := &r.report.Stuck[at]
		detail, _, _ := strings.Cut(entry.Detail, ";")
		entry.Detail = detail + "; removed"
	}
}

// adopt waits for a snapshot of the policy that an earlier run began and died over, instead of making another. Should it
// not complete, the run makes its own.
func (r *rotationRun) adopt(ctx workflow.Context) *ending {
	young, found := r.young()
	if !found || !r.in.Create || r.ownAlreadyMade() {
		return nil
	}
	r.enter(ctx, PhaseSnapshot)
	r.waitIn(ctx, &snapshotWindow, "snapshot %d to be completed, which an earlier run began", young.ID)
	timeout := r.timeLeft(young)
	var result contract.AwaitSnapshotResult
	err := workflow.ExecuteActivity(waitOptions(ctx, timeout, "wait for the snapshot that an earlier run began"), contract.ActivityAwaitSnapshot,
		contract.AwaitSnapshotInput{
			Own: contract.OwnSnapshot{ServerID: r.serverID, Name: young.Name, RunID: contract.ParseMarker(young.Description).RunID},
			ID:  young.ID, Timeout: Duration(timeout),
		}).Get(ctx, &result)
	switch {
	case ctx.Err() != nil:
		return r.stoppedBeforeChange()
	case err != nil:
		return notChanged(contract.FailSnapshot, "The wait for snapshot %d, which an earlier run began, failed: %v.", young.ID, plain(err)).
			withNext("look at the worker's log, then start the run again.")
	}
	if result.All != nil {
		r.snapshots = result.All
	}
	r.judgeAdopted(young, result)
	return nil
}

// judgeAdopted takes the awaited snapshot for this run's own when it completed, and reports it in any case.
func (r *rotationRun) judgeAdopted(young contract.Snapshot, result contract.AwaitSnapshotResult) {
	switch {
	case result.State == contract.AwaitDone && result.Snapshot.Completed():
		made := result.Snapshot
		r.made = &made
		r.usePoint(made, made.CreatedAt)
		r.stuck(made, "begun by an earlier run (%s) that did not see its end; adopted as this run's snapshot", shownWord(contract.ParseMarker(young.Description).RunID))
	case result.State == contract.AwaitFailed:
		r.stuck(result.Snapshot, "failed, cannot be restored; not removed")
	case result.State == contract.AwaitGone:
		r.note("snapshot %d, which an earlier run began, was deleted while it was being made", young.ID)
	default: // timed out
		r.stuck(young, "not completed within snapshot.ready_timeout (%s); left alone, it may still complete", r.snapshotInput.ReadyTimeout)
	}
}

// young is the newest snapshot of the policy that is not finished and still has time.
func (r *rotationRun) young() (contract.Snapshot, bool) {
	var all []contract.Snapshot
	for _, s := range r.snapshots {
		if r.ofPolicy(s) && !s.Finished() && r.stuckAt(s.ID) < 0 {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return contract.Snapshot{}, false
	}
	return slices.MaxFunc(all, func(a, b contract.Snapshot) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	}), true
}

// ofPolicy says whether the policy has a say over the snapshot (law 4).
func (r *rotationRun) ofPolicy(s contract.Snapshot) bool {
	marker := contract.ParseMarker(s.Description)
	return marker.Managed && marker.Policy == r.policy.Name && strings.HasPrefix(s.Name, r.policy.NamePrefix+"-")
}

// timeLeft is how long the snapshot may still take, by the API's own clock.
func (r *rotationRun) timeLeft(s contract.Snapshot) time.Duration {
	whole, now := r.snapshotInput.ReadyTimeout.Std(), r.apiNowAt()
	if now.IsZero() || s.CreatedAt.IsZero() || s.CreatedAt.After(now) {
		return whole
	}
	return max(whole-now.Sub(s.CreatedAt), time.Second)
}
