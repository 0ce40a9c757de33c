package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// minute is how the tables write times, in UTC.
const minute = "2006-01-02 15:04"

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(minute, text)
	require.NoError(t, err)
	return at
}

// policy is an update policy with the rules that change sets.
func policy(change func(*retention.Policy)) retention.Policy {
	p := retention.Policy{Name: contract.PolicyUpdate, NamePrefix: "pre-update"}
	change(&p)
	return p
}

// madeAt is a completed snapshot of ours for each time, the ids in the order of the times given.
func madeAt(t *testing.T, times ...string) []contract.Snapshot {
	t.Helper()
	var list []contract.Snapshot
	for i, text := range times {
		list = append(list, with(ours(int64(i+1)), func(s *contract.Snapshot) { s.CreatedAt = moment(t, text) }))
	}
	return list
}

// kept are the times of what stays, newest first.
func kept(t *testing.T, p retention.Policy, opts retention.Options, list []contract.Snapshot) []string {
	t.Helper()
	plan, err := retention.Apply(list, p, opts)
	require.NoError(t, err)
	out := []string{}
	for _, d := range plan.Decisions {
		if d.Keep {
			out = append(out, d.Snapshot.CreatedAt.UTC().Format(minute))
		}
	}
	return out
}

// everyday are snapshots at noon of each of the last n days up to the day of the last one.
func everyday(t *testing.T, last string, n int) []string {
	t.Helper()
	at, out := moment(t, last), []string{}
	for i := range n {
		out = append(out, at.AddDate(0, 0, -i).Format(minute))
	}
	return out
}

// ruleCase is one statement of restic's documentation on its keep options, tried on a history.
type ruleCase struct {
	rule    string
	set     func(*retention.Policy)
	history []string
	kept    []string
}

func resticCases(t *testing.T) []ruleCase {
	// Its own example: one backup every Sunday for 12 weeks.
	var sundays []string
	for i := range 12 {
		sundays = append(sundays, moment(t, "2019-11-17 11:00").AddDate(0, 0, -7*i).Format(minute))
	}
	return []ruleCase{
		{"keep-last n keeps the n most recent", func(p *retention.Policy) { p.KeepLast = 3 }, sundays, sundays[:3]},
		{"its example: keep-daily 4 on twelve Sundays keeps the last four Sundays", func(p *retention.Policy) { p.KeepDaily = 4 }, sundays, sundays[:4]},
		{"hours are from :00 to :59, the most recent of each stays", func(p *retention.Policy) { p.KeepHourly = 2 },
			[]string{"2026-01-01 10:01", "2026-01-01 10:00", "2026-01-01 09:59", "2026-01-01 09:00", "2026-01-01 08:59"},
			[]string{"2026-01-01 10:01", "2026-01-01 09:59"}},
		{"days are from 00:00 to 23:59", func(p *retention.Policy) { p.KeepDaily = 2 },
			[]string{"2025-12-31 12:00", "2025-12-31 00:00", "2025-12-30 23:59", "2025-12-30 00:00", "2025-12-29 23:59"},
			[]string{"2025-12-31 12:00", "2025-12-30 23:59"}},
		{"weeks are from Monday to Sunday, also around New Year", func(p *retention.Policy) { p.KeepWeekly = 2 },
			[]string{"2026-01-04 23:59", "2026-01-01 00:00", "2025-12-31 12:00", "2025-12-29 00:00", "2025-12-28 23:59", "2025-12-21 23:59"},
			[]string{"2026-01-04 23:59", "2025-12-28 23:59"}},
		{"months are the calendar's", func(p *retention.Policy) { p.KeepMonthly = 2 },
			[]string{"2024-03-01 00:00", "2024-02-29 23:59", "2024-02-01 00:00", "2024-01-31 23:59"},
			[]string{"2024-03-01 00:00", "2024-02-29 23:59"}},
		{"the same month of another year is another month", func(p *retention.Policy) { p.KeepMonthly = 2 },
			[]string{"2026-01-01 00:00", "2025-01-01 00:00", "2024-01-01 00:00"}, []string{"2026-01-01 00:00", "2025-01-01 00:00"}},
		{"only hours that have a snapshot are counted", func(p *retention.Policy) { p.KeepHourly = 3 },
			[]string{"2026-01-01 10:00", "2025-12-24 10:00", "2025-06-01 10:00", "2024-01-01 10:00"},
			[]string{"2026-01-01 10:00", "2025-12-24 10:00", "2025-06-01 10:00"}},
		{"not enough snapshots: the oldest is kept additionally", func(p *retention.Policy) { p.KeepDaily = 3 },
			[]string{"2026-01-01 10:00", "2026-01-01 09:00", "2025-12-31 09:00", "2025-12-31 08:00", "2025-12-31 07:00"},
			[]string{"2026-01-01 10:00", "2025-12-31 09:00", "2025-12-31 07:00"}},
		{"enough snapshots: the oldest is not kept", func(p *retention.Policy) { p.KeepDaily = 2 },
			[]string{"2026-01-01 10:00", "2026-01-01 09:00", "2025-12-31 09:00", "2025-12-31 08:00", "2025-12-31 07:00"},
			[]string{"2026-01-01 10:00", "2025-12-31 09:00"}},
		{"keep-within is relative to the latest snapshot, not to now", func(p *retention.Policy) { p.KeepWithin = 48 * time.Hour },
			[]string{"2024-05-03 12:00", "2024-05-02 00:00", "2024-05-01 12:01", "2024-05-01 12:00", "2024-04-30 12:00"},
			[]string{"2024-05-03 12:00", "2024-05-02 00:00", "2024-05-01 12:01"}},
		{"options are ORed", func(p *retention.Policy) { p.KeepLast, p.KeepDaily = 2, 2 },
			[]string{"2026-01-01 10:00", "2026-01-01 09:00", "2026-01-01 08:00", "2025-12-31 09:00", "2025-12-31 08:00"},
			[]string{"2026-01-01 10:00", "2026-01-01 09:00", "2025-12-31 09:00"}},
		{"its example: a backup every day; keep-daily 7, keep-weekly 5 and keep-monthly 12", func(p *retention.Policy) { p.KeepDaily, p.KeepWeekly, p.KeepMonthly = 7, 5, 12 },
			everyday(t, "2025-12-31 12:00", 800),
			append(everyday(t, "2025-12-31 12:00", 7), // these hold the newest of this week and the Sunday before it
				"2025-12-21 12:00", "2025-12-14 12:00", "2025-12-07 12:00", // so three more weeks of five
				"2025-11-30 12:00", "2025-10-31 12:00", "2025-09-30 12:00", "2025-08-31 12:00", "2025-07-31 12:00", "2025-06-30 12:00",
				"2025-05-31 12:00", "2025-04-30 12:00", "2025-03-31 12:00", "2025-02-28 12:00", "2025-01-31 12:00")},
	}
}

func TestTheKeepRulesAreThoseOfResticsDocumentation(t *testing.T) {
	for _, c := range resticCases(t) {
		t.Run(c.rule, func(t *testing.T) {
			opts := retention.Options{Now: moment(t, "2026-02-01 00:00")}
			assert.Equal(t, c.kept, kept(t, policy(c.set), opts, madeAt(t, c.history...)))
		})
	}
}

func TestASnapshotThatSeveralRulesKeepHasAllTheReasons(t *testing.T) {
	p := policy(func(p *retention.Policy) {
		p.KeepLast, p.KeepHourly, p.KeepDaily, p.KeepWeekly, p.KeepMonthly, p.KeepWithin = 1, 1, 2, 3, 1, time.Hour
	})
	plan, err := retention.Apply(madeAt(t, "2026-01-02 10:00", "2026-01-01 23:00", "2025-12-30 01:00", "2025-12-29 01:00"), p, retention.Options{Now: moment(t, "2026-01-02 10:00")})
	require.NoError(t, err)
	var reasons []string
	for _, d := range plan.Decisions {
		reasons = append(reasons, d.Reason)
	}
	assert.Equal(t, []string{
		"one of the newest of policy update (keep_last 1); the newest of hour 2026-01-02 10:00 (keep_hourly 1); the newest of day 2026-01-02 (keep_daily 2); " +
			"the newest of week 2026-W01 (keep_weekly 3); the newest of month 2026-01 (keep_monthly 1); within 1h of the newest (keep_within 1h)",
		"the newest of day 2026-01-01 (keep_daily 2)",
		"no rule of policy update keeps it (keep_last 1, keep_hourly 1, keep_daily 2, keep_weekly 3, keep_monthly 1, keep_within 1h)",
		"the oldest, while keep_weekly 3 is not filled",
	}, reasons)
}

func TestHoursAndDaysAreThoseOfUTCWhateverTheZoneOfATime(t *testing.T) {
	list := madeAt(t, "2026-01-01 00:30", "2025-12-31 23:30", "2025-12-30 12:00")
	for i := range list {
		list[i].CreatedAt = list[i].CreatedAt.In(time.FixedZone("", -5*3600)) // both on 31 December there
	}
	p := policy(func(p *retention.Policy) { p.KeepDaily = 2 })
	assert.Equal(t, []string{"2026-01-01 00:30", "2025-12-31 23:30"}, kept(t, p, retention.Options{Now: now}, list))
}

func TestASnapshotAboutToBeMadeTakesItsHourItsDayAndTheEndOfKeepWithin(t *testing.T) {
	list := madeAt(t, "2026-01-01 09:00", "2025-12-31 09:00", "2025-12-30 09:00", "2025-12-29 09:00")
	incoming := retention.Options{Now: now, Incoming: 1}
	daily := policy(func(p *retention.Policy) { p.KeepDaily = 2 })
	assert.Equal(t, []string{"2026-01-01 09:00", "2025-12-31 09:00"}, kept(t, daily, retention.Options{Now: now}, list))
	assert.Equal(t, []string{"2026-01-01 09:00", "2025-12-31 09:00"}, kept(t, daily, incoming, list), "today's place is taken; the newest that is there stays all the same")
	assert.Equal(t, []string{"2025-12-31 09:00"}, kept(t, daily, incoming, list[1:]), "today is a day more")
	within := policy(func(p *retention.Policy) { p.KeepWithin = 24 * time.Hour })
	assert.Equal(t, []string{"2025-12-31 09:00"}, kept(t, within, incoming, list[1:]))
	assert.Equal(t, []string{"2026-01-01 09:00"}, kept(t, within, incoming, list), "measured from the one about to be made")
	incoming.Incoming = 1 << 40
	assert.Equal(t, []string{"2025-12-31 09:00"}, kept(t, daily, incoming, list[1:]), "any number of them is made in one day")
}

func TestOnlyCompletedSnapshotsOfThePolicyCountAndProtectedOnesDoToo(t *testing.T) {
	p := policy(func(p *retention.Policy) { p.KeepDaily, p.Protect = 2, []string{"*-gold"} })
	list := madeAt(t, "2026-01-01 09:00", "2026-01-01 08:00", "2025-12-31 09:00", "2025-12-31 08:00", "2025-12-30 09:00", "2025-12-30 08:00")
	change := func(i int, change func(*contract.Snapshot)) []contract.Snapshot {
		changed := append([]contract.Snapshot{}, list...)
		change(&changed[i])
		return changed
	}
	opts := retention.Options{Now: now}
	assert.Equal(t, []int64{6, 5, 4, 2}, removed(t, p, opts, list...))
	assert.Equal(t, []int64{6, 5, 2}, removed(t, p, opts, change(2, func(s *contract.Snapshot) { s.Status = "in_progress" })...), "it is no daily of 31 December: the one before is")
	assert.Equal(t, []int64{6, 5, 2}, removed(t, p, opts, change(2, func(s *contract.Snapshot) { s.Description = "" })...), "somebody else's is none either")
	assert.Equal(t, []int64{6, 5, 3, 2}, removed(t, p, opts, change(2, func(s *contract.Snapshot) { s.Status = "failed" })...), "nor a failed one, which goes")
	assert.Equal(t, []int64{6, 5, 4, 2}, removed(t, p, opts, change(2, func(s *contract.Snapshot) { s.Description += " protect=true" })...), "a protected one is")
	assert.Equal(t, []int64{6, 5, 4, 2}, removed(t, p, opts, change(2, func(s *contract.Snapshot) { s.Name = "pre-update-gold" })...), "one of a pattern is")
	opts.RestorePoints = []int64{3}
	assert.Equal(t, []int64{6, 5, 4, 2}, removed(t, p, opts, list...), "a restore point is")
}
