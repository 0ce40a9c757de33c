package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// overtaken brings a run to the end of its change, with its lock taken from it meanwhile: its worker dies, somebody
// terminates the lock, and another run has the server until it is done.
func (r *rig) overtaken(healthy bool) (other string) {
	r.t.Helper()
	r.start(r.id(), r.input(true, func(in map[string]any) {
		in["update"] = map[string]any{"kind": "external", "heartbeat_timeout": "10m", "timeout": "10m"}
	}))
	require.True(r.t, r.begin(r.id(), "runner-a").Granted)
	r.worker.Kill()
	r.terminateLock()

	second := *r
	second.queue = r.queue + "-other"
	worker, err := stack.AddWorker(r.t.Context(), second.queue)
	require.NoError(r.t, err)
	r.t.Cleanup(worker.Kill)
	other = r.id() + "-other"
	second.startOf(workflows.TypeSnapshotRotation, other, rotationInput(func(in map[string]any) { in["create"] = false }, r.server))
	require.Equal(r.t, workflows.OutcomeRotated, second.end(other, patience).Outcome)

	require.NoError(r.t, r.worker.Start(r.t.Context()))
	r.deploys(healthy)
	require.True(r.t, r.report(r.id(), workflows.ReportRequest{Runner: "runner-a", Result: contract.ChangeSucceeded}).Accepted)
	return other
}

// Whatever another run did while this one had lost its lock, a restore would undo.
func TestHistoriesOfARunThatAnotherOneHasOvertaken(t *testing.T) {
	t.Parallel()
	t.Run("red: a person is asked before the restore", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		other := r.overtaken(false)
		r.inPhase(r.id(), workflows.PhaseHold, patience)
		require.Contains(t, r.holdOf(r.id()).Why, other+" held its lock")
		server, _ := r.state()
		require.Zero(t, server.Restores)
		require.NoError(t, r.decide(r.id(), "d1", workflows.DecideRollback))
		r.rolledBack(r.end(r.id(), patience))
		r.lockFree()
		r.keepOne(r.id(), "overtaken-rolled-back")
	})
	t.Run("green: no proof of the change", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		other := r.overtaken(true)
		report := r.end(r.id(), patience)
		require.Equal(t, contract.FailChangeUnknown, report.Failure, "%+v", report)
		require.Contains(t, report.Summary, other)
		server, _ := r.state()
		require.Equal(t, "2.0.0", server.Version, "nothing was rolled back")
		r.lockFree()
		r.keepOne(r.id(), "overtaken-unknown")
	})
}
