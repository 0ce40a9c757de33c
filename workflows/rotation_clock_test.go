package workflows

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// wrongDate is what the API dates a snapshot with when its clock has gone mad.
var wrongDate = time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)

// madeAt has the wait for the snapshot show it with that date.
func (h *harness) madeAt(at time.Time) *harness {
	return h.on(awaitSnapshot, step{reply: func(in contract.AwaitSnapshotInput) contract.AwaitSnapshotResult {
		result := h.completes(in)
		result.Snapshot.CreatedAt = at
		for i := range result.All {
			if result.All[i].ID == in.ID {
				result.All[i].CreatedAt = at
			}
		}
		return result
	}})
}

// byAge are policies under which a clock that is ahead costs snapshots.
func byAge() map[string]func(in *SnapshotRotationInput) {
	set := func(change func(p *PolicyInput)) func(in *SnapshotRotationInput) {
		return func(in *SnapshotRotationInput) {
			in.Policy.KeepLast = 0
			change(&in.Policy)
		}
	}
	return map[string]func(in *SnapshotRotationInput){
		"expire_after": set(func(p *PolicyInput) { p.ExpireAfter = Duration(30 * day) }),
		"keep_within":  set(func(p *PolicyInput) { p.KeepWithin = Duration(30 * day) }),
		"keep_daily":   set(func(p *PolicyInput) { p.KeepDaily = 3 }),
		"keep_last":    set(func(p *PolicyInput) { p.KeepLast, p.ExpireAfter = 4, Duration(30*day) }),
	}
}

func TestAWrongDateOfTheNewSnapshotCostsNoHealthyOne(t *testing.T) {
	for name, policy := range byAge() {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t, policy).madeAt(wrongDate)
			h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
			e := h.run()
			assert.Empty(t, h.deletedIDs())
			assert.Equal(t, OutcomeRotated, e.report.Outcome, "nothing had to go, so nothing is left undone")
			assert.ElementsMatch(t, []int64{801, 802, 803, testSnapshotID}, e.keptIDs())
			assert.Equal(t, []string{"nothing was pruned: snapshot 900 is dated 2035-01-01 00:00 UTC, but the API's clock shows 2026-03-01 12:00 UTC"}, e.report.Notes)
		})
	}
}

func TestAWrongDateOfAnAdoptedSnapshotCostsNoHealthyOne(t *testing.T) {
	for name, policy := range byAge() {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t, policy).madeAt(wrongDate)
			h.existing = []contract.Snapshot{
				ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, time.Minute, withStatus(contract.SnapshotInProgress)),
			}
			e := h.run()
			assert.Equal(t, int64(803), e.report.Snapshot.ID)
			assert.Empty(t, h.deletedIDs())
			assert.Equal(t, []string{"nothing was pruned: snapshot 803 is dated 2035-01-01 00:00 UTC, but the API's clock shows 2026-03-01 12:00 UTC"}, e.report.Notes)
		})
	}
}

// withDays adds a rule that reads dates.
func withDays(in *SnapshotRotationInput) { in.Policy.KeepDaily = 1 }

// Counting needs no clock: one that is always off by an hour must not stop every prune.
func TestRulesThatOnlyCountPruneUnderAWrongDateIfTheNumbersAgree(t *testing.T) {
	h := newRotation(t).madeAt(testStart.Add(time.Hour))
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, []int64{801, 802}, h.deletedIDs())

	h = newRotation(t).madeAt(testStart.Add(time.Hour))
	h.existing = []contract.Snapshot{ofRotation(801, day), ofRotation(802, 2*day), ofRotation(803, 3*day)} // the wrong way round
	e = h.run()
	assert.Equal(t, contract.FailRotation, e.failure)
	assert.Empty(t, h.deletedIDs())
}

func TestAClockOfTheAPIThatIsFarAheadCostsNoHealthyOne(t *testing.T) {
	for name, policy := range byAge() {
		for _, create := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " create ", create), func(t *testing.T) {
				h := newRotation(t, policy, func(in *SnapshotRotationInput) { in.Create = create })
				h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
				h.on(contract.ActivityPreflight, step{reply: contract.PreflightResult{Server: h.server, Snapshots: h.existing, Now: wrongDate, RunID: testRunID}})
				h.run()
				assert.Empty(t, h.deletedIDs())
			})
		}
	}
}

func TestAClockThatIsFarAheadMakesNoPlaceByAge(t *testing.T) {
	h := newRotation(t, byAge()["expire_after"])
	h.existing = []contract.Snapshot{ofRotation(801, 5*day), ofRotation(802, 4*day), ofRotation(803, 3*day), ofRotation(804, 2*day), ofRotation(805, day)}
	h.on(contract.ActivityPreflight, step{reply: contract.PreflightResult{Server: h.server, Snapshots: h.existing, Now: wrongDate, RunID: testRunID}})
	e := h.run()
	assert.Equal(t, contract.FailSnapshotLimit, e.failure)
	assert.Empty(t, h.deletedIDs())
}

func TestWithAWrongDateWhatWouldGoStaysAndTheRunIsIncomplete(t *testing.T) {
	h := newRotation(t, withDays).madeAt(wrongDate)
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
	e := h.run()
	assert.Equal(t, contract.FailRotation, e.failure)
	assert.Empty(t, h.deletedIDs())
	assert.ElementsMatch(t, []int64{801, 802, 803, testSnapshotID}, e.keptIDs())
	assert.Contains(t, e.report.Summary, "Nothing was pruned: snapshot 900 is dated 2035-01-01 00:00 UTC")
	assert.Contains(t, e.report.Summary, "2 snapshots would go by the policy")
}

func TestASnapshotOfTheFutureThatAnEarlierRunLeftStaysAndCostsNothing(t *testing.T) {
	for name, policy := range byAge() {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t, policy)
			h.existing = []contract.Snapshot{
				ofRotation(700, 0, func(s *contract.Snapshot) { s.CreatedAt = wrongDate }), ofRotation(802, 2*day), ofRotation(803, day),
			}
			e := h.run()
			assert.Equal(t, OutcomeRotated, e.report.Outcome)
			assert.Empty(t, h.deletedIDs())
		})
	}
}

// The clock goes on while the run waits: by the Temporal server's time since the preflight, and by nothing else.
func TestAgesAreThoseOfTheMomentOfThePrune(t *testing.T) {
	h := newRotation(t, func(in *SnapshotRotationInput) { in.Policy.KeepLast, in.Policy.ExpireAfter = 0, Duration(2*day) })
	h.on(awaitSnapshot, step{reply: h.completes, takes: 8 * time.Minute})
	h.existing = []contract.Snapshot{ofRotation(801, 2*day-7*time.Minute), ofRotation(802, 2*day-9*time.Minute)}
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, []int64{801}, h.deletedIDs(), "it expired while the new one was made")
}

func TestASnapshotDatedAFewMinutesAheadIsJustMade(t *testing.T) {
	h := newRotation(t).madeAt(testStart.Add(4 * time.Minute))
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, []int64{801, 802}, h.deletedIDs())
	assert.Empty(t, e.report.Notes)
}

// A clock that runs ahead of the Temporal server's is no reason not to prune: the API is asked again.
func TestANewSnapshotThatTheAPIsClockHasReachedIsNotOfTheFuture(t *testing.T) {
	h := newRotation(t).madeAt(testStart.Add(time.Hour))
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
	look := func(now time.Time) step {
		return step{reply: contract.PreflightResult{Server: h.server, Snapshots: h.existing, Now: now, RunID: testRunID}}
	}
	h.on(contract.ActivityPreflight, look(testStart), look(testStart.Add(61*time.Minute)))
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, []int64{801, 802}, h.deletedIDs())
	assert.Empty(t, e.report.Notes)
}

func TestWithoutAnAnswerTheDateCountsAsWrong(t *testing.T) {
	h := newRotation(t, withDays).madeAt(wrongDate)
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
	first := step{reply: contract.PreflightResult{Server: h.server, Snapshots: h.existing, Now: testStart, RunID: testRunID}}
	h.on(contract.ActivityPreflight, first, apiError(contract.ErrUnavailable))
	e := h.run()
	assert.Equal(t, contract.FailRotation, e.failure)
	assert.Empty(t, h.deletedIDs())
	assert.Contains(t, e.report.Notes[0], "could not be read again")
}

func TestACancelWhileTheClockIsReadAgainPrunesNothing(t *testing.T) {
	h := newRotation(t, withDays).madeAt(wrongDate)
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
	first := step{reply: contract.PreflightResult{Server: h.server, Snapshots: h.existing, Now: testStart, RunID: testRunID}}
	h.on(contract.ActivityPreflight, first, step{during: h.env.CancelWorkflow, never: true})
	e := h.run()
	assert.Equal(t, OutcomeCanceled, e.report.Outcome)
	assert.Empty(t, h.deletedIDs())
	assert.Contains(t, e.report.Summary, "Snapshot 900")
}
