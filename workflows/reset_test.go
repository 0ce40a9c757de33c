package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// seenBy is a verdict of a verification that the run made.
func seenBy(runID string, v contract.Verdict) step {
	return step{reply: contract.VerifyResult{Verdict: v, Rounds: 3, Detail: "home is " + string(v), RunID: runID}}
}

// The preflight of these runs was made by testRunID; whatever another run id has seen was seen after a reset.
func TestAfterAResetGreenChecksAreNoProofThatTheChangeIsStillThere(t *testing.T) {
	run := func(by string, onUnknown OnUnknown) ended {
		return newHarness(t, func(in *SnapshotUpdateVerifyInput) { in.Update.OnUnknown = onUnknown }).
			on(verify, passed, seenBy(by, contract.VerdictPassed)).run()
	}
	e := run("the-run-after-the-reset", UnknownHold)
	assert.True(t, e.entered(PhaseHold))
	assert.Equal(t, contract.FailChangeUnknown, e.failure, "the run before the reset may have restored the server")
	assert.Contains(t, e.report.Change.Detail, "was reset")

	assert.Equal(t, OutcomeCommitted, run("the-run-after-the-reset", UnknownCommit).report.Outcome, "as the user wants it")
	assert.Equal(t, OutcomeCommitted, run(testRunID, UnknownHold).report.Outcome)
	assert.Equal(t, OutcomeCommitted, run("", UnknownHold).report.Outcome, "a history of an earlier release goes on as it began")
}

func TestAChangeThatTheRunBeforeAResetMayHaveBegunIsGivenItsWholeTime(t *testing.T) {
	const timeout = 20 * time.Minute
	run := func(refrained bool) ended {
		webhook := contract.SendWebhookResult{Result: contract.ChangeUnknown, Detail: "this run was reset", EarlierRun: refrained}
		return newHarness(t, func(in *SnapshotUpdateVerifyInput) {
			in.Update.Timeout, in.Update.OnUnknown = Duration(timeout), UnknownRollback
		}).on(contract.ActivitySendWebhook, step{reply: webhook}).run()
	}
	e := run(true)
	took := e.report.Change.EndedAt.Sub(e.report.Change.StartedAt)
	assert.GreaterOrEqual(t, took, timeout, "no restore may meet a change that is under way")
	assert.Equal(t, contract.FailRolledBack, e.failure)

	e = run(false)
	assert.Less(t, e.report.Change.EndedAt.Sub(e.report.Change.StartedAt), timeout, "an answer that was lost ended with its deadline")
}
