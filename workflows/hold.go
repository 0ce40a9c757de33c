package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// question is what a person is asked, and what else may settle it.
type question struct {
	why     string
	allowed []Decision
	timeout Duration
	// also are other words for allowed decisions, for whoever knows only those.
	also map[Decision]Decision
	// settled says that the question has been answered in another way; nil where only a person can.
	settled func() bool
}

// Decisions of the two kinds of questions.
var (
	// verdictDecisions are about a change that the run cannot judge by itself.
	verdictDecisions = []Decision{DecideCommit, DecideRollback, DecideExtend}
	// approvalDecisions are about going on.
	approvalDecisions = []Decision{DecideApprove, DecideDeny, DecideExtend}
)

// meant is the decision that a word stands for.
func (q question) meant(word Decision) Decision {
	if decision, known := q.also[word]; known {
		return decision
	}
	return word
}

// holdState is a run that waits for a person.
type holdState struct {
	question
	until   time.Time
	decided *DecisionRecord
}

// holdEnd is how a hold ended.
type holdEnd string

const (
	heldCommit   holdEnd = "commit"
	heldRollback holdEnd = "rollback"
	heldApproved holdEnd = "approved"
	heldDenied   holdEnd = "denied"
	heldTimedOut holdEnd = "timed out"
	heldCanceled holdEnd = "canceled"
	heldSettled  holdEnd = "settled" // by something else than a person: the runner's late report
)

// holdForPerson keeps the server's lock and waits for a decision, another answer, a cancel or the time-out. A run that
// was cancelled before can only be decided: the cancel has been used up.
func (r *serverRun) holdForPerson(ctx workflow.Context, q question) holdEnd {
	r.enter(ctx, PhaseHold)
	h := &holdState{question: q}
	r.hold = h
	defer func() { r.hold = nil }()
	waitOn := ctx
	if ctx.Err() != nil {
		waitOn = r.safe
	}
	h.until = workflow.Now(r.safe).Add(q.timeout.Std())
	r.waitFor(r.safe, "a person to decide: %s", q.why)
	r.tell(contract.NotifyHeld, q.why, strings.Join(decisionCommands(shellWord(r.report.WorkflowID), q.allowed), ", or "))
	for {
		left := h.until.Sub(workflow.Now(r.safe))
		settled, err := awaitFor(waitOn, max(left, 0), "time for a person to decide", func() bool {
			return h.decided != nil || (q.settled != nil && q.settled())
		})
		switch {
		case err != nil:
			return heldCanceled
		case !settled && h.until.After(workflow.Now(r.safe)):
			continue // extended while the timer ran
		case !settled:
			return heldTimedOut
		case h.decided == nil:
			return heldSettled
		}
		if end := h.decided.Decision.ends(); end != "" {
			return end
		}
		h.decided = nil // extend
		h.until = workflow.Now(r.safe).Add(q.timeout.Std())
		r.waitFor(r.safe, "a person to decide (extended): %s", q.why)
	}
}

// ends is how a decision ends a hold; empty for the one that prolongs it.
func (d Decision) ends() holdEnd {
	switch d {
	case DecideCommit:
		return heldCommit
	case DecideRollback:
		return heldRollback
	case DecideApprove:
		return heldApproved
	case DecideDeny:
		return heldDenied
	default: // extend
		return ""
	}
}

// maxDecisions bounds what a report holds: 100 notes of 2000 bytes are a tenth of the 2 MB that Temporal takes.
const maxDecisions = 100

// checkDecision refuses a decision when there is nothing to decide.
func (r *serverRun) checkDecision(request DecideRequest) error {
	switch {
	case r.ended:
		return refuse("nothing is to be decided: the run has ended as %s", r.report.Outcome)
	case r.hold == nil:
		return refuse("nothing is to be decided: the run is in phase %s and waits for %s", r.phase, r.waitingFor)
	case !slices.Contains(r.hold.allowed, r.hold.meant(request.Decision)):
		return refuse("decision must be one of %s; got %q", decisionList(r.hold.allowed), request.Decision)
	case r.hold.decided != nil:
		return refuse("already decided: %s by %q", r.hold.decided.Decision, r.hold.decided.By)
	case len(request.By) > maxRunner || len(request.Note) > maxDetail:
		return refuse("by is at most %d and note at most %d bytes", maxRunner, maxDetail)
	case !printable(request.By) || !printable(request.Note):
		return refuse("by and note must be one line of printable text")
	case request.RunID != "" && request.RunID != r.report.RunID:
		return refuseOtherRun(request.RunID, r.report.RunID)
	case r.hold.meant(request.Decision) == DecideExtend && len(r.report.Decisions) >= maxDecisions:
		return refuse("the hold was extended %d times: decide", len(r.report.Decisions))
	}
	return nil
}

// refuseOtherRun refuses a decision that Temporal delivers again after a reset, or that was made for the run before a
// continue-as-new.
func refuseOtherRun(meant, this string) error {
	return refuse("the decision is about run %s, and this is run %s: a decision is not repeated; look again, then decide anew", meant, this)
}

// decisionList names decisions for people.
func decisionList(decisions []Decision) string {
	words := make([]string, 0, len(decisions))
	for _, d := range decisions {
		words = append(words, string(d))
	}
	return strings.Join(words, ", ")
}

// decisionCommands are the choices as commands, each by itself: one that is pasted does what it says. id is a word of a
// shell.
func decisionCommands(id string, decisions []Decision) []string {
	commands := make([]string, len(decisions))
	for i, d := range decisions {
		commands[i] = "safepoint " + string(d) + " " + id
	}
	return commands
}

// decide is the handler of the update "decide".
func (r *serverRun) decide(ctx workflow.Context, request DecideRequest) (DecideAnswer, error) {
	decision := r.hold.meant(request.Decision)
	record := DecisionRecord{Decision: decision, By: request.By, Note: request.Note, At: workflow.Now(ctx)}
	r.report.Decisions = append(r.report.Decisions, record)
	r.hold.decided = &record
	switch decision {
	case DecideCommit:
		if r.onDemand {
			return DecideAnswer{Accepted: true, Detail: "the server is kept as it is"}, nil
		}
		return DecideAnswer{Accepted: true, Detail: "the change is kept"}, nil
	case DecideRollback:
		return DecideAnswer{Accepted: true, Detail: "the server is rolled back by restore"}, nil
	case DecideApprove:
		return DecideAnswer{Accepted: true, Detail: "approved: the run goes on"}, nil
	case DecideDeny:
		return DecideAnswer{Accepted: true, Detail: "denied: the run ends, and the server stays as it is"}, nil
	default: // extend
		return DecideAnswer{Accepted: true, Detail: "the hold starts over: " + r.hold.timeout.String()}, nil
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
