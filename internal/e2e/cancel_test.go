package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// cancelWhen starts a run, cancels it at a moment and returns its report.
func (r *rig) cancelWhen(in map[string]any, moment func()) workflows.Report {
	r.t.Helper()
	r.start(r.id(), in)
	moment()
	require.NoError(r.t, r.temp.CancelWorkflow(r.t.Context(), r.id(), ""))
	return r.end(r.id(), time.Minute)
}

// untouched is the bar of a run that was cancelled before its change.
func (r *rig) untouched(report workflows.Report) {
	r.t.Helper()
	require.Equal(r.t, workflows.OutcomeCanceled, report.Outcome, "%+v", report)
	d, err := r.temp.DescribeWorkflowExecution(r.t.Context(), r.id(), "")
	require.NoError(r.t, err)
	require.Equal(r.t, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, d.GetWorkflowExecutionInfo().GetStatus())
	server, _ := r.state()
	require.Equal(r.t, "1.0.0", server.Version)
	require.Equal(r.t, "active", server.Status)
	require.Zero(r.t, server.Deploys)
	require.Zero(r.t, server.Restores)
	r.lawful()
}

func TestLaw9ACancelBeforeTheChangeStopsAndLeavesTheServerFree(t *testing.T) {
	t.Parallel()
	moments := map[string]struct {
		fault  vpsfake.Fault
		moment func(r *rig)
		made   int // snapshots that are left to retention
	}{
		"in the preflight": {
			fault:  vpsfake.Fault{Kind: vpsfake.Hang, Op: vpsfake.OpGetServer, Duration: 3 * time.Second, Times: 1},
			moment: func(r *rig) { r.whenSent(vpsfake.OpGetServer) },
		},
		"in the baseline": {
			fault: vpsfake.Fault{Kind: vpsfake.Hang, Op: vpsfake.OpSite, Duration: 2 * time.Second, Times: 1},
			moment: func(r *rig) {
				r.eventually(time.Minute, "the baseline", func() bool { return r.waitsFor("baseline") })
			},
		},
		"while the create is in flight": {
			fault:  vpsfake.Fault{Kind: vpsfake.Hang, Op: vpsfake.OpCreateSnapshot, Effect: vpsfake.EffectBefore, Duration: 2 * time.Second, Times: 1},
			moment: func(r *rig) { r.whenSent(vpsfake.OpCreateSnapshot) }, made: 1,
		},
		"while the snapshot is made": {
			fault: vpsfake.Fault{Kind: vpsfake.NeverFinishes, Op: vpsfake.OpCreateSnapshot, Times: 1},
			moment: func(r *rig) {
				r.eventually(time.Minute, "the wait", func() bool { return r.status(r.id()).Window != nil })
			}, made: 1,
		},
	}
	for name, m := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.fault(m.fault)
			r.untouched(r.cancelWhen(r.input(true, nil), func() { m.moment(r) }))
			_, snapshots := r.state()
			require.Len(t, snapshots, m.made)
			require.Len(t, r.requests(vpsfake.OpCreateSnapshot), m.made)
			r.lockFree()
		})
	}
	t.Run("while it waits for the lock", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.held(r.id() + "-holder")
		deploys := len(r.requests(vpsfake.OpDeployHook))
		report := r.cancelWhen(r.input(true, nil), func() { r.inPhase(r.id(), workflows.PhaseLock, 20*time.Second) })
		require.Equal(t, workflows.OutcomeCanceled, report.Outcome)
		require.Len(t, r.requests(vpsfake.OpDeployHook), deploys)
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, r.lockStatus(), "the holder keeps its lock")
		require.NoError(t, r.decide(r.id()+"-holder", "d1", workflows.DecideCommit))
		require.Equal(t, workflows.OutcomeCommitted, r.end(r.id()+"-holder", 30*time.Second).Outcome)
	})
}

// waitsFor says whether the run names this as what it waits for.
func (r *rig) waitsFor(what string) bool { return strings.Contains(r.status(r.id()).WaitingFor, what) }

func TestLaw9ACancelOnceTheChangeHasBegunIsAFailedChange(t *testing.T) {
	t.Parallel()
	moments := map[string]struct {
		edit   func(in map[string]any)
		moment func(r *rig)
	}{
		"while the webhook makes it": {
			edit: func(in map[string]any) {
				u := part(in, "update")
				u["url"] = fmt.Sprint(u["url"], "&delay=2s")
			},
			moment: func(r *rig) { r.whenSent(vpsfake.OpDeployHook) },
		},
		"while it is verified": {
			edit:   func(in map[string]any) { part(in, "verify")["bake_time"] = "5s" },
			moment: func(r *rig) { r.inPhase(r.id(), workflows.PhaseVerify, time.Minute) },
		},
	}
	for name, m := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			report := r.cancelWhen(r.input(true, m.edit), func() { m.moment(r) })
			r.rolledBack(report)
			require.Contains(t, report.Summary, "canceled by a person")
			hook, restore := r.requests(vpsfake.OpDeployHook), r.requests(vpsfake.OpRestoreSnapshot)
			require.Equal(t, 200, hook[0].Status, "a change in flight is waited for")
			require.True(t, restore[0].Time.After(hook[0].Time))
			r.lockFree()
		})
		t.Run(name+", with on_failure none", func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			in := r.input(true, func(in map[string]any) {
				m.edit(in)
				part(in, "rollback")["on_failure"] = "none"
			})
			r.nothingRestored(r.cancelWhen(in, func() { m.moment(r) }), contract.FailChange)
		})
		t.Run(name+", with on_failure hold", func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.start(r.id(), r.input(true, func(in map[string]any) {
				m.edit(in)
				part(in, "rollback")["on_failure"] = "hold"
			}))
			m.moment(r)
			require.NoError(t, r.temp.CancelWorkflow(t.Context(), r.id(), ""))
			r.inPhase(r.id(), workflows.PhaseHold, time.Minute)
			require.Contains(t, r.status(r.id()).Hold.Why, "canceled by a person")
			require.NoError(t, r.decide(r.id(), "d1", workflows.DecideCommit))
			r.committed(r.end(r.id(), time.Minute))
			r.lockFree()
		})
	}
}

func TestLaw9ACancelDuringTheRollbackLetsItFinish(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	report := r.cancelWhen(r.input(false, nil), func() {
		r.eventually(time.Minute, "the server restoring", func() bool { s, _ := r.state(); return s.Restoring })
	})
	r.rolledBack(report)
	require.Equal(t, contract.FailRolledBack, report.Failure)
	r.lockFree()
}

func TestLaw9ACancelDuringTheCommitLetsItFinish(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.earlierSnapshots(1)
	r.fault(vpsfake.Fault{Kind: vpsfake.Hang, Op: vpsfake.OpDeleteSnapshot, Effect: vpsfake.EffectBefore, Duration: 2 * time.Second, Times: 1})
	in := r.input(true, func(in map[string]any) { part(in, "retention")["keep_last"] = 1 })
	r.committed(r.cancelWhen(in, func() { r.whenSent(vpsfake.OpDeleteSnapshot) }))
	r.lockFree()
}
