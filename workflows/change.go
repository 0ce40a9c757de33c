package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// change makes the change, at most once in the life of the run. Until it begins a cancel or a lost lock stops the run;
// from then on the server counts as changed.
func (r *updateRun) change(before, ctx workflow.Context) *ending {
	if before.Err() != nil {
		return r.stoppedBeforeChange()
	}
	if why := frozen(r.safe, r.notDuring, r.serverID); why != "" {
		return notChanged(contract.FailChangeNotStarted, "A freeze window began before the change: %s.", why).
			withNext("start the run again after the window, or take it out of not_during.")
	}
	r.enter(ctx, PhaseChange)
	r.report.Change = &ChangeRecord{Kind: r.in.Update.Kind, StartedAt: workflow.Now(ctx)}
	var end *ending
	switch r.in.Update.Kind {
	case UpdateWebhook:
		r.changeBegun = true
		end = r.sendWebhook()
	case UpdateSSH:
		r.changeBegun = true
		end = r.runSSH()
	case UpdateWorkflow:
		r.changeBegun = true
		end = r.runWorkflow(ctx)
	case UpdateExternal:
		end = r.changeExternally(before, ctx)
	case UpdateNone:
		r.changeBegun = true
		r.settleChange(contract.ChangeSucceeded, "no change was asked for")
	default: // validation knows no other kind
		end = notChanged(contract.FailChangeNotStarted, "update.kind %q is not known.", r.in.Update.Kind)
	}
	r.report.Change.EndedAt = workflow.Now(ctx)
	return end
}

// grace is how long the server stays closed when the run dies while the change is being made.
func (u UpdateInput) grace() time.Duration {
	switch u.Kind {
	case UpdateWebhook, UpdateSSH:
		return max(contract.WriteGrace, changeDeadline(u.Timeout.Std()))
	case UpdateWorkflow:
		// The child is asked to cancel when the run dies, and Temporal closes it at its time-out at the latest.
		return max(contract.WriteGrace, u.Timeout.Std())
	case UpdateExternal:
		// A runner stops its own work before it has been silent for this long.
		return max(contract.WriteGrace, u.HeartbeatTimeout.Std())
	case UpdateNone:
		return contract.WriteGrace
	default: // validation knows no other kind
		return contract.WriteGrace
	}
}

// settleChange writes down how the change ended.
func (r *updateRun) settleChange(result contract.ChangeResult, detail string) {
	r.report.Change.Result, r.report.Change.Detail = result, detail
}

// settleSent follows what a worker says about a request that makes the change.
func (r *updateRun) settleSent(lock *lockHold, answer sent) *ending {
	r.settleChange(answer.result, answer.detail)
	switch {
	case answer.lockLost:
		// Nothing was sent, so the server is as it was before the change.
		r.changeBegun = false
		r.settleChange(contract.ChangeNotStarted, answer.detail)
		if lock == r.lock {
			r.lockWasLost(r.safe, lock)
		} // else it was taken again meanwhile, and is released at the end like any other
		return lockLost(lock)
	case answer.result == contract.ChangeNotStarted:
		r.changeBegun = false
		return notChanged(contract.FailChangeNotStarted, answer.unsent, answer.detail).withNext("%s", answer.mend)
	default:
		return nil
	}
}

// plain is an error as a person reads it: the innermost message, without the layers Temporal wraps around it.
func plain(err error) string {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return trimDot(app.Message())
	}
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return "the worker did not answer in time (" + timeout.TimeoutType().String() + ")"
	}
	return err.Error()
}

const adviceToken = "mend the worker's VPS_API_TOKEN (VPS.org, Developers page), restart the worker, then start the run again."

// adviceForRead says what a person does about a failed read.
func adviceForRead(err error) string {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) {
		return "look at the worker's log, then start the run again."
	}
	switch app.Type() {
	case contract.ErrUnauthorized:
		return adviceToken
	case contract.ErrNotFound:
		return "check server_id: the account of this token has no such server."
	default:
		return "look at the API's state, then start the run again."
	}
}
