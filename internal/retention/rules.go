package retention

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// applyRules notes for each counted snapshot which rules keep it.
func (r *ruling) applyRules() {
	r.keepLast()
	dated := r.dated()
	for _, c := range calendar {
		r.keepCalendar(c, dated)
	}
	r.keepWithin(dated)
	for _, i := range r.counted {
		if reason := r.whyUntouched(r.sorted[i]); reason != "" {
			r.keep(i, reason)
		}
	}
	for _, i := range r.counted[:places(r.policy.MinCount, r.opts.Incoming, len(r.counted))] {
		r.floor[i] = true
	}
}

func (r *ruling) keep(i int, reason string) { r.kept[i] = append(r.kept[i], reason) }

// places is how many of the snapshots that are there get one of n places, once those about to be made have theirs.
func places(n, incoming, there int) int { return min(max(n-incoming, 0), there) }

func (r *ruling) keepLast() {
	for _, i := range r.counted[:places(r.policy.KeepLast, r.opts.Incoming, len(r.counted))] {
		r.keep(i, fmt.Sprintf("one of the newest of policy %s (keep_last %d)", r.policy.Name, r.policy.KeepLast))
	}
}

// moment is a snapshot at its place in time. Its position in the order is -1 for one that is about to be made.
type moment struct {
	position int
	at       time.Time
}

// dated are the counted snapshots whose time can be read, newest first, after those about to be made: these all share
// one moment, so that one entry stands for any number of them. It is ordered by time even where the list is not. A time
// a little after Now is taken for Now: the pieces of the calendar end there.
func (r *ruling) dated() []moment {
	if !r.policy.ByTime() {
		return nil
	}
	var dated []moment
	for _, i := range r.counted {
		if s := r.sorted[i]; !s.CreatedAt.IsZero() && !Future(s, r.opts.Now) {
			dated = append(dated, moment{position: i, at: s.CreatedAt})
		}
	}
	slices.SortStableFunc(dated, func(a, b moment) int {
		if c := b.at.Compare(a.at); c != 0 {
			return c
		}
		return cmp.Compare(a.position, b.position) // positions put the higher id first
	})
	for i := range dated {
		if dated[i].at.After(r.opts.Now) {
			dated[i].at = r.opts.Now
		}
	}
	if r.opts.Incoming > 0 {
		dated = append([]moment{{position: -1, at: r.opts.Now}}, dated...)
	}
	return dated
}

// keepWithin keeps what is less than the duration older than the newest. Exactly as old as that is not within, as with
// restic.
func (r *ruling) keepWithin(dated []moment) {
	if r.policy.KeepWithin == 0 || len(dated) == 0 {
		return
	}
	within := contract.Duration(r.policy.KeepWithin).String()
	for _, m := range dated {
		if m.position >= 0 && dated[0].at.Sub(m.at) < r.policy.KeepWithin {
			r.keep(m.position, fmt.Sprintf("within %s of the newest (keep_within %s)", within, within))
		}
	}
}

// whyUntouched says why a counted snapshot stays apart from the keep rules: its time tells no age, or there is no keep
// rule and it has not expired.
func (r *ruling) whyUntouched(s contract.Snapshot) string {
	switch {
	case s.CreatedAt.IsZero() && r.policy.ByTime():
		return "its creation time is not known, so it is not removed by time"
	case Future(s, r.opts.Now):
		return fmt.Sprintf("dated in the future (%s), so it is not removed until then", s.CreatedAt.UTC().Format(time.RFC3339))
	case !r.policy.Keeps() && !r.expired(s):
		return "not older than expire_after " + contract.Duration(r.policy.ExpireAfter).String()
	default:
		return ""
	}
}

// Skew is how much later than now a snapshot may be dated and still count as made now: the API need not date its snapshots
// by the very clock that it answers with, and now is as old as the request that read it.
const Skew = 5 * time.Minute

// Future says whether the API dates the snapshot after its own present: its date is wrong. Without a now nobody can say,
// and no rule asks.
func Future(s contract.Snapshot, now time.Time) bool {
	return !now.IsZero() && s.CreatedAt.After(now.Add(Skew))
}

// expired says whether ExpireAfter removes the snapshot. One without a time never expires, and one of the future has a
// negative age.
func (r *ruling) expired(s contract.Snapshot) bool {
	return r.policy.ExpireAfter > 0 && !s.CreatedAt.IsZero() && r.opts.Now.Sub(s.CreatedAt) > r.policy.ExpireAfter
}
