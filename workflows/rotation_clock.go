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

// readClock asks the API for the time again when the new snapshot seems to come from the future: only its own clock can
// say whether it has run ahead of the Temporal server's or the date is wrong. Without an answer the date counts as wrong.
func (r *rotationRun) readClock(ctx workflow.Context) *ending {
	if r.made == nil || !retention.Future(*r.made, r.apiNowAt()) {
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

// pruneNothing is for a new snapshot whose date is wrong: the clock that dated it may have dated the others too.
func (r *rotationRun) pruneNothing(old []retention.Decision) *ending {
	why := fmt.Sprintf("snapshot %d is dated %s, but the API's clock shows %s", r.made.ID, shownTime(r.made.CreatedAt), shownTime(r.apiNowAt()))
	r.note("nothing was pruned: %s", why)
	for _, d := range old {
		r.report.Kept = append(r.report.Kept, KeptSnapshot{ID: d.Snapshot.ID, Name: d.Snapshot.Name, Reason: reasonMisdated})
	}
	if len(old) == 0 {
		return nil
	}
	return r.incomplete("Nothing was pruned: %s, so no age can be relied on. %s would go by the policy.", why, count(len(old), "snapshot"))
}
