package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// rotationInput is the JSON of a rotation that keeps the newest two of its policy.
func rotationInput(edit func(in map[string]any), servers ...int64) map[string]any {
	in := map[string]any{"servers": servers, "policy": map[string]any{"keep_last": 2}}
	if edit != nil {
		edit(in)
	}
	return in
}

// startRotation starts the rotation of the rig's own server.
func (r *rig) startRotation(edit func(in map[string]any)) {
	r.t.Helper()
	r.startOf(workflows.TypeSnapshotRotation, r.id(), rotationInput(edit, r.server))
}

// namesOf is names, now.
func (r *rig) namesOf(server int64) []string {
	r.t.Helper()
	var all vpsfake.State
	r.control(http.MethodGet, fmt.Sprintf("state?server_id=%d", server), nil, &all)
	return r.names(all, server)
}

// rotated is the bar of a rotation of a server that inherited its snapshots.
func (r *rig) rotated(report workflows.Report) {
	r.t.Helper()
	require.Equal(r.t, workflows.OutcomeRotated, report.Outcome, "%+v", report)
	assert.Equal(r.t, []string{"before-migration", "made", "rotation-kept", "rotation-new"}, r.namesOf(r.server))
	server, _ := r.state()
	assert.Equal(r.t, "active", server.Status)
	assert.Zero(r.t, server.Restores)
	r.lawful()
	r.lockFree()
}

func TestACrashOfARotationChangesNothingOfItsOutcome(t *testing.T) {
	t.Parallel()
	createSent, deleteSent := whenSent(vpsfake.OpCreateSnapshot), whenSent(vpsfake.OpDeleteSnapshot)
	moments := map[string]struct {
		fault  *vpsfake.Fault
		moment func(r *rig) // nil: in the wait for the snapshot
		bar    time.Duration
	}{
		"create in flight, it took effect":   {hangs(vpsfake.OpCreateSnapshot, vpsfake.EffectBefore), createSent, createBar},
		"create in flight, it had no effect": {hangs(vpsfake.OpCreateSnapshot, vpsfake.EffectNone), createSent, createBar},
		"while the snapshot is made":         {nil, nil, waitBar},
		"delete in flight, it took effect":   {hangs(vpsfake.OpDeleteSnapshot, vpsfake.EffectBefore), deleteSent, writeBar},
		"delete in flight, it had no effect": {hangs(vpsfake.OpDeleteSnapshot, vpsfake.EffectNone), deleteSent, writeBar},
	}
	for name, m := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.inherited(r.server)
			if m.fault != nil {
				r.fault(*m.fault)
			}
			defer r.explain(r.id())
			if m.moment == nil {
				r.inWaitAfter(vpsfake.OpCreateSnapshot, func() { r.startRotation(nil) })
			} else {
				r.startRotation(nil)
				m.moment(r)
			}
			back := r.restart()
			r.open()
			report := r.end(r.id(), m.bar+runBar)
			t.Logf("ended %s after the worker's return", time.Since(back).Round(time.Millisecond))
			r.rotated(report)
		})
	}
}

func TestARotationOfManySkipsABusyServerAndSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	others := r.neighbours(2)
	r.held(r.id() + "-holder")
	for _, id := range others {
		r.inherited(id)
	}
	r.startOf(workflows.TypeSnapshotRotation, r.id(), rotationInput(nil, r.server, others[0], others[1]))
	report := r.end(r.id(), patience)
	require.Equal(t, workflows.OutcomeRotated, report.Outcome, "%+v", report)
	assert.Equal(t, workflows.FleetCounts{Done: 2, Skipped: 1}, report.Fleet.Counts)
	assert.Contains(t, report.Summary, "3 servers: 2 rotated, 1 skipped, 0 failed")
	for _, target := range report.Fleet.Targets {
		if target.ServerID != r.server {
			assert.Equal(t, workflows.OutcomeRotated, target.Outcome, "%+v", target)
			assert.Equal(t, []string{"before-migration", "made", "rotation-kept", "rotation-new"}, r.namesOf(target.ServerID))
			continue
		}
		assert.Equal(t, workflows.OutcomeSkipped, target.Outcome)
		assert.Contains(t, target.Summary, "in use by "+workflows.TypeSnapshotUpdateVerify+" "+r.id()+"-holder (phase hold)")
	}
	r.oneSnapshotOfOurs() // of the holder
	require.NoError(t, r.decide(r.id()+"-holder", "d1", workflows.DecideCommit))
	require.Equal(t, workflows.OutcomeCommitted, r.end(r.id()+"-holder", patience).Outcome)
	r.lawful()
}

// A busy server that must not be skipped is a failure of its own, and the others are rotated all the same.
func TestARotationOfManyThatMustNotSkipReportsTheBusyServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	others := r.neighbours(1)
	r.held(r.id() + "-holder")
	r.inherited(others[0])
	r.startOf(workflows.TypeSnapshotRotation, r.id(), rotationInput(onBusy("fail"), r.server, others[0]))
	report := r.end(r.id(), patience)
	require.Equal(t, workflows.OutcomeIncomplete, report.Outcome, "%+v", report)
	assert.Equal(t, contract.FailRotation, report.Failure)
	assert.Equal(t, workflows.FleetCounts{Done: 1, Errors: 1}, report.Fleet.Counts)
	assert.Contains(t, report.Summary, contract.FailServerBusy)
	assert.Equal(t, []string{"before-migration", "made", "rotation-kept", "rotation-new"}, r.namesOf(others[0]))
	r.oneSnapshotOfOurs()
}
