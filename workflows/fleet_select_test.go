package workflows

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestServersThatDoNotExistEndTheFleetBeforeAnythingIsStarted(t *testing.T) {
	h := newFleet(t, 3, func(in *FleetUpdateInput) { in.All, in.Servers = false, []int64{1, 77, 2, 99} })
	e := h.run()
	assert.Equal(t, contract.FailPreflight, e.failure)
	assert.Equal(t, OutcomeNotChanged, e.report.Outcome)
	assert.Equal(t, []int64{77, 99}, e.fleet().Missing)
	assert.Contains(t, e.report.Summary, "77, 99")
	assert.Empty(t, h.starts)
}

func TestAFleetOfNothingIsSkipped(t *testing.T) {
	h := newFleet(t, 3, func(in *FleetUpdateInput) { in.All, in.Selector = false, &SelectorInput{Name: "db-*"} })
	e := h.run()
	assert.Equal(t, OutcomeSkipped, e.report.Outcome)
	assert.Contains(t, e.report.Summary, "no server")
}

func TestAnAccountThatCannotBeReadEndsTheFleetBeforeAnythingIsStarted(t *testing.T) {
	h := newFleet(t, 3)
	h.selectErrs = []error{temporal.NewNonRetryableApplicationError("401", contract.ErrUnauthorized, nil)}
	e := h.run()
	assert.Equal(t, contract.FailPreflight, e.failure)
	assert.Contains(t, e.report.Summary, "401")
}

func TestServersBeyondOnePageAreReadAsTheyAreNeeded(t *testing.T) {
	h := newFleet(t, 620, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 150} })
	e := h.run()
	assert.Equal(t, FleetCounts{Done: 620}, e.fleet().Counts)
	assert.Equal(t, 620, e.fleet().Total)
	require.NotEmpty(t, e.fleet().Pages)
	assert.Empty(t, e.fleet().Targets, "results stand in one place")
	assert.Equal(t, 620, h.pagedResults(e.fleet().Pages))
}

// pagedResults reads the pages and counts their results, each server once.
func (h *fleetHarness) pagedResults(pages []RunReference) int {
	servers := map[int64]bool{}
	for _, p := range pages {
		page, stored := h.pages[p.WorkflowID]
		require.True(h.t, stored, "the report names pages that were stored")
		assert.LessOrEqual(h.t, len(page.Results), maxPageResults)
		for _, r := range page.Results {
			servers[r.ServerID] = true
		}
	}
	return len(servers)
}

func TestAListThatCannotBeReadInTheMiddleIsAskedForAgain(t *testing.T) {
	h := newFleet(t, 510, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 200} })
	no := temporal.NewNonRetryableApplicationError("no answer", contract.ErrUnavailable, nil)
	h.at(time.Second, func() { h.locked(func() { h.selectErrs = []error{no, no} }) })
	e := h.run()
	assert.Equal(t, FleetCounts{Done: 510}, e.fleet().Counts)
	assert.Contains(t, e.report.Notes[0], "could not be read in the middle")
}

func TestAListThatStaysUnreadableStopsTheFleet(t *testing.T) {
	h := newFleet(t, 510, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 200} })
	no := temporal.NewNonRetryableApplicationError("no answer", contract.ErrUnavailable, nil)
	h.at(time.Second, func() {
		h.locked(func() { h.selectErrs = slices.Repeat([]error{no}, selectTries) })
	})
	e := h.run()
	assert.Equal(t, contract.FailFleetStopped, e.failure)
	assert.Equal(t, FleetCounts{Done: 500}, e.fleet().Counts)
	assert.Contains(t, e.fleet().StoppedBy, "no answer")
}

// Whoever stops the fleet while it asks again is why it stopped, and not the list that nobody needs any more.
func TestAStopWhileTheListCannotBeReadKeepsItsOwnReason(t *testing.T) {
	for name, c := range map[string]struct {
		stop func(*fleetHarness)
		by   string
		end  Outcome
	}{
		"canceled": {func(h *fleetHarness) { h.env.CancelWorkflow() }, "", OutcomeCanceled},
		"aborted":  {func(h *fleetHarness) { h.update(UpdateAbort, FleetRequest{By: "ana"}) }, "aborted by ana", OutcomeFleetStopped},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, 510, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 200} })
			no := temporal.NewNonRetryableApplicationError("no answer", contract.ErrUnavailable, nil)
			h.at(time.Second, func() { h.locked(func() { h.selectErrs = slices.Repeat([]error{no}, selectTries) }) })
			h.at(20*time.Minute, func() { c.stop(h) })
			e := h.run()
			assert.Equal(t, c.end, e.report.Outcome)
			assert.Equal(t, c.by, e.fleet().StoppedBy)
			assert.Equal(t, ids(501, 510), e.fleet().NotStarted)
			assert.True(t, e.report.EndedAt.Before(testStart.Add(30*time.Minute)))
		})
	}
}

func TestRetryOfTakesOnlyWhatTheEarlierFleetDidNotGetDone(t *testing.T) {
	h := newFleet(t, 9, func(in *FleetUpdateInput) { in.All, in.RetryOf = false, "fleet-1" })
	h.retry = []int64{3, 5, 44}
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.ElementsMatch(t, []int64{3, 5}, h.startedIDs(TypeSnapshotUpdateVerify))
	assert.Equal(t, []int64{44}, e.fleet().Missing)
	assert.Contains(t, e.report.Notes[1], "no longer exist: 44")

	h = newFleet(t, 9, func(in *FleetUpdateInput) { in.All, in.RetryOf = false, "fleet-1" })
	e = h.run()
	assert.Equal(t, OutcomeSkipped, e.report.Outcome)
	assert.Contains(t, e.report.Summary, "fleet-1 left no server")
	assert.True(t, e.report.EndedAt.Before(testStart.Add(time.Minute)), "and nothing is asked for it")
}

func TestAServerThatTheTemplateCannotTakeIsAnErrorWithoutARun(t *testing.T) {
	for name, spoil := range map[string]func(*contract.Server){
		"missing": func(s *contract.Server) { s.Hostname = "" },
		"hostile": func(s *contract.Server) { s.Name = `x","server_id":1,"y":"` },
	} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, 3, func(in *FleetUpdateInput) { in.MaxErrors = Amount{Number: 1} })
			spoil(&h.servers[1])
			e := h.run()
			assert.Equal(t, contract.FailFleet, e.failure)
			assert.Equal(t, FleetCounts{Done: 2, Errors: 1}, e.fleet().Counts)
			assert.Equal(t, 2, e.fleet().Started)
			bad := e.fleet().LastFailures[0]
			assert.Equal(t, contract.FailInvalidInput, bad.Failure)
			assert.Empty(t, bad.WorkflowID)
			assert.Contains(t, bad.Summary, "template.")
		})
	}
}

func TestThousandsOfServersWithoutARunGiveWayToTheWorker(t *testing.T) {
	h := newFleet(t, 3000, func(in *FleetUpdateInput) { in.MaxErrors = Amount{Percent: 100} })
	for i := range h.servers {
		h.servers[i].Hostname = ""
	}
	e := h.run()
	assert.Equal(t, FleetCounts{Errors: 3000}, e.fleet().Counts)
	assert.Len(t, e.fleet().LastFailures, maxLastFailures)
	assert.Equal(t, 3000, h.pagedResults(e.fleet().Pages))
}
