package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// inherited is what a server has from earlier days: a snapshot that a person made, a protected one, and two of the policy.
func (r *rig) inherited(server int64) {
	r.t.Helper()
	now := time.Now()
	for _, s := range []vpsfake.SnapshotSpec{
		{Name: "before-migration", Description: "by hand", CreatedAt: now.Add(-72 * time.Hour)},
		{Name: "rotation-kept", Description: contract.Marker{RunID: "r0", Policy: "rotation", Protected: true}.Describe(""), CreatedAt: now.Add(-60 * time.Hour)},
		{Name: "rotation-old", Description: contract.Marker{RunID: "r1", Policy: "rotation"}.Describe(""), CreatedAt: now.Add(-48 * time.Hour)},
		{Name: "rotation-new", Description: contract.Marker{RunID: "r2", Policy: "rotation"}.Describe(""), CreatedAt: now.Add(-24 * time.Hour)},
	} {
		s.ServerID = server
		r.control(http.MethodPost, "snapshots", s, nil)
	}
}

// names are a server's snapshots by name; new ones of the policy are called "made".
func (r *rig) names(state vpsfake.State, server int64) []string {
	var names []string
	for _, s := range state.Snapshots {
		if s.ServerID != server {
			continue
		}
		require.Equal(r.t, "completed", s.Status, "%+v", s)
		if m := contract.ParseMarker(s.Description); m.Managed && len(m.RunID) > 2 {
			names = append(names, "made")
			continue
		}
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}

// The bar of the issue: 50 servers, a fifth of all requests fails, the worker is killed twice. Each server ends with
// exactly what the policy keeps, and nobody else's snapshot is gone.
func TestARotationOfFiftyServersKeepsExactlyWhatThePolicySaysThroughFaultsAndCrashes(t *testing.T) {
	t.Parallel()
	crowded(t)
	r := rigOfAccount(t, map[string]string{"VPS_RATE_LIMIT": "200"})
	servers := r.neighbours(50)
	for _, id := range servers {
		r.inherited(id)
	}
	// One of five: each kind gets its share of what the kinds before it let pass.
	left := 1.0
	for _, kind := range []vpsfake.FaultKind{vpsfake.LostBefore, vpsfake.LostAfter, vpsfake.Error500First, vpsfake.Error500After, vpsfake.HTML502} {
		r.control(http.MethodPost, "faults", vpsfake.Fault{Kind: kind, Chance: 0.04 / left}, nil)
		left -= 0.04
	}
	r.startOf(workflows.TypeSnapshotRotation, r.id(), map[string]any{
		"servers": servers, "policy": map[string]any{"keep_last": 2}, "max_concurrency": 25,
	})
	defer r.explain(r.id())
	kill := func(after int) {
		r.eventually(fleetBar, fmt.Sprint(after, " snapshots begun"), func() bool { return r.begun(servers) >= after })
		r.restart()
	}
	kill(5)
	kill(30)
	report := r.end(r.id(), fleetBar)
	require.Equal(t, workflows.OutcomeRotated, report.Outcome, "%s %+v", report.Summary, report.Fleet)
	require.NotNil(t, report.Fleet)
	assert.Equal(t, len(servers), report.Fleet.Counts.Done)

	var state vpsfake.State
	r.control(http.MethodGet, "state", nil, &state)
	for _, id := range servers {
		assert.Equal(t, []string{"before-migration", "made", "rotation-kept", "rotation-new"}, r.names(state, id), "server %d", id)
	}
	assert.Empty(t, r.violations())
}

// explain logs what a failed test's runs of many servers wait for.
func (r *rig) explain(id string) {
	if !r.t.Failed() {
		return
	}
	s, _ := r.look(id) // it may not answer any more
	r.t.Logf("phase %s, waits for %s, %+v", s.Phase, s.WaitingFor, s.Fleet)
	if s.Fleet == nil {
		return
	}
	for _, child := range s.Fleet.InFlight {
		c, _ := r.look(child.WorkflowID)
		r.t.Logf("server %d: phase %s since %s, waits for %s, notes %v", child.ServerID, c.Phase, c.Since.Format(time.TimeOnly), c.WaitingFor, c.Notes)
	}
}

// begun counts the snapshots that runs have begun on the servers.
func (r *rig) begun(servers []int64) int {
	var state vpsfake.State
	r.control(http.MethodGet, "state", nil, &state)
	n := 0
	for _, s := range state.Snapshots {
		if m := contract.ParseMarker(s.Description); slices.Contains(servers, s.ServerID) && m.Managed && len(m.RunID) > 2 {
			n++
		}
	}
	return n
}
