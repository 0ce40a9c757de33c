package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// apiNowAt is the API's clock at this moment, zero when it is not known: what it showed at the preflight, and the time
// that has passed since by the Temporal server's. It never comes from a snapshot: one that is dated wrong, adopted or made
// by this run, would let all the others expire.
func (r *rotationRun) apiNowAt() time.Time {
	if r.apiNow.IsZero() {
		return r.apiNow
	}
	return r.apiNow.Add(workflow.Now(r.safe).Sub(r.seenAt))
}

// How far the clocks may be apart before no age is relied on. Both are generous: they are for dates that are plainly
// wrong, and what an age that is off by less than this removes early was about to go.
const (
	// madeSlack is how much older than its ready_timeout the run's own snapshot may look, by the API's clock.
	madeSlack = 24 * time.Hour
	// clockSlack is how far the API's clock may be from Temporal's where the run has no snapshot of its own to tell by.
	clockSlack = 7 * 24 * time.Hour
)

// dateDoubt says why no age can be relied on, or nothing. The run's own snapshot is the ruler, both ways: it was made
// after the preflight, so that a date far from the API's clock shows that one of the two is wrong. Rules that only count
// need no clock where the numbers and the dates agree about the order.
func (r *rotationRun) dateDoubt() string {
	now := r.apiNowAt()
	switch {
	case now.IsZero(), r.made != nil && !r.policy.ByTime() && inOneOrder(r.snapshots, *r.made):
		return ""
	case r.made == nil:
		return r.clockDoubt(now)
	case retention.Future(*r.made, now),
		!r.made.CreatedAt.IsZero() && now.Sub(r.made.CreatedAt) > r.in.Snapshot.ReadyTimeout.Std()+madeSlack:
		return fmt.Sprintf("snapshot %d is dated %s, but the API's clock shows %s", r.made.ID, shownTime(r.made.CreatedAt), shownTime(now))
	default:
		return ""
	}
}

// clockDoubt compares the API's clock with Temporal's, for a rule that would remove by age alone.
func (r *rotationRun) clockDoubt(now time.Time) string {
	if temporal := workflow.Now(r.safe); r.policy.ExpireAfter > 0 && now.Sub(temporal).Abs() > clockSlack {
		return fmt.Sprintf("the API's clock shows %s, but Temporal's %s", shownTime(now), shownTime(temporal))
	}
	return ""
}

// policyNow is the policy, without the rule by age while the API's clock cannot be relied on.
func (r *rotationRun) policyNow() retention.Policy {
	policy := r.policy
	if r.clockDoubt(r.apiNowAt()) == "" || r.apiNow.IsZero() {
		return policy
	}
	policy.ExpireAfter = 0
	if !policy.Keeps() {
		policy.KeepLast = retention.QuotaPerServer + 1 // all that there are, and the one about to be made
	}
	policy.KeepLast, policy.MinCount = max(policy.KeepLast, policy.MinCount), 0
	return policy
}

// inOneOrder says whether the completed snapshots are in the same order by number and by date, with the new one the newest.
func inOneOrder(list []contract.Snapshot, made contract.Snapshot) bool {
	for _, a := range list {
		for _, b := range list {
			if a.Completed() && b.Completed() && a.ID < b.ID && !a.CreatedAt.Before(b.CreatedAt) {
				return false
			}
		}
		if a.Completed() && a.ID > made.ID {
			return false
		}
	}
	return true
}

// readClock asks the API for the time again when the new snapshot seems to come from another time: only its own clock can
// say whether it has run ahead of the Temporal server's or the date is wrong. Without an answer the date counts as wrong.
func (r *rotationRun) readClock(ctx workflow.Context) *ending {
	if r.made == nil || r.dateDoubt() == "" {
		return nil
	}
	var seen contract.PreflightResult
	err := workflow.ExecuteActivity(readOptions(ctx, "what time is it by the API's clock?"), contract.ActivityPreflight,
		contract.PreflightInput{ServerID: r.serverID}).Get(ctx, &seen)
	switch {
	case ctx.Err() != nil:
		return r.stoppedBeforeChange()
	case err != nil:
		r.note("the API's clock could not be read again: %s", trimDot(plain(err)))
	case !seen.Now.IsZero():
		r.apiNow, r.seenAt = seen.Now, workflow.Now(ctx)
	}
	return nil
}

// reasonMisdated is why a snapshot stays that the policy would remove.
const reasonMisdated = "nothing is pruned by a date that is wrong"

// pruneNothing is for a date that is wrong: the clock that is wrong may have dated the others too.
func (r *rotationRun) pruneNothing(old []retention.Decision, why string) *ending {
	r.note("nothing was pruned: %s", why)
	for _, d := range old {
		r.report.Kept = append(r.report.Kept, KeptSnapshot{ID: d.Snapshot.ID, Name: d.Snapshot.Name, Reason: reasonMisdated})
	}
	if len(old) == 0 {
		return nil
	}
	return r.incomplete("Nothing was pruned: %s, so no age can be relied on. %s would go by the policy.", why, count(len(old), "snapshot"))
}
