package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// changeConfirmed marks runs that take a runner at its word that it confirms its grant before it begins.
const changeConfirmed = "a-runner-that-never-confirmed-has-changed-nothing"

// settleUnreported settles a change whose runner has not reported. Nobody knows what it has done, unless it had not even
// confirmed its grant. A run that was reset may have been heard in the run before only: it waits anew, because nothing may
// be verified or restored under a runner that still works.
func (r *updateRun) settleUnreported(why string) {
	x := &r.external
	switch {
	case !r.countsConfirmations():
		r.settleChange(contract.ChangeUnknown, why)
	case !decidedByOriginalRun(r.safe, r.report.OriginalRunID):
		r.outlastEarlierRunner()
		if x.report != nil {
			r.settleChange(x.report.Result, x.report.Detail)
			return
		}
		r.settleChange(contract.ChangeUnknown, why+", as far as this run has heard since its reset")
	case x.confirms && !x.confirmed:
		r.settleChange(contract.ChangeNotStarted, why+"; it was never heard since it was granted the change, and promised a heartbeat before it begins")
	default:
		r.settleChange(contract.ChangeUnknown, why)
	}
}

// countsConfirmations is false where a run settled the silence of such a runner before this was known to it.
func (r *updateRun) countsConfirmations() bool {
	return workflow.GetVersion(r.safe, changeConfirmed, workflow.DefaultVersion, 1) >= 1
}

// neverBegun ends a run whose runner has not begun the change: the server is as it was, so that there is nothing to verify
// and nothing to restore. It returns nil in a run that was reset, which must not rest on that: the run before may have
// heard more of the runner, and may have gone on from there to a restore.
func (r *updateRun) neverBegun(ctx workflow.Context) *ending {
	detail := trimDot(r.report.Change.Detail)
	if !decidedByOriginalRun(r.safe, r.report.OriginalRunID) {
		r.settleChange(contract.ChangeUnknown, detail+"; but this run was reset, and nobody knows what the run before has heard and done")
		return nil
	}
	r.changeBegun = false
	if r.createWasUnclear { // its end may take a while, and whoever sees the phase of a change may take the change for open
		r.enter(r.safe, PhasePrune)
		r.waitFor(r.safe, "a second snapshot of this run, which may turn up late and is then deleted")
	}
	if ctx.Err() != nil {
		return r.stoppedBeforeChange()
	}
	if detail == "" {
		detail = "it did not say why"
	}
	return notChanged(contract.FailChangeNotStarted, "The runner did not begin the change: %s.", detail).
		withNext("mend what kept the deploy from beginning, then start it again with a new deploy id.")
}
