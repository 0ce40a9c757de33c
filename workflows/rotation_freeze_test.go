package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// frozenFrom opens a window that many minutes after the start of the run.
func frozenFrom(minute string) []FreezeWindow {
	return []FreezeWindow{{From: "12:" + minute, To: "15:00", Reason: "batch"}}
}

func rotationFrozenFrom(minute string) func(in *SnapshotRotationInput) {
	return func(in *SnapshotRotationInput) { in.NotDuring = frozenFrom(minute) }
}

func TestAWindowThatOpensDuringTheWaitForAnEarlierRunsSnapshotSkipsTheServer(t *testing.T) {
	young := ofRotation(806, time.Minute, withStatus(contract.SnapshotInProgress))
	for _, stops := range []bool{false, true} {
		h := newRotation(t, rotationFrozenFrom("20"), func(in *SnapshotRotationInput) { in.Snapshot.StopServer = stops })
		h.existing = append(fiveOld()[:4], young)
		h.on(awaitSnapshot, step{reply: contract.AwaitSnapshotResult{State: contract.AwaitTimedOut, Snapshot: young, All: h.existing}, takes: 29 * time.Minute})
		e := h.run()
		assert.NoError(t, e.err)
		assert.Equal(t, OutcomeSkipped, e.report.Outcome)
		assert.Empty(t, e.wrote())
		assert.Contains(t, e.report.Summary, "batch). Nothing was written.")
	}
}

func TestAWindowThatOpensWhileRoomIsMadeSkipsTheServerAndSaysWhatIsGone(t *testing.T) {
	for _, stops := range []bool{false, true} {
		h := newRotation(t, rotationFrozenFrom("05"), func(in *SnapshotRotationInput) { in.Snapshot.StopServer = stops })
		h.existing = fiveOld()
		h.on(deleteSnapshot, step{takes: 6 * time.Minute})
		e := h.run()
		assert.NoError(t, e.err)
		assert.Equal(t, OutcomeSkipped, e.report.Outcome)
		assert.Equal(t, []string{deleteSnapshot}, e.wrote(), "neither a stop nor a create")
		assert.Contains(t, e.report.Summary, `Deleted to make room: 801 "rotation-12345-old".`)
		assert.NotContains(t, e.report.Summary, "Nothing was written")
	}
}

func TestAWindowThatOpensWhileTheServerStopsStartsItAgainAtOnce(t *testing.T) {
	h := newRotation(t, rotationStops, rotationFrozenFrom("05"))
	h.on(stop, step{takes: 6 * time.Minute})
	e := h.run()
	assert.NoError(t, e.err)
	assert.Equal(t, OutcomeSkipped, e.report.Outcome)
	assert.Equal(t, []string{stop, start}, e.wrote())
	assert.Contains(t, e.report.Summary, "The server was stopped for the snapshot and is started again. No snapshot was deleted.")
}

func TestAServerThatCannotBeStartedAgainInAWindowIsNoSkip(t *testing.T) {
	h := newRotation(t, rotationStops, rotationFrozenFrom("05"))
	h.on(stop, step{takes: 6 * time.Minute}).on(start, powered(write(contract.WriteRefused, 404)))
	h.on(awaitServer, step{}, stillDown)
	e := h.run()
	assert.Equal(t, contract.FailSnapshot, e.failure)
	assert.Contains(t, e.report.Next, "start server 12345")
}

func TestAWindowThatOpensBeforeAnUpdateStopsItsServerIsMinded(t *testing.T) {
	h := newHarness(t, stopServer, func(in *SnapshotUpdateVerifyInput) { in.NotDuring = frozenFrom("05") })
	h.on(verify, step{takes: 6 * time.Minute})
	e := h.run()
	assert.Equal(t, contract.FailPreflight, e.failure)
	assert.Empty(t, e.wrote(), "a server that nobody may change is not taken down")
	assert.Contains(t, e.report.Summary, "A freeze window has opened")
}
