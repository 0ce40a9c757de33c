package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// holdState is a run that waits for a person.
type holdState struct {
	why     string
	until   time.Time
	allowed []Decision
	decided *DecisionRecord
	// reports is true where a late report of the runner settles the hold too.
	reports bool
}

// holdEnd is how a hold ended.
type holdEnd string

const (
	heldCommit   holdEnd = "commit"
	heldRollback holdEnd = "rollback"
	heldTimedOut holdEnd = "timed out"
	heldCanceled holdEnd = "canceled"
	heldReported holdEnd = "reported" // the runner's late report
)

// holdForPerson keeps the server's lock and waits for a decision, the runner's late report, a cancel or the time-out.
// A run that was cancelled before can only be decided: the cancel has been used up.
func (r *updateRun) holdForPerson(ctx workflow.Context, why string, reports bool) holdEnd {
	r.enter(ctx, PhaseHold)
	h := &holdState{why: why, allowed: []Decision{DecideCommit, DecideRollback, DecideExtend}, reports: reports}
	r.hold = h
	defer func() { r.hold = nil }()
	waitOn := ctx
	if ctx.Err() != nil {
		waitOn = r.safe
	}
	timeout := r.in.Rollback.HoldTimeout.Std()
	h.until = workflow.Now(r.safe).Add(timeout)
	r.waitFor(r.safe, "a person to decide: %s", why)
	seen := r.external.report
	for {
		left := h.until.Sub(workflow.Now(r.safe))
		settled, err := workflow.AwaitWithTimeout(waitOn, max(left, 0), func() bool {
			return h.decided != nil || (h.reports && r.external.report != seen)
		})
		switch {
		case err != nil:
			return heldCanceled
		case !settled && h.until.After(workflow.Now(r.safe)):
			continue // extended while the timer ran
		case !settled:
			return heldTimedOut
		case h.decided == nil:
			return heldReported
		}
		switch h.decided.Decision {
		case DecideCommit:
			return heldCommit
		case DecideRollback:
			return heldRollback
		default: // extend
			h.decided = nil
			h.until = workflow.Now(r.safe).Add(timeout)
			r.waitFor(r.safe, "a person to decide (extended): %s", why)
		}
	}
}

// checkDecision refuses a decision when there is nothing to decide.
func (r *updateRun) checkDecision(request DecideRequest) error {
	switch {
	case r.ended:
		return refuse("nothing is to be decided: the run has ended as %s", r.report.Outcome)
	case r.hold == nil:
		return refuse("nothing is to be decided: the run is in phase %s and waits for %s", r.phase, r.waitingFor)
	case !slices.Contains(r.hold.allowed, request.Decision):
		return refuse("decision must be one of commit, rollback, extend; got %q", request.Decision)
	case r.hold.decided != nil:
		return refuse("already decided: %s by %q", r.hold.decided.Decision, r.hold.decided.By)
	case len(request.By) > maxRunner || len(request.Note) > maxDetail:
		return refuse("by is at most %d and note at most %d characters", maxRunner, maxDetail)
	}
	return nil
}

// decide is the handler of the update "decide".
func (r *updateRun) decide(ctx workflow.Context, request DecideRequest) (DecideAnswer, error) {
	record := DecisionRecord{Decision: request.Decision, By: request.By, Note: request.Note, At: workflow.Now(ctx)}
	r.report.Decisions = append(r.report.Decisions, record)
	r.hold.decided = &record
	switch request.Decision {
	case DecideCommit:
		return DecideAnswer{Accepted: true, Detail: "the change is kept"}, nil
	case DecideRollback:
		return DecideAnswer{Accepted: true, Detail: "the server is rolled back by restore"}, nil
	default: // extend
		return DecideAnswer{Accepted: true, Detail: "the hold starts over: " + r.in.Rollback.HoldTimeout.String()}, nil
	}
}

// changeEnd is the end of a run whose change stays on the server although nobody said that it is good.
func (r *updateRun) changeEnd(format string, args ...any) *ending {
	end := &ending{outcome: OutcomeChangeFailed, failure: contract.FailChange}
	if r.report.Change.Result == contract.ChangeUnknown {
		end = &ending{outcome: OutcomeChangeUnknown, failure: contract.FailChangeUnknown}
	}
	end.summary = fmt.Sprintf(format, args...) + " The change was not rolled back."
	return end.withNext("look at the server; snapshot %d %q can still bring it back.", r.snapshot.ID, r.snapshot.Name)
}
