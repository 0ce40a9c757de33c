package retention_test

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// The oracle says the rules a second time, on purpose in another way: it asks of one snapshot which others are newer,
// where the package walks the list and counts down. It shares no code with it.
type oracle struct {
	list   []contract.Snapshot
	policy retention.Policy
	opts   retention.Options
}

// timed says whether the policy reads times.
func (o oracle) timed() bool {
	p := o.policy
	return p.KeepHourly+p.KeepDaily+p.KeepWeekly+p.KeepMonthly > 0 || p.KeepWithin > 0 || p.ExpireAfter > 0
}

// mine is law 4's ownership: marker and name.
func (o oracle) mine(s contract.Snapshot) bool {
	words := strings.Fields(s.Description)
	policy := ""
	for _, word := range words {
		if name, found := strings.CutPrefix(word, "policy="); found {
			policy = name
		}
	}
	return slices.Contains(words, "managed-by=safepoint") && policy == o.policy.Name && strings.HasPrefix(s.Name, o.policy.NamePrefix+"-")
}

func (o oracle) protected(s contract.Snapshot) bool {
	return slices.Contains(strings.Fields(s.Description), "protect=true") ||
		slices.ContainsFunc(o.policy.Protect, func(pattern string) bool {
			matched, err := path.Match(pattern, s.Name)
			return err == nil && matched
		})
}

// newer says whether a is newer than b in the order of the list.
func (o oracle) newer(a, b contract.Snapshot) bool {
	for _, s := range o.list {
		if s.CreatedAt.IsZero() && (!o.timed() || s.Status == "completed") {
			return a.ID > b.ID
		}
	}
	return laterThan(a, b)
}

func laterThan(a, b contract.Snapshot) bool {
	return a.CreatedAt.After(b.CreatedAt) || a.CreatedAt.Equal(b.CreatedAt) && a.ID > b.ID
}

// completed counts the completed snapshots that pass all tests.
func (o oracle) completed(tests ...func(contract.Snapshot) bool) int {
	n := 0
	for _, s := range o.list {
		fails := func(test func(contract.Snapshot) bool) bool { return !test(s) }
		if s.Status == "completed" && !slices.ContainsFunc(tests, fails) {
			n++
		}
	}
	return n
}

// dated says whether a snapshot has a place in the calendar: not more than five minutes in the future.
func (o oracle) dated(s contract.Snapshot) bool {
	return !s.CreatedAt.IsZero() && s.CreatedAt.Sub(o.opts.Now) <= 5*time.Minute
}

// place is the moment at which a snapshot stands in the calendar, which ends now.
func (o oracle) place(s contract.Snapshot) time.Time {
	if s.CreatedAt.After(o.opts.Now) {
		return o.opts.Now
	}
	return s.CreatedAt
}

// calendarKeeps says whether a rule "n pieces of time" keeps s; the piece is a text that names it.
func (o oracle) calendarKeeps(s contract.Snapshot, n int, piece func(time.Time) string) bool {
	before := map[string]bool{}
	if o.opts.Incoming > 0 {
		before[piece(o.opts.Now)] = true
	}
	oldest := true
	for _, other := range o.list {
		if other.Status != "completed" || !o.mine(other) || !o.dated(other) || other.ID == s.ID {
			continue
		}
		if laterThan(other, s) {
			before[piece(o.place(other))] = true
		} else {
			oldest = false
		}
	}
	return len(before) < n && (oldest || !before[piece(o.place(s))])
}

func layout(layout string) func(time.Time) string {
	return func(t time.Time) string { return t.UTC().Format(layout) }
}

// week numbers the weeks since a Monday long ago.
func week(t time.Time) string {
	monday := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	return time.Duration(t.Sub(monday) / (7 * 24 * time.Hour)).String()
}

// within says whether s is less than KeepWithin older than the newest one that counts.
func (o oracle) within(s contract.Snapshot) bool {
	newest := o.place(s)
	for _, other := range o.list {
		if other.Status == "completed" && o.mine(other) && o.dated(other) && o.place(other).After(newest) {
			newest = o.place(other)
		}
	}
	if o.opts.Incoming > 0 {
		newest = o.opts.Now
	}
	return o.place(s).Add(o.policy.KeepWithin).After(newest)
}

// ruled says whether a keep rule keeps a completed snapshot of the policy.
func (o oracle) ruled(s contract.Snapshot, newerMine int) bool {
	p := o.policy
	noKeepRule := p.KeepLast+p.KeepHourly+p.KeepDaily+p.KeepWeekly+p.KeepMonthly == 0 && p.KeepWithin == 0
	if noKeepRule || newerMine < p.KeepLast {
		return true
	}
	return o.timed() && (o.calendarKeeps(s, p.KeepHourly, layout("2006-01-02 15")) ||
		o.calendarKeeps(s, p.KeepDaily, layout("2006-01-02")) ||
		o.calendarKeeps(s, p.KeepWeekly, week) ||
		o.calendarKeeps(s, p.KeepMonthly, layout("2006-01")) || o.within(s))
}

// keep says whether one snapshot of the list stays.
func (o oracle) keep(s contract.Snapshot) bool {
	finished := s.Status == "completed" || s.Status == "failed" || s.Status == "error"
	if !o.mine(s) || o.protected(s) || !finished || slices.Contains(o.opts.RestorePoints, s.ID) {
		return true
	}
	if s.Status != "completed" {
		return false
	}
	newer := func(other contract.Snapshot) bool { return o.newer(other, s) }
	if o.completed(newer) == 0 {
		return true
	}
	newerMine := o.completed(newer, o.mine) + o.opts.Incoming
	if newerMine < o.policy.MinCount {
		return true
	}
	if o.timed() && s.CreatedAt.IsZero() || !o.opts.Now.IsZero() && s.CreatedAt.Sub(o.opts.Now) > 5*time.Minute {
		return true
	}
	if o.policy.ExpireAfter > 0 && s.CreatedAt.Add(o.policy.ExpireAfter).Before(o.opts.Now) {
		return false
	}
	return o.ruled(s, newerMine)
}

// remove lists what goes, oldest first.
func (o oracle) remove() []contract.Snapshot {
	gone := slices.DeleteFunc(slices.Clone(o.list), o.keep)
	slices.SortFunc(gone, func(a, b contract.Snapshot) int {
		if o.newer(a, b) {
			return 1
		}
		return -1
	})
	return gone
}
