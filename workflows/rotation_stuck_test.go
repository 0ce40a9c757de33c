package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestAYoungSnapshotOfADeadRunIsWaitedForInsteadOfMakingAnother(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{ofRotation(801, 2*day), ofRotation(802, day), ofRotation(803, 10*time.Minute, withStatus(contract.SnapshotInProgress))}
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, []string{contract.ActivityPreflight, awaitSnapshot, deleteSnapshot}, e.names())
	wait := inputs[contract.AwaitSnapshotInput](h, awaitSnapshot)[0]
	assert.Equal(t, int64(803), wait.ID)
	assert.Equal(t, "an-older-run", wait.Own.RunID)
	assert.Equal(t, Duration(20*time.Minute), wait.Timeout, "what is left of its 30 minutes, by the API's clock")
	require.NotNil(t, e.report.Snapshot)
	assert.Equal(t, int64(803), e.report.Snapshot.ID)
	assert.Equal(t, []int64{801}, h.deletedIDs())
	assert.Contains(t, e.stuckOf(803).Detail, "adopted")
}

func TestAnAdoptedSnapshotThatDoesNotCompleteIsReplaced(t *testing.T) {
	old := ofRotation(801, 2*day)
	young := func(status contract.SnapshotStatus) contract.Snapshot {
		return ofRotation(803, 10*time.Minute, withStatus(status))
	}
	cases := map[string]struct {
		state  contract.AwaitState
		left   []contract.Snapshot // what the list shows after the wait
		detail string
		gone   []int64
	}{
		"failed":  {contract.AwaitFailed, []contract.Snapshot{old, young(contract.SnapshotFailed)}, "failed, cannot be restored; removed", []int64{803}},
		"late":    {contract.AwaitTimedOut, []contract.Snapshot{old, young(contract.SnapshotInProgress)}, "left alone", nil},
		"deleted": {contract.AwaitGone, []contract.Snapshot{old}, "", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t)
			h.existing = c.left
			h.on(contract.ActivityPreflight, step{reply: contract.PreflightResult{Server: h.server, Now: testStart, RunID: testRunID,
				Snapshots: []contract.Snapshot{old, young(contract.SnapshotInProgress)}}})
			h.on(awaitSnapshot, step{reply: contract.AwaitSnapshotResult{State: c.state, Snapshot: c.left[len(c.left)-1], All: c.left}}, step{reply: h.completes})
			e := h.run()
			assert.Equal(t, OutcomeRotated, e.report.Outcome)
			assert.Equal(t, int64(testSnapshotID), e.report.Snapshot.ID)
			assert.Equal(t, c.gone, h.deletedIDs())
			assert.Contains(t, e.stuckOf(803).Detail, c.detail)
		})
	}
}

func TestALateSnapshotIsReportedNotWaitedForAndNotDeleted(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{ofRotation(801, 31*time.Minute, withStatus(contract.SnapshotInProgress))}
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, 1, e.count(createSnapshot))
	assert.Equal(t, 1, e.count(awaitSnapshot), "only for its own")
	assert.Empty(t, h.deletedIDs())
	assert.Contains(t, e.stuckOf(801).Detail, "not completed within snapshot.ready_timeout (30m)")
	assert.Contains(t, e.keptIDs(), int64(801))
}

func TestALateSnapshotThatCompletesMeanwhileCounts(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{ofRotation(801, 2*day), ofRotation(802, time.Hour, withStatus(contract.SnapshotInProgress))}
	h.on(awaitSnapshot, step{reply: func(in contract.AwaitSnapshotInput) contract.AwaitSnapshotResult {
		result := h.completes(in)
		for i := range result.All {
			result.All[i].Status = contract.SnapshotCompleted
		}
		return result
	}})
	e := h.run()
	assert.Equal(t, []int64{801}, h.deletedIDs(), "the late one is one of the newest two now")
	assert.Contains(t, e.stuckOf(802).Detail, "completed late, adopted")
	assert.Equal(t, contract.SnapshotCompleted, e.stuckOf(802).Status)
}

func TestAFailedSnapshotOfThePolicyIsRemovedAfterTheCreateAndReported(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{ofRotation(801, 2*day, withStatus(contract.SnapshotFailed)), handFailed(802)}
	e := h.run()
	assert.Equal(t, []string{createSnapshot, deleteSnapshot}, e.wrote())
	assert.Equal(t, []int64{801}, h.deletedIDs())
	assert.Equal(t, "failed, cannot be restored; removed", e.stuckOf(801).Detail)
	assert.Zero(t, e.stuckOf(802).ID, "not ours")
}

// handFailed is a snapshot of somebody else's that failed.
func handFailed(id int64) contract.Snapshot {
	s := handMade(id)
	s.Status = contract.SnapshotFailed
	return s
}

func TestASnapshotInProgressThatIsNotOfThePolicyIsNotAdopted(t *testing.T) {
	deploys := olderSnapshot(801)
	deploys.Status, deploys.CreatedAt = contract.SnapshotInProgress, testStart.Add(-time.Minute)
	byHand := handMade(802)
	byHand.Status, byHand.CreatedAt = contract.SnapshotInProgress, testStart.Add(-time.Minute)
	h := newRotation(t)
	h.existing = []contract.Snapshot{deploys, byHand}
	e := h.run()
	assert.Equal(t, 1, e.count(createSnapshot))
	assert.Equal(t, int64(testSnapshotID), e.report.Snapshot.ID)
	assert.Empty(t, e.report.Stuck)
}

// The newest counts: it is the one that stays longest.
func TestOfTwoYoungSnapshotsTheNewestIsAdopted(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{
		ofRotation(802, 5*time.Minute, withStatus(contract.SnapshotInProgress)), ofRotation(801, 9*time.Minute, withStatus(contract.SnapshotInProgress)),
	}
	e := h.run()
	assert.Equal(t, int64(802), e.report.Snapshot.ID)
	assert.Zero(t, e.count(createSnapshot))
	assert.Empty(t, h.deletedIDs())
}

// After a reset the run finds what it made before, and makes no second one.
func TestAResetRunTakesItsOwnSnapshotForItsOwn(t *testing.T) {
	h := newRotation(t)
	h.originalRunID = "the-first-run"
	mine := ofRotation(850, time.Minute, withStatus(contract.SnapshotInProgress))
	h.on(contract.ActivityPreflight, step{reply: func(contract.PreflightInput) contract.PreflightResult {
		return contract.PreflightResult{Server: h.server, Snapshots: []contract.Snapshot{mine}, Now: testStart, RunID: testRunID}
	}})
	probe := newRotation(t)
	probe.originalRunID = "the-first-run"
	probe.run()
	mine.Name = inputs[contract.CreateSnapshotInput](probe, createSnapshot)[0].Name
	mine.Description = inputs[contract.CreateSnapshotInput](probe, createSnapshot)[0].Description
	h.on(createSnapshot, createAmbiguous)
	h.on(contract.ActivityFindSnapshot, step{reply: contract.FindSnapshotResult{Ours: []contract.Snapshot{mine}, All: []contract.Snapshot{mine}, RunID: testRunID}})
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, int64(850), e.report.Snapshot.ID)
	assert.Equal(t, 1, e.count(createSnapshot), "asked once, and the fence knows of the reset")
	assert.Empty(t, e.report.Stuck)
}
