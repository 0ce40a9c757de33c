package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// targetCodes are what each end of a server means for its fleet.
var targetCodes = map[workflows.Outcome]int{
	workflows.OutcomeCommitted: 0, workflows.OutcomeSkipped: 0, workflows.OutcomePlanned: 0, workflows.OutcomeRotated: 0,
	workflows.OutcomeNotChanged: 1, workflows.OutcomeCanceled: 1,
	workflows.OutcomeRolledBack:           3,
	workflows.OutcomeRolledBackUnverified: 4, workflows.OutcomeRollbackFailed: 4, workflows.OutcomeChangeFailed: 4,
	workflows.OutcomeChangeUnknown: 4, workflows.OutcomeIncomplete: 4,
	// No server of a fleet ends so, and what nobody expects needs a person.
	workflows.OutcomeRestored: 4, workflows.OutcomeAudited: 4, workflows.OutcomeStale: 4,
	workflows.OutcomeFleetFailed: 4, workflows.OutcomeFleetStopped: 4,
	"": 4, "something new": 4,
}

func TestTheWorstServerDecidesTheCodeOfAFleet(t *testing.T) {
	for _, outcome := range constants(t, "../../../workflows/names.go", "Outcome") {
		assert.Contains(t, targetCodes, workflows.Outcome(outcome))
	}
	for outcome, code := range targetCodes {
		code = max(code, 1) // a fleet that failed is never green
		for other, worse := range targetCodes {
			record := workflows.FleetRecord{Targets: []workflows.TargetResult{{Outcome: outcome}, {Outcome: other}}}
			assert.Equal(t, max(code, worse), fleetCode(record), "%s and %s", outcome, other)
		}
	}
}

func TestAFleetThatUndidItsChangesIsRolledBackAndOneThatCouldNotNeedsAPerson(t *testing.T) {
	done := []workflows.TargetResult{{Outcome: workflows.OutcomeCommitted}}
	for want, counts := range map[int][]workflows.UndoneCounts{
		1: {{}},
		3: {{Restored: 1}},
		4: {{Refused: 1}, {Left: 1}, {Restored: 1, Left: 1}},
	} {
		for _, count := range counts {
			assert.Equal(t, want, fleetCode(workflows.FleetRecord{Targets: done, UndoneCounts: count}), "%+v", count)
		}
	}
}

// The last failures are as many as a report holds. Where there are more, the pages have them.
func TestAFleetWhoseResultsCannotBeReadNeedsAPerson(t *testing.T) {
	f, address := newFrontend(t)
	report := aReport(workflows.OutcomeFleetFailed, contract.FailFleet)
	report.Fleet = &workflows.FleetRecord{
		Counts:       workflows.FleetCounts{RolledBack: 2},
		LastFailures: []workflows.TargetResult{{Outcome: workflows.OutcomeRolledBack}},
		Pages:        []workflows.RunReference{{WorkflowID: "page", RunID: "run-of-page"}},
	}
	f.end(failed(t, contract.FailFleet, "m", report))
	got := safepoint(t, address, "status", "deploy-1") // the page is this run, and no page
	assert.Equal(t, codePerson, got.code, got.out)
	report.Fleet.Counts.RolledBack = 1
	f.end(failed(t, contract.FailFleet, "m", report))
	assert.Equal(t, codeRolledBack, safepoint(t, address, "status", "deploy-1").code, "these are all of them")
}
