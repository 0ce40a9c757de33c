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

func TestUnderSeveralRulesTheDetailNamesThemAndLoweringKeepLastIsNoAdvice(t *testing.T) {
	list := []contract.Snapshot{aged(1, 25*time.Hour), aged(2, 2*time.Hour), byHand(3), byHand(4), byHand(5)}
	p := policy(func(p *retention.Policy) { p.KeepLast, p.KeepDaily, p.ExpireAfter, p.MinCount = 3, 7, 720*time.Hour, 2 })
	plan := planQuota(t, p, retention.Options{Now: now}, list...)
	assert.False(t, plan.Room)
	assert.Contains(t, plan.Detail, "1 must go and policy update (keep_last 3, keep_daily 7, expire_after 720h, min_count 2) may remove 0 of them. Delete what is no longer needed:\n- ")
	p = policy(func(p *retention.Policy) { p.KeepLast, p.KeepWithin = 3, time.Minute })
	assert.NotContains(t, planQuota(t, p, retention.Options{Now: now}, list...).Detail, "lower keep_last", "which rule to lower is the user's choice")
	p = policy(func(p *retention.Policy) { p.KeepLast, p.MinCount = 3, 3 })
	assert.NotContains(t, planQuota(t, p, retention.Options{}, list...).Detail, "lower keep_last", "min_count would hold them all the same")
	p.MinCount = 2
	assert.Contains(t, planQuota(t, p, retention.Options{}, list...).Detail, ", or lower keep_last to 2:")
}

func TestARuleByTimeMakesRoomToo(t *testing.T) {
	list := []contract.Snapshot{byHand(3), byHand(4), byHand(5), aged(2, time.Hour), aged(1, 26*time.Hour)}
	opts := retention.Options{Now: now}
	for _, set := range []func(*retention.Policy){
		func(p *retention.Policy) { p.KeepDaily = 1 },
		func(p *retention.Policy) { p.KeepWithin = 2 * time.Hour },
		func(p *retention.Policy) { p.ExpireAfter = day },
	} {
		plan := planQuota(t, policy(set), opts, list...)
		assert.True(t, plan.Room)
		assert.Equal(t, []int64{1}, ids(plan.Remove))
	}
	today := []contract.Snapshot{byHand(3), byHand(4), byHand(5), aged(2, time.Hour), aged(1, 2*time.Hour)}
	p := policy(func(p *retention.Policy) { p.KeepDaily = 2 })
	assert.Empty(t, removed(t, p, opts, today...), "the oldest stays while a day is missing")
	assert.Equal(t, []int64{}, ids(planQuota(t, p, opts, today...).Remove), "so does it with one more of today")
}
