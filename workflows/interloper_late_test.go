package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func heldByInterloper() step {
	return lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: testInterloper})
}

// A late report settles the hold, but it is no answer to whether another run's work may be undone.
func TestALateReportIsNoWordAboutAnInterloper(t *testing.T) {
	for result, failure := range map[contract.ChangeResult]string{
		contract.ChangeFailed: contract.FailChange, contract.ChangeSucceeded: contract.FailChangeUnknown,
	} {
		h := begun(t).on(verify, passed, inconclusive, passed).on(contract.ActivityLastHolder, heldByInterloper())
		h.at(time.Minute, h.endLock)
		h.at(time.Hour, func() { h.reports(testRunner, result) })
		e := h.run()
		assert.Equal(t, failure, e.failure, result)
		assert.Zero(t, e.count(restore), result)
		assert.Contains(t, e.report.Summary, testInterloper, result)
	}
}

func TestALateReportThatComesDuringTheLookForInterlopersIsJudged(t *testing.T) {
	for _, onUnknown := range []OnUnknown{UnknownHold, UnknownRollback} {
		h := begun(t, func(in *SnapshotUpdateVerifyInput) { in.Update.OnUnknown = onUnknown }).on(verify, passed)
		h.on(contract.ActivityReadServer, step{takes: 10 * time.Minute}, step{})
		h.at(time.Minute, h.endLock)
		h.at(8*time.Minute, func() { h.reports(testRunner, contract.ChangeSucceeded) })
		e := h.run()
		assert.Equal(t, OutcomeCommitted, e.report.Outcome, onUnknown)
		assert.Zero(t, e.count(restore), onUnknown)
	}
}

func TestLaw9ACancelDuringTheLookForInterlopersIsAFailedChange(t *testing.T) {
	h := lostLock(t, inconclusive, passed).on(contract.ActivityReadServer, step{takes: 10 * time.Minute}, step{})
	h.at(5*time.Minute, func() { h.env.CancelWorkflow() })
	e := h.run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Contains(t, e.report.Summary, "canceled by a person")
}

// The lock of the run before a reset ends while a person thinks, and nobody tells the run after it.
func TestACommitAfterALongHoldLooksOnceMore(t *testing.T) {
	self := lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: "default-test-workflow-id"})
	h := newHarness(t).on(verify, passed, inconclusive).on(contract.ActivityLastHolder, self, heldByInterloper())
	h.originalRunID = "the-run-before-the-reset"
	h.at(10*time.Hour, func() { h.decide(DecideCommit) })
	e := h.run()
	assert.Equal(t, contract.FailChangeUnknown, e.failure)
	assert.Contains(t, e.report.Summary, testInterloper)
}

func TestAResetRunWithoutChecksLooksForInterlopersToo(t *testing.T) {
	h := newHarness(t, func(in *SnapshotUpdateVerifyInput) {
		in.Update.OnUnknown, in.Verify.Skip, in.Verify.Checks = UnknownCommit, true, nil
	}).on(contract.ActivityLastHolder, heldByInterloper())
	h.originalRunID = "the-run-before-the-reset"
	h.on(contract.ActivityPreflight, step{reply: contract.PreflightResult{RunID: h.originalRunID, Server: contract.Server{ID: testServerID, Status: contract.ServerActive}}})
	e := h.run()
	assert.Equal(t, contract.FailChangeUnknown, e.failure)
	assert.Contains(t, e.report.Summary, testInterloper)
}

func TestNobodyIsToldToRestoreByHandOverTheWorkOfWhoeverHoldsTheLock(t *testing.T) {
	h := newHarness(t)
	h.on(contract.ActivitySendWebhook, step{during: func() { h.busy = 100; h.endLock() }, takes: time.Minute})
	h.on(contract.ActivityAwaitLock, heldBy(testHolder)).on(verify, passed, red)
	e := h.run()
	assert.Equal(t, contract.FailRollback, e.failure)
	assert.NotContains(t, e.report.Next, "curl")
	assert.Contains(t, e.report.Summary, "Nothing was restored by this run")
}
