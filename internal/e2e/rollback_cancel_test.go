package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// slow lets a request of the kind take effect at once and be answered after a while.
func slow(op vpsfake.Op) *vpsfake.Fault {
	return &vpsfake.Fault{Kind: vpsfake.Hang, Op: op, Effect: vpsfake.EffectBefore, Duration: 2 * time.Second, Times: 1}
}

func TestLaw9ACancelOfARollbackStopsItBeforeTheRestoreOnly(t *testing.T) {
	t.Parallel()
	moments := map[string]struct {
		edit     func(in map[string]any)
		fault    *vpsfake.Fault
		moment   func(r *rig)
		restores bool
		made     int // safety snapshots
	}{
		"in the hold for its approval": {edit: withApproval, moment: func(r *rig) { r.inPhase(r.id(), workflows.PhaseHold, time.Minute) }},
		"while the safety snapshot is sent": {
			edit: withSafety, fault: slow(vpsfake.OpCreateSnapshot), moment: whenSent(vpsfake.OpCreateSnapshot), made: 1,
		},
		"while the safety snapshot is made": {
			edit: withSafety, moment: func(r *rig) {
				r.eventually(time.Minute, "the wait", func() bool { return r.status(r.id()).Window != nil })
			}, made: 1,
		},
		"while the restore is sent": {fault: slow(vpsfake.OpRestoreSnapshot), moment: whenSent(vpsfake.OpRestoreSnapshot), restores: true},
		"while the server is restored": {
			moment: func(r *rig) {
				r.eventually(time.Minute, "the server restoring", func() bool { s, _ := r.state(); return s.Restoring })
			}, restores: true,
		},
	}
	for name, m := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.changed(true)
			if m.fault != nil {
				r.fault(*m.fault)
			}
			r.startBack(r.id(), r.backInput(m.edit))
			m.moment(r)
			require.NoError(t, r.temp.CancelWorkflow(t.Context(), r.id(), ""))
			report := r.end(r.id(), time.Minute)
			if m.restores {
				r.restored(report, m.made)
				return
			}
			assert.Equal(t, workflows.OutcomeCanceled, report.Outcome, "%+v", report)
			assert.Empty(t, r.requests(vpsfake.OpRestoreSnapshot))
			assert.Equal(t, m.made, r.safeties())
			server, _ := r.state()
			assert.Equal(t, "2.0.0", server.Version)
			r.lawful()
			r.lockFree()
		})
	}
}

func TestLaw9ACancelOfARotationWaitsForItsWriteAndSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	moments := map[string]struct {
		op      vpsfake.Op
		outcome workflows.Outcome
		says    string
		left    int // snapshots
	}{
		"while the create is sent": {vpsfake.OpCreateSnapshot, workflows.OutcomeCanceled,
			"Canceled. A snapshot that was begun is left to retention. No snapshot was deleted.", 5},
		// The one delete that there was is done, so nothing is left to stop.
		"while the last delete is sent": {vpsfake.OpDeleteSnapshot, workflows.OutcomeRotated, "Pruned 1 snapshot", 4},
	}
	for name, m := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.inherited(r.server)
			r.fault(*slow(m.op))
			r.startRotation(nil)
			r.whenSent(m.op)
			require.NoError(t, r.temp.CancelWorkflow(t.Context(), r.id(), ""))
			report := r.end(r.id(), time.Minute)
			assert.Equal(t, m.outcome, report.Outcome, "%+v", report)
			assert.Contains(t, report.Summary, m.says)
			_, snapshots := r.state()
			assert.Len(t, snapshots, m.left)
			r.lawful()
			r.lockFree()
		})
	}
}
