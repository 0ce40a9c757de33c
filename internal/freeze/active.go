package freeze

import (
	"slices"
	"time"
)

// horizon is how far ahead Active looks for windows that follow on one another: windows that cover the whole week have
// no end.
const horizon = 31 * 24 * time.Hour

// Active says whether a server must not be changed at now: w is the first window of the list that says so (nil when none
// does), and until the moment from which on no window does. Windows that overlap or follow on one another without a gap
// count as one. An end more than a month away is not looked for: until is then at least a month away, and not the end.
//
// A window that Validate refuses is always active, with a zero until: nothing is changed under a rule that cannot be read.
func Active(windows []Window, serverID int64, now time.Time) (w *Window, until time.Time) {
	var rules []rule
	for i := range windows {
		if !windows[i].applies(serverID) {
			continue
		}
		r, ok := compile(windows[i])
		if !ok {
			return &windows[i], time.Time{}
		}
		r.window = &windows[i]
		rules = append(rules, r)
	}
	for _, r := range rules {
		if _, ok := r.endAt(now); ok {
			return r.window, lastEnd(rules, now)
		}
	}
	return nil, time.Time{}
}

// lastEnd is the end of the unbroken chain of windows that holds now. Workflow code asks, and may not think for long: so
// every time that a window comes again within the horizon is worked out once, and one pass through them in order finds
// the first gap.
func lastEnd(rules []rule, now time.Time) time.Time {
	const days = int(horizon/(24*time.Hour)) + 1
	var times []span
	for _, r := range rules {
		times = r.times(times, now, -2, days)
	}
	slices.SortFunc(times, func(a, b span) int { return a.start.Compare(b.start) })
	until := now
	for _, s := range times {
		switch {
		case s.start.After(until): // a gap, and all that follow start later still
			return until.UTC()
		case s.end.After(until):
			until = s.end
		}
		if until.Sub(now) >= horizon {
			return until.UTC()
		}
	}
	return until.UTC()
}

// span is one time that a window is open: from its start until right before its end.
type span struct {
	start, end time.Time
}

// rule is a window that was read.
type rule struct {
	window *Window
	// start and end are the moments of a single window.
	start, end time.Time
	// days, from and to (minutes; to may be on the next day, above 24 hours) and where are those of one that comes again.
	days     [7]bool
	from, to int
	where    *time.Location
}

func compile(w Window) (rule, bool) {
	v := validator{}
	if v.window(w); len(v.problems) > 0 {
		return rule{}, false
	}
	if w.single() {
		return rule{start: w.Start, end: w.End}, true
	}
	var r rule
	r.from, _ = minutes(w.From) // these were checked
	r.to, _ = minutes(w.To)
	if r.to < r.from {
		r.to += dayMinutes
	}
	for _, text := range w.Days {
		day, _ := weekday(text)
		r.days[day] = true
	}
	if len(w.Days) == 0 {
		r.days = [7]bool{true, true, true, true, true, true, true}
	}
	var err error
	r.where, err = zone(w.TimeZone)
	return r, err == nil
}

// endAt returns the end of the window that a moment is in; false when it is in none.
func (r rule) endAt(at time.Time) (end time.Time, in bool) {
	// A window that started yesterday may still be on. One day more on either side is for nights in which a zone moves.
	for _, s := range r.times(nil, at, -2, 1) {
		if !at.Before(s.start) && at.Before(s.end) && (!in || s.end.After(end)) {
			end, in = s.end, true
		}
	}
	return end, in
}

// times appends the times of the window that start on the days around the date of a moment, from first to last (0 is that
// date where the clock hangs); for a single window its only one.
func (r rule) times(times []span, around time.Time, first, last int) []span {
	if r.where == nil {
		return append(times, span{r.start, r.end})
	}
	year, month, day := around.In(r.where).Date()
	for offset := first; offset <= last; offset++ {
		date := time.Date(year, month, day+offset, 0, 0, 0, 0, time.UTC)
		if !r.days[date.Weekday()] {
			continue
		}
		start, _ := moments(date.Add(time.Duration(r.from)*time.Minute), r.where)
		_, end := moments(date.Add(time.Duration(r.to)*time.Minute), r.where)
		if start.Before(end) { // not left out by clocks that go forward
			times = append(times, span{start, end})
		}
	}
	return times
}

// moments returns the first and the last moment at which the clocks of a place show a wall time (given as if it were
// UTC). In the night in which clocks go back there are two; where they go forward over it there is none, and the moment
// at which they do stands in.
func moments(wall time.Time, where *time.Location) (first, last time.Time) {
	// No zone moves twice within two days, so one of these two offsets holds at that time.
	before, after := shown(wall, wall.Add(-24*time.Hour), where), shown(wall, wall.Add(24*time.Hour), where)
	okBefore, okAfter := reads(before, wall), reads(after, wall)
	switch {
	case okBefore && okAfter:
		first, last = before, after
		if last.Before(first) {
			first, last = last, first
		}
	case okBefore:
		first, last = before, before
	case okAfter:
		first, last = after, after
	default:
		// By the offset of before, the time is reached right after the clocks went forward.
		moved, _ := before.ZoneBounds()
		first, last = moved, moved
	}
	return first, last
}

// shown is the moment at which the clocks would show the wall time, had they the offset of another moment.
func shown(wall, offsetOf time.Time, where *time.Location) time.Time {
	_, seconds := offsetOf.In(where).Zone()
	return wall.Add(-time.Duration(seconds) * time.Second).In(where)
}

// reads says whether the clocks show the wall time at a moment.
func reads(at, wall time.Time) bool {
	_, seconds := at.Zone()
	return at.UTC().Add(time.Duration(seconds) * time.Second).Equal(wall)
}
