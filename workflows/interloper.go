package workflows

import (
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// An interloper is another run that had the server since this one made its snapshot, because this one had lost the
// server's lock: somebody terminated the lock, or reset this run after its end. Whatever the interloper changed, a
// restore of this run's snapshot would undo unseen, and green checks may be its work. So neither follows by itself: a
// person is asked, and a word that came before the question does not count.
//
// It is known by the lock, which names its last holder, and by the snapshot that every runbook takes before it changes a
// server. What leaves neither trace is not seen: a restore without a safety snapshot whose lock another run has had since.

// changeInterloper marks runs that look for one. A run that took a lost lock again under an earlier release never does.
const changeInterloper = "a-run-that-held-a-lost-lock-is-reckoned-with"

func (r *serverRun) countsInterlopers(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeInterloper, workflow.DefaultVersion, 1) >= 1
}

// meet writes an interloper down, once.
func (r *serverRun) meet(what string) {
	if !slices.Contains(r.interlopers, what) {
		r.interlopers = append(r.interlopers, what)
		r.note("this run did not have the server for itself: %s", what)
	}
}

// meetLastHolder asks who held the lock last. Not to know counts as an interloper.
func (r *serverRun) meetLastHolder(ctx workflow.Context) {
	var last contract.LastHolderResult
	err := workflow.ExecuteActivity(readOptions(ctx, "who held the server's lock meanwhile?"), contract.ActivityLastHolder,
		contract.LastHolderInput{ServerID: r.serverID}).Get(ctx, &last)
	switch {
	case err != nil:
		r.meet("nobody knows who held its lock: " + plain(err))
	case !last.Found:
		r.meet("Temporal has no record any more of who held its lock")
	case last.HolderWorkflowID != r.report.WorkflowID:
		r.meetHolder(last.HolderWorkflowID)
	}
}

// meetHolder writes down who held the lock; a lock without a runbook was started by hand.
func (r *serverRun) meetHolder(workflowID string) {
	if workflowID == "" {
		r.meet("it was locked by hand")
		return
	}
	r.meet(shownWord(workflowID) + " held its lock")
}

// meetMakersOf looks for snapshots that another run has made since this one last looked, or, after a reset, since its
// snapshot was made. Ids tell what is newer: they grow, whatever the API's clock does. A restore on demand may well be to
// an old snapshot.
func (r *serverRun) meetMakersOf(ctx workflow.Context, snapshots []contract.Snapshot) {
	for _, s := range snapshots {
		marker := contract.ParseMarker(s.Description)
		known := slices.Contains(r.own.KnownIDs, s.ID) && (r.onDemand || !r.wasReset()) ||
			r.onDemand && slices.ContainsFunc(r.snapshots, func(seen contract.Snapshot) bool { return seen.ID == s.ID })
		older := !r.onDemand && s.ID <= r.snapshot.ID // a create of an earlier run that a slow list shows late
		if marker.Managed && marker.RunID != r.own.RunID && !known && !older && r.countsInterlopers(ctx) {
			r.meet(fmt.Sprintf("another run made snapshot %d %q", s.ID, s.Name))
		}
	}
}

// wasReset says whether a run after a reset made the preflight or the last checks. Which run did what is read from the
// history, so that a replay decides the same.
func (r *serverRun) wasReset() bool {
	another := func(runID string) bool { return runID != "" && runID != r.report.OriginalRunID }
	return another(r.preflightRun) || another(r.verifyRun)
}

// lookForInterlopers looks where there may be some: the lock was lost and taken again, or the run was reset, so that the
// lock that it believes in may be long gone. Without the lock there is nothing to look at, and nothing follows either.
func (r *serverRun) lookForInterlopers(ctx workflow.Context) {
	wasReset := r.wasReset()
	if !wasReset && r.verify.Skip && r.countsInterlopers(ctx) { // no checks, which else say which run decides
		wasReset = !decidedByOriginalRun(ctx, r.report.OriginalRunID)
	}
	if !r.lockRetaken && !wasReset || !r.countsInterlopers(ctx) || !r.ensureLock(ctx) {
		return
	}
	if wasReset { // otherwise the holder was looked for when the lock was taken again
		r.meetLastHolder(ctx)
	}
	var seen contract.ReadServerResult
	err := workflow.ExecuteActivity(readOptions(ctx, "has another run made a snapshot meanwhile?"), contract.ActivityReadServer,
		contract.ServerInput{ServerID: r.serverID}).Get(ctx, &seen)
	if err != nil {
		r.meet("nobody knows whether another run has made a snapshot: " + plain(err))
		return
	}
	r.meetMakersOf(ctx, seen.Snapshots)
}

// unasked says whether an interloper is known that no person has been asked about.
func (r *serverRun) unasked() bool { return len(r.interlopers) > r.interlopersAsked }

// askAboutInterlopers is the question to a person; empty when there is none, or none that is new. It must be asked.
func (r *serverRun) askAboutInterlopers() string {
	if !r.unasked() {
		return ""
	}
	r.interlopersAsked = len(r.interlopers)
	return fmt.Sprintf("this run did not have the server for itself (%s): a restore would undo whatever was changed since snapshot %d was made",
		strings.Join(r.interlopers, "; "), r.snapshot.ID)
}

// lockShared is the end of a good change while which another run may have worked on the server.
func (r *updateRun) lockShared() *ending {
	return (&ending{
		outcome: OutcomeChangeUnknown,
		failure: contract.FailChangeUnknown,
		summary: "This run did not have the server for itself (" + strings.Join(r.interlopers, "; ") + "): what the checks saw may be another run's work. Nothing was rolled back by this run.",
	}).withNext("look at the server; to restore snapshot %d %q would undo whatever was changed since.", r.snapshot.ID, r.snapshot.Name)
}

// restoreEnded is the end of a restore that did not come about. Where another run had the server and nothing was sent,
// nobody is told to restore by hand what this run did not.
func (r *serverRun) restoreEnded(detail string) *ending {
	if len(r.interlopers) == 0 || r.report.Rollback.Posts > 0 {
		return r.rollbackFailed(detail)
	}
	return (&ending{
		outcome: OutcomeRollbackFailed,
		failure: contract.FailRollback,
		summary: fmt.Sprintf("Nothing was restored by this run: %s.", trimDot(detail)),
	}).withNext("look at what was changed on server %d since snapshot %d %q was made; restoring it loses all of that.", r.serverID, r.snapshot.ID, r.snapshot.Name)
}
