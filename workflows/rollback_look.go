package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// lookBeforeRestore remembers the server as it is before the first POST. An end means that nothing may be sent.
func (r *serverRun) lookBeforeRestore(ctx workflow.Context, a *attempt) (restoreEnd, string) {
	seen, problem := r.readServer(ctx, a)
	if problem != "" {
		return restoreFailed, problem
	}
	a.before = seen.Server
	r.meetMakersOf(ctx, seen.Snapshots)
	if r.before.ID == 0 {
		r.before = seen.Server
	}
	if seen.Server.Status != contract.ServerRestoring {
		return "", ""
	}
	if seen.RunID == r.report.OriginalRunID || seen.RunID == a.looked {
		return restoreHeld, "the server is being restored by somebody else"
	}
	// The run was reset, and the run before may have begun this very restore.
	end, detail := r.followRestore(ctx, a, "an earlier run, before a reset, may have begun this restore")
	if end != restoreFinished || !r.onDemand {
		return end, detail
	}
	const notOurs = "a restore that this run did not send has finished: most likely that of the run before the reset, but nobody can say of which snapshot"
	if r.verify.Skip {
		return restoreHeld, notOurs + ", and there are no checks to tell"
	}
	r.note("%s", notOurs)
	return end, detail
}

// readServer reads the server and its snapshots for as long as the rollback may take.
func (r *serverRun) readServer(ctx workflow.Context, a *attempt) (contract.ReadServerResult, string) {
	for try := 1; ; try++ {
		r.waitFor(ctx, "a look at the server before the restore")
		var seen contract.ReadServerResult
		err := workflow.ExecuteActivity(readOptions(ctx, "look at the server before the restore"), contract.ActivityReadServer,
			contract.ServerInput{ServerID: r.serverID}).Get(ctx, &seen)
		if err == nil {
			return seen, ""
		}
		if isFailure(err, contract.ErrUnauthorized) {
			// A token that works again may still lack this permission, so the pause and the end below hold here too.
			r.awaitAccess(ctx, r.left(ctx, a))
		}
		wait := retryPause(contract.WriteAnswer{}, try)
		left := r.restoreTimeout.Std() - workflow.Now(ctx).Sub(a.began)
		if left <= 0 {
			return seen, "the server could not be read within rollback.restore_timeout: " + plain(err)
		}
		if err := pause(ctx, min(wait, left), "pause before the server is read again"); err != nil {
			return seen, plain(err)
		}
	}
}
