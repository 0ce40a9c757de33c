package workflows

import (
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// decide applies the policy to the list as it was last seen.
func (r *rotationRun) decide(incoming int) (retention.Plan, error) {
	return retention.Apply(r.snapshots, r.policy, retention.Options{Now: r.apiNowAt(), Incoming: incoming})
}

// makePlace deletes just as many old snapshots as the quota needs, before the create (law 12).
func (r *rotationRun) makePlace(ctx workflow.Context) *ending {
	if r.ownAlreadyMade() {
		return nil
	}
	remove, spare, end := r.planPlace()
	if end != nil || len(remove) == 0 {
		return end
	}
	end = r.freePlaces(ctx, remove, spare)
	r.freed = slices.ContainsFunc(r.report.Pruned, func(p PrunedSnapshot) bool { return p.Deleted })
	return end
}

// planPlace names what must go before the create: nothing that the policy would not remove anyway, and no completed one
// in the place of those that hang.
func (r *rotationRun) planPlace() (remove, spare []contract.Snapshot, end *ending) {
	quota, err := retention.PlanQuota(r.snapshots, r.policyNow(), retention.Options{Now: r.apiNowAt(), Incoming: 1, Hanging: r.hanging()})
	switch {
	case err != nil:
		return nil, nil, notChanged(contract.FailSnapshotLimit, "The quota could not be planned: %v.", err)
	case quota.Room:
		return quota.Remove, quota.Spare, nil
	case len(quota.Hanging) > 0:
		return nil, nil, notChanged(contract.FailSnapshotLimit, "No room for another snapshot: %s.", quota.Detail).withNext("%s", adviceHanging)
	default:
		return nil, nil, notChanged(contract.FailSnapshotLimit, "No room for another snapshot: %s.", quota.Detail).
			withNext("delete a snapshot that is no longer needed, or keep fewer by the policy, then start the run again.")
	}
}

// pruneByPolicy deletes what the policy does not keep, the oldest first. It decides by the list that showed the new
// snapshot completed.
func (r *rotationRun) pruneByPolicy(ctx workflow.Context) *ending {
	r.enter(ctx, PhasePrune)
	r.waitFor(ctx, "old snapshots to be pruned")
	r.reportLate()
	if end := r.readClock(ctx); end != nil {
		return end
	}
	plan, err := r.decide(0)
	if err != nil {
		return r.incomplete("Nothing was pruned: %s.", trimDot(err.Error()))
	}
	var old []retention.Decision
	doubt := r.dateDoubt()
	for _, d := range slices.Backward(plan.Decisions) {
		switch {
		case r.alreadyPruned(d.Snapshot.ID): // a list may lag
		case !d.Keep && !r.isMade(d.Snapshot):
			old = append(old, d)
		default:
			r.report.Kept = append(r.report.Kept, r.kept(d))
		}
	}
	if doubt != "" {
		return r.pruneNothing(old, doubt)
	}
	r.pruneThese(ctx, old)
	return r.judgePrune(ctx, old)
}

func (r *rotationRun) isMade(s contract.Snapshot) bool { return r.made != nil && s.ID == r.made.ID }

// kept says why a snapshot stays. This run's own stays whatever the policy says of it now: the next run decides.
func (r *rotationRun) kept(d retention.Decision) KeptSnapshot {
	reason := d.Reason
	if !d.Keep {
		reason = "made by this run"
	}
	return KeptSnapshot{ID: d.Snapshot.ID, Name: d.Snapshot.Name, Reason: reason}
}

// judgePrune ends the run when something that had to go is still there.
func (r *rotationRun) judgePrune(ctx workflow.Context, old []retention.Decision) *ending {
	var left []string
	tried := len(old)
	for _, d := range old {
		at := slices.IndexFunc(r.report.Pruned, func(p PrunedSnapshot) bool { return p.ID == d.Snapshot.ID })
		switch {
		case at < 0:
			tried--
			left = append(left, fmt.Sprintf("%d was not tried", d.Snapshot.ID))
		case !r.report.Pruned[at].Deleted:
			left = append(left, fmt.Sprintf("%d (%s)", d.Snapshot.ID, trimDot(r.report.Pruned[at].Detail)))
		}
	}
	switch {
	case len(left) == 0:
		return nil
	case tried < len(old) && ctx.Err() != nil && !r.lockLostEarly:
		return r.stoppedBeforeChange()
	case r.lockLostEarly:
		return r.incomplete("The server's lock was lost while old snapshots were pruned. Not deleted: %s.", strings.Join(left, "; "))
	default:
		return r.incomplete("Not every old snapshot could be deleted: %s.", strings.Join(left, "; "))
	}
}

// incomplete is the end of a rotation that did not get to prune all.
func (r *rotationRun) incomplete(format string, args ...any) *ending {
	return (&ending{outcome: OutcomeIncomplete, failure: contract.FailRotation, summary: r.whatWasMade() + fmt.Sprintf(format, args...)}).
		withNext("look at what the report says of each snapshot; the next rotation tries again.")
}

// rotated is the good end.
func (r *rotationRun) rotated() *ending {
	return &ending{outcome: OutcomeRotated, summary: fmt.Sprintf("%sPruned %s by policy %s (%s), kept %s.",
		r.whatWasMade(), count(r.gone(), "snapshot"), r.policy.Name, r.policy.Describe(), count(len(r.report.Kept), "snapshot"))}
}

// whatWasMade is the first sentence of every end after the snapshot.
func (r *rotationRun) whatWasMade() string {
	switch {
	case r.made != nil:
		return fmt.Sprintf("Snapshot %d %q is completed. ", r.made.ID, r.made.Name)
	case !r.in.Create:
		return "No snapshot was asked for. "
	default:
		return ""
	}
}

// gone is how many snapshots this run deleted.
func (r *rotationRun) gone() int {
	n := 0
	for _, p := range r.report.Pruned {
		if p.Deleted {
			n++
		}
	}
	return n
}

// settle writes into an early end what had been done by then, and brings the list of stuck snapshots up to date.
func (r *rotationRun) settle(end *ending) *ending {
	r.reportPrunedStuck()
	switch {
	case end.outcome == OutcomeCanceled:
		end.summary = "Canceled. " + r.whatWasMade() + r.whatWasBegun() + r.whatIsGone()
	case end.failure == contract.FailLockLost && r.made != nil:
		lost := r.incomplete("The server's lock was lost before old snapshots were pruned. %s", r.whatIsGone())
		lost.next = end.next
		return lost
	case end.outcome == OutcomeNotChanged:
		end.summary += " " + r.whatIsGone()
	default: // rotated, skipped, planned, incomplete: they say it themselves
	}
	return end
}

// whatWasBegun is about a snapshot that the run asked for and did not see completed.
func (r *rotationRun) whatWasBegun() string {
	if r.made != nil || r.snapshotAsked.IsZero() {
		return ""
	}
	return "A snapshot that was begun is left to retention. "
}

// whatIsGone names what this run deleted.
func (r *rotationRun) whatIsGone() string {
	var names []string
	for _, p := range r.report.Pruned {
		if p.Deleted {
			names = append(names, fmt.Sprintf("%d %q", p.ID, p.Name))
		}
	}
	switch {
	case len(names) == 0:
		return "No snapshot was deleted."
	case r.freed && r.phase != PhasePrune && r.phase != PhaseDone:
		return "Deleted to make room: " + strings.Join(names, ", ") + ". Nothing else was pruned."
	default:
		return "Deleted: " + strings.Join(names, ", ") + "."
	}
}
