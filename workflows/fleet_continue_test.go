package workflows

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// after is the next run of a chain, with the same account and scripts.
func (e fleetEnd) after() *fleetHarness {
	e.t.Helper()
	require.Len(e.t, e.next, 2, "the run has not continued as new")
	h := newFleet(e.t, 0)
	h.in, h.servers, h.ends, h.undos, h.awaited, h.retry, h.fake = e.in, e.servers, e.ends, e.undos, e.awaited, e.retry, e.fake
	h.second = e.next[1]
	raw, err := json.Marshal(e.in)
	require.NoError(e.t, err)
	require.Equal(e.t, string(raw), string(e.next[0].GetData()), "the input goes on unchanged")
	return h
}

// handover is the state that a run hands to the next one.
func (e fleetEnd) handover() fanOutState {
	e.t.Helper()
	require.Len(e.t, e.next, 2, "the run has not continued as new")
	var s fanOutState
	require.NoError(e.t, json.Unmarshal(e.next[1].GetData(), &s))
	return s
}

// longAt makes the history long at a time of the run. The run notices at the next thing that happens.
func (h *fleetHarness) longAt(d time.Duration) *fleetHarness {
	return h.at(d, func() { h.env.SetCurrentHistoryLength(maxRunEvents + 1) })
}

func TestAContinuedFleetAwaitsWhatItInheritedAndStartsTheRest(t *testing.T) {
	h := newFleet(t, 9, func(in *FleetUpdateInput) { in.MaxConcurrency, in.MaxErrors = Amount{Number: 3}, Amount{Number: 3} })
	h.ends[1] = childEnd{takes: 30 * time.Second}
	h.awaited[3] = contract.RunEnd{Status: contract.RunGone}
	first := h.longAt(20 * time.Second).run()
	s := first.handover()
	assert.Len(t, s.InFlight, 2)
	assert.Equal(t, ids(4, 9), s.Left)
	assert.Equal(t, FleetCounts{Done: 1}, s.Counts)
	for _, f := range s.InFlight {
		assert.NotEmpty(t, f.RunID, "every start was confirmed")
	}
	second := first.after()
	e := second.run()
	assert.Equal(t, contract.FailFleet, e.failure)
	assert.Equal(t, FleetCounts{Done: 8, Errors: 1}, e.fleet().Counts)
	assert.Equal(t, []int64{4, 5, 6, 7, 8, 9}, second.startedIDs(TypeSnapshotUpdateVerify), "nothing is run twice")
	require.Len(t, second.awaits, 1)
	assert.Len(t, second.awaits[0].Runs, 2)
	assert.Len(t, e.fleet().Targets, 9)
	assert.True(t, e.report.StartedAt.Equal(testStart))
	assert.Equal(t, PhaseSelect, e.report.Phases[0].Phase, "the phases of the whole chain")
}

func TestTheServersThatARunLeavesAreReadAgainByTheNextOne(t *testing.T) {
	h := newFleet(t, 7, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 2} })
	first := h.longAt(30 * time.Second).run()
	assert.Equal(t, ids(3, 7), first.handover().Left, "five servers of the page are left")
	assert.Equal(t, FleetCounts{Done: 7}, first.after().run().fleet().Counts)
}

func TestACanceledFleetStaysCanceledOverAContinueAsNew(t *testing.T) {
	h := newFleet(t, 9, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 2} })
	h.ends[1], h.ends[2] = childEnd{takes: time.Hour}, childEnd{takes: time.Hour}
	h.longAt(time.Minute).at(2*time.Minute, h.env.CancelWorkflow)
	first := h.run()
	s := first.handover()
	assert.True(t, s.Canceled)
	assert.True(t, s.InFlight[0].Asked)
	e := first.after().run()
	assert.Equal(t, OutcomeCanceled, e.report.Outcome)
	assert.Empty(t, e.starts)
	assert.Empty(t, e.asked, "each is asked once")
}

func TestAHoldAndItsEndSurviveAContinueAsNew(t *testing.T) {
	h := newFleet(t, 5, withCanary(Amount{Number: 2}, 0, true))
	first := h.longAt(time.Hour).at(2*time.Hour, func() { h.update(UpdatePause, FleetRequest{}) }).run()
	s := first.handover()
	assert.Equal(t, canaryAsk, s.Canary.Stage)
	second := first.after()
	var held Status
	second.at(3*time.Hour, func() { held = second.status() })
	e := second.run()
	assert.Equal(t, contract.FailFleetStopped, e.failure)
	require.NotNil(t, held.Hold)
	assert.True(t, held.Hold.Until.Equal(s.Canary.Until), "the hold does not start over")
	assert.Equal(t, 2, e.fleet().Counts.Done)
}

func TestThePauseSurvivesAContinueAsNew(t *testing.T) {
	h := newFleet(t, 5, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 2} })
	h.at(30*time.Second, func() {
		h.env.SetCurrentHistoryLength(maxRunEvents + 1)
		h.update(UpdatePause, FleetRequest{By: "ana"})
	})
	first := h.run()
	assert.True(t, first.handover().Paused)
	second := first.after()
	second.at(3*time.Hour, func() { second.update(UpdateResume, FleetRequest{By: "ana"}) })
	e := second.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Len(t, e.report.Decisions, 2)
	assert.False(t, second.starts[0].at.Before(testStart.Add(3*time.Hour)))
}

func TestAnUndoSurvivesAContinueAsNew(t *testing.T) {
	h := undoing(t, 4)
	h.undos[3] = childEnd{takes: time.Hour}
	first := h.longAt(5*time.Minute + 30*time.Second).run()
	s := first.handover()
	assert.True(t, s.Undoing)
	require.Len(t, s.Committed, 3)
	assert.Empty(t, s.InFlight)
	e := first.after().run()
	assert.Equal(t, []int64{3, 2, 1}, e.startedIDs(TypeRollbackByRestore))
	assert.Equal(t, UndoneCounts{Restored: 4}, e.fleet().UndoneCounts)
	assert.Equal(t, contract.FailFleetStopped, e.failure)
}

func TestARunThatHasDoneNothingDoesNotContinueAsNew(t *testing.T) {
	h := newFleet(t, 1)
	h.env.SetContinueAsNewSuggested(true)
	first := h.run()
	require.NotNil(t, first.next, "the server's own word counts too")
	assert.Equal(t, 0, first.handover().Started, "but only after something was done: here, the first page")
}

// costs are how many events each thing adds to a history at the very most: its own, and those of a workflow task of its
// own for each of them that wakes the workflow. Recorded on a server: 3.6 to 3.9 a child, because many share a task.
const (
	childCost    = 3 + 2*3
	activityCost = 3 + 3
	timerCost    = 2 + 3
	cancelCost   = 2 + 3
)

func TestTenThousandServersKeepEveryRunAndEveryPayloadSmall(t *testing.T) {
	h := newFleet(t, 10_000, func(in *FleetUpdateInput) {
		in.MaxConcurrency, in.MaxErrors, in.OnStop = Amount{Number: 20}, Amount{Percent: 100}, StopRollbackCommitted
	})
	for id := int64(50); id <= 10_000; id += 50 {
		h.ends[id] = failsWith(OutcomeNotChanged, contract.FailBaseline)
		h.awaited[id] = contract.RunEnd{Status: contract.RunFailed, Outcome: string(OutcomeNotChanged), Failure: contract.FailBaseline}
	}
	h.fake = true
	h.countEvents()
	seen, runs := map[string]bool{}, 1
	e := h.run()
	for ; e.next != nil; runs++ {
		require.Less(t, runs, 100, "the chain must come to an end")
		require.Less(t, e.events, 10_000)
		require.Less(t, len(e.next[0].GetData())+len(e.next[1].GetData()), megabyte)
		seen = e.noteStarts(seen)
		next := e.after()
		next.pages = e.pages
		next.countEvents()
		e = next.run()
	}
	seen = e.noteStarts(seen)
	assert.Less(t, e.events, 10_000)
	assert.Len(t, seen, 10_000, "every server has one run, and one only")
	assert.Equal(t, contract.FailFleet, e.failure)
	assert.Equal(t, FleetCounts{Done: 9800, Errors: 200}, e.fleet().Counts)
	assert.Equal(t, 10_000, e.pagedResults(e.fleet().Pages), "and one result")
	assert.Greater(t, runs, 10)
}

// noteStarts adds the children of a run to those of the runs before.
func (e fleetEnd) noteStarts(seen map[string]bool) map[string]bool {
	for _, s := range e.starts {
		assert.False(e.t, seen[s.workflowID], "%s was started in two runs", s.workflowID)
		seen[s.workflowID] = true
	}
	return seen
}
