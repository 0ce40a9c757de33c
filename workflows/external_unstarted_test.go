package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// confirming is an external run whose runner has begun at once, and promised to confirm that before it works.
func confirming(t *testing.T, change ...func(*SnapshotUpdateVerifyInput)) *harness {
	h := newHarness(t, append([]func(*SnapshotUpdateVerifyInput){external}, change...)...)
	return h.at(0, func() { h.update(UpdateBegin, BeginRequest{Runner: testRunner, Confirms: true}) })
}

// untouched is the end of a run whose server is as it was: nothing was looked at again and nothing restored.
func untouched(t *testing.T, e ended) {
	t.Helper()
	assert.Equal(t, contract.FailChangeNotStarted, e.failure)
	assert.Equal(t, OutcomeNotChanged, e.report.Outcome)
	assert.Equal(t, contract.ChangeNotStarted, e.report.Change.Result)
	assert.Equal(t, 1, e.count(verify), "only the baseline")
	assert.Equal(t, []string{contract.ActivityCreateSnapshot}, e.wrote())
	assert.Contains(t, e.report.Next, "new deploy id")
}

func TestARunnerThatReportsThatItDidNotBeginLeavesTheServerAlone(t *testing.T) {
	h := begun(t)
	h.at(time.Minute, func() { h.beat(testRunner) })
	var a, other *answerOf
	h.at(90*time.Second, func() {
		a, other = h.reports(testRunner, contract.ChangeNotStarted), h.reports(testRunner, contract.ChangeFailed)
	})
	e := h.run()
	untouched(t, e)
	assert.Contains(t, e.report.Summary, "The runner did not begin the change: exit status. The server was not changed.")
	assert.True(t, answer[ReportAnswer](t, a).Accepted)
	assert.ErrorContains(t, other.refused, "too late")
}

func TestAReportWithoutADetailStillSaysWhatHappened(t *testing.T) {
	h := begun(t)
	h.at(time.Minute, func() { h.update(UpdateReport, ReportRequest{Runner: testRunner, Result: contract.ChangeNotStarted}) })
	e := h.run()
	assert.Contains(t, e.report.Summary, "did not begin the change: it did not say why.")
}

func TestALateReportThatNothingWasBegunEndsTheVerificationAndTheHold(t *testing.T) {
	for name, checks := range map[string]step{"verification": {never: true}, "hold": passed} {
		t.Run(name, func(t *testing.T) {
			h := begun(t).on(verify, passed, checks)
			h.at(10*time.Minute, func() { h.reports(testRunner, contract.ChangeNotStarted) })
			e := h.run()
			assert.Equal(t, contract.FailChangeNotStarted, e.failure)
			assert.Equal(t, []string{contract.ActivityCreateSnapshot}, e.wrote())
			assert.True(t, e.report.EndedAt.Equal(testStart.Add(10*time.Minute)))
		})
	}
}

func TestACancelUnderARunnerThatThenDidNotBeginRestoresNothing(t *testing.T) {
	h := begun(t)
	h.at(time.Minute, h.env.CancelWorkflow)
	h.at(70*time.Second, func() { h.reports(testRunner, contract.ChangeNotStarted) })
	e := h.run()
	assert.Equal(t, OutcomeCanceled, e.report.Outcome)
	assert.Equal(t, []string{contract.ActivityCreateSnapshot}, e.wrote())
}

func TestARunnerThatNeverConfirmedItsGrantHasChangedNothing(t *testing.T) {
	h := confirming(t)
	h.at(time.Minute, func() { h.beat("runner-b") }) // others are ignored
	e := h.run()
	untouched(t, e)
	assert.True(t, e.report.Change.EndedAt.Equal(testStart.Add(2*time.Minute)), "after update.heartbeat_timeout")
	assert.Contains(t, e.report.Change.Detail, "silent for update.heartbeat_timeout (2m)")
}

func TestARunnerThatNeverConfirmedWithinTheTimeOfTheChangeHasChangedNothing(t *testing.T) {
	e := confirming(t, func(in *SnapshotUpdateVerifyInput) { in.Update.Timeout = Duration(time.Minute) }).run()
	untouched(t, e)
	assert.Contains(t, e.report.Change.Detail, "update.timeout (1m)")
}

func TestACancelUnderARunnerThatNeverConfirmedRestoresNothing(t *testing.T) {
	h := confirming(t)
	h.at(time.Minute, h.env.CancelWorkflow)
	e := h.run()
	assert.Equal(t, OutcomeCanceled, e.report.Outcome)
	assert.Equal(t, []string{contract.ActivityCreateSnapshot}, e.wrote())
}

func TestARunnerThatConfirmedItsGrantMayHaveChangedTheServer(t *testing.T) {
	for name, beat := range map[string]func(h *harness){
		"seen at once": func(h *harness) { h.beat(testRunner) },
		"a worker that was away finds it with the timer": func(h *harness) {
			h.env.SignalWorkflowSkippingWorkflowTask(SignalHeartbeat, HeartbeatSignal{Runner: testRunner})
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := confirming(t).on(verify, passed, red, passed)
			h.at(119*time.Second, func() { beat(h) })
			e := h.run()
			assert.Equal(t, contract.ChangeUnknown, e.report.Change.Result)
			assert.Equal(t, contract.FailRolledBack, e.failure, "unknown and red rolls back")
		})
	}
}

func TestARunnerThatPromisesNothingMayHaveChangedTheServer(t *testing.T) {
	e := begun(t).run()
	assert.Equal(t, contract.ChangeUnknown, e.report.Change.Result)

	h := confirming(t)
	h.at(time.Minute, func() { h.begin(testRunner) }) // the same one again, without its promise
	e = h.run()
	assert.Equal(t, contract.ChangeUnknown, e.report.Change.Result)
}

// The run before may have heard more than this history says, and may have restored the server since.
func TestARunThatWasResetDoesNotRestOnARunnerThatDidNotBegin(t *testing.T) {
	for original, want := range map[string]bool{"default-test-run-id": true, "the-run-before-the-reset": false} {
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestWorkflowEnvironment()
		var end *ending
		var change ChangeRecord
		env.ExecuteWorkflow(func(ctx workflow.Context) error {
			r := &updateRun{}
			r.safe, r.report.OriginalRunID = ctx, original
			r.report.Change = &ChangeRecord{Result: contract.ChangeNotStarted, Detail: "no disk."}
			end, change = r.neverBegun(ctx), *r.report.Change
			return nil
		})
		require.NoError(t, env.GetWorkflowError())
		assert.Equal(t, want, end != nil, original)
		if !want {
			assert.Equal(t, contract.ChangeUnknown, change.Result)
			assert.Contains(t, change.Detail, "no disk; but this run was reset")
		}
	}
}

// The end of a run whose create was unclear takes as long as a snapshot may turn up late. Meanwhile nothing of it may look
// like a change that is open.
func TestARunThatEndsBecauseNothingWasBegunLetsNobodyBeginMeanwhile(t *testing.T) {
	h := confirming(t).on(contract.ActivityCreateSnapshot, createAmbiguous).on(contract.ActivityFindSnapshot, foundOurs(777)).
		on(contract.ActivityAwaitSnapshot, step{}, step{takes: 20 * time.Minute})
	var meanwhile Status
	var begin, report *answerOf
	h.at(10*time.Minute, func() {
		meanwhile = h.status()
		begin = h.update(UpdateBegin, BeginRequest{Runner: testRunner})
		report = h.reports(testRunner, contract.ChangeSucceeded)
	})
	e := h.run()
	assert.Equal(t, PhasePrune, meanwhile.Phase)
	assert.Equal(t, contract.ChangeNotStarted, meanwhile.Change.Result)
	assert.False(t, answer[BeginAnswer](t, begin).Granted)
	assert.ErrorContains(t, report.refused, "never began")
	assert.Equal(t, contract.FailChangeNotStarted, e.failure)
	assert.True(t, e.report.EndedAt.Equal(testStart.Add(22*time.Minute)))
}

func TestARunnerWhoseChangeIsOverIsNotGrantedItAgain(t *testing.T) {
	h := begun(t).on(verify, passed, step{reply: verdict(contract.VerdictPassed), takes: 10 * time.Minute})
	h.at(time.Minute, func() { h.reports(testRunner, contract.ChangeSucceeded) })
	var late *answerOf
	h.at(5*time.Minute, func() { late = h.begin(testRunner) })
	h.run()
	got := answer[BeginAnswer](t, late)
	assert.False(t, got.Granted, "it would work on a server that is verified, or restored")
	assert.Contains(t, got.Detail, "over: succeeded")
}

// The heartbeats of before a reset may be lost to it, and the timer of the silence is as old as the grant.
func TestAResetRunWaitsAnewForARunnerThatItHasNotHeard(t *testing.T) {
	const silence = 2 * time.Minute
	for name, during := range map[string]func(ctx workflow.Context, r *updateRun){
		"silent": func(workflow.Context, *updateRun) {},
		"heard": func(ctx workflow.Context, r *updateRun) {
			_ = workflow.Sleep(ctx, time.Minute)
			r.heard(ctx, HeartbeatSignal{Runner: testRunner})
		},
		"reported": func(ctx workflow.Context, r *updateRun) {
			_ = workflow.Sleep(ctx, 10*time.Second)
			r.external.report = &ReportRequest{Runner: testRunner, Result: contract.ChangeFailed}
		},
	} {
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestWorkflowEnvironment()
		var change ChangeRecord
		var took time.Duration
		env.ExecuteWorkflow(func(ctx workflow.Context) error {
			r := &updateRun{}
			r.safe, r.report.OriginalRunID, r.report.Change = ctx, "the-run-before-the-reset", &ChangeRecord{}
			r.in.Update.HeartbeatTimeout, r.in.Update.Timeout = Duration(silence), Duration(time.Hour)
			r.external.granted, r.external.confirms = testRunner, true
			workflow.Go(ctx, func(ctx workflow.Context) { during(ctx, r) })
			began := workflow.Now(ctx)
			r.settleUnreported("the runner was silent")
			took, change = workflow.Now(ctx).Sub(began), *r.report.Change
			return nil
		})
		require.NoError(t, env.GetWorkflowError())
		want := map[string]struct {
			took   time.Duration
			result contract.ChangeResult
		}{"silent": {silence, contract.ChangeUnknown}, "heard": {silence + time.Minute, contract.ChangeUnknown}, "reported": {10 * time.Second, contract.ChangeFailed}}[name]
		assert.Equal(t, want.took, took, name)
		assert.Equal(t, want.result, change.Result, name)
	}
}
