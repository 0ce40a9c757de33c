package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

const day = 24 * time.Hour

// aged is a completed snapshot of ours that is as old as said by now.
func aged(id int64, age time.Duration) contract.Snapshot {
	return with(ours(id), func(s *contract.Snapshot) { s.CreatedAt = now.Add(-age) })
}

// reasonOf is the decision about one snapshot of the list.
func reasonOf(t *testing.T, p retention.Policy, opts retention.Options, id int64, list ...contract.Snapshot) (keep bool, reason string) {
	t.Helper()
	plan, err := retention.Apply(list, p, opts)
	require.NoError(t, err)
	for _, d := range plan.Decisions {
		if d.Snapshot.ID == id {
			return d.Keep, d.Reason
		}
	}
	require.Fail(t, "the snapshot has no decision")
	return false, ""
}

func TestWhatExpiredGoesEvenWhereAKeepRuleWouldHoldIt(t *testing.T) {
	p := policy(func(p *retention.Policy) { p.KeepLast, p.KeepMonthly, p.ExpireAfter = 5, 12, 10*day })
	opts := retention.Options{Now: now}
	list := []contract.Snapshot{aged(5, day), aged(4, 10*day), aged(3, 10*day+time.Second), aged(2, 40*day), aged(1, 400*day)}
	assert.Equal(t, []int64{1, 2, 3}, removed(t, p, opts, list...), "exactly as old as expire_after is not older")
	_, reason := reasonOf(t, p, opts, 2, list...)
	assert.Equal(t, "older than expire_after 240h", reason)
}

func TestExpireAfterAloneKeepsAllThatIsYounger(t *testing.T) {
	p := policy(func(p *retention.Policy) { p.ExpireAfter = 10 * day })
	list := []contract.Snapshot{aged(4, time.Minute), aged(3, 2*time.Minute), aged(2, 9*day), aged(1, 11*day)}
	assert.Equal(t, []int64{1}, removed(t, p, retention.Options{Now: now}, list...))
	assert.Equal(t, []int64{1}, removed(t, p, retention.Options{Now: now, Incoming: 3}, list...))
	_, reason := reasonOf(t, p, retention.Options{Now: now}, 2, list...)
	assert.Equal(t, "not older than expire_after 240h", reason)
}

func TestTheNewestCompletedOfTheServerNeverExpires(t *testing.T) {
	p := policy(func(p *retention.Policy) { p.ExpireAfter = day })
	opts := retention.Options{Now: now}
	list := []contract.Snapshot{aged(2, 300*day), aged(1, 400*day)}
	assert.Equal(t, []int64{1}, removed(t, p, opts, list...))
	_, reason := reasonOf(t, p, opts, 2, list...)
	assert.Equal(t, "the newest completed snapshot of the server", reason)
	theirs := with(byHand(3), func(s *contract.Snapshot) { s.CreatedAt = now.Add(-200 * day) })
	assert.Equal(t, []int64{1, 2}, removed(t, p, opts, append(list, theirs)...), "somebody else's is newer")
}

func TestTheNewestMinCountStayWhateverTheRulesAndTheirAgeSay(t *testing.T) {
	list := []contract.Snapshot{aged(5, time.Hour), aged(4, 2*time.Hour), aged(3, 30*day), aged(2, 40*day), aged(1, 50*day)}
	opts := retention.Options{Now: now}
	for name, set := range map[string]func(*retention.Policy){
		"expired":           func(p *retention.Policy) { p.ExpireAfter = day },
		"expired, by rules": func(p *retention.Policy) { p.KeepLast, p.ExpireAfter = 5, day },
		"surplus":           func(p *retention.Policy) { p.KeepDaily = 1 },
		"keep_last":         func(p *retention.Policy) { p.KeepLast = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := policy(set)
			p.MinCount = 3
			assert.Equal(t, []int64{1, 2}, removed(t, p, opts, list...))
			_, reason := reasonOf(t, p, opts, 3, list...)
			assert.Equal(t, "one of the newest 3 of policy update (min_count 3)", reason)
			opts := retention.Options{Now: now, Incoming: 1}
			assert.Equal(t, []int64{1, 2, 3}, removed(t, p, opts, list...), "the one about to be made will be one of the three")
			p.MinCount = 9
			assert.Equal(t, []int64{}, removed(t, p, opts, list...))
		})
	}
	p := policy(func(p *retention.Policy) { p.ExpireAfter, p.MinCount = day, 3 })
	failed, theirs := status(aged(6, 0), contract.SnapshotFailed), with(byHand(7), func(s *contract.Snapshot) { s.CreatedAt = now })
	assert.Equal(t, []int64{1, 2, 6}, removed(t, p, opts, append(list, failed, theirs)...), "a failed one and somebody else's are none of the three")
}

func TestASnapshotDatedInTheFutureStaysSaysSoAndHoldsNoPlaceInTheCalendar(t *testing.T) {
	p := policy(func(p *retention.Policy) { p.KeepDaily, p.KeepWithin, p.ExpireAfter = 2, time.Hour, 30*day })
	list := []contract.Snapshot{aged(5, -30*time.Hour), aged(4, -time.Hour), aged(3, 2*time.Hour), aged(2, 3*time.Hour), aged(1, 28*time.Hour)}
	opts := retention.Options{Now: now}
	assert.Equal(t, []int64{2}, removed(t, p, opts, list...), "today's, yesterday's and both of the future stay; nothing is within an hour of a future one")
	_, reason := reasonOf(t, p, opts, 4, list...)
	assert.Equal(t, "dated in the future (2026-01-01T11:30:00Z), so it is not removed until then", reason)

	last := policy(func(p *retention.Policy) { p.KeepLast = 1 })
	assert.Equal(t, []int64{1, 2, 3}, removed(t, last, opts, list...), "for keep_last the order counts, and the second one stays too")
	assert.Equal(t, []int64{1, 2, 3, 4}, removed(t, last, retention.Options{}, list...), "keep_last alone needs no clock, and then nothing is of the future")
	failed := status(aged(9, -time.Hour), contract.SnapshotFailed)
	assert.Equal(t, []int64{9}, removed(t, p, opts, list[2], failed), "a failed one goes whatever its date")
}

func TestASnapshotWithoutATimeIsNeverRemovedByTime(t *testing.T) {
	noTime := with(ours(2), func(s *contract.Snapshot) { s.CreatedAt = time.Time{} })
	list := []contract.Snapshot{aged(9, time.Hour), aged(8, 2*time.Hour), noTime, aged(1, 900*day)}
	opts := retention.Options{Now: now}
	for name, set := range map[string]func(*retention.Policy){
		"expire_after": func(p *retention.Policy) { p.KeepLast, p.ExpireAfter = 2, day },
		"keep_daily":   func(p *retention.Policy) { p.KeepLast, p.KeepDaily = 2, 1 },
		"keep_within":  func(p *retention.Policy) { p.KeepLast, p.KeepWithin = 2, day },
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []int64{1}, removed(t, policy(set), opts, list...))
			keep, reason := reasonOf(t, policy(set), opts, 2, list...)
			assert.True(t, keep)
			assert.Equal(t, "its creation time is not known, so it is not removed by time", reason)
		})
	}
	last := policy(func(p *retention.Policy) { p.KeepLast = 2 })
	assert.Equal(t, []int64{1, 2}, removed(t, last, opts, list...), "keep_last alone orders by id and reads no time")
	daily := policy(func(p *retention.Policy) { p.KeepDaily = 1 })
	assert.Equal(t, []int64{2}, removed(t, daily, opts, aged(9, time.Hour), aged(2, 2*time.Hour), status(with(ours(3), func(s *contract.Snapshot) { s.CreatedAt = time.Time{} }), "in_progress")),
		"one in progress without a time disturbs no order")
}

func TestWhatAPatternProtectsStays(t *testing.T) {
	named := func(id int64, name string) contract.Snapshot {
		return with(ours(id), func(s *contract.Snapshot) { s.Name = name })
	}
	list := []contract.Snapshot{named(1, "pre-update-gold"), named(2, "pre-update-7-v1"), named(3, "pre-update-7-v22"), ours(4), ours(5)}
	opts := retention.Options{}
	for want, patterns := range map[int64][]string{
		1: {"nothing", "*-gold"}, 2: {"pre-update-?-v[0-9]"}, 3: {"pre-update-7-v??"},
	} {
		p := policy(func(p *retention.Policy) { p.KeepLast, p.Protect = 1, patterns })
		assert.NotContains(t, removed(t, p, opts, list...), want)
		assert.Len(t, removed(t, p, opts, list...), 3, "a pattern matches the whole name")
		_, reason := reasonOf(t, p, opts, want, list...)
		assert.Equal(t, `protected (its name matches "`+patterns[len(patterns)-1]+`")`, reason)
		failed := status(list[want-1], contract.SnapshotFailed)
		assert.Equal(t, []int64{}, removed(t, p, opts, failed, ours(9)), "also a failed one")
		p.KeepLast, p.ExpireAfter = 0, time.Minute
		assert.NotContains(t, removed(t, p, retention.Options{Now: now}, list...), want, "nor does it expire")
	}
}

// The API may date a snapshot by another clock than the one that it answers with, and now was read before the snapshot.
func TestASnapshotDatedAFewMinutesAheadCountsAsMadeNow(t *testing.T) {
	opts := retention.Options{Now: now}
	within := policy(func(p *retention.Policy) { p.KeepWithin = time.Hour })
	list := []contract.Snapshot{aged(3, -retention.Skew), aged(2, 59*time.Minute), aged(1, 61*time.Minute)}
	assert.Equal(t, []int64{1}, removed(t, within, opts, list...), "keep_within is measured from now")
	list[0] = aged(3, -retention.Skew-time.Second)
	assert.Equal(t, []int64{}, removed(t, within, opts, list...), "one second more and its date is wrong: the newest of the others counts")

	hourly := policy(func(p *retention.Policy) { p.KeepHourly = 2 })
	late := retention.Options{Now: now.Add(28 * time.Minute)} // two minutes before the hour
	ahead := aged(3, -31*time.Minute)                         // of the next hour, three minutes from then
	assert.Equal(t, []int64{2}, removed(t, hourly, late, ahead, aged(2, 0), aged(1, time.Hour)), "it is the newest of this hour")
	assert.False(t, retention.Future(ahead, late.Now))
	assert.True(t, retention.Future(ahead, now))
	assert.False(t, retention.Future(ahead, time.Time{}), "without a clock nobody can say")
}
