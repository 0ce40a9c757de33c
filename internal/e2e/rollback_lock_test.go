package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestLaw7ARollbackGoesAroundARunningUpdateAsOnBusySays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	update, waits := r.id(), r.id()+"-wait"
	r.held(update)

	t.Log("one that must not wait fails at once and names the holder")
	r.startBack(r.id()+"-fail", r.backInput(onBusy("fail")))
	busy := r.end(r.id()+"-fail", patience)
	require.Equal(t, contract.FailServerBusy, busy.Failure)
	require.Equal(t, workflows.OutcomeNotChanged, busy.Outcome)
	require.Equal(t, update, busy.BusyWith.WorkflowID)
	require.Equal(t, string(workflows.PhaseHold), busy.BusyWith.Phase)
	require.Contains(t, busy.Summary+busy.Next, "safepoint status "+update)

	t.Log("one that skips completes as skipped")
	r.startBack(r.id()+"-skip", r.backInput(onBusy("skip")))
	require.Equal(t, workflows.OutcomeSkipped, r.end(r.id()+"-skip", patience).Outcome)
	require.Empty(t, r.requests(vpsfake.OpRestoreSnapshot), "nothing was restored under the update")

	t.Log("one that waits restores when the update has ended, to the update's own snapshot")
	r.startBack(waits, r.backInput(onBusy("wait")))
	r.inPhase(waits, workflows.PhaseLock, patience)
	require.NoError(t, r.decide(update, "d1", workflows.DecideCommit))
	committed := r.end(update, patience)
	require.Equal(t, workflows.OutcomeCommitted, committed.Outcome)
	report := r.end(waits, patience)
	require.Equal(t, committed.Snapshot.ID, report.Snapshot.ID)
	require.Equal(t, workflows.OutcomeRestored, report.Outcome)
	server, _ := r.state()
	require.Equal(t, "1.0.0", server.Version)
	require.Equal(t, 1, server.Restores)
	r.lawful()
	r.lockFree()
}

func TestLaw7AnUpdateGoesAroundARollbackThatAwaitsItsApproval(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.changed(true)
	r.startBack(r.id(), r.backInput(withApproval))
	r.inPhase(r.id(), workflows.PhaseHold, patience)
	r.start(r.id()+"-update", r.input(true, onBusy("fail")))
	busy := r.end(r.id()+"-update", patience)
	require.Equal(t, contract.FailServerBusy, busy.Failure)
	require.Contains(t, busy.Summary, workflows.TypeRollbackByRestore+" "+r.id()+" (phase hold)")
	require.NoError(t, r.decide(r.id(), "d1", workflows.DecideApprove))
	r.restored(r.end(r.id(), patience), 0)
	require.Empty(t, r.requests(vpsfake.OpDeployHook))
}

func TestTerminateOfARollbackClosesTheServerForTheLongestWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.changed(true)
	r.fault(*hangs(vpsfake.OpRestoreSnapshot, vpsfake.EffectAfter))
	r.startBack(r.id(), r.backInput(nil))
	r.whenSent(vpsfake.OpRestoreSnapshot)
	died := time.Now()
	require.NoError(t, r.temp.TerminateWorkflow(t.Context(), r.id(), "", "test"))
	second := r.id() + "-second"
	r.start(second, r.input(true, onBusy("wait")))
	r.eventually(graceBar, "the second run's snapshot", func() bool { return len(r.requests(vpsfake.OpCreateSnapshot)) > 0 })
	require.Greater(t, time.Since(died), contract.WriteGrace-time.Second, "nobody writes before the dead run's restore has met its deadline")
	require.Equal(t, workflows.OutcomeCommitted, r.end(second, patience).Outcome)
	server, _ := r.state()
	require.Equal(t, 1, server.Restores, "the dead run's request still took effect, and before anybody else wrote")
	require.Equal(t, "2.0.0", server.Version)
	r.lawful()
}
