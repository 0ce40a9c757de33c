package workflows

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestAFleetCommitsEveryServer(t *testing.T) {
	h := newFleet(t, 12)
	e := h.run()
	assert.Empty(t, e.failure)
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, FleetCounts{Done: 12}, e.fleet().Counts)
	require.Len(t, e.fleet().Targets, 12)
	assert.Empty(t, e.fleet().Pages)
	first := e.fleet().Targets[0]
	assert.Equal(t, "web-1", first.Name)
	assert.Equal(t, int64(1001), first.SnapshotID)
	assert.Regexp(t, `^default-test-workflow-id/1-[0-9a-f]{8}$`, first.WorkflowID)
	assert.NotEmpty(t, first.RunID)
	assert.Equal(t, 5, e.most, "the default of max_concurrency")
}

func TestEachRunGetsTheTemplateWithItsOwnServer(t *testing.T) {
	h := newFleet(t, 2, func(in *FleetUpdateInput) { in.Reason = "deploy 7" })
	h.run()
	require.Len(t, h.starts, 2)
	in := h.starts[1].input
	assert.Equal(t, float64(2), in["server_id"])
	assert.Equal(t, "deploy 7", in["reason"])
	assert.Equal(t, "https://deploy.example.com/web-2", in["update"].(map[string]any)["url"])
	assert.NotContains(t, in, "dry_run")
}

// Error number max_errors+1 stops: with N taken, N errors go through and N+1 do not.
func TestTheFleetStopsWhenErrorNumberMaxErrorsPlusOneArrives(t *testing.T) {
	for _, c := range []struct {
		name              string
		maxErrors         Amount
		bad               int
		failure           string
		startedNoMoreThan int
	}{
		{"none taken, none bad", Amount{}, 0, "", 10},
		{"none taken, one bad", Amount{}, 1, contract.FailFleetStopped, 1},
		{"two taken, two bad", Amount{Number: 2}, 2, contract.FailFleet, 10},
		{"two taken, three bad", Amount{Number: 2}, 3, contract.FailFleetStopped, 3},
		{"25% of 10 is 2, two bad", Amount{Percent: 25}, 2, contract.FailFleet, 10},
		{"25% of 10 is 2, three bad", Amount{Percent: 25}, 3, contract.FailFleetStopped, 3},
		{"9% of 10 is 0", Amount{Percent: 9}, 1, contract.FailFleetStopped, 1},
		{"100%", Amount{Percent: 100}, 10, contract.FailFleet, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newFleet(t, 10, func(in *FleetUpdateInput) { in.MaxErrors, in.MaxConcurrency = c.maxErrors, Amount{Number: 1} })
			for i := range c.bad {
				h.ends[int64(i+1)] = failsWith(OutcomeNotChanged, contract.FailBaseline)
			}
			e := h.run()
			assert.Equal(t, c.failure, e.failure)
			assert.Len(t, e.starts, c.startedNoMoreThan)
			assert.Equal(t, c.bad, e.fleet().Counts.Errors)
			assert.Len(t, e.fleet().LastFailures, c.bad)
		})
	}
}

func TestRollbacksAreCountedApartFromErrors(t *testing.T) {
	for _, c := range []struct {
		takes, bad int
		failure    string
	}{{0, 1, contract.FailFleetStopped}, {1, 1, contract.FailFleet}, {1, 2, contract.FailFleetStopped}} {
		t.Run(fmt.Sprintf("%d of %d", c.bad, c.takes), func(t *testing.T) {
			h := newFleet(t, 6, func(in *FleetUpdateInput) {
				in.MaxRollbacks, in.MaxConcurrency = Amount{Number: c.takes}, Amount{Number: 1}
			})
			for i := range c.bad {
				h.ends[int64(i+1)] = failsWith(OutcomeRolledBackUnverified, contract.FailRolledBackUnverified)
			}
			e := h.run()
			assert.Equal(t, c.failure, e.failure)
			assert.Equal(t, c.bad, e.fleet().Counts.RolledBack)
			assert.Zero(t, e.fleet().Counts.Errors)
		})
	}
}

func TestWhatIsUnderWayFinishesWhenTheFleetStops(t *testing.T) {
	h := newFleet(t, 20, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 4} })
	h.ends[2] = childEnd{outcome: OutcomeRollbackFailed, failure: contract.FailRollback, takes: time.Second}
	e := h.run()
	assert.Equal(t, contract.FailFleetStopped, e.failure)
	assert.Equal(t, FleetCounts{Done: 3, Errors: 1}, e.fleet().Counts)
	assert.Equal(t, 4, e.fleet().Started)
	assert.Equal(t, 20, e.fleet().Total)
	assert.Contains(t, e.report.Summary, "16 not tried")
	assert.Contains(t, e.fleet().StoppedBy, "max_errors takes 0")
	assert.Empty(t, e.asked)
	assert.Len(t, e.fleet().NotStarted, 16)
	assert.Equal(t, int64(5), e.fleet().NotStarted[0])
}

func TestFailuresThatArriveTogetherStopOnce(t *testing.T) {
	h := newFleet(t, 20, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 4} })
	for id := range int64(4) {
		h.ends[id+1] = failsWith(OutcomeRolledBack, contract.FailRolledBack)
	}
	e := h.run()
	assert.Equal(t, contract.FailFleetStopped, e.failure)
	assert.Equal(t, FleetCounts{RolledBack: 4}, e.fleet().Counts)
	assert.Contains(t, e.fleet().StoppedBy, "1 rollback,", "the first of them is the reason")
}

func TestMaxConcurrencyIsKept(t *testing.T) {
	for _, c := range []struct {
		amount  Amount
		servers int
		most    int
	}{{Amount{Number: 3}, 10, 3}, {Amount{Percent: 25}, 10, 2}, {Amount{Percent: 1}, 10, 1}, {Amount{Percent: 100}, 230, maxInFlight}} {
		t.Run(c.amount.String(), func(t *testing.T) {
			h := newFleet(t, c.servers, func(in *FleetUpdateInput) { in.MaxConcurrency = c.amount })
			e := h.run()
			assert.Equal(t, c.most, e.most)
			assert.Equal(t, c.servers, e.fleet().Counts.Done)
		})
	}
}

func TestSkippedAndPlannedServersAreNoErrors(t *testing.T) {
	h := newFleet(t, 3)
	h.ends[2] = childEnd{outcome: OutcomeSkipped}
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, FleetCounts{Done: 2, Skipped: 1}, e.fleet().Counts)

	h = newFleet(t, 3, func(in *FleetUpdateInput) { in.DryRun = true })
	e = h.run()
	assert.Equal(t, OutcomePlanned, e.report.Outcome)
	assert.Equal(t, true, h.starts[0].input["dry_run"])

	h = newFleet(t, 1)
	h.ends[1] = childEnd{outcome: OutcomeSkipped}
	assert.Equal(t, OutcomeSkipped, h.run().report.Outcome)
}
