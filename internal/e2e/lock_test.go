package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// graceBar bounds how long a server stays closed after its holder died: the longest write's deadline, and what a busy
// machine takes on top.
const graceBar = contract.WriteGrace + patience

// onBusy is the input of a second run.
func onBusy(what string) func(in map[string]any) {
	return func(in map[string]any) { in["lock"] = map[string]any{"on_busy": what, "timeout": "5m"} }
}

// held makes a run that holds its lock at a person's hold, where nothing moves by itself.
func (r *rig) held(id string) {
	r.t.Helper()
	r.start(id, r.input(false, func(in map[string]any) { part(in, "rollback")["on_failure"] = "hold" }))
	r.inPhase(id, workflows.PhaseHold, patience)
}

func TestLaw7OneRunbookAServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first, second := r.id(), r.id()+"-second"
	r.held(first)

	t.Log("a run that must not wait fails at once and names the holder, its phase and the command to look at it")
	r.start(r.id()+"-fail", r.input(true, onBusy("fail")))
	busy := r.end(r.id()+"-fail", patience)
	require.Equal(t, contract.FailServerBusy, busy.Failure)
	require.Equal(t, first, busy.BusyWith.WorkflowID)
	require.Equal(t, string(workflows.PhaseHold), busy.BusyWith.Phase)
	require.Contains(t, busy.Summary+busy.Next, "safepoint status "+first)

	t.Log("a run that skips completes as skipped")
	r.start(r.id()+"-skip", r.input(true, onBusy("skip")))
	require.Equal(t, workflows.OutcomeSkipped, r.end(r.id()+"-skip", patience).Outcome)

	t.Log("a run that waits gives up at its own time-out")
	r.start(r.id()+"-impatient", r.input(true, func(in map[string]any) { in["lock"] = map[string]any{"timeout": "2s"} }))
	require.Equal(t, contract.FailServerBusy, r.end(r.id()+"-impatient", patience).Failure)

	t.Log("a run that waits goes on as soon as the lock is free")
	r.start(second, r.input(true, onBusy("wait")))
	r.inPhase(second, workflows.PhaseLock, patience)
	r.control("POST", "deploys", map[string]any{"server_id": r.server, "version": "1.0.1", "healthy": true}, nil) // the person mended it
	require.NoError(t, r.decide(first, "d1", workflows.DecideCommit))
	require.Equal(t, workflows.OutcomeCommitted, r.end(first, patience).Outcome)
	require.Equal(t, workflows.OutcomeCommitted, r.end(second, patience).Outcome)
	r.lawful()
}

func TestCancelOfTheHolderKeepsItsLockUntilTheRestoreIsOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.gate(vpsfake.OpRestoreSnapshot, vpsfake.EffectBefore)
	r.start(r.id(), r.input(false, nil))
	r.whenSent(vpsfake.OpRestoreSnapshot)
	r.cancel(r.id())
	r.start(r.id()+"-second", r.input(true, onBusy("wait")))
	r.inPhase(r.id()+"-second", workflows.PhaseLock, patience)
	r.open()
	first := r.end(r.id(), writeBar+runBar)
	require.Equal(t, workflows.OutcomeRolledBack, first.Outcome, "a rollback is never interrupted: %+v", first)
	require.Equal(t, workflows.OutcomeCommitted, r.end(r.id()+"-second", patience).Outcome)
	r.lawful()
}

func TestTerminateOfTheHolderClosesTheServerForTheLongestWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fault(vpsfake.Fault{Kind: vpsfake.Hang, Op: vpsfake.OpCreateSnapshot, Times: 1, Effect: vpsfake.EffectAfter})
	r.start(r.id(), r.input(true, nil))
	r.whenSent(vpsfake.OpCreateSnapshot)
	died := time.Now()
	require.NoError(t, r.temp.TerminateWorkflow(t.Context(), r.id(), "", "test"))
	r.start(r.id()+"-second", r.input(true, onBusy("wait")))
	r.eventually(graceBar, "the second run's own snapshot", func() bool { return len(r.requests(vpsfake.OpCreateSnapshot)) > 1 })
	require.Greater(t, time.Since(died), contract.WriteGrace-time.Second, "nobody writes before the dead run's last write has met its deadline")
	require.Equal(t, workflows.OutcomeCommitted, r.end(r.id()+"-second", patience).Outcome)
	r.lawful()
}

// terminateLock is a person's override, and the reset of an old lock's id has the same effect.
func (r *rig) terminateLock() {
	r.t.Helper()
	require.NoError(r.t, r.temp.TerminateWorkflow(r.t.Context(), contract.LockWorkflowID(r.server), "", "by hand"))
}

func TestALockTerminatedBeforeTheChangeEndsTheRunAsLockLost(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(r *rig){
		"while the snapshot is created": func(r *rig) { r.gate(vpsfake.OpCreateSnapshot, vpsfake.EffectBefore) },
		"while the snapshot is made":    func(r *rig) { r.fault(*snapshotNeverReady) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			before(r)
			r.start(r.id(), r.input(true, nil))
			r.whenSent(vpsfake.OpCreateSnapshot)
			r.terminateLock()
			r.taskAfter(r.id(), enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED)
			r.open()
			report := r.end(r.id(), patience)
			require.Equal(t, contract.FailLockLost, report.Failure, "%+v", report)
			server, _ := r.state()
			require.Zero(t, server.Deploys, "no change without the lock")
		})
	}
}

func TestALockTerminatedAfterTheChangeIsTakenAgain(t *testing.T) {
	t.Parallel()
	when := map[string]struct {
		until func(r *rig)
		check func(r *rig, report workflows.Report)
	}{
		"during the change": {func(r *rig) {
			r.gate(vpsfake.OpDeployHook, "")
			r.start(r.id(), r.input(true, field("update", "timeout", "5m"))) // it is held until the lock is taken again
			r.whenSent(vpsfake.OpDeployHook)
		}, (*rig).committed},
		"during the verification": {func(r *rig) { r.inVerify(r.input(true, nil)) }, (*rig).committed},
		"during the restore": {func(r *rig) {
			r.inWaitAfter(vpsfake.OpRestoreSnapshot, func() { r.start(r.id(), r.input(false, nil)) })
		}, (*rig).rolledBack},
	}
	for name, w := range when {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			w.until(r)
			r.terminateLock()
			r.eventually(patience, "the lock to run again", func() bool {
				return r.lockStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
			})
			r.open()
			w.check(r, r.end(r.id(), patience))
		})
	}
	t.Run("in a hold", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.held(r.id())
		r.terminateLock()
		r.eventually(patience, "the lock to run again", func() bool {
			return r.lockStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
		})
		require.NoError(t, r.decide(r.id(), "d1", workflows.DecideRollback))
		r.rolledBack(r.end(r.id(), patience))
	})
}

// resetTo resets a run to the workflow task that completed as the first one after an event that matches.
func (r *rig) resetTo(id string, after func(e *historypb.HistoryEvent) bool, without ...enumspb.ResetReapplyExcludeType) {
	r.t.Helper()
	seen := false
	var task int64
	for _, e := range r.history(id).Events {
		seen = seen || after(e)
		if seen && e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			task = e.GetEventId()
			break
		}
	}
	require.NotZero(r.t, task, "no workflow task to reset to")
	_, err := r.temp.ResetWorkflowExecution(context.Background(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id}, Reason: "test",
		WorkflowTaskFinishEventId: task, RequestId: r.t.Name(), ResetReapplyExcludeTypes: without,
	})
	require.NoError(r.t, err)
}

func TestResetOfTheHolderBeforeItTookTheLockTakesItsOwnStaleLock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.held(r.id())
	r.resetTo(r.id(), func(e *historypb.HistoryEvent) bool {
		return e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
	})
	// The change may have been made by the earlier run, so it is not made again, and green or red decides.
	r.inPhase(r.id(), workflows.PhaseLock, patience)
	report := r.end(r.id(), graceBar+patience)
	require.Equal(t, contract.FailBaseline, report.Failure, "the bad change of the earlier run is still there: %+v", report)
	server, _ := r.state()
	require.Equal(t, 1, server.Deploys, "a change is never made twice")
	r.lawful()
}

func TestResetOfTheHolderAfterItTookTheLockKeepsIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inVerify(r.input(true, nil))
	lock := r.history(contract.LockWorkflowID(r.server)).Events[0].GetWorkflowExecutionStartedEventAttributes().GetOriginalExecutionRunId()
	r.resetTo(r.id(), func(e *historypb.HistoryEvent) bool {
		return e.GetEventType() == enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED
	})
	r.open()
	r.inPhase(r.id(), workflows.PhaseHold, patience)
	require.Equal(t, contract.ChangeUnknown, r.changeOf(r.id()).Result, "an earlier run may have made the change")
	require.NoError(t, r.decide(r.id(), "d1", workflows.DecideCommit))
	r.committed(r.end(r.id(), patience))
	server, _ := r.state()
	require.Equal(t, 1, server.Deploys, "a change is never made twice")
	r.eventually(patience, "the lock released by the new run", func() bool {
		return r.lockStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
	require.Equal(t, lock, r.history(contract.LockWorkflowID(r.server)).Events[0].GetWorkflowExecutionStartedEventAttributes().GetOriginalExecutionRunId())
}

// A run that has ended released its lock. Reset into the time when it held it, it must not write without one.
func TestResetOfAClosedRunNeverWritesWithoutTheLock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(r.id(), r.input(true, nil))
	r.committed(r.end(r.id(), patience))
	r.resetTo(r.id(), func(e *historypb.HistoryEvent) bool {
		return e.GetEventType() == enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED
	})
	creates := len(r.requests(vpsfake.OpCreateSnapshot))
	var report workflows.Report
	r.eventually(patience, "the reset run to end or to hold", func() bool {
		if s := r.status(r.id()); s.Phase == workflows.PhaseHold {
			_ = r.decide(r.id(), "d1", workflows.DecideCommit)
		}
		d, err := r.temp.DescribeWorkflowExecution(t.Context(), r.id(), "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	})
	report = r.end(r.id(), patience)
	t.Logf("%s %s: %s", report.Outcome, report.Failure, report.Summary)
	server, _ := r.state()
	require.Equal(t, 1, server.Deploys)
	require.Len(t, r.requests(vpsfake.OpCreateSnapshot), creates, "no second snapshot")
	r.lawful()
}

func TestAStaleLockIsTakenByOneOfTwoWaiters(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.held(r.id())
	// A reset detaches the lock from its holder: when the new run is terminated, nobody cancels the lock.
	r.resetTo(r.id(), func(e *historypb.HistoryEvent) bool {
		return e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
	})
	require.NoError(t, r.temp.TerminateWorkflow(t.Context(), r.id(), "", "test"))
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, r.lockStatus(), "the lock is stale")
	r.control("POST", "deploys", map[string]any{"server_id": r.server, "version": "1.0.0", "healthy": true}, nil)
	ids := []string{r.id() + "-a", r.id() + "-b"}
	for _, id := range ids {
		r.start(id, r.input(true, onBusy("wait")))
	}
	for _, id := range ids {
		require.Equal(t, workflows.OutcomeCommitted, r.end(id, graceBar+patience).Outcome)
	}
	r.lawful()
}
