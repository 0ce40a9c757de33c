package workflows

import (
	"slices"
	"testing"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// newRotation is a harness for a rotation of the one server that keeps the newest two. The API's clock shows testStart.
func newRotation(t *testing.T, change ...func(in *SnapshotRotationInput)) *harness {
	t.Helper()
	in := defaultSnapshotRotationInput()
	in.Servers = []int64{testServerID}
	in.Snapshot.NamePrefix = in.Policy.Name
	in.Policy.KeepLast = 2
	for _, f := range change {
		f(&in)
	}
	h := newHarness(t)
	h.runbook, h.input = TypeSnapshotRotation, in
	h.on(contract.ActivityPreflight, step{reply: func(contract.PreflightInput) contract.PreflightResult {
		return contract.PreflightResult{TokenName: "ci", Server: h.server, Snapshots: h.existing, Now: testStart, RunID: testRunID}
	}})
	h.on(contract.ActivityAwaitSnapshot, step{reply: h.completes})
	return h
}

// completes is the wait for a snapshot that comes out well: one of this run, or one that an earlier run began.
func (h *harness) completes(in contract.AwaitSnapshotInput) contract.AwaitSnapshotResult {
	made := contract.Snapshot{ID: in.ID, ServerID: testServerID, Name: in.Own.Name, Status: contract.SnapshotCompleted, CreatedAt: testTakenAt, SizeMB: 5120,
		Description: contract.Marker{RunID: in.Own.RunID, Policy: contract.PolicyRotation}.Describe("")}
	all := h.left()
	if at := slices.IndexFunc(all, func(s contract.Snapshot) bool { return s.ID == in.ID }); at >= 0 {
		all[at].Status = contract.SnapshotCompleted
		made = all[at]
	} else {
		all = append(all, made)
	}
	return contract.AwaitSnapshotResult{State: contract.AwaitDone, Snapshot: made, All: all}
}

// left are the snapshots of before that were not deleted.
func (h *harness) left() []contract.Snapshot {
	gone := h.deletedIDs()
	return slices.DeleteFunc(slices.Clone(h.existing), func(s contract.Snapshot) bool { return slices.Contains(gone, s.ID) })
}

// deletedIDs are the snapshots that were deleted, in order.
func (h *harness) deletedIDs() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []int64
	for _, c := range h.calls {
		if out, ok := c.out.(contract.DeleteSnapshotResult); ok && out.Deleted {
			ids = append(ids, c.in.(contract.DeleteSnapshotInput).SnapshotID)
		}
	}
	return ids
}

// ofRotation is a completed snapshot that an earlier rotation left, so long before the API's present.
func ofRotation(id int64, age time.Duration, change ...func(s *contract.Snapshot)) contract.Snapshot {
	s := contract.Snapshot{ID: id, ServerID: testServerID, Name: "rotation-12345-old", Status: contract.SnapshotCompleted, CreatedAt: testStart.Add(-age),
		Description: contract.Marker{RunID: "an-older-run", Policy: contract.PolicyRotation}.Describe("")}
	for _, f := range change {
		f(&s)
	}
	return s
}

func withStatus(status contract.SnapshotStatus) func(s *contract.Snapshot) {
	return func(s *contract.Snapshot) { s.Status = status }
}

// fiveOld are five completed ones, the oldest first: the quota is full.
func fiveOld() []contract.Snapshot {
	var all []contract.Snapshot
	for n := range int64(5) {
		all = append(all, ofRotation(801+n, time.Duration(5-n)*day))
	}
	return all
}

func pruneOnly(in *SnapshotRotationInput) { in.Create = false }

func rotationStops(in *SnapshotRotationInput) { in.Snapshot.StopServer = true }

// keptIDs and stuckOf read the report.
func (e ended) keptIDs() []int64 {
	var ids []int64
	for _, k := range e.report.Kept {
		ids = append(ids, k.ID)
	}
	return ids
}

func (e ended) stuckOf(id int64) StuckSnapshot {
	for _, s := range e.report.Stuck {
		if s.ID == id {
			return s
		}
	}
	return StuckSnapshot{}
}
