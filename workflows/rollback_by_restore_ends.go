package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// rollbackPhase is the phase of a restore: one that was asked for is not a rollback of anything that this run did.
func (r *serverRun) rollbackPhase() Phase {
	if r.onDemand {
		return PhaseRestore
	}
	return PhaseRollback
}

// staysStopped says whether a server that a restore left stopped is to stay so: it was stopped before, and nothing needs
// it up. A restore that a run followed after a reset is started all the same: an earlier run may have been what stopped
// the server. Which run followed it is read from the history, so that a replay decides the same.
func (r *serverRun) staysStopped() bool {
	stays := r.onDemand && r.verify.Skip && r.before.Status == contract.ServerStopped && r.restoreLooked == r.report.OriginalRunID
	if stays {
		r.note("the server was stopped before the restore and is left stopped: verify.skip is set, nothing needs it up")
	}
	return stays
}

// restoredOnDemand is the end of a good restore that was asked for: the one that completes.
func (r *serverRun) restoredOnDemand() *ending {
	verified := "restored to snapshot %d %q and verified"
	if r.verify.Skip {
		verified = "restored to snapshot %d %q (not verified: verify.skip)"
	}
	return &ending{outcome: OutcomeRestored,
		summary: fmt.Sprintf("The server was "+verified+": %s.", r.snapshot.ID, r.snapshot.Name, r.report.Loss)}
}

// restoredUnverified is the end of a restore that was asked for and left a server that is not known to be healthy.
func (r *serverRun) restoredUnverified(detail string) *ending {
	return (&ending{
		outcome: OutcomeRolledBackUnverified,
		failure: contract.FailRolledBackUnverified,
		summary: fmt.Sprintf("The server was restored to snapshot %d %q, but is not healthy: %s.", r.snapshot.ID, r.snapshot.Name, trimDot(detail)),
	}).withNext("look at the server now; the snapshot is kept%s.", r.orSafety())
}

// restoreFailedSummary says how far a restore that was asked for has come.
func (r *serverRun) restoreFailedSummary(detail string) string {
	state := "The server may be half restored."
	if r.report.Rollback.Posts == 0 && r.report.RunID == r.report.OriginalRunID {
		state = "The API took no request: nothing was restored by this run."
	}
	return fmt.Sprintf("The restore failed: %s. %s", trimDot(detail), state)
}

// orSafety names the copy of the state before the restore, if there is one.
func (r *serverRun) orSafety() string {
	if r.report.SafetySnapshot == nil {
		return ""
	}
	s := r.report.SafetySnapshot
	text := fmt.Sprintf(", and snapshot %d %q holds the state of %s", s.ID, s.Name, shownTime(s.CreatedAt))
	if r.report.RunID != r.report.OriginalRunID {
		text += " (this run was reset: what was written between that time and the last restore is in no snapshot)"
	}
	return text
}

// keptByPerson is the end of a held restore that a person decided not to go on with.
func (r *restoreRun) keptByPerson() *ending {
	who, why := r.lastDecider(), trimDot(r.report.Rollback.Detail)
	if r.report.Rollback.Posts == 0 && r.report.RunID == r.report.OriginalRunID {
		return notApproved("The restore was given up: decided%s. Before that: %s. Nothing was restored by this run.", who, why)
	}
	return (&ending{
		outcome: OutcomeChangeUnknown,
		failure: contract.FailChangeUnknown,
		summary: fmt.Sprintf("The server is kept as it is: decided%s. Before that: %s. Nobody knows whether the restore took effect.", who, why),
	}).withNext("look at the server; snapshot %d %q is kept%s.", r.snapshot.ID, r.snapshot.Name, r.orSafety())
}

// dryRun says what would happen and writes nothing, so it needs no lock.
func (r *restoreRun) dryRun(ctx workflow.Context) *ending {
	for _, step := range []func(workflow.Context) *ending{r.checkAfterRun, r.look, r.checkUntouched} {
		if end := step(ctx); end != nil {
			return end
		}
	}
	plan, end := r.plan()
	if end != nil {
		return end
	}
	r.report.Plan = plan
	return &ending{outcome: OutcomePlanned, summary: fmt.Sprintf("Dry run: nothing was written. Snapshot %d %q would be restored: %s.",
		r.chosen.ID, r.chosen.Name, r.report.Loss)}
}

// plan says what a real run would do. It ends like the real run where there is no room for a required safety snapshot.
func (r *restoreRun) plan() ([]string, *ending) {
	var steps []string
	if r.in.Approval.Required {
		steps = append(steps, fmt.Sprintf("wait for a person to approve, for up to %s", r.in.Approval.Timeout))
	}
	if r.in.Safety.Snapshot {
		remove, _, why := r.planSafety()
		if why != "" {
			if end := r.noRoomForSafety(why); end != nil {
				return nil, end
			}
			first, _, _ := strings.Cut(why, "\n")
			steps = append(steps, "take no safety snapshot, there is no room: "+strings.TrimSuffix(first, ":"))
		} else {
			for _, s := range remove {
				steps = append(steps, fmt.Sprintf("delete snapshot %d %q to make room: retention would delete it anyway", s.ID, s.Name))
			}
			steps = append(steps, fmt.Sprintf("create a safety snapshot named %s-%d-<time>-<hash> and wait until it is completed (3 to 10 minutes)", safetyPrefix, r.serverID))
		}
	}
	steps = append(steps, fmt.Sprintf("restore snapshot %d %q (5 to 15 minutes): %s", r.chosen.ID, r.chosen.Name, r.report.Loss))
	if r.in.Verify.Skip {
		return append(steps, "start the server if it comes back stopped and was not stopped before", "skip verification"), nil
	}
	return append(steps, "start the server if it comes back stopped",
		fmt.Sprintf("verify with %s: %d green rounds in a row pass, %d red ones fail", count(len(r.in.Verify.Checks), "check"), r.in.Verify.Successes, r.in.Verify.Failures)), nil
}
