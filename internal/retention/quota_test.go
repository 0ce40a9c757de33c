package retention_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

func planQuota(t *testing.T, policy retention.Policy, opts retention.Options, snapshots ...contract.Snapshot) retention.QuotaPlan {
	t.Helper()
	plan, err := retention.PlanQuota(snapshots, policy, opts)
	require.NoError(t, err)
	require.NotEmpty(t, plan.Detail)
	return plan
}

func TestNothingIsRemovedWhileThereIsRoom(t *testing.T) {
	plan := planQuota(t, update, retention.Options{}, ours(1), ours(2), ours(3), ours(4))
	assert.True(t, plan.Room)
	assert.Empty(t, plan.Remove)
	assert.Equal(t, "the server has 4 of 5 snapshots", plan.Detail)
	assert.True(t, planQuota(t, update, retention.Options{}).Room)
}

func TestAFullServerLosesJustAsManyAsNeededOldestFirst(t *testing.T) {
	plan := planQuota(t, update, retention.Options{}, ours(1), ours(2), ours(3), ours(4), byHand(5))
	assert.True(t, plan.Room)
	assert.Equal(t, []int64{1}, ids(plan.Remove), "the policy would remove more, the quota needs one")
	assert.Equal(t, "the server has 5 of 5 snapshots; policy update removes 1 first", plan.Detail)

	plan = planQuota(t, update, retention.Options{}, ours(1), ours(2), ours(3), ours(4), byHand(5), byHand(6))
	assert.True(t, plan.Room)
	assert.Equal(t, []int64{1, 2}, ids(plan.Remove), "over the limit, more must go")
}

func TestTheSnapshotAboutToBeMadeTakesItsPlaceInThePolicy(t *testing.T) {
	plan := planQuota(t, update, retention.Options{}, ours(1), ours(2), byHand(3), byHand(4), byHand(5))
	assert.True(t, plan.Room)
	assert.Equal(t, []int64{1}, ids(plan.Remove), "with the new one there would be three of keep_last 2")
}

func TestWhatThePolicyKeepsIsNotRemovedForTheQuota(t *testing.T) {
	for name, list := range map[string][]contract.Snapshot{
		"all by hand":         {byHand(1), byHand(2), byHand(3), byHand(4), byHand(5)},
		"one of ours is kept": {ours(1), byHand(2), byHand(3), byHand(4), byHand(5)},
		"in progress":         {status(ours(1), contract.SnapshotInProgress), byHand(2), byHand(3), byHand(4), byHand(5)},
		"the newest":          {ours(9), byHand(2), byHand(3), byHand(4), byHand(5)},
		"one too few":         {ours(1), ours(2), byHand(3), byHand(4), byHand(5), byHand(6)},
	} {
		t.Run(name, func(t *testing.T) {
			plan := planQuota(t, update, retention.Options{}, list...)
			assert.False(t, plan.Room)
			assert.Empty(t, plan.Remove, "removing some without making room would only lose them")
		})
	}
	plan := planQuota(t, update, retention.Options{RestorePoints: []int64{1}}, ours(1), ours(2), byHand(3), byHand(4), byHand(5))
	assert.False(t, plan.Room, "a restore point")
}

func TestWithoutRoomTheDetailListsEverythingAndSaysHowToMakeRoom(t *testing.T) {
	three := update
	three.KeepLast = 3
	plan := planQuota(t, three, retention.Options{},
		ours(1), ours(2), with(byHand(3), func(s *contract.Snapshot) { s.Name = "evil\n\x1b[31m" }),
		status(byHand(4), contract.SnapshotInProgress),
		with(ours(5), func(s *contract.Snapshot) { s.Description = "managed-by=safepoint policy=daily" }))
	assert.False(t, plan.Room)
	assert.Equal(t, `the server has 5 of 5 snapshots, 1 must go and policy update (keep_last 3) may remove 0 of them. Delete what is no longer needed, or lower keep_last to 2:
- 5 "pre-update-7-x", status "completed", created 2025-01-15T18:05:00Z, made by Safepoint under policy "daily": made under another retention policy
- 4 "before-migration", status "in_progress", created 2025-01-15T18:04:00Z, made by hand or by another program: not made by Safepoint
- 3 "evil\n\x1b[31m", status "completed", created 2025-01-15T18:03:00Z, made by hand or by another program: not made by Safepoint
- 2 "pre-update-7-x", status "completed", created 2025-01-15T18:02:00Z, made by Safepoint under policy "update": one of the newest of policy update (keep_last 3)
- 1 "pre-update-7-x", status "completed", created 2025-01-15T18:01:00Z, made by Safepoint under policy "update": one of the newest of policy update (keep_last 3)`, plan.Detail)

	lower := three
	lower.KeepLast = 2
	assert.True(t, planQuota(t, lower, retention.Options{}, ours(1), ours(2), byHand(3), byHand(4), byHand(5)).Room, "the advice works")

	plan = planQuota(t, update, retention.Options{}, byHand(1), byHand(2), byHand(3), byHand(4), with(byHand(5), func(s *contract.Snapshot) { s.CreatedAt = time.Time{} }))
	assert.NotContains(t, plan.Detail, "lower keep_last", "that would not help")
	assert.Contains(t, plan.Detail, "created at an unknown time")
}

func TestTheDetailStaysShortWhateverTheListIs(t *testing.T) {
	var list []contract.Snapshot
	for id := range int64(500) {
		list = append(list, with(byHand(id), func(s *contract.Snapshot) {
			s.Name, s.Status = strings.Repeat("é", 5000), contract.SnapshotStatus(strings.Repeat("s", 5000))
		}))
	}
	plan := planQuota(t, update, retention.Options{}, list...)
	assert.True(t, strings.HasSuffix(plan.Detail, "\n- and 480 more"))
	assert.Less(t, len(plan.Detail), 20_000)
}
