package workflows

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func dryRotation(in *SnapshotRotationInput) { in.DryRun = true }

func TestADryRotationSaysWhatWouldHappenAndWritesNothing(t *testing.T) {
	h := newRotation(t, dryRotation, rotationStops)
	h.existing = fiveOld()
	e := h.run()
	assert.NoError(t, e.err)
	assert.Equal(t, OutcomePlanned, e.report.Outcome)
	assert.Equal(t, []string{contract.ActivityPreflight}, e.names())
	assert.Empty(t, h.locks, "nothing is written, so nobody is kept out")
	assert.Equal(t, []string{
		`delete snapshot 801 "rotation-12345-old" first, to make room: the policy would remove it anyway`,
		"stop the server",
		"create a snapshot named rotation-12345-<time>-<hash> and wait until it is completed (3 to 10 minutes)",
		"start the server",
		`delete snapshot 802 "rotation-12345-old": older than the newest 2 of policy rotation`,
		`delete snapshot 803 "rotation-12345-old": older than the newest 2 of policy rotation`,
		`delete snapshot 804 "rotation-12345-old": older than the newest 2 of policy rotation`,
	}, e.report.Plan)
	assert.Equal(t, []int64{805}, e.keptIDs())
}

// What a dry run plans is what a run does.
func TestADryRotationPlansWhatARealOneDeletes(t *testing.T) {
	lists := map[string][]contract.Snapshot{
		"one":        {ofRotation(801, day)},
		"few":        {ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)},
		"full":       fiveOld(),
		"one failed": {ofRotation(801, 3*day), ofRotation(802, 2*day, withStatus(contract.SnapshotFailed)), ofRotation(803, day)},
		"one young":  {ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, time.Minute, withStatus(contract.SnapshotInProgress))},
		"foreign":    {handMade(1), ofRotation(801, 3*day), ofRotation(802, 2*day)},
		"misdated":   {ofRotation(801, 2*day), ofRotation(802, -day)},
	}
	policies := map[string]func(*SnapshotRotationInput){
		"keep_last 2":  func(*SnapshotRotationInput) {},
		"keep_last 1":  func(in *SnapshotRotationInput) { in.Policy.KeepLast = 1 },
		"keep_daily 1": func(in *SnapshotRotationInput) { in.Policy.KeepLast, in.Policy.KeepDaily = 0, 1 },
		"expire_after": func(in *SnapshotRotationInput) { in.Policy.KeepLast, in.Policy.ExpireAfter = 0, Duration(time.Hour) },
		"no create":    pruneOnly,
	}
	for name, list := range lists {
		for policy, change := range policies {
			t.Run(name+", "+policy, func(t *testing.T) {
				dry, real := newRotation(t, dryRotation, change), newRotation(t, change)
				dry.existing, real.existing = list, list
				plan, done := dry.run(), real.run()
				assert.Equal(t, OutcomeRotated, done.report.Outcome)
				assert.Equal(t, OutcomePlanned, plan.report.Outcome)
				kept, planned := plan.keptIDs(), strings.Join(plan.report.Plan, "\n")
				for _, s := range list {
					gone := slices.Contains(real.deletedIDs(), s.ID)
					assert.Equal(t, !gone, slices.Contains(kept, s.ID), "snapshot %d", s.ID)
					assert.Equal(t, gone, strings.Contains(planned, fmt.Sprintf("delete snapshot %d ", s.ID)), "snapshot %d in %s", s.ID, planned)
				}
				assert.NotContains(t, planned, fmt.Sprint(plannedID))
			})
		}
	}
}

// The newest completed one always stays, and after a real run that is the new one.
func TestADryRotationThatKeepsOneShowsTodaysNewestAsRemoved(t *testing.T) {
	h := newRotation(t, dryRotation, func(in *SnapshotRotationInput) { in.Policy.KeepLast = 1 })
	h.existing = []contract.Snapshot{ofRotation(801, day)}
	e := h.run()
	assert.Empty(t, e.keptIDs())
	assert.Contains(t, e.report.Plan[len(e.report.Plan)-1], "delete snapshot 801")
}

// A real run prunes nothing by the date of an adopted snapshot that is wrong.
func TestADryRotationPrunesNothingAfterAMisdatedSnapshot(t *testing.T) {
	h := newRotation(t, dryRotation, withDays)
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, -day, withStatus(contract.SnapshotInProgress))}
	e := h.run()
	assert.ElementsMatch(t, []int64{801, 802, 803}, e.keptIDs())
	assert.Len(t, e.report.Plan, 1)
}

func TestADryRotationWithoutRoomIsRefusedAsARealOneWouldBe(t *testing.T) {
	h := newRotation(t, dryRotation)
	h.existing = []contract.Snapshot{handMade(1), handMade(2), handMade(3), handMade(4), ofRotation(805, day)}
	assert.Equal(t, contract.FailSnapshotLimit, h.run().failure)
}

func TestADryRotationWaitsForAnEarlierRunsSnapshotInThePlan(t *testing.T) {
	h := newRotation(t, dryRotation)
	h.existing = []contract.Snapshot{ofRotation(803, time.Minute, withStatus(contract.SnapshotInProgress))}
	e := h.run()
	assert.Len(t, e.report.Plan, 1)
	assert.Contains(t, e.report.Plan[0], "wait for snapshot 803")
}
