package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

func lockTaken(e *historypb.HistoryEvent) bool {
	return e.GetEventType() == enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED
}

// A reset replays to before the restore, and the run before has sent it: one decision, one restore (law 3).
func TestLaw3AResetRollbackNeverRestoresTwiceForOneDecision(t *testing.T) {
	t.Parallel()
	moments := map[string]func(r *rig, start func()){
		"while it restores": func(r *rig, start func()) { r.inWaitAfter(vpsfake.OpRestoreSnapshot, start) },
		"while it verifies": func(r *rig, start func()) {
			r.gate(vpsfake.OpSite, "") // a rollback has no baseline
			start()
			r.eventually(patience, "the verification", func() bool { return r.waitsFor("the checks after the restore") })
		},
		"when it has ended": func(r *rig, start func()) {
			start()
			r.end(r.id(), patience)
		},
	}
	for name, moment := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.changed(true)
			moment(r, func() { r.startBack(r.id(), r.backInput(nil)) })
			r.resetTo(r.id(), lockTaken)
			r.open()
			r.eventually(graceBar+patience, "the reset run to end or to hold", func() bool {
				if s := r.status(r.id()); s.Phase == workflows.PhaseHold {
					_ = r.decide(r.id(), "d1", workflows.DecideCommit)
				}
				d, err := r.temp.DescribeWorkflowExecution(t.Context(), r.id(), "")
				return err == nil && d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
			})
			report := r.end(r.id(), patience)
			t.Logf("%s %s: %s", report.Outcome, report.Failure, report.Summary)
			require.Len(t, r.requests(vpsfake.OpRestoreSnapshot), 1)
			server, _ := r.state()
			require.Equal(t, 1, server.Restores)
			require.Equal(t, "1.0.0", server.Version)
			r.lawful()
		})
	}
}

// Law 1 for a safety snapshot and a rotation: what the run before made is this run's own.
func TestLaw1AResetMakesNoSecondSnapshot(t *testing.T) {
	t.Parallel()
	t.Run("of a rollback", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.changed(true)
		r.inWaitAfter(vpsfake.OpCreateSnapshot, func() { r.startBack(r.id(), r.backInput(withSafety)) })
		r.resetTo(r.id(), r.completed(r.id(), contract.ActivityPreflight))
		r.open()
		// For all it knows the run before has sent the restore, and green checks prove nothing.
		r.inPhase(r.id(), workflows.PhaseHold, patience)
		require.NoError(t, r.decide(r.id(), "d1", workflows.DecideRollback))
		r.restored(r.end(r.id(), patience), 1)
		require.Len(t, r.requests(vpsfake.OpCreateSnapshot), 1)
	})
	t.Run("of a rotation", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.inherited(r.server)
		r.inWaitAfter(vpsfake.OpCreateSnapshot, func() { r.startRotation(nil) })
		r.resetTo(r.id(), r.completed(r.id(), contract.ActivityPreflight))
		r.open()
		r.rotated(r.end(r.id(), graceBar+patience))
		require.Len(t, r.requests(vpsfake.OpCreateSnapshot), 1)
	})
}

func TestALockTerminatedUnderARollback(t *testing.T) {
	t.Parallel()
	t.Run("before the restore it ends the run", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.changed(true)
		r.startBack(r.id(), r.backInput(withApproval))
		r.inPhase(r.id(), workflows.PhaseHold, patience)
		r.terminateLock()
		report := r.end(r.id(), patience)
		require.Equal(t, contract.FailLockLost, report.Failure, "%+v", report)
		require.Empty(t, r.requests(vpsfake.OpRestoreSnapshot))
	})
	t.Run("during the restore it is taken again", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.changed(true)
		r.inWaitAfter(vpsfake.OpRestoreSnapshot, func() { r.startBack(r.id(), r.backInput(nil)) })
		r.terminateLock()
		r.taskAfter(r.id(), enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED)
		r.open()
		report := r.end(r.id(), patience)
		r.restored(report, 0)
		require.Contains(t, strings.Join(report.Notes, "\n"), "the lock was taken again")
	})
}
