package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestHeartbeatsKeepAnExternalChangeAlive(t *testing.T) {
	h := begun(t)
	for i := 1; i <= 10; i++ {
		h.at(time.Duration(i)*100*time.Second, func() { h.beat(testRunner) })
	}
	h.at(1050*time.Second, func() { h.reports(testRunner, contract.ChangeSucceeded) })
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, contract.ChangeSucceeded, e.report.Change.Result)
}

func TestASilentRunnerLeavesTheResultUnknown(t *testing.T) {
	h := begun(t)
	h.at(time.Minute, func() { h.beat(testRunner) })
	h.at(2*time.Minute, func() { h.beat("runner-b") }) // others are ignored
	e := h.run()
	assert.Equal(t, contract.FailChangeUnknown, e.failure)
	assert.Contains(t, e.report.Change.Detail, "heartbeat_timeout")
	assert.True(t, e.report.Change.EndedAt.Equal(testStart.Add(3*time.Minute)))
}

func TestARunnerThatNeverReportsEndsAtTheTimeout(t *testing.T) {
	h := begun(t)
	for i := 1; i <= 40; i++ {
		h.at(time.Duration(i)*time.Minute, func() { h.beat(testRunner) })
	}
	e := h.run()
	assert.Equal(t, contract.FailChangeUnknown, e.failure)
	assert.Contains(t, e.report.Change.Detail, "update.timeout")
	assert.True(t, e.report.Change.EndedAt.Equal(testStart.Add(30*time.Minute)))
}

// A worker that was away finds the heartbeat and the timer of the silence in one task. The server has acknowledged the
// heartbeat, so the runner goes on: the run must not call it silent and restore under it.
func TestAnAcknowledgedHeartbeatCountsEvenWhenTheWorkerWasAway(t *testing.T) {
	h := begun(t)
	h.at(119*time.Second, func() {
		h.env.SignalWorkflowSkippingWorkflowTask(SignalHeartbeat, HeartbeatSignal{Runner: testRunner})
	})
	h.at(150*time.Second, func() { h.reports(testRunner, contract.ChangeSucceeded) })
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, 2, e.count(verify), "the change was not taken for unknown on the way")
}

func TestALateReportSettlesTheVerification(t *testing.T) {
	for result, failure := range map[contract.ChangeResult]string{contract.ChangeSucceeded: "", contract.ChangeFailed: contract.FailRolledBack} {
		h := begun(t).on(verify, passed, step{never: true}, passed)
		var a *answerOf
		h.at(5*time.Minute, func() { a = h.reports(testRunner, result) })
		e := h.run()
		assert.Equal(t, failure, e.failure)
		assert.Equal(t, result, e.report.Change.Result)
		assert.Contains(t, answer[ReportAnswer](t, a).Detail, "late")
	}
}

func TestALateReportSettlesAHold(t *testing.T) {
	cases := []struct {
		name    string
		result  contract.ChangeResult
		checks  step
		failure string
	}{
		{"succeeded and green commits", contract.ChangeSucceeded, passed, ""},
		{"succeeded and red rolls back", contract.ChangeSucceeded, red, contract.FailRolledBack},
		{"failed rolls back", contract.ChangeFailed, passed, contract.FailRolledBack},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := begun(t).on(verify, passed, passed, c.checks, passed)
			h.at(time.Hour, func() { h.reports(testRunner, c.result) })
			e := h.run()
			assert.Equal(t, c.failure, e.failure)
			assert.True(t, e.entered(PhaseHold))
		})
	}
}

// Under on_failure hold the runner's word settles the hold too: the change is judged again by what the runner says.
func TestALateReportSettlesAHoldThatThePolicyAskedFor(t *testing.T) {
	h := begun(t).on(verify, passed, red, passed)
	h.in.Rollback.OnFailure = FailureHold
	h.at(5*time.Minute, func() { h.reports(testRunner, contract.ChangeSucceeded) })
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, contract.ChangeSucceeded, e.report.Change.Result)
	assert.Equal(t, 3, e.count(verify), "the green of before the report proves nothing: looked again")
}

func TestACancelIsShownToTheRunnerThatStillWorks(t *testing.T) {
	h := begun(t)
	var shown string
	h.at(time.Minute, func() { h.env.CancelWorkflow() })
	h.at(90*time.Second, func() { shown = h.status().WaitingFor })
	e := h.run()
	assert.Contains(t, shown, "the run was canceled")
	assert.Equal(t, contract.FailRolledBack, e.failure)
}
