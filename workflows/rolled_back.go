package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// afterRestore brings the server up if the restore left it stopped (law 11), then verifies.
func (r *serverRun) afterRestore(ctx workflow.Context, cause string) *ending {
	if r.server.Status == contract.ServerStopped && !r.staysStopped() {
		if problem := r.startRestored(ctx); problem != "" {
			return r.rollbackFailed("the server was restored but could not be started: " + problem)
		}
	}
	if r.verify.Skip {
		r.note("the restored server was not verified: verify.skip is set")
		return r.rolledBack(cause)
	}
	r.waitFor(ctx, "the checks after the restore")
	record, err := r.verifyOnce(ctx, VerifiedRestore, r.changeInput())
	detail := record.seen()
	if err != nil {
		detail = "the verification could not be made: " + plain(err)
	}
	if err == nil && record.Verdict == contract.VerdictPassed {
		return r.rolledBack(cause)
	}
	if r.onDemand {
		return r.restoredUnverified(detail)
	}
	return (&ending{
		outcome: OutcomeRolledBackUnverified,
		failure: contract.FailRolledBackUnverified,
		summary: fmt.Sprintf("Rolled back (%s): the server was restored to snapshot %d %q, but is not healthy: %s.", cause, r.snapshot.ID, r.snapshot.Name, detail),
	}).withNext("look at the server now; the snapshot is kept.")
}

// startRestored starts a server that a restore left down. It returns why it could not, or nothing.
func (r *serverRun) startRestored(ctx workflow.Context) (problem string) {
	problem = r.power(ctx, contract.ActivityStartServer, contract.ServerActive, r.restoreTimeout.Std())
	r.report.Rollback.StartedServer = problem == ""
	return problem
}

// rolledBack is the end of a good rollback. It is a failed end all the same: the change did not go through.
func (r *serverRun) rolledBack(cause string) *ending {
	if r.onDemand {
		return r.restoredOnDemand()
	}
	verified := " and verified"
	if r.verify.Skip {
		verified = " (not verified: verify.skip)"
	}
	return &ending{
		outcome: OutcomeRolledBack,
		failure: contract.FailRolledBack,
		summary: fmt.Sprintf("Rolled back (%s): the server was restored to snapshot %d %q%s. Everything written to it since %s is lost.",
			cause, r.snapshot.ID, r.snapshot.Name, verified, r.lostSince()),
	}
}

// lostSince names the moment from which on writes are lost, by the Temporal server's clock: when the snapshot was asked
// for. It was taken a little later, and the API's own clock may be off by minutes.
func (r *serverRun) lostSince() string {
	return r.lostFrom.UTC().Format("2006-01-02 15:04:05 UTC")
}

// rollbackFailed is the end of a rollback that needs a person, with the command to type.
func (r *serverRun) rollbackFailed(detail string) *ending {
	summary := fmt.Sprintf("The rollback failed: %s. The server may hold the bad change, or be half restored.", detail)
	if r.onDemand {
		summary = r.restoreFailedSummary(detail)
	}
	return (&ending{
		outcome: OutcomeRollbackFailed,
		failure: contract.FailRollback,
		summary: summary,
	}).withNext("look at server %d at VPS.org, then restore snapshot %d by hand if it is not restoring: "+
		"curl -X POST -H \"Authorization: Bearer $VPS_API_TOKEN\" \"${VPS_API_URL:-https://admin.vps.org/api/v1}/snapshots/%d/restore/\"", r.serverID, r.snapshot.ID, r.snapshot.ID)
}

// isFailure says whether an error is an application error of the class.
func isFailure(err error, class string) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.Type() == class
}
