package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// hung is a snapshot of ours that does not get ready.
func hung(id int64) contract.Snapshot { return status(ours(id), contract.SnapshotInProgress) }

func TestAFailedSnapshotMakesRoomBeforeACompletedOneHoweverYoungItIs(t *testing.T) {
	plan := planQuota(t, update, retention.Options{}, ours(1), ours(2), ours(3), ours(4), status(ours(5), contract.SnapshotFailed))
	assert.Equal(t, []int64{5}, ids(plan.Remove))
	plan = planQuota(t, update, retention.Options{}, ours(1), ours(2), ours(3), status(ours(6), contract.SnapshotFailed), status(ours(4), contract.SnapshotError), byHand(5), byHand(7))
	assert.Equal(t, []int64{4, 6, 1}, ids(plan.Remove), "the older failed one, the younger one, then the oldest completed one")
	assert.Contains(t, plan.Detail, "removes 4, 6, 1 first")
}

func TestWhileSnapshotsHangNoneIsRemovedThatOnlyOneMoreWouldReplace(t *testing.T) {
	list := []contract.Snapshot{ours(1), ours(2), hung(3), byHand(4), byHand(5)}
	plan := planQuota(t, update, retention.Options{}, list...)
	assert.Equal(t, []int64{1}, ids(plan.Remove), "nothing hangs yet: it may be just begun")

	plan = planQuota(t, update, retention.Options{Hanging: []int64{3}}, list...)
	assert.False(t, plan.Room)
	assert.Empty(t, plan.Remove)
	assert.Equal(t, []int64{3}, ids(plan.Hanging))
	assert.Contains(t, plan.Detail, "the server has 5 of 5 snapshots, and 3 of policy update hang in progress. "+
		"Removing 1 would leave fewer completed ones than the policy (keep_last 2) keeps, for one more that may hang as well. "+
		"Delete the hanging ones at VPS.org, or have its support end them:\n- ")
	assert.Contains(t, plan.Detail, `3 "pre-update-7-x", status "in_progress"`)
}

func TestSurplusStillMakesRoomWhileSnapshotsHang(t *testing.T) {
	opts := retention.Options{Hanging: []int64{3}}
	plan := planQuota(t, update, opts, ours(1), ours(2), hung(3), ours(4), byHand(5))
	assert.Equal(t, []int64{1}, ids(plan.Remove), "keep_last 2 stay, whatever becomes of the next one")
	plan = planQuota(t, update, opts, ours(1), status(ours(2), contract.SnapshotFailed), hung(3), ours(4), byHand(5))
	assert.Equal(t, []int64{2}, ids(plan.Remove), "a failed one is no loss")
	assert.True(t, planQuota(t, update, opts, ours(1), ours(2), hung(3)).Room, "nothing has to go")
}

func TestWhatHangsUnderAnotherPolicyOrIsDoneByNowHoldsNothingUp(t *testing.T) {
	theirs := with(hung(3), func(s *contract.Snapshot) { s.Description = "managed-by=safepoint policy=daily" })
	for name, third := range map[string]contract.Snapshot{
		"of another policy": theirs, "by hand": status(byHand(3), contract.SnapshotInProgress), "failed by now": status(byHand(3), contract.SnapshotFailed),
	} {
		plan := planQuota(t, update, retention.Options{Hanging: []int64{3}}, ours(1), ours(2), third, byHand(4), byHand(5))
		assert.Equal(t, []int64{1}, ids(plan.Remove), name)
	}
}

// Without this each run would take the oldest of what is within, until one is left.
func TestWhileSnapshotsHangKeepWithinIsNotMeasuredFromTheOneAboutToBeMade(t *testing.T) {
	p := policy(func(p *retention.Policy) { p.KeepWithin = 3 * time.Hour })
	list := []contract.Snapshot{
		aged(1, 6*time.Hour), aged(2, 5*time.Hour), status(aged(3, 4*time.Hour), contract.SnapshotInProgress), byHand(4), byHand(5),
	}
	assert.Equal(t, []int64{1}, ids(planQuota(t, p, retention.Options{Now: now}, list...).Remove))
	plan := planQuota(t, p, retention.Options{Now: now, Hanging: []int64{3}}, list...)
	assert.False(t, plan.Room)
	assert.Equal(t, []int64{3}, ids(plan.Hanging))
}

// A server whose creates all hang, for a hundred runs: each begins one that never gets ready.
func TestCreatesThatNeverFinishDoNotWearTheHistoryDown(t *testing.T) {
	for _, keep := range []int{1, 2, 3} {
		p := policy(func(p *retention.Policy) { p.KeepLast, p.MinCount = keep, 2 })
		list := []contract.Snapshot{ours(1), ours(2), ours(3), ours(4)}
		for id := int64(10); id < 110; id++ {
			plan := planQuota(t, p, retention.Options{Hanging: hangingOf(list)}, list...)
			if !plan.Room {
				continue
			}
			list = append(without(list, plan.Remove), hung(id))
			assert.LessOrEqual(t, len(list), retention.QuotaPerServer)
		}
		completed := 0
		for _, s := range list {
			if s.Completed() {
				completed++
			}
		}
		assert.Equal(t, max(keep, 2), completed, "keep_last %d, min_count 2", keep)
	}
}
