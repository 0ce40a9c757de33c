package workflows

import (
	"fmt"
	"math"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// preflight finds out whether the run can go to its end: the token works, the server is there and in a fit state, and
// the quota has room, or will have when our own old snapshots are pruned as the policy would do anyway.
func (r *serverRun) preflight(ctx workflow.Context) *ending {
	if end := r.lookFirst(ctx); end != nil {
		return end
	}
	if why := frozen(ctx, r.notDuring, r.serverID); why != "" {
		return notChanged(contract.FailPreflight, "A freeze window is open: %s.", why).
			withNext("start the run again after the window, or take it out of not_during.")
	}
	if r.server.Status != contract.ServerActive {
		return notChanged(contract.FailPreflight, "The server is %q, not active.", r.server.Status).
			withNext("bring the server to the state active (start it, or wait for the action under way to end), then start the run again.")
	}
	return r.checkQuota(ctx)
}

// lookFirst reads everything that the run must know of the server before it writes anything.
func (r *serverRun) lookFirst(ctx workflow.Context) *ending {
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
	r.server, r.snapshots, r.apiNow, r.preflightRun = seen.Server, seen.Snapshots, seen.Now, seen.RunID
	r.report.ServerName = seen.Server.Name
	r.tell(contract.NotifyStarted, "", "")
	r.own.KnownIDs = r.knownIDs(seen)
	return nil
}

// knownIDs are the snapshots that were there before the first POST, and so can never be adopted. Only a run that was
// reset before it looked may find its own snapshot there: an earlier run of the same original run id made it.
func (r *serverRun) knownIDs(seen contract.PreflightResult) []int64 {
	wasReset := seen.RunID != r.report.OriginalRunID
	var ids []int64
	for _, s := range seen.Snapshots {
		if wasReset && r.isOwn(s) {
			continue
		}
		ids = append(ids, s.ID)
	}
	return ids
}

// isOwn says whether a snapshot carries this run's name and whole original run id.
func (r *serverRun) isOwn(s contract.Snapshot) bool {
	return s.Name == r.own.Name && contract.ParseMarker(s.Description).RunID == r.own.RunID
}

// ownAlreadyMade says whether an earlier run, before a reset, has made the restore point.
func (r *serverRun) ownAlreadyMade() bool {
	known := make(map[int64]bool, len(r.own.KnownIDs))
	for _, id := range r.own.KnownIDs {
		known[id] = true
	}
	for _, s := range r.snapshots {
		if r.isOwn(s) && !known[s.ID] {
			return true
		}
	}
	return false
}

// checkQuota ends the run when the quota has no room and the policy makes none (law 12).
func (r *serverRun) checkQuota(ctx workflow.Context) *ending {
	if r.ownAlreadyMade() {
		return nil
	}
	plan, err := r.planRoom(ctx)
	switch {
	case err != nil:
		return notChanged(contract.FailPreflight, "The quota could not be planned: %v.", err)
	case len(plan.Hanging) > 0:
		return notChanged(contract.FailSnapshotLimit, "No room for another snapshot: %s.", plan.Detail).withNext("%s", adviceHanging)
	case !plan.Room:
		return notChanged(contract.FailSnapshotLimit, "No room for another snapshot: %s.", plan.Detail).
			withNext("delete a snapshot that is no longer needed, or lower retention.keep_last, then start the run again.")
	default:
		return nil
	}
}

// baseline runs the checks before the change (law 6): a check that is red already cannot judge the change.
func (r *serverRun) baseline(ctx workflow.Context, in contract.VerifyInput) *ending {
	if !r.looksAtBaseline() {
		return nil
	}
	r.waitFor(ctx, "the baseline: are the checks green before the change?")
	record, err := r.verifyOnce(ctx, VerifiedBaseline, in)
	if ctx.Err() != nil {
		return r.stoppedBeforeChange()
	}
	if err != nil {
		return notChanged(contract.FailBaseline, "The baseline could not be taken: %v.", plain(err))
	}
	switch record.Verdict {
	case contract.VerdictPassed:
		return nil
	case contract.VerdictFailed:
		return notChanged(contract.FailBaseline, "The checks are red before the change: %s.", record.seen()).
			withNext("mend the server or the checks first; with verify.baseline false the run does not look.")
	default: // inconclusive: the checker cannot look, so it could not judge the change either
		return notChanged(contract.FailBaseline, "The checks cannot be made from the worker: %s.", record.seen()).
			withNext("mend the check or the worker's network (name resolution, address), then start the run again.")
	}
}

// looksAtBaseline says whether this run has a baseline at all.
func (r *serverRun) looksAtBaseline() bool { return r.verify.Baseline && !r.verify.Skip }

// baselineAfterStart gives a server that was just started the whole verify.timeout to get green, however many red
// rounds its start takes.
func (r *serverRun) baselineAfterStart() contract.VerifyInput {
	in := r.baselineInput()
	in.ServerUp = r.serverID
	in.Failures, in.Inconclusives = math.MaxInt32, 0
	return in
}

// baselineInput looks once, and again only while the answer is not green: the server has had all its life to get well.
func (r *serverRun) baselineInput() contract.VerifyInput {
	v := r.verify
	return contract.VerifyInput{
		Checks: v.Checks, Interval: v.Interval, Timeout: v.Timeout,
		Successes: 1, Failures: v.Failures, Inconclusives: v.Failures,
	}
}

// plan says what a real run would do.
func (r *updateRun) plan() []string {
	var steps []string
	quota, err := retention.PlanQuota(r.snapshots, r.policy, retention.Options{})
	if err == nil {
		for _, s := range quota.Remove {
			steps = append(steps, fmt.Sprintf("delete snapshot %d %q to make room: retention would delete it anyway", s.ID, s.Name))
		}
	}
	if r.in.Snapshot.StopServer {
		steps = append(steps, "stop the server")
	}
	steps = append(steps, fmt.Sprintf("create a snapshot named %s-%d-<time>-<hash> and wait until it is completed (3 to 10 minutes)", r.in.Snapshot.NamePrefix, r.in.ServerID))
	if r.in.Snapshot.StopServer {
		steps = append(steps, "start the server and check the baseline again")
	}
	steps = append(steps, fmt.Sprintf("make the change (%s)", r.in.Update.Kind))
	if r.in.Verify.Skip {
		steps = append(steps, "skip verification")
	} else {
		steps = append(steps, fmt.Sprintf("verify with %s: %d green rounds in a row pass, %d red ones fail", count(len(r.in.Verify.Checks), "check"), r.in.Verify.Successes, r.in.Verify.Failures))
	}
	steps = append(steps, fmt.Sprintf("when it fails: %s", r.in.Rollback.OnFailure))
	after, err := retention.Apply(r.snapshots, r.policy, retention.Options{Incoming: 1})
	if err == nil {
		for _, s := range after.Remove() {
			steps = append(steps, fmt.Sprintf("after the commit: delete snapshot %d %q", s.ID, s.Name))
		}
	}
	return steps
}
