package retention

import (
	"fmt"
	"time"
)

// bucket is one kind of calendar rule: how time is cut, and which number of the policy says how many pieces count.
type bucket struct {
	rule  string
	count func(Policy) int
	// start is the first moment of the piece that a moment (UTC) lies in.
	start func(time.Time) time.Time
	// name is the piece in words, from its start.
	name func(time.Time) string
}

// calendar lists the rules in the order in which their reasons are given.
var calendar = []bucket{
	{rule: "keep_hourly", count: func(p Policy) int { return p.KeepHourly }, start: hourOf,
		name: func(t time.Time) string { return "hour " + t.Format("2006-01-02 15:00") }},
	{rule: "keep_daily", count: func(p Policy) int { return p.KeepDaily }, start: dayOf,
		name: func(t time.Time) string { return "day " + t.Format(time.DateOnly) }},
	{rule: "keep_weekly", count: func(p Policy) int { return p.KeepWeekly }, start: weekOf,
		name: weekName},
	{rule: "keep_monthly", count: func(p Policy) int { return p.KeepMonthly }, start: monthOf,
		name: func(t time.Time) string { return "month " + t.Format("2006-01") }},
}

func hourOf(t time.Time) time.Time { return t.Truncate(time.Hour) }

func dayOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// weekOf is the Monday that an ISO week begins with: no two weeks share one, also around New Year.
func weekOf(t time.Time) time.Time {
	sinceMonday := (int(t.Weekday()) + 6) % 7
	return dayOf(t).AddDate(0, 0, -sinceMonday)
}

func monthOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func weekName(monday time.Time) string {
	year, week := monday.ISOWeek()
	return fmt.Sprintf("week %d-W%02d", year, week)
}

// keepCalendar keeps the newest snapshot of each of the last n pieces that have one, and the oldest snapshot as well
// while fewer than n were found before it.
func (r *ruling) keepCalendar(b bucket, dated []moment) {
	count := b.count(r.policy)
	left := count
	var last time.Time
	for i, m := range dated {
		if left == 0 {
			return
		}
		start := b.start(m.at.UTC())
		reason := ""
		switch {
		case i == 0 || !start.Equal(last):
			reason = fmt.Sprintf("the newest of %s (%s %d)", b.name(start), b.rule, count)
		case i == len(dated)-1:
			reason = fmt.Sprintf("the oldest, while %s %d is not filled", b.rule, count)
		default: // an older one of a piece that has its newest already
			continue
		}
		last = start
		left--
		if m.position >= 0 {
			r.keep(m.position, reason)
		}
	}
}
