package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// nextStep is what a change's result and a verdict lead to.
type nextStep string

const (
	stepCommit   nextStep = "commit"
	stepRollback nextStep = "rollback"
	stepHold     nextStep = "hold"
)

// verification is a verdict and what it rests on.
type verification struct {
	Verdict contract.Verdict
	Detail  string
}

// decideNext is the table of DESIGN "How the change's result decides". Inconclusive never commits and never restores:
// a broken checker is not a broken server (law 6).
func decideNext(change contract.ChangeResult, verdict contract.Verdict, onUnknown OnUnknown) nextStep {
	switch {
	case change == contract.ChangeFailed:
		return stepRollback
	case verdict == contract.VerdictFailed:
		return stepRollback
	case verdict != contract.VerdictPassed:
		return stepHold
	case change == contract.ChangeSucceeded:
		return stepCommit
	}
	// Green, but nobody knows whether the change was made: green may only mean that nothing was changed.
	switch onUnknown {
	case UnknownCommit:
		return stepCommit
	case UnknownRollback:
		return stepRollback
	default: // hold, and whatever a later version may add
		return stepHold
	}
}

// judge verifies the change and follows the verdict. It returns nil when the change is to be committed. A runner's late
// report settles a verification or a hold: the change is judged again, by what the runner says.
func (r *updateRun) judge(ctx workflow.Context) *ending {
	for {
		end, again := r.judgeOnce(ctx)
		if !again {
			return end
		}
		r.settleChange(r.external.report.Result, r.external.report.Detail)
	}
}

// judgeOnce judges the change by its result as it is known now. It says again=true when a late report came.
func (r *updateRun) judgeOnce(ctx workflow.Context) (end *ending, again bool) {
	r.judgedReport = r.external.report
	if r.report.Change.Result == contract.ChangeNotStarted {
		if end := r.neverBegun(ctx); end != nil {
			return end, false
		}
	}
	if ctx.Err() != nil {
		return r.rollBack(ctx, "canceled by a person during the change")
	}
	var verdict verification
	if r.report.Change.Result != contract.ChangeFailed {
		var reported bool
		verdict, reported = r.verifyChange(ctx)
		if reported {
			return nil, true
		}
		if ctx.Err() != nil {
			return r.rollBack(ctx, "canceled by a person during the verification")
		}
	}
	change := r.report.Change
	if change.Result == contract.ChangeSucceeded && verdict.Verdict == contract.VerdictPassed && r.mayBeUndone() {
		r.settleChange(contract.ChangeUnknown, "this run was reset, and the run before may have rolled the change back already")
	}
	switch decideNext(change.Result, verdict.Verdict, r.in.Update.OnUnknown) {
	case stepCommit:
		r.lookForInterlopers(r.safe)
		return nil, r.reportedSince()
	case stepRollback:
		return r.rollBack(ctx, rollbackCause(change, verdict))
	default: // hold
		why := r.withInterlopers(holdCause(change, verdict))
		if ctx.Err() != nil {
			return r.rollBack(ctx, "canceled by a person during the verification")
		}
		return r.holdVerdict(ctx, why)
	}
}

// mayBeUndone says whether a run before a reset may have gone on from this change to anything, a restore too: another run
// made the preflight than the last verification, or the change is a workflow that an earlier run has started. Which run
// did what is read from the history, so that a replay under yet another run id decides the same.
func (r *updateRun) mayBeUndone() bool {
	switch {
	case r.changeOfEarlierRun, r.verifyRun != "" && r.preflightRun != "" && r.verifyRun != r.preflightRun:
		return r.countsEarlierRun()
	case r.in.Verify.Skip: // nothing else in the history says which run decides
		return r.countsEarlierRun() && !decidedByOriginalRun(r.safe, r.report.OriginalRunID)
	default:
		return false
	}
}

// changeEarlierRun marks runs that reckon with what a run before a reset may have done since.
const changeEarlierRun = "a-run-before-a-reset-is-reckoned-with"

// countsEarlierRun is false where a run decided before this was known to it, and goes on as it began.
func (r *updateRun) countsEarlierRun() bool {
	return workflow.GetVersion(r.safe, changeEarlierRun, workflow.DefaultVersion, 1) >= 1
}

// rollbackCause says why a run rolls back.
func rollbackCause(change *ChangeRecord, verdict verification) string {
	switch {
	case change.Result == contract.ChangeFailed:
		return "the change failed: " + change.Detail
	case verdict.Verdict == contract.VerdictFailed:
		return "verification failed: " + verdict.Detail
	default:
		return "nobody knows whether the change was made, and update.on_unknown is rollback: " + change.Detail
	}
}

// holdCause says why a run holds.
func holdCause(change *ChangeRecord, verdict verification) string {
	if verdict.Verdict == contract.VerdictPassed {
		return "the checks are green, but nobody knows whether the change was made: " + change.Detail
	}
	return "the checks could not judge the server: " + verdict.Detail
}

// holdVerdict holds for a person. It says again=true when a late report came and the change is to be judged anew.
func (r *updateRun) holdVerdict(ctx workflow.Context, why string) (end *ending, again bool) {
	q := question{why: why, allowed: verdictDecisions, timeout: r.holdTimeout}
	if r.external.granted != "" && r.judgedReport == nil {
		q.settled = func() bool { return r.external.report != nil } // the runner's late report
	}
	switch r.holdForPerson(ctx, q) {
	case heldCommit:
		r.lookForInterlopers(r.safe) // the hold may have been long
		return nil, false
	case heldRollback:
		return r.restore("a person decided so: " + why), false
	case heldSettled:
		r.interlopersAsked = 0 // nobody has answered
		return nil, true
	case heldCanceled:
		return r.changeEnd("Canceled by a person while the run was held (%s).", why), false
	default: // timed out
		return r.changeEnd("Nobody decided within rollback.hold_timeout (%s): %s.", r.in.Rollback.HoldTimeout, why), false
	}
}

// rollBack does what rollback.on_failure says.
func (r *updateRun) rollBack(ctx workflow.Context, cause string) (end *ending, again bool) {
	switch r.in.Rollback.OnFailure {
	case FailureNone:
		return r.changeEnd("The change is bad (%s) and rollback.on_failure is none.", cause), false
	case FailureHold:
		return r.holdVerdict(ctx, r.withInterlopers(cause))
	default: // restore
		asked := r.withInterlopers(cause)
		switch {
		case r.reportedSince():
			r.interlopersAsked = 0 // nobody was asked
			return nil, true
		case asked != cause:
			return r.holdVerdict(ctx, asked)
		}
		return r.restore(cause), false
	}
}

// reportedSince says whether a runner's late report has come while something was looked at: the change is judged anew.
func (r *updateRun) reportedSince() bool { return r.external.report != r.judgedReport }

// withInterlopers adds to why a run rolls back, or asks, what a person must know before a restore.
func (r *updateRun) withInterlopers(why string) string {
	r.lookForInterlopers(r.safe)
	if r.lock.gone {
		return why // nobody's word would bring the lock back
	}
	if others := r.askAboutInterlopers(); others != "" {
		return why + "; " + others
	}
	return why
}

// verifyChange runs the checks after the change. It says reported=true when the runner's late report came first.
func (r *updateRun) verifyChange(ctx workflow.Context) (outcome verification, reported bool) {
	if r.in.Verify.Skip {
		return verification{Verdict: contract.VerdictPassed, Detail: "verification is skipped"}, false
	}
	r.enter(ctx, PhaseVerify)
	r.waitFor(ctx, "the checks after the change")
	looking, cancel := workflow.WithCancel(ctx)
	defer cancel()
	seen := r.external.report
	var record VerificationRecord
	var err error
	done := false
	workflow.Go(looking, func(ctx workflow.Context) {
		record, err = r.verifyOnce(ctx, VerifiedChange, r.changeInput())
		done = true
	})
	if waitErr := workflow.Await(ctx, func() bool { return done || r.external.report != seen }); waitErr != nil {
		return outcome, false // cancelled: the caller looks at ctx
	}
	if !done {
		return outcome, true
	}
	if err != nil {
		return verification{Verdict: contract.VerdictInconclusive, Detail: "the verification could not be made: " + plain(err)}, false
	}
	return verification{Verdict: record.Verdict, Detail: record.seen()}, false
}

// changeInput is the verification as the user asked for it.
func (r *serverRun) changeInput() contract.VerifyInput {
	v := r.verify
	return contract.VerifyInput{
		Checks: v.Checks, InitialDelay: v.InitialDelay, Interval: v.Interval, Timeout: v.Timeout,
		Successes: v.Successes, Failures: v.Failures, BakeTime: v.BakeTime,
	}
}

// verifyOnce runs one verification and records it.
func (r *serverRun) verifyOnce(ctx workflow.Context, of VerificationOf, in contract.VerifyInput) (VerificationRecord, error) {
	began := workflow.Now(ctx)
	var result contract.VerifyResult
	longest := in.InitialDelay.Std() + in.Timeout.Std() + in.BakeTime.Std()
	err := workflow.ExecuteActivity(waitOptions(ctx, longest, fmt.Sprintf("verify the %s: %s", of, count(len(in.Checks), "check"))),
		contract.ActivityVerify, in).Get(ctx, &result)
	if err != nil {
		return VerificationRecord{}, err
	}
	r.verifyRun = result.RunID
	record := VerificationRecord{
		Of: of, Verdict: result.Verdict, Detail: result.Detail, Rounds: result.Rounds, Checks: result.Last,
		StartedAt: began, EndedAt: workflow.Now(ctx),
	}
	r.report.Verifications = append(r.report.Verifications, record)
	return record, nil
}

// shownChecks bounds how many checks a sentence names; the report has them all.
const shownChecks = 3

// seen is the verdict's reason with the checks that did not pass: what a person wants to know first.
func (v VerificationRecord) seen() string {
	var named []string
	for _, c := range v.Checks {
		if c.Verdict != contract.VerdictPassed && len(named) < shownChecks {
			named = append(named, c.Name+": "+trimDot(c.Detail))
		}
	}
	if len(named) == 0 {
		return v.Detail
	}
	return v.Detail + " (" + strings.Join(named, "; ") + ")"
}
