package retention_test

import (
	"math/rand/v2"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// now is the API's clock in the tests: a Thursday, in a week that a year ended in, so that the pieces of the calendar
// end at different moments.
var now = time.Date(2026, 1, 1, 10, 30, 0, 0, time.UTC)

// Pieces that the random histories are put together from, made once: a hundred thousand cases pick from them.
var (
	descriptions = func() []string {
		out := []string{"by hand", "", "policy=update", "managed-by=safepoint policy=updates"}
		for _, policy := range []string{"update", "update", "update", "update", "daily"} {
			for _, protected := range []bool{false, false, false, true} {
				out = append(out, contract.Marker{RunID: "r", Policy: policy, Protected: protected}.Describe("text"))
			}
		}
		return out
	}()
	names = []string{
		"pre-update-7-a", "pre-update-7-b", "pre-update-7-c", "pre-update-7-d", "pre-update-7-gold", "pre-updates-7", "nightly",
	}
	statuses = []contract.SnapshotStatus{
		"completed", "completed", "completed", "completed", "completed", "completed", "in_progress", "failed", "error", "archiving", "",
	}
	// spans are how far back a history reaches, from minutes to years.
	spans = []time.Duration{
		10 * time.Minute, 5 * time.Hour, 50 * time.Hour, 10 * 24 * time.Hour, 60 * 24 * time.Hour, 900 * 24 * time.Hour,
	}
	durations = []time.Duration{
		time.Minute, time.Hour, 3 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 31 * 24 * time.Hour, 400 * 24 * time.Hour,
	}
	patterns = [][]string{{"*-gold"}, {"pre-update-7-[ab]"}, {"nightly", "*-?"}, {"other*"}}
)

// randomTime is a creation time: mostly whole hours of the past, so that moments meet; seldom none, or one of the future.
func randomTime(r *rand.Rand, span time.Duration, untimed bool) time.Time {
	ago := time.Duration(r.Int64N(int64(span)))
	switch r.IntN(12) {
	case 0:
		return now.Add(time.Duration(r.IntN(3)) * time.Hour) // zero hours: this very moment
	case 1:
		return now.Add(-pick(r, durations...)) // exactly as old as a duration of the policy may be
	case 2:
		return now.Add(time.Duration(r.IntN(11)) * time.Minute) // around where the future begins
	case 3:
		if untimed {
			return time.Time{}
		}
	default: // an ordinary one
	}
	return now.Add(-ago).Truncate(pick(r, time.Second, time.Hour, 24*time.Hour))
}

// randomHistory is the list of one server, in any order.
func randomHistory(r *rand.Rand) []contract.Snapshot {
	span, untimed := pick(r, spans...), r.IntN(8) == 0
	list := make([]contract.Snapshot, r.IntN(10), 10)
	for i, id := range r.Perm(len(list)) {
		list[i] = contract.Snapshot{
			ID: int64(id + 1), ServerID: 7, CreatedAt: randomTime(r, span, untimed),
			Name: pick(r, names...), Status: pick(r, statuses...), Description: pick(r, descriptions...),
		}
	}
	return list
}

// sometimes is a number from 1 to most in one case of three, else zero: most rules are not used.
func sometimes(r *rand.Rand, most int) int {
	if r.IntN(3) > 0 {
		return 0
	}
	return 1 + r.IntN(most)
}

func randomPolicy(r *rand.Rand) retention.Policy {
	p := retention.Policy{Name: "update", NamePrefix: "pre-update"}
	for p.Validate() != nil {
		p.KeepLast, p.KeepHourly, p.KeepDaily = sometimes(r, 4), sometimes(r, 4), sometimes(r, 4)
		p.KeepWeekly, p.KeepMonthly, p.MinCount = sometimes(r, 3), sometimes(r, 3), sometimes(r, 4)
		if r.IntN(4) == 0 {
			p.KeepWithin = pick(r, durations...)
		}
		if r.IntN(4) == 0 {
			p.ExpireAfter = pick(r, durations...)
		}
		if r.IntN(5) == 0 {
			p.Protect = pick(r, patterns...)
		}
	}
	return p
}

func randomOptions(r *rand.Rand) retention.Options {
	opts := retention.Options{Now: now, Incoming: pick(r, 0, 0, 1, 1, 2)}
	for range r.IntN(3) {
		opts.RestorePoints = append(opts.RestorePoints, int64(r.IntN(10)+1))
	}
	return opts
}
