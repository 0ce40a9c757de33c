package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// createFails are the ways in which a rotation ends without its snapshot, and the class that it ends with.
func createFails(h *harness) map[string]func() string {
	script := func(failure, activity string, s step) func() string {
		return func() string {
			h.on(activity, s)
			return failure
		}
	}
	return map[string]func() string{
		"refused":      script(contract.FailSnapshot, createSnapshot, created(write(contract.WriteRefused, 404))),
		"unauthorized": script(contract.FailSnapshot, createSnapshot, created(write(contract.WriteUnauthorized, 401))),
		"not sent":     script(contract.FailSnapshot, createSnapshot, created(write(contract.WriteNotSent, 429))),
		"failed":       script(contract.FailSnapshot, awaitSnapshot, awaitedSnapshot(contract.AwaitFailed, contract.SnapshotFailed)),
		"late":         script(contract.FailSnapshot, awaitSnapshot, awaitedSnapshot(contract.AwaitTimedOut, contract.SnapshotInProgress)),
		"gone":         script(contract.FailSnapshot, awaitSnapshot, awaitedSnapshot(contract.AwaitGone, contract.SnapshotInProgress)),
		"nobody waits": script(contract.FailSnapshot, awaitSnapshot, apiError(contract.ErrRefused)),
	}
}

func TestWhenTheCreateFailsNothingIsPruned(t *testing.T) {
	for name := range createFails(newRotation(t)) {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t)
			failure := createFails(h)[name]()
			h.existing = []contract.Snapshot{ofRotation(801, 4*day), ofRotation(802, 3*day), ofRotation(803, 2*day, withStatus(contract.SnapshotFailed))}
			e := h.run()
			assert.Equal(t, failure, e.failure)
			assert.Zero(t, e.count(deleteSnapshot))
			assert.Contains(t, e.report.Summary, "No snapshot was deleted")
		})
	}
}

// Law 12: with a full quota the one that the policy would remove anyway goes first, and no more than that.
func TestWhenTheCreateFailsOnlyTheOneThatHadToMakeRoomIsGone(t *testing.T) {
	for name := range createFails(newRotation(t)) {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t)
			failure := createFails(h)[name]()
			h.existing = fiveOld()
			e := h.run()
			assert.Equal(t, failure, e.failure)
			assert.Equal(t, []int64{801}, h.deletedIDs())
			assert.Contains(t, e.report.Summary, `Deleted to make room: 801 "rotation-12345-old". Nothing else was pruned.`)
		})
	}
}

func TestLaw12AFullQuotaLosesOneBeforeTheCreateAndTheRestAfterIt(t *testing.T) {
	h := newRotation(t)
	h.existing = fiveOld()
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, []string{deleteSnapshot, createSnapshot, deleteSnapshot, deleteSnapshot, deleteSnapshot}, e.wrote())
	assert.Equal(t, []int64{801, 802, 803, 804}, h.deletedIDs())
	assert.Contains(t, e.report.Pruned[0].Reason, "made room")
}

// A failed snapshot goes first. One that the API does not let go must not end every run from now on.
func TestAFailedSnapshotThatCannotBeDeletedIsNotInTheWayOfTheNextOne(t *testing.T) {
	h := newRotation(t).on(deleteSnapshot, deleted(write(contract.WriteRefused, 400), false), deleted(accepted(), true))
	h.existing = fiveOld()
	h.existing[4].Status = contract.SnapshotFailed
	failed := h.existing[4].ID
	e := h.run()
	require.NotNil(t, e.report.Snapshot, "%v", e.err)
	tried := inputs[contract.DeleteSnapshotInput](h, deleteSnapshot)
	assert.Equal(t, failed, tried[0].SnapshotID)
	assert.Equal(t, int64(801), h.deletedIDs()[0], "the oldest goes instead")
	assert.Contains(t, strings.Join(e.report.Notes, "\n"), "which failed, could not be deleted")
}

func TestLaw12WithoutRoomARotationIsRefusedWithTheList(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{handMade(1), handMade(2), handMade(3), handMade(4), ofRotation(805, day)}
	e := h.run()
	assert.Equal(t, contract.FailSnapshotLimit, e.failure)
	assert.Empty(t, e.wrote())
	assert.Contains(t, e.report.Summary, "before-migration")
	assert.Contains(t, e.report.Summary, "rotation-12345-old")
}

// A failed one is no safe point: should the create fail, nothing is lost with it.
func TestAFailedSnapshotMakesRoomBeforeACompletedOne(t *testing.T) {
	h := newRotation(t)
	h.existing = fiveOld()
	h.existing[3].Status = contract.SnapshotError
	h.on(awaitSnapshot, awaitedSnapshot(contract.AwaitFailed, contract.SnapshotFailed))
	e := h.run()
	assert.Equal(t, []int64{804}, h.deletedIDs())
	assert.Contains(t, e.stuckOf(804).Detail, "removed")
}

func TestAPlaceThatCannotBeMadeEndsBeforeTheCreate(t *testing.T) {
	h := newRotation(t).on(deleteSnapshot, deleted(write(contract.WriteRefused, 403), false))
	h.existing = fiveOld()
	e := h.run()
	assert.Equal(t, contract.FailSnapshotLimit, e.failure)
	assert.Equal(t, []string{deleteSnapshot}, e.wrote())
}

func TestLaw1ALostCreateIsLookedForBeforeItIsSentAgain(t *testing.T) {
	h := newRotation(t).on(createSnapshot, createAmbiguous)
	h.on(contract.ActivityFindSnapshot, step{reply: func(in contract.FindSnapshotInput) contract.FindSnapshotResult {
		s := ownSnapshot(testSnapshotID, contract.SnapshotInProgress)
		s.Name = in.Own.Name
		return contract.FindSnapshotResult{Ours: []contract.Snapshot{s}, All: []contract.Snapshot{s}, RunID: testRunID}
	}})
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, 1, e.count(createSnapshot))
}

func TestLaw11AServerStoppedForItsRotationIsStartedBeforeThePrune(t *testing.T) {
	h := newRotation(t, rotationStops)
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day)}
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, []string{stop, createSnapshot, start, deleteSnapshot}, e.wrote())
}

func TestLaw11EveryEndOfARotationAfterAStopLeavesTheServerUp(t *testing.T) {
	for name := range createFails(newRotation(t)) {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t, rotationStops).on(awaitServer, stillDown)
			failure := createFails(h)[name]()
			e := h.run()
			assert.Equal(t, failure, e.failure)
			assert.Equal(t, start, e.wrote()[len(e.wrote())-1])
			assert.NotContains(t, e.report.Summary, "may still be down")
		})
	}
}

func TestAServerThatDoesNotComeBackIsNotPruned(t *testing.T) {
	h := newRotation(t, rotationStops).on(start, powered(write(contract.WriteRefused, 400)))
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day)}
	h.on(awaitServer, step{}, step{reply: contract.AwaitServerResult{State: contract.AwaitTimedOut}, takes: 5 * time.Minute})
	e := h.run()
	assert.Equal(t, contract.FailSnapshot, e.failure)
	assert.Contains(t, e.report.Next, "start server 12345")
	assert.Zero(t, e.count(deleteSnapshot))
}

func TestAServerThatWasStoppedBeforeIsRotatedAndLeftStopped(t *testing.T) {
	h := newRotation(t, rotationStops)
	h.server.Status = contract.ServerStopped
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, []string{createSnapshot}, e.wrote())
	assert.Contains(t, e.report.Notes[0], "was stopped before this run")
}
