package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// createBar is writeBar for a create, whose deadline is shorter.
const createBar = contract.WriteDeadline + settle + patience

// rollbackCrash is one moment at which the worker of a RollbackByRestore is killed.
type rollbackCrash struct {
	edit     func(in map[string]any)
	fault    *vpsfake.Fault
	sick     bool // the site before the rollback is red
	moment   func(r *rig)
	inWait   vpsfake.Op         // the moment comes in the wait that follows this write
	decide   workflows.Decision // what a person says after the worker's return
	bar      time.Duration
	safeties int
}

func hangs(op vpsfake.Op, effect vpsfake.HangEffect) *vpsfake.Fault {
	return &vpsfake.Fault{Kind: vpsfake.Hang, Op: op, Times: 1, Effect: effect}
}

func whenSent(op vpsfake.Op) func(r *rig) { return func(r *rig) { r.whenSent(op) } }

func rollbackCrashes() map[string]rollbackCrash {
	restoreSent, createSent := whenSent(vpsfake.OpRestoreSnapshot), whenSent(vpsfake.OpCreateSnapshot)
	return map[string]rollbackCrash{
		"in the hold for its approval": {
			edit: withApproval, decide: workflows.DecideApprove, bar: waitBar,
			moment: func(r *rig) { r.inPhase(r.id(), workflows.PhaseHold, patience) },
		},
		"safety snapshot in flight, it took effect": {
			edit: withSafety, fault: hangs(vpsfake.OpCreateSnapshot, vpsfake.EffectBefore), moment: createSent, bar: createBar, safeties: 1,
		},
		"safety snapshot in flight, it had no effect": {
			edit: withSafety, fault: hangs(vpsfake.OpCreateSnapshot, vpsfake.EffectNone), moment: createSent, bar: createBar, safeties: 1,
		},
		"restore in flight, it took effect": {
			fault: hangs(vpsfake.OpRestoreSnapshot, vpsfake.EffectBefore), moment: restoreSent, bar: writeBar,
		},
		// Red checks prove that nothing was restored, so it is sent once more.
		"restore in flight, it had no effect on a red server": {
			sick: true, fault: hangs(vpsfake.OpRestoreSnapshot, vpsfake.EffectNone), moment: restoreSent, bar: writeBar,
		},
		// Green checks prove nothing: they may have been green before.
		"restore in flight, it had no effect on a green server": {
			fault: hangs(vpsfake.OpRestoreSnapshot, vpsfake.EffectNone), moment: restoreSent, bar: writeBar, decide: workflows.DecideRollback,
		},
		"while the server is restored": {
			// Only once the run knows of it: before, the request is still in flight.
			inWait: vpsfake.OpRestoreSnapshot, moment: func(*rig) {}, bar: waitBar,
		},
		"while the restored server is verified": {
			moment: func(r *rig) {
				r.gate(vpsfake.OpSite, "")
				r.eventually(patience, "the verification", func() bool { return r.waitsFor("the checks after the restore") })
			},
			bar: waitBar,
		},
	}
}

func TestACrashOfARollbackChangesNothingOfItsOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range rollbackCrashes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			point := r.changed(!c.sick)
			if c.fault != nil {
				r.fault(*c.fault)
			}
			defer r.explain(r.id())
			start := func() { r.startBack(r.id(), r.backInput(c.edit)) }
			if c.inWait != "" {
				r.inWaitAfter(c.inWait, start)
			} else {
				start()
			}
			c.moment(r)
			back := r.restart()
			r.open()
			if c.decide != "" {
				r.inPhase(r.id(), workflows.PhaseHold, c.bar+runBar)
				require.NoError(t, r.decide(r.id(), "d1", c.decide))
			}
			report := r.end(r.id(), c.bar+runBar)
			t.Logf("ended %s after the worker's return", time.Since(back).Round(time.Millisecond))
			require.Equal(t, point, report.Snapshot.ID)
			r.restored(report, c.safeties)
		})
	}
}
