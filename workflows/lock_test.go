package workflows

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

var testHolder = contract.LockHolder{WorkflowID: "deploy-41", RunID: "r41", Type: TypeSnapshotUpdateVerify, Phase: "verify"}

func heldBy(holder contract.LockHolder) step {
	return step{reply: contract.AwaitLockResult{Holder: holder}}
}

func onBusy(policy OnBusy) func(*SnapshotUpdateVerifyInput) {
	return func(in *SnapshotUpdateVerifyInput) {
		in.Lock.OnBusy, in.Lock.Timeout = policy, Duration(20*time.Minute)
	}
}

// endLock ends the lock as if somebody terminated it.
func (h *harness) endLock() { h.env.CancelWorkflowByID(contract.LockWorkflowID(testServerID), "") }

func TestABusyServerFailsTheRunAndNamesTheHolder(t *testing.T) {
	h := newHarness(t, onBusy(BusyFail)).on(contract.ActivityAwaitLock, heldBy(testHolder))
	h.busy = 1
	e := h.run()
	assert.Equal(t, contract.FailServerBusy, e.failure)
	assert.Equal(t, &testHolder, e.report.BusyWith)
	for _, say := range []string{"deploy-41", "phase verify", "temporal workflow describe -w deploy-41", "safepoint status deploy-41"} {
		assert.Contains(t, e.err.Error(), say)
	}
	assert.Equal(t, []string{contract.ActivityAwaitLock}, e.names())
	assert.False(t, inputs[contract.AwaitLockInput](h, contract.ActivityAwaitLock)[0].Wait, "fail does not wait for a live holder")
}

func TestABusyServerIsSkippedWhenSkipIsAsked(t *testing.T) {
	h := newHarness(t, onBusy(BusySkip)).on(contract.ActivityAwaitLock, heldBy(testHolder))
	h.busy = 1
	e := h.run()
	require.NoError(t, e.err)
	assert.Equal(t, OutcomeSkipped, e.report.Outcome)
	assert.Equal(t, &testHolder, e.report.BusyWith)
	assert.Empty(t, e.wrote())
}

func TestAStaleLockIsTakenWhateverOnBusySays(t *testing.T) {
	for _, policy := range []OnBusy{BusyFail, BusySkip, BusyWait} {
		h := newHarness(t, onBusy(policy))
		h.busy = 1
		e := h.run()
		assert.Equal(t, OutcomeCommitted, e.report.Outcome)
		assert.Equal(t, testWorkflowID(e), inputs[contract.AwaitLockInput](h, contract.ActivityAwaitLock)[0].OwnWorkflowID)
	}
}

func testWorkflowID(e ended) string { return e.report.WorkflowID }

func TestAWaiterTakesTheLockWhenItIsFree(t *testing.T) {
	h := newHarness(t, onBusy(BusyWait)).on(contract.ActivityAwaitLock, step{takes: 5 * time.Minute})
	h.busy = 2 // another waiter was quicker the first time
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.True(t, e.entered(PhaseLock))
	waits := inputs[contract.AwaitLockInput](h, contract.ActivityAwaitLock)
	require.Len(t, waits, 2)
	assert.True(t, waits[0].Wait)
	assert.Equal(t, Duration(20*time.Minute), waits[0].Timeout)
	assert.Equal(t, Duration(15*time.Minute), waits[1].Timeout, "the time of all waits together is lock.timeout")
}

func TestAWaitForTheLockEndsAfterItsTimeout(t *testing.T) {
	answer := heldBy(testHolder)
	answer.takes = 20 * time.Minute
	h := newHarness(t, onBusy(BusyWait)).on(contract.ActivityAwaitLock, answer)
	h.busy = 1
	e := h.run()
	assert.Equal(t, contract.FailServerBusy, e.failure)
	assert.Equal(t, &testHolder, e.report.BusyWith)
}

func TestALockThatCannotBeAskedForIsBusy(t *testing.T) {
	h := newHarness(t).on(contract.ActivityAwaitLock, apiError("Broken"))
	h.busy = 1
	e := h.run()
	assert.Equal(t, contract.FailServerBusy, e.failure)
	assert.Contains(t, e.err.Error(), "server-lock/12345")
}

func TestTheLockIsAskedForWithTheGraceOfTheChange(t *testing.T) {
	cases := []struct {
		kind   UpdateKind
		change time.Duration
	}{
		{UpdateNone, contract.WriteGrace},
		{UpdateWebhook, changeDeadline(30 * time.Minute)},
		{UpdateExternal, 2 * time.Minute}, // heartbeat_timeout
	}
	for _, c := range cases {
		h := newHarness(t, func(in *SnapshotUpdateVerifyInput) {
			in.Update.Kind = c.kind
			if c.kind != UpdateWebhook {
				in.Update.URL = ""
			}
		})
		e := h.run()
		require.Len(t, h.locks, 1)
		assert.Equal(t, contract.LockRequest{
			ServerID: testServerID, HolderWorkflowID: e.report.WorkflowID, HolderRunID: testRunID, Runbook: TypeSnapshotUpdateVerify,
			WriteGrace: Duration(contract.WriteGrace), ChangeGrace: Duration(c.change),
		}, h.locks[0])
	}
}

func TestALockLostBeforeTheChangeStopsTheRun(t *testing.T) {
	lost := write(contract.WriteLockLost, 0)
	cases := map[string]func(h *harness){
		"the create finds it gone":    func(h *harness) { h.on(contract.ActivityCreateSnapshot, created(lost)) },
		"it ends during the wait":     func(h *harness) { h.on(contract.ActivityAwaitSnapshot, step{during: h.endLock, never: true}) },
		"it ends during the baseline": func(h *harness) { h.on(contract.ActivityVerify, step{during: h.endLock, never: true}) },
		"it ends in the preflight":    func(h *harness) { h.on(contract.ActivityPreflight, step{during: h.endLock, never: true}) },
		"the webhook finds it gone": func(h *harness) {
			h.on(contract.ActivitySendWebhook, step{reply: contract.SendWebhookResult{Result: contract.ChangeNotStarted, LockLost: true, Detail: "no lock"}})
		},
		"the webhook finds it gone, and the run was told first": func(h *harness) {
			h.on(contract.ActivitySendWebhook, step{during: h.endLock, takes: time.Second,
				reply: contract.SendWebhookResult{Result: contract.ChangeNotStarted, LockLost: true, Detail: "no lock"}})
		},
		"no runner has begun yet": func(h *harness) {
			h.in.Update.Kind, h.in.Update.URL = UpdateExternal, ""
			h.at(10*time.Minute, h.endLock)
		},
	}
	for name, script := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			script(h)
			e := h.run()
			assert.Equal(t, contract.FailLockLost, e.failure)
			assert.Contains(t, e.report.Summary, "The server was not changed.")
			if h.count(contract.ActivitySendWebhook) == 0 {
				assert.Len(t, h.locks, 1, "a lock lost before the change is not taken again")
			}
		})
	}
}

func TestALockLostAfterTheChangeBeganIsTakenAgain(t *testing.T) {
	h := newHarness(t)
	h.on(contract.ActivitySendWebhook, step{during: h.endLock, takes: time.Minute})
	h.on(contract.ActivityVerify, step{}, verified(contract.VerdictFailed), step{})
	e := h.run()
	assert.Equal(t, contract.FailRolledBack, e.failure, "never LockLost")
	assert.Len(t, h.locks, 2)
	assert.Contains(t, e.report.Notes, "the lock was taken again")
	fence := inputs[contract.RestoreSnapshotInput](h, contract.ActivityRestoreSnapshot)[0].Fence
	assert.NotEqual(t, inputs[contract.SendWebhookInput](h, contract.ActivitySendWebhook)[0].Fence.LockRunID, fence.LockRunID, "the restore is under the new lock")
}

func TestALockThatCannotBeTakenAgainEndsWithoutAWrite(t *testing.T) {
	lose := func(verdicts ...step) ended {
		h := newHarness(t)
		h.on(contract.ActivitySendWebhook, step{during: func() { h.busy = 100; h.endLock() }, takes: time.Minute})
		h.on(contract.ActivityAwaitLock, heldBy(testHolder))
		h.on(contract.ActivityVerify, append([]step{{}}, verdicts...)...)
		return h.run()
	}
	e := lose(verified(contract.VerdictFailed))
	assert.Equal(t, contract.FailRollback, e.failure)
	assert.Zero(t, e.count(contract.ActivityRestoreSnapshot), "law 7: no write without the lock")
	assert.Contains(t, e.report.Summary, "the server's lock was lost and another run holds it")
	assert.False(t, e.entered(PhaseHold), "a person's word would not bring the lock back")
	e = lose(verified(contract.VerdictPassed))
	assert.Equal(t, contract.FailChangeUnknown, e.failure, "who holds the server now may have changed what the checks saw")
	assert.Contains(t, e.report.Summary, "deploy-41")
	assert.Contains(t, e.report.Summary, "holds it", "and still does")
}

func TestARestoreThatFindsTheLockGoneTakesItAgainOnce(t *testing.T) {
	h := newHarness(t)
	h.on(contract.ActivityVerify, step{}, verified(contract.VerdictFailed), step{})
	h.on(contract.ActivityRestoreSnapshot, step{reply: contract.RestoreSnapshotResult{Answer: write(contract.WriteLockLost, 0)}, during: func() { h.busy = 1 }}, step{})
	// The lock that the run believed in ends only when AwaitLock has taken it away as stale.
	h.on(contract.ActivityAwaitLock, step{during: h.endLock, takes: time.Minute,
		reply: contract.AwaitLockResult{Free: true, Holder: contract.LockHolder{WorkflowID: "default-test-workflow-id"}}})
	e := h.run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Len(t, h.locks, 2, "the late news of the old lock's end does not ask for the lock a third time")
	assert.Equal(t, 1, e.report.Rollback.Posts, "a restore that was not sent is not counted")
}

func TestACommitThatFindsTheLockGoneTakesItAgainBeforeItDeletes(t *testing.T) {
	h := newHarness(t)
	h.existing = []contract.Snapshot{olderSnapshot(801), olderSnapshot(802)}
	h.on(contract.ActivityDeleteSnapshot, step{reply: contract.DeleteSnapshotResult{Answer: write(contract.WriteLockLost, 0)}, during: h.endLock, takes: time.Second}, step{})
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	deletes := inputs[contract.DeleteSnapshotInput](h, contract.ActivityDeleteSnapshot)
	require.Len(t, deletes, 2)
	assert.NotEqual(t, deletes[0].Fence.LockRunID, deletes[1].Fence.LockRunID)
	assert.True(t, e.report.Pruned[0].Deleted)
}

func TestALockWithoutARunbookIsNamedItself(t *testing.T) {
	h := newHarness(t, onBusy(BusyFail)).on(contract.ActivityAwaitLock,
		step{reply: contract.AwaitLockResult{Detail: "the lock was started by hand and belongs to no runbook"}})
	h.busy = 1
	e := h.run()
	assert.Equal(t, contract.FailServerBusy, e.failure)
	assert.Contains(t, e.report.Summary, "server-lock/12345 (the lock was started by hand")
	assert.Contains(t, e.report.Next, "describe -w server-lock/12345")
}

// A caller's retry policy starts a run again that its time-out cut off: the change may have been made.
func TestASecondAttemptOfTemporalTouchesNothing(t *testing.T) {
	h := newHarness(t)
	h.attempt = 2
	raw, err := json.Marshal(h.in)
	require.NoError(t, err)
	h.env.ExecuteWorkflow(TypeSnapshotUpdateVerify, rawJSON(raw))
	var app *temporal.ApplicationError
	require.ErrorAs(t, h.env.GetWorkflowError(), &app)
	assert.Equal(t, contract.FailChangeUnknown, app.Type())
	assert.True(t, app.NonRetryable())
	assert.Empty(t, h.calls, "not one activity")
	assert.Empty(t, h.locks, "and no lock")
}
