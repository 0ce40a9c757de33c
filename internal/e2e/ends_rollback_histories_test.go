package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// backs is the input of a rollback to the newest snapshot.
func backs(edits ...func(in map[string]any)) func(r *rig) map[string]any {
	return func(r *rig) map[string]any {
		in := r.backInput(nil)
		for _, edit := range edits {
			edit(in)
		}
		return in
	}
}

// saved is a server that was saved at 1.0.0 and changed since.
func saved(r *rig) { r.changed(true) }

func copyRequired(in map[string]any) {
	withSafety(in)
	part(in, "safety")["required"] = true
}

// blindAfter makes every check one that cannot be looked at.
func blindAfter(in map[string]any) {
	blind(in)
	delete(part(in, "verify"), "baseline") // a rollback has none
}

// The ends of RollbackByRestore that no other test records.
func TestHistoriesOfTheOtherEndsOfARollback(t *testing.T) {
	t.Parallel()
	const notChanged = workflows.OutcomeNotChanged
	branches(t, workflows.TypeRollbackByRestore, map[string]endBranch{
		"back-busy-skipped":       {before: heldByAnother, in: backs(onBusy("skip")), want: workflows.OutcomeSkipped},
		"back-busy-refused":       {before: heldByAnother, in: backs(onBusy("fail")), want: notChanged, class: contract.FailServerBusy},
		"back-planned":            {before: saved, in: backs(func(in map[string]any) { in["dry_run"] = true }), want: workflows.OutcomePlanned},
		"back-invalid-input":      {in: func(*rig) map[string]any { return map[string]any{"server_id": 0} }, want: notChanged, class: contract.FailInvalidInput},
		"back-nothing-to-restore": {in: backs(), lock: true, want: notChanged, class: contract.FailPreflight},
		"back-safety-no-room": {before: func(r *rig) {
			saved(r)
			byHand(4)(r)
		}, in: backs(copyRequired), lock: true, want: notChanged, class: contract.FailSnapshotLimit},
		"back-safety-required-failed": {before: saved, in: backs(copyRequired), lock: true, want: notChanged, class: contract.FailSnapshot,
			fault: &vpsfake.Fault{Kind: vpsfake.SnapshotFails, Op: vpsfake.OpCreateSnapshot, Times: 1}},
		"back-lock-lost": {before: saved, fault: snapshotNeverReady, in: backs(copyRequired), while: loseLock, want: notChanged, class: contract.FailLockLost},
		"back-canceled":  {before: saved, fault: snapshotNeverReady, in: backs(copyRequired), while: cancelInWait, lock: true, want: workflows.OutcomeCanceled},
		"back-approval-canceled": {before: saved, in: backs(withApproval), lock: true, want: workflows.OutcomeCanceled,
			while: func(r *rig) {
				r.inPhase(r.id(), workflows.PhaseHold, patience)
				require.NoError(r.t, r.temp.CancelWorkflow(r.t.Context(), r.id(), ""))
			}},
		"back-unverified": {before: saved, in: backs(blindAfter), lock: true, want: workflows.OutcomeRolledBackUnverified, class: contract.FailRolledBackUnverified},
		"back-failed":     {before: saved, fault: foreignRestore, in: backs(shortHold), lock: true, want: workflows.OutcomeRollbackFailed, class: contract.FailRollback},
		"back-after-run": {lock: true, want: workflows.OutcomeRestored,
			before: func(r *rig) {
				r.start(r.id()+"-deploy", r.input(true, nil))
				r.committed(r.end(r.id()+"-deploy", patience))
				r.lockFree()
			},
			in: func(r *rig) map[string]any { return r.backInput(afterRun(r.id() + "-deploy")) }},
		"back-after-run-refused": {before: saved, in: backs(afterRun("deploy-41")), want: notChanged, class: contract.FailPreflight},
	})
}
