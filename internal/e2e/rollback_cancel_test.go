package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// inFlight starts a run and keeps its write on its way until the rig is open: it has taken effect and is not answered.
func (r *rig) inFlight(op vpsfake.Op, start func()) {
	r.t.Helper()
	r.gate(op, vpsfake.EffectBefore)
	start()
	r.whenSent(op)
}

func TestLaw9ACancelOfARollbackStopsItBeforeTheRestoreOnly(t *testing.T) {
	t.Parallel()
	moments := map[string]struct {
		edit     func(in map[string]any)
		moment   func(r *rig, start func())
		restores bool
		made     int // safety snapshots
	}{
		"in the hold for its approval": {edit: withApproval, moment: func(r *rig, start func()) {
			start()
			r.inPhase(r.id(), workflows.PhaseHold, patience)
		}},
		"while the safety snapshot is sent": {
			edit: withSafety, moment: func(r *rig, start func()) { r.inFlight(vpsfake.OpCreateSnapshot, start) }, made: 1,
		},
		"while the safety snapshot is made": {
			edit: withSafety, moment: func(r *rig, start func()) { r.inWaitAfter(vpsfake.OpCreateSnapshot, start) }, made: 1,
		},
		"while the restore is sent": {moment: func(r *rig, start func()) { r.inFlight(vpsfake.OpRestoreSnapshot, start) }, restores: true},
		"while the server is restored": {
			moment: func(r *rig, start func()) { r.inWaitAfter(vpsfake.OpRestoreSnapshot, start) }, restores: true,
		},
	}
	for name, m := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.changed(true)
			m.moment(r, func() { r.startBack(r.id(), r.backInput(m.edit)) })
			r.cancel(r.id())
			r.open()
			report := r.end(r.id(), patience)
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
			r.inFlight(m.op, func() { r.startRotation(nil) })
			r.cancel(r.id())
			r.open()
			report := r.end(r.id(), patience)
			assert.Equal(t, m.outcome, report.Outcome, "%+v", report)
			assert.Contains(t, report.Summary, m.says)
			_, snapshots := r.state()
			assert.Len(t, snapshots, m.left)
			r.lawful()
			r.lockFree()
		})
	}
}
