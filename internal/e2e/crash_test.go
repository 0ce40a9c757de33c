package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// The bars of the issue of a killed worker: a wait goes on within the heartbeat time-out and 7 s of a worker's return
// (5 s are Temporal's own, for the dead worker's sticky queue), a write after its deadline and VPS_SETTLE.
const (
	waitBar  = 15*time.Second + 7*time.Second
	writeBar = contract.CheckedWriteDeadline + settle + 7*time.Second
	// runBar bounds a whole run around the crash: the stand-in's snapshot, restore, checks and a busy machine.
	runBar = 2 * time.Minute
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
	r.eventually(time.Minute, "a request "+string(op), func() bool { return len(r.requests(op)) > 0 })
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
	r.start(r.id(), r.input(true, nil))
	r.eventually(time.Minute, "the wait for the snapshot", func() bool { return r.status(r.id()).Window != nil })
	back := r.restart()
	r.inPhase(r.id(), workflows.PhaseVerify, waitBar)
	t.Logf("went on %s after the worker's return", time.Since(back).Round(time.Millisecond))
	r.committed(r.end(r.id(), runBar))
}

func TestCrashWhileTheWebhookMakesTheChangeNeverMakesItTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// The answer comes after 3 s, to a worker that is dead by then; the change is made all the same.
	r.start(r.id(), r.input(true, func(in map[string]any) {
		u := part(in, "update")
		u["url"] = fmt.Sprint(u["url"], "&delay=3s")
		u["timeout"], u["on_unknown"] = "5s", "commit"
	}))
	r.whenSent(vpsfake.OpDeployHook)
	r.restart()
	report := r.end(r.id(), 5*time.Second+15*time.Second+runBar)
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
	r.start(r.id(), r.input(true, func(in map[string]any) { part(in, "verify")["bake_time"] = "4s" }))
	r.inPhase(r.id(), workflows.PhaseVerify, time.Minute)
	r.restart()
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
	r.start(r.id(), r.input(false, nil))
	r.eventually(time.Minute, "the server restoring", func() bool { s, _ := r.state(); return s.Restoring })
	back := r.restart()
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
	r.eventually(time.Minute, "the restore to end by itself", func() bool { s, _ := r.state(); return s.Restores == 1 && !s.Restoring })
	require.NoError(t, r.worker.Start(t.Context()))
	r.rolledBack(r.end(r.id(), writeBar+runBar))
}
