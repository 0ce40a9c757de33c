package e2e

import (
	"strings"
	"testing"

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
	r.cancel(r.id())
	r.open()
	return r.end(r.id(), patience)
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
		before func(r *rig)
		moment func(r *rig)
		made   int // snapshots that are left to retention
	}{
		"in the preflight": {
			before: func(r *rig) { r.gate(vpsfake.OpGetServer, "") },
			moment: func(r *rig) { r.whenSent(vpsfake.OpGetServer) },
		},
		"in the baseline": {
			before: func(r *rig) { r.gate(vpsfake.OpSite, "") },
			moment: func(r *rig) {
				r.eventually(patience, "the baseline", func() bool { return r.waitsFor("baseline") })
			},
		},
		"while the create is in flight": {
			before: func(r *rig) { r.gate(vpsfake.OpCreateSnapshot, vpsfake.EffectBefore) },
			moment: func(r *rig) { r.whenSent(vpsfake.OpCreateSnapshot) }, made: 1,
		},
		"while the snapshot is made": {
			before: func(r *rig) { r.fault(*snapshotNeverReady) },
			moment: func(r *rig) { r.inWait(r.id()) }, made: 1,
		},
	}
	for name, m := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			m.before(r)
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
		report := r.cancelWhen(r.input(true, nil), func() { r.inPhase(r.id(), workflows.PhaseLock, patience) })
		require.Equal(t, workflows.OutcomeCanceled, report.Outcome)
		require.Len(t, r.requests(vpsfake.OpDeployHook), deploys)
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, r.lockStatus(), "the holder keeps its lock")
		require.NoError(t, r.decide(r.id()+"-holder", "d1", workflows.DecideCommit))
		require.Equal(t, workflows.OutcomeCommitted, r.end(r.id()+"-holder", patience).Outcome)
	})
}

// waitsFor says whether the run names this as what it waits for.
func (r *rig) waitsFor(what string) bool { return strings.Contains(r.status(r.id()).WaitingFor, what) }

func TestLaw9ACancelOnceTheChangeHasBegunIsAFailedChange(t *testing.T) {
	t.Parallel()
	moments := map[string]func(r *rig, in map[string]any){
		"while the webhook makes it": func(r *rig, in map[string]any) {
			part(in, "update")["timeout"] = "5m" // it is held as long as the cancel takes
			r.gate(vpsfake.OpDeployHook, "")
			r.start(r.id(), in)
			r.whenSent(vpsfake.OpDeployHook)
		},
		"while it is verified": (*rig).inVerify,
	}
	canceled := func(t *testing.T, moment func(r *rig, in map[string]any), onFailure string) *rig {
		r := newRig(t)
		moment(r, r.input(true, field("rollback", "on_failure", onFailure)))
		r.cancel(r.id())
		r.open()
		return r
	}
	for name, moment := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := canceled(t, moment, "restore")
			report := r.end(r.id(), patience)
			r.rolledBack(report)
			require.Contains(t, report.Summary, "canceled by a person")
			hook, restore := r.requests(vpsfake.OpDeployHook), r.requests(vpsfake.OpRestoreSnapshot)
			require.Equal(t, 200, hook[0].Status, "a change in flight is waited for")
			require.True(t, restore[0].Time.After(hook[0].Time))
			r.lockFree()
		})
		t.Run(name+", with on_failure none", func(t *testing.T) {
			t.Parallel()
			r := canceled(t, moment, "none")
			r.nothingRestored(r.end(r.id(), patience), contract.FailChange)
		})
		t.Run(name+", with on_failure hold", func(t *testing.T) {
			t.Parallel()
			r := canceled(t, moment, "hold")
			r.inPhase(r.id(), workflows.PhaseHold, patience)
			require.Contains(t, r.holdOf(r.id()).Why, "canceled by a person")
			require.NoError(t, r.decide(r.id(), "d1", workflows.DecideCommit))
			r.committed(r.end(r.id(), patience))
			r.lockFree()
		})
	}
}

func TestLaw9ACancelDuringTheRollbackLetsItFinish(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inWaitAfter(vpsfake.OpRestoreSnapshot, func() { r.start(r.id(), r.input(false, nil)) })
	r.cancel(r.id())
	r.open()
	report := r.end(r.id(), patience)
	r.rolledBack(report)
	require.Equal(t, contract.FailRolledBack, report.Failure)
	r.lockFree()
}

func TestLaw9ACancelDuringTheCommitLetsItFinish(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.earlierSnapshots(1)
	r.gate(vpsfake.OpDeleteSnapshot, vpsfake.EffectBefore)
	in := r.input(true, func(in map[string]any) { part(in, "retention")["keep_last"] = 1 })
	r.committed(r.cancelWhen(in, func() { r.whenSent(vpsfake.OpDeleteSnapshot) }))
	r.lockFree()
}
