package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// ofRotation is a snapshot that an earlier rotation left, so long ago by the API's clock.
func (r *rig) ofRotation(name, status string, age time.Duration) {
	r.t.Helper()
	r.add(vpsfake.SnapshotSpec{Name: name, Status: status, CreatedAt: r.apiNow().Add(-age), ReadySeconds: 15, // longer than a slow machine takes to look
		Description: contract.Marker{RunID: "an-earlier-run", Policy: contract.PolicyRotation}.Describe("")})
}

// The branches of a rotation of one server.
func TestHistoriesOfRotation(t *testing.T) {
	t.Parallel()
	branches := map[string]struct {
		seed  func(r *rig)
		edit  func(in map[string]any)
		fault *vpsfake.Fault
		want  workflows.Outcome
		check func(r *rig, report workflows.Report)
	}{
		"rotated": {seed: func(r *rig) { r.inherited(r.server) }, want: workflows.OutcomeRotated, check: (*rig).rotated},
		"rotated-no-create": {
			seed: func(r *rig) { r.inherited(r.server) }, want: workflows.OutcomeRotated,
			edit: func(in map[string]any) { in["create"], in["policy"] = false, map[string]any{"keep_last": 1} },
			check: func(r *rig, report workflows.Report) {
				require.Len(r.t, report.Pruned, 1)
				require.Empty(r.t, r.requests(vpsfake.OpCreateSnapshot))
			},
		},
		"rotated-stop-server": {
			seed: func(r *rig) { r.inherited(r.server) }, want: workflows.OutcomeRotated, check: (*rig).rotated,
			edit: func(in map[string]any) { part(in, "snapshot")["stop_server"] = true },
		},
		"rotation-create-failed": {
			seed: func(r *rig) { r.inherited(r.server) }, want: workflows.OutcomeNotChanged,
			fault: &vpsfake.Fault{Kind: vpsfake.SnapshotFails, Times: 1},
			check: func(r *rig, report workflows.Report) {
				require.Equal(r.t, contract.FailSnapshot, report.Failure)
				require.Empty(r.t, r.requests(vpsfake.OpDeleteSnapshot))
			},
		},
		"rotation-create-unclear": {
			seed: func(r *rig) { r.inherited(r.server) }, want: workflows.OutcomeRotated, check: (*rig).rotated,
			fault: &vpsfake.Fault{Kind: vpsfake.LostAfter, Op: vpsfake.OpCreateSnapshot, Times: 1},
		},
		// The API's clock runs fast here: by the second create it is minutes after the preflight.
		"rotation-clock-read-again": {
			seed: func(r *rig) { r.inherited(r.server) }, want: workflows.OutcomeRotated,
			edit:  func(in map[string]any) { in["policy"] = map[string]any{"keep_last": 2, "keep_within": "1m"} }, // a rule that reads dates
			fault: &vpsfake.Fault{Kind: vpsfake.LostBefore, Op: vpsfake.OpCreateSnapshot, Times: 2},
			check: func(r *rig, report workflows.Report) {
				r.rotated(report)
				reads := 0
				for _, e := range r.history(r.id()).Events {
					if name := e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName(); name == contract.ActivityPreflight || name == contract.ActivityReadServer {
						reads++
					}
				}
				require.Equal(r.t, 2, reads, "the new snapshot seemed to come from the future, so the API was asked for the time")
			},
		},
		"rotation-made-room": {
			seed: func(r *rig) {
				r.inherited(r.server)
				r.ofRotation("rotation-oldest", "", 90*time.Hour)
			},
			want: workflows.OutcomeRotated,
			check: func(r *rig, report workflows.Report) {
				require.Contains(r.t, report.Pruned[0].Reason, "made room")
				require.True(r.t, r.requests(vpsfake.OpDeleteSnapshot)[0].Time.Before(r.requests(vpsfake.OpCreateSnapshot)[0].Time))
				require.Equal(r.t, []string{"before-migration", "made", "rotation-kept", "rotation-new"}, r.namesOf(r.server))
			},
		},
		"rotation-adopted": {
			seed: func(r *rig) {
				r.ofRotation("rotation-old", "", 48*time.Hour)
				r.ofRotation("rotation-young", "in_progress", time.Minute)
			},
			want: workflows.OutcomeRotated,
			check: func(r *rig, report workflows.Report) {
				require.NotEmpty(r.t, report.Stuck)
				require.Contains(r.t, report.Stuck[0].Detail, "adopted as this run's snapshot")
				require.Empty(r.t, r.requests(vpsfake.OpCreateSnapshot), "the one that was begun is the one of today")
			},
		},
		"rotation-late-one": {
			seed: func(r *rig) { r.ofRotation("rotation-late", "creating", 72*time.Hour) }, want: workflows.OutcomeRotated,
			check: func(r *rig, report workflows.Report) {
				require.Contains(r.t, report.Stuck[0].Detail, "left alone")
			},
		},
	}
	for name, b := range branches {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			b.seed(r)
			if b.fault != nil {
				r.fault(*b.fault)
			}
			r.startRotation(b.edit)
			report := r.end(r.id(), patience)
			require.Equal(t, b.want, report.Outcome, "%+v", report)
			b.check(r, report)
			r.lawful()
			r.eventsOf(r.id())
			r.keep(r.id(), name)
		})
	}
}

// These runs hold no lock of their own: the busy one never got it, and of many each server's run has its own.
func TestHistoriesOfRotationWithoutALock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	others := r.neighbours(2)
	for _, id := range others {
		r.inherited(id)
	}
	r.held(r.id() + "-holder")
	r.startRotation(nil)
	require.Equal(t, workflows.OutcomeSkipped, r.end(r.id(), patience).Outcome)
	r.keepOne(r.id(), "rotation-busy-skipped")

	many := r.id() + "-many"
	r.startOf(workflows.TypeSnapshotRotation, many, rotationInput(nil, r.server, others[0], others[1]))
	report := r.end(many, patience)
	require.Equal(t, workflows.FleetCounts{Done: 2, Skipped: 1}, report.Fleet.Counts, "%+v", report)
	r.keepOne(many, "rotation-many")
}

// An audit holds no lock.
func TestHistoriesOfAudit(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]time.Duration{"audit-green": time.Hour, "audit-stale": 48 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.aged(r.server, age)
			report := r.audit(map[string]any{"servers": []int64{r.server}, "max_age": "26h"})
			require.Equal(t, name == "audit-stale", report.Failure == contract.FailStale, "%+v", report)
			r.keepOne(r.id()+"-audit", name)
		})
	}
}
