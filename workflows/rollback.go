package workflows

import (
	"fmt"
	"net/http"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// restoreEnd is how one decision to restore ended.
type restoreEnd string

const (
	// restoreFinished: the restore took effect and is over.
	restoreFinished restoreEnd = "finished"
	// restoreGreen: nobody saw the restore take effect, but the checks are green.
	restoreGreen restoreEnd = "green"
	// restoreHeld: a person must decide.
	restoreHeld restoreEnd = "held"
	// restoreFailed: a person must act; nothing more can be done here.
	restoreFailed restoreEnd = "failed"
)

// restore rolls the server back to the restore point. It is never interrupted: a server half restored is worse than
// either state (law 9). It returns nil when a person decides to keep the server as it is.
func (r *serverRun) restore(cause string) *ending {
	ctx := r.safe
	r.restoreBegun = true
	r.report.Rollback = &RollbackRecord{Cause: cause}
	for {
		r.enter(ctx, r.rollbackPhase())
		how, detail := r.restoreOnce(ctx)
		r.report.Rollback.Detail = detail
		switch how {
		case restoreFinished:
			return r.afterRestore(ctx, cause)
		case restoreGreen:
			r.note("%s", detail)
			return r.rolledBack(cause)
		case restoreFailed:
			return r.restoreEnded(detail)
		default: // held
			end, again := r.holdRollback(ctx, detail)
			if !again {
				return end
			}
		}
	}
}

// holdRollback lets a person decide about a rollback that cannot go on. A cancel cannot end this hold: it asked to
// leave the server safe, and only the person knows what is safe here.
func (r *serverRun) holdRollback(ctx workflow.Context, why string) (end *ending, again bool) {
	switch r.holdForPerson(ctx, question{why: why, allowed: verdictDecisions, timeout: r.holdTimeout}) {
	case heldRollback:
		return nil, true
	case heldCommit:
		return nil, false
	default: // timed out
		return r.restoreEnded(fmt.Sprintf("%s; nobody decided within rollback.hold_timeout (%s)", why, r.holdTimeout)), false
	}
}

// attempt is one decision to restore: at most one restore takes effect for it (law 3).
type attempt struct {
	began time.Time
	// before is the server right before the first POST.
	before contract.Server
	// unclear is true after an ambiguous POST of this decision.
	unclear bool
	// sent is true once a POST of this decision may have reached the API.
	sent bool
	// looked is the run in which the effect of earlier POSTs was looked for; empty when nobody has looked.
	looked string
	// again is true once the one further POST after red checks has been used.
	again bool
	// settled is true once VPS_SETTLE was waited out for a list that showed the snapshot unfit.
	settled bool
}

// left is how much of restore_timeout is left, at least a second so that every wait looks once.
func (r *serverRun) left(ctx workflow.Context, a *attempt) time.Duration {
	return max(r.restoreTimeout.Std()-workflow.Now(ctx).Sub(a.began), time.Second)
}

// restoreOnce carries out one decision.
func (r *serverRun) restoreOnce(ctx workflow.Context) (restoreEnd, string) {
	a := &attempt{began: workflow.Now(ctx), looked: r.restoreLooked}
	for try := 1; ; try++ {
		if !a.sent { // after a long wait for the API, an older look would prove nothing
			if how, detail := r.lookBeforeRestore(ctx, a); how != "" {
				return how, detail
			}
		}
		if !r.ensureLock(ctx) {
			return restoreFailed, "the server's lock was lost and another run holds it"
		}
		if why := r.askAboutInterlopers(); why != "" {
			return restoreHeld, why
		}
		how, detail, wait := r.postRestore(ctx, a, try)
		if how != "" {
			return how, detail
		}
		left := r.restoreTimeout.Std() - workflow.Now(ctx).Sub(a.began)
		if left <= 0 {
			return restoreFailed, "the API did not take the restore within rollback.restore_timeout: " + trimDot(detail)
		}
		if err := pause(ctx, min(wait, left), "pause before the restore is asked for again"); err != nil {
			return restoreFailed, plain(err)
		}
	}
}

// postRestore sends one POST and follows it. An empty end means: nothing took effect, send again after the pause.
func (r *serverRun) postRestore(ctx workflow.Context, a *attempt, try int) (restoreEnd, string, time.Duration) {
	r.waitFor(ctx, "the API to accept the restore of snapshot %d", r.snapshot.ID)
	lock := r.lock
	result := r.sendRestore(ctx, a)
	answer := result.Answer
	wait := retryPause(answer, try)
	if result.Unfit != "" {
		how, detail := r.restoreUnfit(ctx, a, result.Unfit)
		return how, detail, 0
	}
	switch answer.Outcome {
	case contract.WriteAccepted:
		how, detail := r.followRestore(ctx, a, "accepted")
		return how, detail, wait
	case contract.WriteRefused:
		how, detail := r.restoreRefused(ctx, a, answer)
		return how, detail, wait
	case contract.WriteUnauthorized:
		if !r.awaitAccess(ctx, r.left(ctx, a)) {
			return restoreFailed, "the API refuses the token, and it was not mended within rollback.restore_timeout: " + answer.Detail, 0
		}
		// A token that works again may still lack this permission: with the pause, the next try is not a hot loop.
		return "", answer.Detail, wait
	case contract.WriteLockLost:
		if !r.lockWasLost(ctx, lock) {
			return restoreFailed, "the server's lock was lost and another run holds it", 0
		}
		return "", answer.Detail, 0
	case contract.WriteNotSent:
		return "", answer.Detail, wait
	default: // ambiguous: look before any second POST
		a.unclear = true
		r.note("restoring: %s; looked at the server before sending again", answer.Detail)
		how, detail := r.followRestore(ctx, a, answer.Detail)
		return how, detail, wait
	}
}

// restoreUnfit looks once more when the list has settled: this run has seen its snapshot completed, and a list that lags
// by up to VPS_SETTLE may still show it in progress, or not at all, when the change failed at once. Nothing was sent.
func (r *serverRun) restoreUnfit(ctx workflow.Context, a *attempt, why string) (restoreEnd, string) {
	detail := fmt.Sprintf("snapshot %d cannot be restored: %s", r.snapshot.ID, why)
	if a.settled {
		return restoreFailed, detail
	}
	a.settled = true
	r.waitFor(ctx, "the API's list to settle: %s", why)
	left := r.left(ctx, a)
	var found contract.FindSnapshotResult
	err := workflow.ExecuteActivity(waitOptions(ctx, left, "the list shows the snapshot unfit: let it settle"), contract.ActivityFindSnapshot,
		contract.FindSnapshotInput{Own: r.own, Timeout: Duration(left)}).Get(ctx, &found)
	if err != nil {
		detail += "; the list could not be read again: " + plain(err) // the next try reads it itself
	}
	return "", detail
}

// sendRestore runs the one activity that posts a restore.
func (r *serverRun) sendRestore(ctx workflow.Context, a *attempt) contract.RestoreSnapshotResult {
	var result contract.RestoreSnapshotResult
	err := workflow.ExecuteActivity(checkedWriteOptions(ctx, fmt.Sprintf("restore snapshot %d", r.snapshot.ID)), contract.ActivityRestoreSnapshot,
		contract.RestoreSnapshotInput{Fence: r.fenceLooked(a.looked), ServerID: r.serverID, SnapshotID: r.snapshot.ID}).Get(ctx, &result)
	if err != nil {
		result.Answer = ambiguous(err)
	}
	switch result.Answer.Outcome {
	case contract.WriteAccepted, contract.WriteAmbiguous:
		a.sent = true
		r.report.Rollback.Posts++
	case contract.WriteRefused, contract.WriteUnauthorized, contract.WriteNotSent, contract.WriteLockLost:
		// A clear no, or nothing was sent: nothing took effect.
	}
	return result
}

// restoreRefused tells a 400 apart: ours under way already, or somebody else's (law 3).
func (r *serverRun) restoreRefused(ctx workflow.Context, a *attempt, answer contract.WriteAnswer) (restoreEnd, string) {
	if answer.Status == http.StatusNotFound {
		return r.restoreUnfit(ctx, a, "the API says that it does not exist")
	}
	seen, problem := r.readServer(ctx, a)
	if problem != "" {
		return restoreFailed, problem
	}
	detail := fmt.Sprintf("the API refused the restore (HTTP %d: %s)", answer.Status, trimDot(answer.Detail))
	switch seen.Server.Status {
	case contract.ServerRestoring:
		if a.unclear {
			return r.followRestore(ctx, a, "begun by an earlier request whose answer was lost")
		}
		return restoreHeld, detail + ": somebody else is restoring the server"
	case contract.ServerActive, contract.ServerStopped:
		return restoreHeld, detail + ": somebody else may be restoring the server"
	default:
		// On its way somewhere (a deploy may have rebooted it): not a state to restore in, and not one that stays.
		return "", fmt.Sprintf("%s while the server is %q", detail, seen.Server.Status)
	}
}

// followRestore waits until the restore has finished, or until only the checks can tell whether it took effect. An
// empty end means that it did not, and one more POST is allowed.
func (r *serverRun) followRestore(ctx workflow.Context, a *attempt, how string) (restoreEnd, string) {
	accepted := workflow.Now(ctx)
	timeout := r.restoreTimeout.Std() // from here: a restore that was accepted late takes as long as any other
	r.waitIn(ctx, &restoreWindow, "the restore of snapshot %d to finish (%s)", r.snapshot.ID, how)
	var result contract.AwaitRestoreResult
	err := workflow.ExecuteActivity(waitOptions(ctx, timeout, "wait until the restore has finished"), contract.ActivityAwaitRestore,
		contract.AwaitRestoreInput{ServerID: r.serverID, Before: a.before, Timeout: Duration(timeout)}).Get(ctx, &result)
	if err != nil {
		return restoreFailed, "the wait for the restore failed: " + plain(err)
	}
	r.report.Rollback.LostFrom, r.report.Rollback.LostUntil = r.lostFrom, accepted
	a.looked, r.restoreLooked = result.RunID, result.RunID
	r.server = result.Server
	record := r.report.Rollback
	record.SeenRestoring = record.SeenRestoring || result.SeenRestoring
	switch {
	case result.State != contract.AwaitDone:
		return restoreFailed, fmt.Sprintf("the restore had not finished within rollback.restore_timeout (%s), the server is %q: %s", r.restoreTimeout, result.Server.Status, result.Detail)
	case !result.Unclear:
		return restoreFinished, ""
	}
	return r.judgeUnclearRestore(ctx, a)
}

// changeGreenBefore marks runs that take green checks for a restore only where they were red before it.
const changeGreenBefore = "green-proves-a-restore-only-after-red"

// redBefore says whether the checks were red when they were last looked at before the look that is the report's last. A
// change that failed by its own word is not verified, and one that nobody knows of may have left them green: then green
// after a restore that nobody saw may be the green of before.
func (r *serverRun) redBefore() bool {
	n := len(r.report.Verifications)
	return n > 1 && r.report.Verifications[n-2].Verdict == contract.VerdictFailed
}

// judgeUnclearRestore lets the checks say whether a restore that nobody saw took effect: green where they were red
// before ends the run rolled back with a note, red allows one more POST, everything else holds (law 3).
func (r *serverRun) judgeUnclearRestore(ctx workflow.Context, a *attempt) (restoreEnd, string) {
	const unseen = "the server was never seen restoring and its updated_at proves nothing"
	if r.verify.Skip {
		return restoreHeld, unseen + ", and there are no checks to tell"
	}
	if r.onDemand && a.before.Status == contract.ServerStopped {
		// Checks of a server that is down are red whatever it holds: no second restore may follow from that.
		return restoreHeld, unseen + ", and the checks prove nothing: the server was stopped before"
	}
	if r.server.Status == contract.ServerStopped && a.before.Status != contract.ServerStopped {
		// It went down after the request and stayed down: most likely a restore that left it stopped. Checks of a server
		// that is down would be red whatever it holds, and a second restore must not follow from that.
		if problem := r.startRestored(ctx); problem != "" {
			return restoreHeld, unseen + ", and it is down and could not be started: " + problem
		}
	}
	r.waitFor(ctx, "the checks: did the restore take effect?")
	record, err := r.verifyOnce(ctx, VerifiedRestore, r.changeInput())
	if err != nil {
		return restoreHeld, unseen + ", and the checks could not be made: " + plain(err)
	}
	switch record.Verdict {
	case contract.VerdictPassed:
		if r.onDemand { // nothing says that they were red before, as they were after a bad change
			return restoreHeld, unseen + ", and the checks are green, which proves nothing: they may have been green before"
		}
		if !r.redBefore() && workflow.GetVersion(ctx, changeGreenBefore, workflow.DefaultVersion, 1) >= 1 {
			return restoreHeld, unseen + ", and the checks are green, which proves nothing: they were not seen red before the restore"
		}
		return restoreGreen, unseen + ", but the checks are green: taken as restored"
	case contract.VerdictFailed:
		if a.again {
			return restoreHeld, unseen + ", and the checks are still red after a second request: " + record.seen()
		}
		a.again = true
		return "", unseen + ", and the checks are red: sent once more"
	default: // inconclusive
		return restoreHeld, unseen + ", and the checks could not judge the server: " + record.seen()
	}
}
