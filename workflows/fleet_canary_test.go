package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// withCanary tries the given amount first, and waits or asks after it.
func withCanary(count Amount, pause time.Duration, decide bool) func(*FleetUpdateInput) {
	return func(in *FleetUpdateInput) {
		in.Canary.Count, in.Canary.Pause, in.Canary.Decide = count, Duration(pause), decide
	}
}

// startsBefore counts the children that were started within d of the start.
func (h *fleetHarness) startsBefore(d time.Duration) int {
	n := 0
	for _, s := range h.starts {
		if s.at.Before(testStart.Add(d)) {
			n++
		}
	}
	return n
}

func TestNothingElseStartsBeforeTheCanariesHaveEndedAndThePauseIsOver(t *testing.T) {
	h := newFleet(t, 10, withCanary(Amount{Percent: 11}, time.Hour, false)) // 11% of 10 is 2, rounded up
	var during Status
	h.at(30*time.Minute, func() { during = h.status() })
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, 2, h.startsBefore(time.Hour))
	assert.Equal(t, testStart.Add(time.Hour+testFleetStep), h.starts[2].at.UTC())
	assert.Equal(t, PhaseCanary, during.Phase)
	assert.Equal(t, 2, during.Fleet.Counts.Done)
	assert.Contains(t, during.WaitingFor, "pause")
}

func TestACanaryThatIsNotCommittedStopsTheFleetWhateverTheRulesTake(t *testing.T) {
	for name, end := range map[string]childEnd{
		"error":       failsWith(OutcomeChangeFailed, contract.FailChange),
		"rolled back": failsWith(OutcomeRolledBack, contract.FailRolledBack),
		"skipped":     {outcome: OutcomeSkipped},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, 10, withCanary(Amount{Number: 3}, 0, false), func(in *FleetUpdateInput) {
				in.MaxErrors, in.MaxRollbacks = Amount{Number: 5}, Amount{Number: 5}
			})
			h.ends[2] = end
			e := h.run()
			assert.Equal(t, contract.FailFleetStopped, e.failure)
			assert.Equal(t, []int64{1, 2, 3}, h.startedIDs(TypeSnapshotUpdateVerify), "the others under way finish")
			assert.Contains(t, e.fleet().StoppedBy, "canary server 2")
			assert.Equal(t, 2, e.fleet().Counts.Done)
		})
	}
}

func TestAfterTheCanariesTheRulesCountAgain(t *testing.T) {
	h := newFleet(t, 10, withCanary(Amount{Number: 1}, 0, false), func(in *FleetUpdateInput) { in.MaxErrors = Amount{Number: 1} })
	h.ends[5] = failsWith(OutcomeNotChanged, contract.FailBaseline)
	e := h.run()
	assert.Equal(t, contract.FailFleet, e.failure)
	assert.Equal(t, FleetCounts{Done: 9, Errors: 1}, e.fleet().Counts)
}

func TestAFleetThatIsAllCanariesNeedsNoPauseAndNoDecision(t *testing.T) {
	h := newFleet(t, 3, withCanary(Amount{Number: 9}, time.Hour, true))
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.True(t, e.report.EndedAt.Before(testStart.Add(time.Hour)))
}

func TestAPersonDecidesAfterTheCanaries(t *testing.T) {
	cases := []struct {
		name    string
		answers map[time.Duration]Decision
		failure string
		starts  int
	}{
		{"approved", map[time.Duration]Decision{2 * time.Hour: DecideApprove}, "", 6},
		{"denied", map[time.Duration]Decision{2 * time.Hour: DecideDeny}, contract.FailFleetStopped, 2},
		{"nobody", nil, contract.FailFleetStopped, 2},
		{"extended, then approved", map[time.Duration]Decision{23 * time.Hour: DecideExtend, 40 * time.Hour: DecideApprove}, "", 6},
		{"extended, then nobody", map[time.Duration]Decision{23 * time.Hour: DecideExtend}, contract.FailFleetStopped, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newFleet(t, 6, withCanary(Amount{Number: 2}, time.Hour, true))
			var tooEarly *answerOf
			var held Status
			h.at(30*time.Minute, func() { tooEarly = h.update(UpdateDecide, DecideRequest{Decision: DecideApprove}) })
			h.at(90*time.Minute, func() { held = h.status() })
			for at, d := range c.answers {
				h.at(at, func() { h.update(UpdateDecide, DecideRequest{Decision: d, By: "ana", Note: "looks good"}) })
			}
			e := h.run()
			assert.Equal(t, c.failure, e.failure)
			assert.Len(t, h.starts, c.starts)
			require.Error(t, tooEarly.refused, "the pause comes first")
			require.NotNil(t, held.Hold)
			assert.Equal(t, approvalDecisions, held.Hold.Decisions)
			assert.Equal(t, PhaseHold, held.Phase)
			require.Len(t, e.report.Decisions, len(c.answers))
			for _, d := range e.report.Decisions {
				assert.Equal(t, "ana", d.By)
			}
		})
	}
}

func TestADryRunWaitsForNothingAndAsksNobody(t *testing.T) {
	for name, change := range map[string]func(*FleetUpdateInput){
		"pause": withCanary(Amount{Number: 1}, time.Hour, false), "question": withCanary(Amount{Number: 1}, 0, true), "both": withCanary(Amount{Number: 1}, time.Hour, true),
	} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, 4, change, func(in *FleetUpdateInput) { in.DryRun = true })
			e := h.run()
			assert.Equal(t, OutcomePlanned, e.report.Outcome)
			assert.Equal(t, FleetCounts{Planned: 4}, e.fleet().Counts)
			assert.True(t, e.report.EndedAt.Before(testStart.Add(time.Hour)))
		})
	}
}

func TestADryRunIsAGreenCanary(t *testing.T) {
	h := newFleet(t, 4, withCanary(Amount{Number: 1}, 0, false), func(in *FleetUpdateInput) { in.DryRun = true })
	assert.Equal(t, FleetCounts{Planned: 4}, h.run().fleet().Counts)
}
