package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// An interloper is another run that held the server's lock while this one had lost it: somebody terminated the lock, or
// reset this run after its end. Whatever the interloper changed, a restore of this run's snapshot would undo unseen, and
// green checks may be its work. So neither follows by itself: a person decides, or the run ends without either.

// changeInterloper marks runs that look for one.
const changeInterloper = "a-run-that-held-a-lost-lock-is-reckoned-with"

// lookForInterloper asks who held the lock last, before this run takes it again. Not to know counts as one.
func (r *serverRun) lookForInterloper(ctx workflow.Context) {
	var last contract.LastHolderResult
	err := workflow.ExecuteActivity(readOptions(ctx, "who held the lost lock meanwhile?"), contract.ActivityLastHolder,
		contract.LastHolderInput{ServerID: r.serverID}).Get(ctx, &last)
	switch {
	case err != nil:
		r.interloper = "nobody knows who held the server's lock: " + plain(err)
	case !last.Found:
		r.interloper = "Temporal has no record any more of who held the server's lock"
	case last.HolderWorkflowID == "":
		r.interloper = "the server was locked by hand"
	case last.HolderWorkflowID != r.report.WorkflowID:
		r.interloper = shownWord(last.HolderWorkflowID) + " held the server's lock"
	}
}

// heldForInterloper says why a restore needs a person's word; empty when it does not. The word of one who decided before
// this was known does not count.
func (r *serverRun) heldForInterloper() string {
	if r.interloper == "" || r.interloperAccepted {
		return ""
	}
	r.interloperAccepted = true // asked now: who says rollback next has read it
	return fmt.Sprintf("this run had lost the server's lock, and meanwhile %s: the restore would undo whatever was changed since snapshot %d was made", r.interloper, r.snapshot.ID)
}

// lockShared is the end of a good change while which another run may have worked on the server.
func (r *updateRun) lockShared() *ending {
	return (&ending{
		outcome: OutcomeChangeUnknown,
		failure: contract.FailChangeUnknown,
		summary: "This run had lost the server's lock, and meanwhile " + r.interloper + ": what the checks saw may be its work. Nothing was rolled back.",
	}).withNext("look at the server; snapshot %d %q can still bring back the state before this run's change.", r.snapshot.ID, r.snapshot.Name)
}
