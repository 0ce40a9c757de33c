package workflows

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// undoing is a fleet that commits one server after the other and then stops, with one failure.
func undoing(t *testing.T, committed int) *fleetHarness {
	h := newFleet(t, committed+3, func(in *FleetUpdateInput) {
		in.OnStop, in.MaxConcurrency = StopRollbackCommitted, Amount{Number: 1}
	})
	h.ends[int64(committed+1)] = failsWith(OutcomeRolledBack, contract.FailRolledBack)
	return h
}

func TestAStoppedFleetRollsBackWhatItCommittedNewestFirstAndOneByOne(t *testing.T) {
	h := undoing(t, 4)
	e := h.run()
	assert.Equal(t, contract.FailFleetStopped, e.failure)
	assert.Equal(t, []int64{4, 3, 2, 1}, h.startedIDs(TypeRollbackByRestore))
	assert.Equal(t, UndoneCounts{Restored: 4}, e.fleet().UndoneCounts)
	require.Len(t, e.fleet().Undone, 4)
	assert.Equal(t, OutcomeRestored, e.fleet().Undone[0].Outcome)
	assert.Equal(t, FleetCounts{RolledBack: 1, Undone: 4}, e.fleet().Counts, "what was undone is no longer committed")
	assert.Equal(t, []int64{6, 7}, e.fleet().NotStarted)
	assert.Equal(t, []int64{4, 3, 2, 1}, e.fleet().Reverted)
	assert.Contains(t, e.report.Summary, "0 committed")
	assert.Contains(t, e.report.Summary, "4 committed first and then undone, 2 not tried")
	undo := h.starts[len(h.starts)-1]
	assert.Regexp(t, `/undo-1-[0-9a-f]{8}$`, undo.workflowID)
	assert.Equal(t, 4*testFleetStep, e.report.EndedAt.Sub(h.starts[5].at), "one after the other")
}

func TestAnUndoNamesTheSnapshotAndTheRunAndChecksAsTheTemplateDoes(t *testing.T) {
	h := undoing(t, 1)
	h.run()
	in := h.starts[len(h.starts)-1].input
	assert.Equal(t, float64(1), in["server_id"])
	assert.Equal(t, float64(1001), in["snapshot"])
	assert.Equal(t, h.starts[0].workflowID, in["after_run"])
	assert.Equal(t, map[string]any{"on_busy": "fail"}, in["lock"])
	assert.Equal(t, map[string]any{"restore_timeout": "20m"}, in["rollback"])
	verify := in["verify"].(map[string]any)
	assert.NotContains(t, verify, "baseline")
	assert.Equal(t, "https://web1.example.com/", verify["checks"].([]any)[0].(map[string]any)["url"])
}

func TestTheInputOfAnUndoIsAGoodOne(t *testing.T) {
	in := newFleet(t, 1).in
	data, err := newFleetTemplate(in).undo(contract.Server{ID: 7, Name: "web-7", Hostname: "web7.example.com"}, 801, "fleet/7-00c0ffee")
	require.NoError(t, err)
	_, err = decodeRollbackByRestore(rawJSON(data))
	assert.NoError(t, err)
}

func TestAnUndoThatIsRefusedIsListedAndTheOthersGoOn(t *testing.T) {
	h := undoing(t, 3)
	h.undos[3] = failsWith(OutcomeNotChanged, contract.FailPreflight)
	h.at(3*time.Minute+30*time.Second, func() { // while the last server of the rollout is under way
		h.locked(func() { h.servers = slices.DeleteFunc(h.servers, func(s contract.Server) bool { return s.ID == 2 }) })
	})
	e := h.run()
	assert.Equal(t, UndoneCounts{Restored: 1, Refused: 2}, e.fleet().UndoneCounts)
	require.Len(t, e.fleet().Undone, 3)
	assert.Equal(t, contract.FailPreflight, e.fleet().Undone[0].Failure)
	assert.Contains(t, e.fleet().Undone[1].Summary, "no such server any more")
	assert.Equal(t, OutcomeRestored, e.fleet().Undone[2].Outcome)
	assert.Contains(t, e.report.Summary, "1 were rolled back, and 2 could not be")
}

func TestACancelDuringTheUndoFinishesTheOneUnderWay(t *testing.T) {
	h := undoing(t, 4)
	h.at(5*time.Minute+30*time.Second, h.env.CancelWorkflow)
	e := h.run()
	assert.Equal(t, contract.FailFleetStopped, e.failure)
	assert.Equal(t, []int64{4}, h.startedIDs(TypeRollbackByRestore))
	assert.Equal(t, UndoneCounts{Restored: 1, Left: 3}, e.fleet().UndoneCounts)
	assert.Empty(t, h.asked, "a restore is never interrupted")
	assert.Contains(t, e.report.Summary, "3 were left")
}

func TestWhateverStopsTheFleetIsUndone(t *testing.T) {
	t.Run("abort", func(t *testing.T) {
		h := newFleet(t, 5, func(in *FleetUpdateInput) { in.OnStop, in.MaxConcurrency = StopRollbackCommitted, Amount{Number: 1} })
		h.at(90*time.Second, func() { h.update(UpdateAbort, FleetRequest{}) })
		assert.Equal(t, UndoneCounts{Restored: 2}, h.run().fleet().UndoneCounts)
	})
	t.Run("denied", func(t *testing.T) {
		h := newFleet(t, 5, withCanary(Amount{Number: 2}, 0, true), func(in *FleetUpdateInput) { in.OnStop = StopRollbackCommitted })
		h.at(time.Hour, func() { h.update(UpdateDecide, DecideRequest{Decision: DecideDeny}) })
		assert.Equal(t, UndoneCounts{Restored: 2}, h.run().fleet().UndoneCounts)
	})
	t.Run("by the last server", func(t *testing.T) {
		h := undoing(t, 2)
		h.servers = h.servers[:3]
		e := h.run()
		assert.Equal(t, contract.FailFleetStopped, e.failure, "a rule that is broken stops, also when nothing was left to start")
		assert.Equal(t, UndoneCounts{Restored: 2}, e.fleet().UndoneCounts)
	})
}

func TestAFleetThatEndsWithinItsLimitsUndoesNothing(t *testing.T) {
	h := undoing(t, 2)
	h.in.MaxRollbacks = Amount{Number: 1}
	e := h.run()
	assert.Equal(t, contract.FailFleet, e.failure)
	assert.Empty(t, h.startedIDs(TypeRollbackByRestore))
}
