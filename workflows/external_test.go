package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func external(in *SnapshotUpdateVerifyInput) { in.Update.Kind, in.Update.URL = UpdateExternal, "" }

func (h *harness) begin(runner string) *answerOf {
	return h.update(UpdateBegin, BeginRequest{Runner: runner})
}

func (h *harness) reports(runner string, result contract.ChangeResult) *answerOf {
	return h.update(UpdateReport, ReportRequest{Runner: runner, Result: result, Detail: "exit status"})
}

func (h *harness) beat(runner string) {
	h.env.SignalWorkflow(SignalHeartbeat, HeartbeatSignal{Runner: runner})
}

// begun is an external run whose runner has begun at once.
func begun(t *testing.T, change ...func(*SnapshotUpdateVerifyInput)) *harness {
	h := newHarness(t, append([]func(*SnapshotUpdateVerifyInput){external}, change...)...)
	return h.at(0, func() { h.begin(testRunner) })
}

func answer[A any](t *testing.T, a *answerOf) A {
	t.Helper()
	require.NotNil(t, a)
	require.NoError(t, a.refused)
	require.True(t, a.done, "the update was never answered")
	require.NoError(t, a.err)
	return a.value.(A)
}

func TestBeginBlocksUntilTheSnapshotIsCompletedAndGrantsOneRunner(t *testing.T) {
	h := newHarness(t, external).on(contract.ActivityAwaitSnapshot, step{takes: 8 * time.Minute})
	var first, second, late *answerOf
	h.at(0, func() { first = h.begin(testRunner) }) // in the very first workflow task
	h.at(time.Minute, func() { second = h.begin("runner-b") })
	h.at(7*time.Minute, func() {
		assert.True(t, first.accepted)
		assert.False(t, first.done, "law 2: no change before the snapshot is completed")
	})
	h.at(9*time.Minute, func() { late = h.begin("runner-c") })
	var again *answerOf
	h.at(9*time.Minute, func() { again = h.begin(testRunner) })
	h.at(9*time.Minute+time.Second, func() { h.reports(testRunner, contract.ChangeSucceeded) })
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	granted := answer[BeginAnswer](t, first)
	assert.True(t, granted.Granted)
	assert.Equal(t, int64(testSnapshotID), granted.Snapshot.ID)
	assert.Equal(t, Duration(30*time.Minute), granted.Timeout)
	assert.Equal(t, Duration(2*time.Minute), granted.HeartbeatTimeout)
	assert.False(t, answer[BeginAnswer](t, second).Granted)
	assert.False(t, answer[BeginAnswer](t, late).Granted)
	assert.True(t, answer[BeginAnswer](t, again).Granted, "the same runner hears the same")
	assert.Equal(t, testRunner, e.report.Change.Runner)
}

func TestTheRunnersReportIsTheChangesResult(t *testing.T) {
	for result, failure := range map[contract.ChangeResult]string{contract.ChangeSucceeded: "", contract.ChangeFailed: contract.FailRolledBack} {
		h := begun(t)
		var a *answerOf
		h.at(time.Minute, func() { a = h.reports(testRunner, result) })
		e := h.run()
		assert.Equal(t, failure, e.failure)
		assert.Equal(t, result, e.report.Change.Result)
		assert.True(t, answer[ReportAnswer](t, a).Accepted)
	}
}

func TestAReportIsRefusedWithTheReason(t *testing.T) {
	h := newHarness(t, external)
	refused := map[string]*answerOf{}
	try := func(d time.Duration, reason, runner string, result contract.ChangeResult) {
		h.at(d, func() { refused[reason] = h.reports(runner, result) })
	}
	try(time.Second, "no runner has begun", testRunner, contract.ChangeSucceeded)
	h.at(2*time.Second, func() { h.begin(testRunner) })
	try(3*time.Second, `runner "runner-b" was not granted`, "runner-b", contract.ChangeSucceeded)
	try(4*time.Second, "result must be", testRunner, contract.ChangeUnknown)
	h.at(5*time.Second, func() {
		refused["detail is too long"] = h.update(UpdateReport, ReportRequest{Runner: testRunner, Result: contract.ChangeFailed, Detail: string(make([]byte, 3000))})
	})
	var first *answerOf
	h.at(6*time.Second, func() { first = h.reports(testRunner, contract.ChangeFailed) })
	h.on(restore, step{takes: 30 * time.Second})
	try(20*time.Second, "the restore of the server has begun", testRunner, contract.ChangeSucceeded)
	e := h.run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	require.Len(t, refused, 5)
	for reason, a := range refused {
		assert.ErrorContains(t, a.refused, reason)
	}
	assert.True(t, answer[ReportAnswer](t, first).Accepted)
}

func TestTheSameReportTwiceIsTheSameAnswerAndAnotherIsRefused(t *testing.T) {
	h := begun(t).on(verify, passed, step{reply: verdict(contract.VerdictPassed), takes: time.Minute})
	var same, other *answerOf
	h.at(time.Second, func() { h.reports(testRunner, contract.ChangeSucceeded) })
	h.at(2*time.Second, func() { same = h.reports(testRunner, contract.ChangeSucceeded) })
	h.at(2*time.Second, func() { other = h.reports(testRunner, contract.ChangeFailed) })
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.True(t, answer[ReportAnswer](t, same).Accepted)
	assert.ErrorContains(t, other.refused, "already reported")
}

func TestUpdatesOfAnExternalChangeAreRefusedWhereThereIsNone(t *testing.T) {
	h := newHarness(t).on(contract.ActivitySendWebhook, step{takes: time.Minute})
	var begin, report *answerOf
	h.at(time.Second, func() { begin, report = h.begin(testRunner), h.reports(testRunner, contract.ChangeFailed) })
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.ErrorContains(t, begin.refused, "webhook")
	assert.ErrorContains(t, report.refused, "webhook")
	assert.ErrorContains(t, (&updateRun{in: SnapshotUpdateVerifyInput{Update: UpdateInput{Kind: UpdateExternal}}}).checkBegin(BeginRequest{}), "runner must be")
}

func TestNoRunnerWithinBeginTimeoutLeavesTheServerUntouched(t *testing.T) {
	h := newHarness(t, external)
	e := h.run()
	assert.Equal(t, contract.FailChangeNotStarted, e.failure)
	assert.True(t, e.report.EndedAt.Equal(testStart.Add(30*time.Minute)))
	assert.Equal(t, []string{contract.ActivityCreateSnapshot}, e.wrote())
}

func TestABeginThatStillWaitsWhenTheRunEndsIsAnsweredNotGranted(t *testing.T) {
	cases := map[string]func(h *harness){
		"the snapshot fails": func(h *harness) {
			s := awaitedSnapshot(contract.AwaitFailed, contract.SnapshotFailed)
			s.takes = time.Minute
			h.on(contract.ActivityAwaitSnapshot, s)
		},
		"the run is canceled": func(h *harness) {
			h.on(contract.ActivityAwaitSnapshot, step{takes: time.Hour}).at(time.Minute, h.env.CancelWorkflow)
		},
		"the lock is lost": func(h *harness) {
			h.on(contract.ActivityAwaitSnapshot, step{takes: time.Hour}).at(time.Minute, h.endLock)
		},
	}
	for name, script := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, external)
			script(h)
			var a *answerOf
			h.at(0, func() { a = h.begin(testRunner) })
			e := h.run()
			assert.Nil(t, e.report.Change)
			got := answer[BeginAnswer](t, a)
			assert.False(t, got.Granted)
			assert.Contains(t, got.Detail, "before the change")
		})
	}
}

func TestAResetRunNeverGrantsAgain(t *testing.T) {
	h := newHarness(t, external)
	h.originalRunID = "the-run-before-the-reset"
	var a *answerOf
	h.at(time.Minute, func() { a = h.begin(testRunner) })
	e := h.run()
	assert.False(t, answer[BeginAnswer](t, a).Granted)
	assert.Equal(t, contract.FailChangeUnknown, e.failure, "green and unknown holds; nobody decides")
}

func TestAResetRunWithoutARunnerDoesNotSayThatNothingWasChanged(t *testing.T) {
	h := newHarness(t, external).on(verify, passed, red, passed)
	h.originalRunID = "the-run-before-the-reset"
	e := h.run()
	assert.Equal(t, contract.ChangeUnknown, e.report.Change.Result)
	assert.Equal(t, contract.FailRolledBack, e.failure, "unknown and red rolls back")
}
