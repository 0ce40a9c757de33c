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

func TestAfterAResetWithoutChecksNothingIsCommittedUnasked(t *testing.T) {
	skip := func(in *SnapshotUpdateVerifyInput) { in.Verify.Skip, in.Verify.Checks = true, nil }
	h := newHarness(t, skip)
	assert.Equal(t, OutcomeCommitted, h.run().report.Outcome)

	h = newHarness(t, skip)
	h.originalRunID = "the-run-before-the-reset"
	assert.Equal(t, contract.FailChangeUnknown, h.run().failure)
}

func TestNothingIsVerifiedUnderARunnerThatTheRunBeforeAResetLetBegin(t *testing.T) {
	run := func(beats int) time.Duration {
		h := newHarness(t, external).on(verify, passed, red, passed)
		h.originalRunID = "the-run-before-the-reset"
		h.at(time.Minute, func() { h.begin("another-runner") })
		for n := range beats {
			h.at(time.Minute+time.Duration(n+1)*20*time.Second, func() { h.env.SignalWorkflow(SignalHeartbeat, HeartbeatSignal{Runner: testRunner}) })
		}
		h.in.Update.HeartbeatTimeout = Duration(30 * time.Second)
		e := h.run()
		assert.Equal(t, contract.FailRolledBack, e.failure)
		return e.report.Verifications[1].StartedAt.Sub(testStart)
	}
	quiet, busy := run(0), run(15)
	assert.GreaterOrEqual(t, quiet, time.Minute+30*time.Second)
	assert.GreaterOrEqual(t, busy, quiet+5*time.Minute-10*time.Second, "it waits for as long as the runner shows that it works")
}

// Law 11: a run that was reset to before it had the lock, and ends without it, still answers for the run before.
func TestARunThatWasResetToBeforeItsLockLeavesTheServerUp(t *testing.T) {
	run := func(held bool) ended {
		h := newHarness(t, stopServer, func(in *SnapshotUpdateVerifyInput) { in.Lock.OnBusy = BusyFail }).on(awaitServer, stillDown, step{})
		h.originalRunID, h.busy = "the-run-before-the-reset", 1
		busy := step{reply: contract.AwaitLockResult{Holder: contract.LockHolder{WorkflowID: "other-run"}}}
		h.on(contract.ActivityAwaitLock, busy, step{reply: contract.AwaitLockResult{Free: true}})
		if held {
			h.busy = 2
			h.on(contract.ActivityAwaitLock, busy, busy)
		}
		return h.run()
	}
	e := run(false)
	assert.Equal(t, contract.FailServerBusy, e.failure)
	assert.Equal(t, 1, e.count(start))
	assert.Equal(t, []error{nil}, e.lockEnds, "and the lock is free")

	e = run(true)
	assert.Zero(t, e.count(start), "nothing is written to a server that another run has")
	assert.Contains(t, e.report.Next, "start server")
}
