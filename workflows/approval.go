package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// approvalWords are for operators who know the decisions of SnapshotUpdateVerify only.
var approvalWords = map[Decision]Decision{DecideRollback: DecideApprove, DecideCommit: DecideDeny}

// askApproval holds the run, and the server's lock, until a person says yes to what will be lost. Everything but a yes
// ends the run with the server as it is.
func (r *restoreRun) askApproval(ctx workflow.Context) *ending {
	if !r.in.Approval.Required {
		return nil
	}
	if ctx.Err() != nil {
		return r.stoppedBeforeChange()
	}
	why := fmt.Sprintf("restore snapshot %d %q: %s", r.chosen.ID, r.chosen.Name, r.report.Loss)
	switch r.holdForPerson(ctx, question{why: why, allowed: approvalDecisions, also: approvalWords, timeout: r.in.Approval.Timeout}) {
	case heldApproved:
		r.enter(ctx, PhasePreflight)
		return r.lookAgain(ctx, "while the run was held")
	case heldDenied:
		return notApproved("The restore was denied%s.", r.lastDecider())
	case heldCanceled:
		return r.stoppedBeforeChange()
	default: // timed out; no other decision is allowed here
		return notApproved("Nobody approved the restore within approval.timeout (%s).", r.in.Approval.Timeout)
	}
}

// lastDecider says who decided, and what they said.
func (r *serverRun) lastDecider() string {
	d := r.report.Decisions[len(r.report.Decisions)-1]
	text := ""
	if d.By != "" {
		text += fmt.Sprintf(" by %q", d.By)
	}
	if d.Note != "" {
		text += fmt.Sprintf(" (%q)", d.Note)
	}
	return text
}

// notApproved ends a run that no person said yes to.
func notApproved(format string, args ...any) *ending {
	end := notChanged(contract.FailNotApproved, format, args...)
	return end.withNext("nothing; start the run again when the restore is wanted.")
}
