package retention

import (
	"cmp"
	"slices"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Stuck finds the snapshots of the policy that never got ready, each list oldest first (by id where a time is missing):
// late are those not finished (in progress, or of a status that is not known) for longer than readyTimeout, failed are
// those that ended without becoming usable. It only reports: a late one may still complete, and what may be removed is
// Apply's to say. The list may be that of many servers. now is the API's clock; without it, without a readyTimeout or
// without a creation time nothing is late, and a policy without a name or prefix owns nothing.
func Stuck(snapshots []contract.Snapshot, policy Policy, now time.Time, readyTimeout time.Duration) (late, failed []contract.Snapshot) {
	if policy.Name == "" || policy.NamePrefix == "" {
		return nil, nil
	}
	for _, s := range snapshots {
		switch {
		case policy.whyForeign(s, contract.ParseMarker(s.Description)) != "":
			continue
		case s.Failed():
			failed = append(failed, s)
		case !s.Finished() && isLate(s, now, readyTimeout):
			late = append(late, s)
		default: // completed, or it still has time
		}
	}
	slices.SortFunc(late, oldestFirst)
	slices.SortFunc(failed, byIDWithoutTimes(failed))
	return late, failed
}

func isLate(s contract.Snapshot, now time.Time, readyTimeout time.Duration) bool {
	if now.IsZero() || s.CreatedAt.IsZero() || readyTimeout <= 0 {
		return false
	}
	return now.Sub(s.CreatedAt) > readyTimeout
}

func oldestFirst(a, b contract.Snapshot) int {
	if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
		return c
	}
	return cmp.Compare(a.ID, b.ID)
}

// byIDWithoutTimes orders by time, or all of it by id when a time is missing.
func byIDWithoutTimes(list []contract.Snapshot) func(a, b contract.Snapshot) int {
	if slices.ContainsFunc(list, func(s contract.Snapshot) bool { return s.CreatedAt.IsZero() }) {
		return func(a, b contract.Snapshot) int { return cmp.Compare(a.ID, b.ID) }
	}
	return oldestFirst
}
