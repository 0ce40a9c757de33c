package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// What a killed worker costs: a wait goes on after the heartbeat time-out (15 s, and 5 s of Temporal's own for the dead
// worker's sticky queue), a write after its deadline and VPS_SETTLE. The tests log how long it took; the bounds catch what
// hangs.
const (
	// waitBar and writeBar bound a run that was in a wait or in a write.
	waitBar  = patience
	writeBar = contract.CheckedWriteDeadline + settle + patience
	// runBar bounds a whole run around the crash: the stand-in's snapshot, restore, checks and a busy machine.
	runBar = patience
)

// restart kills the worker as a crash does, and brings one back.
func (r *rig) restart() time.Time {
	r.t.Helper()
	r.worker.Kill()
	require.NoError(r.t, r.worker.Start(r.t.Context()))
	return time.Now()
}

// whenSent waits until a request of the kind has reached the stand-in.
func (r *rig) whenSent(op vpsfake.Op) {
	r.t.Helper()
	r.eventually(patience, "a request "+string(op), func() bool { return len(r.requests(op)) > 0 })
}

func TestCrashWhileTheCreateIsInFlight(t *testing.T) {
	t.Parallel()
	for _, effect := range []vpsfake.HangEffect{vpsfake.EffectBefore, vpsfake.EffectNone} {
		t.Run("effect "+string(effect), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.fault(vpsfake.Fault{Kind: vpsfake.Hang, Op: vpsfake.OpCreateSnapshot, Times: 1, Effect: effect})
			r.start(r.id(), r.input(true, nil))
			r.whenSent(vpsfake.OpCreateSnapshot)
			back := r.restart()
			r.eventually(writeBar, "the run goes on after a killed create", func() bool {
				return len(r.requests(vpsfake.OpCreateSnapshot)) > 1 || r.status(r.id()).Window != nil || r.status(r.id()).Snapshot != nil
			})
			t.Logf("went on %s after the worker's return", time.Since(back).Round(time.Millisecond))
			r.committed(r.end(r.id(), runBar))
		})
	}
}

func TestCrashWhileTheSnapshotIsMade(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inWaitAfter(vpsfake.OpCreateSnapshot, func() { r.start(r.id(), r.input(true, nil)) })
	back := r.restart()
	r.open()
	r.whenSent(vpsfake.OpDeployHook)
	t.Logf("went on %s after the worker's return", time.Since(back).Round(time.Millisecond))
	r.committed(r.end(r.id(), runBar))
}

func TestCrashWhileTheWebhookMakesTheChangeNeverMakesItTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// The answer comes to a worker that is dead by then; the change is made all the same.
	r.gate(vpsfake.OpDeployHook, "")
	r.start(r.id(), r.input(true, func(in map[string]any) {
		u := part(in, "update")
		u["timeout"], u["on_unknown"] = "10s", "commit"
	}))
	r.whenSent(vpsfake.OpDeployHook)
	r.worker.Kill()
	r.open()
	require.NoError(t, r.worker.Start(t.Context()))
	report := r.end(r.id(), runBar)
	r.committed(report)
	require.Equal(t, contract.ChangeUnknown, report.Change.Result)
	server, _ := r.state()
	require.Equal(t, 1, server.Deploys, "the change was sent once")
}

func TestCrashWhileAnExternalRunnerMakesTheChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(r.id(), r.input(true, func(in map[string]any) { in["update"] = map[string]any{"kind": "external"} }))
	begun := r.begin(r.id(), "runner-a")
	require.True(t, begun.Granted)
	r.restart()
	r.control(http.MethodPost, "deploys", map[string]any{"server_id": r.server, "version": "2.0.0", "healthy": true}, nil)
	require.True(t, r.report(r.id(), workflows.ReportRequest{Runner: "runner-a", Result: contract.ChangeSucceeded}).Accepted)
	r.committed(r.end(r.id(), runBar))
}

func TestCrashWhileTheChangeIsVerified(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inVerify(r.input(true, nil))
	r.restart()
	r.open()
	r.committed(r.end(r.id(), waitBar+runBar))
}

func TestCrashWhileTheRestoreIsInFlight(t *testing.T) {
	t.Parallel()
	for _, effect := range []vpsfake.HangEffect{vpsfake.EffectBefore, vpsfake.EffectNone} {
		t.Run("effect "+string(effect), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.fault(vpsfake.Fault{Kind: vpsfake.Hang, Op: vpsfake.OpRestoreSnapshot, Times: 1, Effect: effect})
			r.start(r.id(), r.input(false, nil))
			r.whenSent(vpsfake.OpRestoreSnapshot)
			r.restart()
			r.rolledBack(r.end(r.id(), writeBar+runBar))
		})
	}
}

func TestCrashWhileTheServerIsRestored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inWaitAfter(vpsfake.OpRestoreSnapshot, func() { r.start(r.id(), r.input(false, nil)) })
	back := r.restart()
	r.open()
	report := r.end(r.id(), waitBar+runBar)
	t.Logf("ended %s after the worker's return", time.Since(back).Round(time.Millisecond))
	r.rolledBack(report)
}

// A restore takes 5 s here and the worker is away for longer: nobody ever saw the server restoring.
func TestARestoreThatEndsWhileNoWorkerLooksIsFoundFinished(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fault(vpsfake.Fault{Kind: vpsfake.Hang, Op: vpsfake.OpRestoreSnapshot, Times: 1, Effect: vpsfake.EffectBefore})
	r.start(r.id(), r.input(false, nil))
	r.whenSent(vpsfake.OpRestoreSnapshot)
	r.worker.Kill()
	r.eventually(patience, "the restore to end by itself", func() bool { s, _ := r.state(); return s.Restores == 1 && !s.Restoring })
	require.NoError(t, r.worker.Start(t.Context()))
	r.rolledBack(r.end(r.id(), writeBar+runBar))
}
