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
	r.enter(ctx, PhaseChange)
	r.report.Change = &ChangeRecord{Kind: r.in.Update.Kind, StartedAt: workflow.Now(ctx)}
	var end *ending
	switch r.in.Update.Kind {
	case UpdateWebhook:
		r.changeBegun = true
		end = r.sendWebhook()
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
	case UpdateWebhook:
		return max(contract.WriteGrace, webhookDeadline(u.Timeout.Std()))
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

// sendWebhook posts the change to the user's URL, once. It runs on the safe context: a restore may only begin when the
// webhook is known to be over, so a cancel waits for its end.
func (r *updateRun) sendWebhook() *ending {
	u := r.in.Update
	r.waitFor(r.safe, "the webhook to make the change")
	lock := r.lock
	var result contract.SendWebhookResult
	err := workflow.ExecuteActivity(webhookOptions(r.safe, u.Timeout.Std(), "make the change: call the webhook"), contract.ActivitySendWebhook, contract.SendWebhookInput{
		Fence:   r.fence(),
		URL:     u.URL,
		Timeout: u.Timeout,
		Body: contract.WebhookBody{
			WorkflowID: r.report.WorkflowID,
			RunID:      r.report.OriginalRunID,
			ServerID:   r.in.ServerID,
			Reason:     r.in.Reason,
			Snapshot:   r.restorePoint(),
		},
	}).Get(r.safe, &result)
	switch {
	case err != nil:
		r.settleChange(contract.ChangeUnknown, "the webhook's answer was lost: "+plain(err))
	case result.LockLost:
		// Nothing was sent, so the server is as it was before the change.
		r.changeBegun = false
		r.settleChange(contract.ChangeNotStarted, result.Detail)
		if lock == r.lock {
			r.lockWasLost(r.safe, lock)
		} // else it was taken again meanwhile, and is released at the end like any other
		return lockLost(lock)
	case result.Result == contract.ChangeNotStarted:
		r.changeBegun = false
		r.settleChange(contract.ChangeNotStarted, result.Detail)
		return notChanged(contract.FailChangeNotStarted, "The webhook could not be reached, nothing was sent: %s.", result.Detail).
			withNext("mend update.url or the endpoint, then start the run again.")
	default:
		r.settleChange(result.Result, result.Detail)
	}
	return nil
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
