package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// endBranch is a run that ends in a way of its own. Its history is recorded, and with lock that of the lock that it held
// and released.
type endBranch struct {
	before func(r *rig)
	fault  *vpsfake.Fault
	in     func(r *rig) map[string]any
	while  func(r *rig)
	want   workflows.Outcome
	class  string
	lock   bool
}

// branches runs each and records it under its name.
func branches(t *testing.T, runbook string, all map[string]endBranch) {
	t.Helper()
	for name, b := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if b.before != nil {
				b.before(r)
			}
			if b.fault != nil {
				r.fault(*b.fault)
			}
			defer r.explain(r.id())
			r.startOf(runbook, r.id(), b.in(r))
			if b.while != nil {
				b.while(r)
			}
			report := r.end(r.id(), patience)
			require.Equal(t, []string{string(b.want), b.class}, []string{string(report.Outcome), report.Failure}, "%+v", report)
			r.lawful()
			r.keepOne(r.id(), name)
			if b.lock {
				r.lockFree()
				r.keepOne(contract.LockWorkflowID(r.server), name+"-lock")
			}
		})
	}
}

// What is done to a run while it is under way.
var (
	snapshotNeverReady = &vpsfake.Fault{Kind: vpsfake.NeverFinishes, Op: vpsfake.OpCreateSnapshot}
	foreignRestore     = &vpsfake.Fault{Kind: vpsfake.ForeignRestore, Op: vpsfake.OpRestoreSnapshot, Times: 1}
)

func loseLock(r *rig) {
	r.inWait(r.id())
	r.terminateLock()
}

func cancelInWait(r *rig) {
	r.inWait(r.id())
	require.NoError(r.t, r.temp.CancelWorkflow(r.t.Context(), r.id(), ""))
}

// heldByAnother is a server whose lock another run has, and keeps.
func heldByAnother(r *rig) { r.held(r.id() + "-holder") }

// byHand fills places of the quota that no policy may free.
func byHand(n int) func(r *rig) {
	return func(r *rig) {
		for i := range n {
			r.add(vpsfake.SnapshotSpec{Name: fmt.Sprintf("by-hand-%d", i), Description: "by hand", CreatedAt: r.apiNow().Add(-72 * time.Hour)})
		}
	}
}

// updates is the input of an update.
func updates(healthy bool, edits ...func(in map[string]any)) func(r *rig) map[string]any {
	return func(r *rig) map[string]any {
		in := r.input(healthy, nil)
		for _, edit := range edits {
			edit(in)
		}
		return in
	}
}

func shortHold(in map[string]any) { part(in, "rollback")["hold_timeout"] = "1s" }

func field(object, name string, value any) func(in map[string]any) {
	return func(in map[string]any) { part(in, object)[name] = value }
}

// The ends of SnapshotUpdateVerify that no other test records.
func TestHistoriesOfTheOtherEnds(t *testing.T) {
	t.Parallel()
	branches(t, workflows.TypeSnapshotUpdateVerify, map[string]endBranch{
		"busy-skipped": {before: heldByAnother, in: updates(true, onBusy("skip")), want: workflows.OutcomeSkipped},
		"busy-refused": {before: heldByAnother, in: updates(true, onBusy("fail")), want: workflows.OutcomeNotChanged, class: contract.FailServerBusy},
		"busy-waited": {before: heldByAnother, in: updates(true, onBusy("wait")), lock: true, want: workflows.OutcomeCommitted,
			while: func(r *rig) {
				r.inPhase(r.id(), workflows.PhaseLock, patience)
				r.deploys(true) // the person mended it
				require.NoError(r.t, r.decide(r.id()+"-holder", "d1", workflows.DecideCommit))
			}},
		"invalid-input": {in: func(*rig) map[string]any { return map[string]any{"server_id": 0} }, want: workflows.OutcomeNotChanged, class: contract.FailInvalidInput},
		"baseline-red":  {before: func(r *rig) { r.deploys(false) }, in: updates(true), lock: true, want: workflows.OutcomeNotChanged, class: contract.FailBaseline},
		"no-room":       {before: byHand(5), in: updates(true), lock: true, want: workflows.OutcomeNotChanged, class: contract.FailSnapshotLimit},
		"not-begun": {in: func(r *rig) map[string]any { return r.externalInput(field("update", "begin_timeout", "1s")) }, lock: true,
			want: workflows.OutcomeNotChanged, class: contract.FailChangeNotStarted},
		"not-sent": {in: func(r *rig) map[string]any {
			return updates(true, field("update", "url", "http://"+nobody(r.t)+"/"))(r)
		}, lock: true,
			want: workflows.OutcomeNotChanged, class: contract.FailChangeNotStarted},
		"lock-lost": {fault: snapshotNeverReady, in: updates(true), while: loseLock, want: workflows.OutcomeNotChanged, class: contract.FailLockLost},
		"canceled":  {fault: snapshotNeverReady, in: updates(true), while: cancelInWait, lock: true, want: workflows.OutcomeCanceled},
		"canceled-rolled-back": {in: updates(true), lock: true, want: workflows.OutcomeRolledBack, class: contract.FailRolledBack,
			before: func(r *rig) { r.gate(vpsfake.OpDeployHook, "") },
			while: func(r *rig) {
				r.toVerify(func() { r.openOne(r.shut[0]) })
				r.cancel(r.id())
				r.open()
			}},
		"rolled-back-unverified": {in: updates(true, blind), lock: true, want: workflows.OutcomeRolledBackUnverified, class: contract.FailRolledBackUnverified,
			while: func(r *rig) {
				r.inPhase(r.id(), workflows.PhaseHold, patience)
				require.NoError(r.t, r.decide(r.id(), "d1", workflows.DecideRollback))
			}},
		"rollback-failed": {fault: foreignRestore, in: updates(false, shortHold), lock: true, want: workflows.OutcomeRollbackFailed, class: contract.FailRollback},
		"hold-ran-out":    {in: updates(true, blind, shortHold), lock: true, want: workflows.OutcomeChangeFailed, class: contract.FailChange},
		"change-unknown": {in: updates(true, field("update", "timeout", "5s"), shortHold), lock: true, want: workflows.OutcomeChangeUnknown, class: contract.FailChangeUnknown,
			fault: &vpsfake.Fault{Kind: vpsfake.Hang, Op: vpsfake.OpDeployHook, Effect: vpsfake.EffectBefore}},
	})
}

// Temporal starts a run again that its own time-out cut off, when the caller gave a retry policy.
func TestHistoriesOfASecondAttempt(t *testing.T) {
	t.Parallel()
	for runbook, name := range map[string]string{workflows.TypeSnapshotUpdateVerify: "second-attempt", workflows.TypeRollbackByRestore: "back-second-attempt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			in := r.input(true, nil)
			if runbook == workflows.TypeRollbackByRestore {
				r.changed(true)
				in = r.backInput(withApproval)
			}
			r.fault(*snapshotNeverReady)
			first, err := r.temp.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
				ID: r.id(), TaskQueue: r.queue, WorkflowRunTimeout: 20 * time.Second, // the second attempt has as long, and must come to its end
				RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumAttempts: 3},
			}, runbook, in)
			require.NoError(t, err)
			r.eventually(patience, "the second attempt", func() bool { return r.latest(r.id()) != first.GetRunID() })
			require.Equal(t, contract.FailChangeUnknown, r.end(r.id(), patience).Failure)
			r.keepOne(r.id(), name)
		})
	}
}
