package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// hung is a snapshot of the rotation that has been in progress for so long.
func hung(id int64, since time.Duration) contract.Snapshot {
	return ofRotation(id, since, withStatus(contract.SnapshotInProgress))
}

// worn is a full server of which two snapshots hang, and whose policy keeps both of the completed ones.
func worn() []contract.Snapshot {
	return []contract.Snapshot{handMade(1), ofRotation(801, 3*day), ofRotation(802, 2*day), hung(803, day), hung(804, 2*time.Hour)}
}

func TestNoCompletedSnapshotGoesForOneMoreWhileOthersHang(t *testing.T) {
	for name, change := range map[string]func(in *SnapshotRotationInput){
		"keep_last": func(in *SnapshotRotationInput) {},
		"min_count": func(in *SnapshotRotationInput) { in.Policy.KeepLast, in.Policy.MinCount = 1, 2 },
		"dry run":   dryRotation,
	} {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t, change)
			h.existing = worn()
			e := h.run()
			assert.Equal(t, contract.FailSnapshotLimit, e.failure)
			assert.Empty(t, e.wrote())
			assert.Contains(t, e.report.Summary, "and 803, 804 of policy rotation hang in progress. Removing 801 would leave fewer completed ones")
			assert.Contains(t, e.report.Next, "delete them there, or have its support end them")
		})
	}
}

func TestASurplusSnapshotStillMakesRoomWhileOthersHang(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{handMade(1), ofRotation(800, 4*day), ofRotation(801, 3*day), ofRotation(802, 2*day), hung(803, day)}
	e := h.run()
	assert.Equal(t, []string{deleteSnapshot, createSnapshot}, e.wrote()[:2])
	assert.Equal(t, int64(800), h.deletedIDs()[0])
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
}

// Its time by the API's clock may be up to the second, or the API may not say when it was begun: this run has waited.
func TestASnapshotThatThisRunHasWaitedForInVainHangs(t *testing.T) {
	h := newRotation(t)
	young := ofRotation(803, 10*time.Minute, withStatus(contract.SnapshotInProgress))
	h.existing = []contract.Snapshot{handMade(1), handMade(2), ofRotation(801, 3*day), ofRotation(802, 2*day), young}
	h.on(awaitSnapshot, step{reply: contract.AwaitSnapshotResult{State: contract.AwaitTimedOut, Snapshot: young, All: h.existing}})
	e := h.run()
	assert.Equal(t, contract.FailSnapshotLimit, e.failure)
	assert.Empty(t, e.wrote())
	assert.Contains(t, e.report.Summary, "803 of policy rotation hang in progress")
}

// A server on which every create hangs, rotated ten days in a row.
func TestRotationsWhoseCreatesHangDoNotWearTheHistoryDown(t *testing.T) {
	list := []contract.Snapshot{ofRotation(801, 5*day), ofRotation(802, 4*day), ofRotation(803, 3*day), ofRotation(804, 2*day), ofRotation(805, day)}
	for n := range int64(10) {
		h := newRotation(t)
		h.existing = list
		h.on(awaitSnapshot, awaitedSnapshot(contract.AwaitTimedOut, contract.SnapshotInProgress))
		e := h.run()
		list = h.left()
		if e.count(createSnapshot) > 0 {
			list = append(list, hung(900+n, 0))
		}
		for i := range list {
			list[i].CreatedAt = list[i].CreatedAt.Add(-day)
		}
	}
	completed := 0
	for _, s := range list {
		if s.Completed() {
			completed++
		}
	}
	assert.Equal(t, 2, completed, "keep_last 2")
}

// wornByUpdates is the same for the snapshots that deploys leave. The API's clock shows testStart.
func wornByUpdates(h *harness) *harness {
	stuck := olderSnapshot(803)
	stuck.Status, stuck.CreatedAt = contract.SnapshotInProgress, testStart.Add(-time.Hour)
	h.existing = []contract.Snapshot{handMade(1), handMade(2), olderSnapshot(801), olderSnapshot(802), stuck}
	return h.on(contract.ActivityPreflight, step{reply: func(contract.PreflightInput) contract.PreflightResult {
		return contract.PreflightResult{Server: h.server, Snapshots: h.existing, Now: testStart, RunID: testRunID}
	}})
}

func TestAnUpdateTakesNoCompletedSnapshotForItsOwnWhileOthersHang(t *testing.T) {
	for _, dry := range []bool{false, true} {
		e := wornByUpdates(newHarness(t, func(in *SnapshotUpdateVerifyInput) { in.DryRun = dry })).run()
		assert.Equal(t, contract.FailSnapshotLimit, e.failure)
		assert.Empty(t, e.wrote())
		assert.Contains(t, e.report.Summary, "803 of policy update hang in progress")
		assert.Contains(t, e.report.Next, "delete them there, or have its support end them")
	}
}

// Its history says that it has made room and gone on: it must be able to end.
func TestAnUpdateThatBeganBeforeThatRuleGoesOnAsItBegan(t *testing.T) {
	h := wornByUpdates(newHarness(t))
	h.env.OnGetVersion(changeHanging, workflow.DefaultVersion, 1).Return(workflow.DefaultVersion)
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, deleteSnapshot, e.wrote()[0])
}

// Should the create fail, nothing is lost with a failed one.
func TestAnUpdateMakesRoomByAFailedSnapshotFirst(t *testing.T) {
	h := newHarness(t)
	failed := olderSnapshot(805)
	failed.Status = contract.SnapshotFailed
	h.existing = []contract.Snapshot{olderSnapshot(801), olderSnapshot(802), olderSnapshot(803), olderSnapshot(804), failed}
	h.on(createSnapshot, created(write(contract.WriteRefused, 404)))
	e := h.run()
	assert.Equal(t, contract.FailSnapshot, e.failure)
	assert.Equal(t, []int64{805}, h.deletedIDs())
}
