package workflows

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestAPageThatIsStoredLateIsANoteAndNoMore(t *testing.T) {
	h := newFleet(t, 620, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 150} })
	h.unstorable = func(try int) bool { return try < storeTries }
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, 620, h.pagedResults(e.fleet().Pages))
	assert.Contains(t, e.report.Notes[0], "could not be stored at first: namespace not found")
}

// Whatever cannot be stored stands in the report: the operator sees every result, and which servers were never begun.
func TestAPageThatCannotBeStoredStopsTheFleetWithEveryResultInItsReport(t *testing.T) {
	h := newFleet(t, 900, func(in *FleetUpdateInput) {
		in.MaxConcurrency, in.OnStop = Amount{Number: 150}, StopRollbackCommitted
	})
	h.unstorable = func(int) bool { return true }
	e := h.run()
	assert.Equal(t, contract.FailFleetStopped, e.failure)
	assert.Contains(t, e.fleet().StoppedBy, "a page of results could not be stored: namespace not found")
	assert.Empty(t, e.fleet().Pages)
	assert.Equal(t, e.fleet().Started, len(e.fleet().Targets))
	assert.Equal(t, 900, len(e.fleet().Targets)+len(e.fleet().NotStarted))
	assert.Empty(t, h.startedIDs(TypeRollbackByRestore), "where no page can be started, no undo can")
	assert.Equal(t, UndoneCounts{Left: e.fleet().Counts.Done}, e.fleet().UndoneCounts)
	assert.Contains(t, e.report.Notes[1], "stands in the report itself")
}

func TestTheLastPageThatCannotBeStoredStandsInTheReport(t *testing.T) {
	h := newFleet(t, 620, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 150} })
	h.unstorable = func(try int) bool { return try > 1 }
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome, "the work itself is done")
	assert.Empty(t, e.fleet().StoppedBy)
	assert.Len(t, e.fleet().Pages, 1)
	assert.Equal(t, 620, h.pagedResults(e.fleet().Pages)+len(e.fleet().Targets))
	assert.Contains(t, e.report.Notes[1], "stands in the report itself")
}

// Temporal takes 2 MiB.
func TestTheLongestReportWithResultsThatCouldNotBeStoredFitsTemporal(t *testing.T) {
	for _, undoing := range []bool{false, true} {
		s := worstState(undoing)
		for _, fl := range s.InFlight {
			result := worstResult()
			result.ServerID = fl.ServerID
			s.count(result, fanOutLimits{concurrency: maxInFlight, canUndo: true})
		}
		s.InFlight, s.Unstored = nil, true
		state, err := json.Marshal(s)
		require.NoError(t, err)
		f := &fanOut{state: s, report: Report{WorkflowID: worst(maxFanOutID)}}
		record := f.fleetRecord()
		record.NotStarted, record.Targets, record.Undone = s.Left, s.Results.Current, s.Undone.Current
		f.report.Fleet, f.report.Phases, f.report.Decisions, f.report.Notes = record, s.Phases, s.Decisions, s.Notes
		report, err := json.Marshal(f.report)
		require.NoError(t, err)
		assert.Less(t, max(len(state), len(report)), 8*megabyte/5, "undoing %v", undoing)
	}
}
