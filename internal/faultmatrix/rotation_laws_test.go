package faultmatrix

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// quickly makes the run's own patience end after a second; it is real time that these scenarios wait out.
func quickly(in object) { in["snapshot"].(object)["ready_timeout"] = "1s" }

func TestWhenTheSnapshotIsNotMadeARotationPrunesNothing(t *testing.T) {
	type failing struct {
		scenario
		want expectation
	}
	var all []failing
	for _, f := range []flow{rotatePlain, rotateFull, rotateStop} {
		for name, fault := range map[string]vpsfake.Fault{
			"it fails":               onSnapshot(vpsfake.SnapshotFails, 0),
			"it never finishes":      onSnapshot(vpsfake.NeverFinishes, 0),
			"its status is not sure": onSnapshot(vpsfake.UnknownStatus, 0),
		} {
			s := f.scenario()
			s.name, s.incidents = string(f)+"/"+name, []incident{{fault: fault}}
			if fault.Kind != vpsfake.SnapshotFails {
				s.input = quickly
			}
			all = append(all, failing{s, untouched(s, contract.FailSnapshot, true, true)})
		}
	}
	each(t, all, func(f failing) string { return f.name }, func(t *testing.T, f failing) {
		e := runbook(t, f.scenario)
		e.checkRotation(f.want)
		e.struck(f.incidents[0].fault.Kind)
	})
}

// withSeed is the flow with something else on the server before the run.
func withSeed(f flow, name string, seed func(h *harness)) scenario {
	s := f.scenario()
	s.name, s.before = name, seed
	return s
}

// add puts one snapshot of an earlier rotation on the server.
func (h *harness) add(name, status string, age time.Duration) {
	h.fake.AddSnapshot(vpsfake.SnapshotSpec{
		ServerID: serverID, Name: name, Status: status, CreatedAt: time.Now().Add(-age),
		Description: contract.Marker{RunID: "earlier-run", Policy: contract.PolicyRotation}.Describe(""),
	})
}

func TestLaw12AQuotaThatIsFullOfOthersIsRefusedWithTheListAndNothingWritten(t *testing.T) {
	e := runbook(t, withSeed(rotatePlain, "full", func(h *harness) {
		h.add("rotation-7-old", "completed", 24*time.Hour)
		h.fake.AddSnapshot(vpsfake.SnapshotSpec{ServerID: serverID, Name: protectedName, CreatedAt: time.Now().Add(-time.Hour)})
		for n := range 2 {
			h.fake.AddSnapshot(vpsfake.SnapshotSpec{ServerID: serverID, Name: fmt.Sprintf("by-hand-%d", n), CreatedAt: time.Now().Add(-time.Hour)})
		}
	}))
	e.checkRotation(expectation{failure: contract.FailSnapshotLimit, unmade: true, left: 1})
	for _, name := range []string{handMade, "by-hand-0", "by-hand-1", "rotation-7-old"} {
		assert.Contains(t, e.report.Summary, name)
	}
	assert.Zero(t, e.requests(vpsfake.OpCreateSnapshot)+e.requests(vpsfake.OpDeleteSnapshot))
}

func TestASnapshotThatADeadRotationBeganIsAdopted(t *testing.T) {
	e := runbook(t, withSeed(rotateFull, "young", func(h *harness) {
		h.add("rotation-7-old-0", "completed", 48*time.Hour)
		h.add("rotation-7-old-1", "completed", 24*time.Hour)
		h.add("rotation-7-young", "in_progress", 0)
	}))
	e.checkRotation(expectation{unmade: true, left: 2})
	assert.Zero(t, e.requests(vpsfake.OpCreateSnapshot))
	require.NotNil(t, e.report.Snapshot)
	assert.Equal(t, "rotation-7-young", e.report.Snapshot.Name)
	require.Len(t, e.report.Stuck, 1)
	assert.Contains(t, e.report.Stuck[0].Detail, "adopted")
}

func TestALateSnapshotThatCompletesDuringTheRotationCounts(t *testing.T) {
	e := runbook(t, withSeed(rotateFull, "late", func(h *harness) {
		h.add("rotation-7-old-0", "completed", 48*time.Hour)
		h.add("rotation-7-late", "in_progress", time.Hour)
	}))
	e.checkRotation(expectation{left: 1})
	assert.Contains(t, e.names(), "rotation-7-late")
	require.Len(t, e.report.Stuck, 1)
	assert.Contains(t, e.report.Stuck[0].Detail, "completed late")
}

func TestAFailedSnapshotOfARotationIsRemovedAndReported(t *testing.T) {
	e := runbook(t, withSeed(rotateFull, "failed", func(h *harness) {
		h.add("rotation-7-old-0", "completed", 48*time.Hour)
		h.add("rotation-7-failed", "failed", time.Hour)
		h.fake.AddSnapshot(vpsfake.SnapshotSpec{ServerID: serverID, Name: "by-hand-failed", Status: "failed", CreatedAt: time.Now().Add(-time.Hour)})
	}))
	e.checkRotation(expectation{left: 1})
	assert.NotContains(t, e.names(), "rotation-7-failed")
	assert.Contains(t, e.names(), "by-hand-failed", "law 4: not ours")
	require.Len(t, e.report.Stuck, 1)
	assert.Contains(t, e.report.Stuck[0].Detail, "removed")
}

// Law 4: a deploy's snapshots are none of rotation's, and the other way round.
func TestLaw4ARotationNeverEatsWhatADeployLeft(t *testing.T) {
	e := runbook(t, withSeed(rotateFull, "deploys", func(h *harness) {
		for n := range 2 {
			h.fake.AddSnapshot(vpsfake.SnapshotSpec{
				ServerID: serverID, Name: fmt.Sprintf("rotation-7-deploy-%d", n), CreatedAt: time.Now().Add(-100 * 24 * time.Hour),
				Description: contract.Marker{RunID: "earlier-run", Policy: contract.PolicyUpdate}.Describe(""),
			})
		}
		h.add("rotation-7-old-0", "completed", 48*time.Hour)
	}))
	e.checkRotation(expectation{left: 3})
}

func TestLaw9ACancelOfARotationLeavesItSafe(t *testing.T) {
	type canceled struct {
		scenario
		want expectation
	}
	at := func(f flow, activity string, left int, made bool) canceled {
		s := f.scenario()
		s.name = string(f) + "/" + activity
		s.takes.snapshot = 2 * time.Second // the cancel must come before the snapshot is done
		s.incidents = []incident{{activity: activity, happens: func(h *harness) { h.env.CancelWorkflow() }}}
		return canceled{s, expectation{left: left, unmade: !made}}
	}
	all := []canceled{
		at(rotatePlain, contract.ActivityPreflight, 3, false),
		at(rotatePlain, contract.ActivityCreateSnapshot, 3, true),
		at(rotatePlain, contract.ActivityAwaitSnapshot, 3, true),
		at(rotateFull, contract.ActivityDeleteSnapshot, 3, false),
		at(rotateOnly, contract.ActivityDeleteSnapshot, 3, false),
		at(rotateStop, contract.ActivityStopServer, 3, false),
		at(rotateStop, contract.ActivityCreateSnapshot, 3, true),
		at(rotateStop, contract.ActivityAwaitSnapshot, 3, true),
	}
	each(t, all, func(c canceled) string { return c.name }, func(t *testing.T, c canceled) {
		e := runbook(t, c.scenario)
		assert.True(t, e.canceled)
		assert.Equal(t, workflows.OutcomeCanceled, e.report.Outcome)
		e.checkRotation(c.want)
	})
}
