package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// The branches of RollbackByRestore; each run undoes a change that was committed before.
func TestHistoriesOfRollbackByRestore(t *testing.T) {
	t.Parallel()
	branches := map[string]struct {
		edit   func(in map[string]any)
		fault  *vpsfake.Fault
		copies int // safety snapshots of earlier rollbacks
		decide workflows.Decision
		want   workflows.Outcome
	}{
		"back-restored":        {want: workflows.OutcomeRestored},
		"back-started":         {fault: &vpsfake.Fault{Kind: vpsfake.ComesBackStopped, Times: 1}, want: workflows.OutcomeRestored},
		"back-unseen":          {fault: &vpsfake.Fault{Kind: vpsfake.EndsAtOnce, Times: 1}, want: workflows.OutcomeRestored},
		"back-unclear":         {fault: &vpsfake.Fault{Kind: vpsfake.LostAfter, Op: vpsfake.OpRestoreSnapshot, Times: 1}, want: workflows.OutcomeRestored},
		"back-safety":          {edit: withSafety, want: workflows.OutcomeRestored},
		"back-safety-prunes":   {edit: withSafety, copies: 1, want: workflows.OutcomeRestored},
		"back-safety-failed":   {edit: withSafety, fault: &vpsfake.Fault{Kind: vpsfake.SnapshotFails, Times: 1}, want: workflows.OutcomeRestored},
		"back-approved":        {edit: withApproval, decide: workflows.DecideApprove, want: workflows.OutcomeRestored},
		"back-denied":          {edit: withApproval, decide: workflows.DecideDeny, want: workflows.OutcomeNotChanged},
		"back-held-sent-again": {fault: &vpsfake.Fault{Kind: vpsfake.Error500First, Op: vpsfake.OpRestoreSnapshot, Times: 1}, decide: workflows.DecideRollback, want: workflows.OutcomeRestored},
		"back-held-given-up":   {fault: &vpsfake.Fault{Kind: vpsfake.Error500First, Op: vpsfake.OpRestoreSnapshot, Times: 1}, decide: workflows.DecideCommit, want: workflows.OutcomeChangeUnknown},
	}
	for name, b := range branches {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.start(r.id(), r.input(true, nil))
			r.committed(r.end(r.id(), patience))
			for range b.copies {
				r.startBack(r.id()+"-before", r.backInput(withSafety))
				require.Equal(t, workflows.OutcomeRestored, r.end(r.id()+"-before", patience).Outcome)
			}
			if b.fault != nil {
				r.fault(*b.fault)
			}
			id := r.id() + "-back"
			r.startBack(id, r.backInput(b.edit))
			if b.decide != "" {
				r.inPhase(id, workflows.PhaseHold, patience)
				require.NoError(t, r.decide(id, "decide-1", b.decide))
			}
			report := r.end(id, patience)
			require.Equal(t, b.want, report.Outcome, "%+v", report)
			if b.want == workflows.OutcomeRestored {
				server, _ := r.state()
				require.Equal(t, "1.0.0", server.Version)
				require.Equal(t, "active", server.Status)
			}
			if b.copies == 0 {
				r.lawful() // a second rollback to the same snapshot is one decision more than the law book can see
			}
			r.eventsOf(id)
			r.keep(id, name)
		})
	}
}
