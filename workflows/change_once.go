package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// sent is what a change says that a worker makes by one request: a webhook, or a command over ssh.
type sent struct {
	result   contract.ChangeResult
	detail   string
	lockLost bool
	// unsent and mend say what happened and what to mend when the request provably never left.
	unsent, mend string
}

// onceOptions are for the one request of a change. See writeOptions; the deadline is the user's.
func onceOptions(ctx workflow.Context, timeout time.Duration, summary string) workflow.Context {
	return deadlineOptions(ctx, changeDeadline(timeout), summary)
}

// changeDeadline is the deadline of a change that a worker makes: the user's time-out, the time the request may take to
// leave the worker, and room to report the answer.
func changeDeadline(timeout time.Duration) time.Duration {
	return timeout + contract.WriteSendWithin + 5*time.Second
}

// sendWebhook posts the change to the user's URL, once. It runs on the safe context: a restore may only begin when the
// webhook is known to be over, so a cancel waits for its end.
func (r *updateRun) sendWebhook() *ending {
	u := r.in.Update
	r.waitFor(r.safe, "the webhook to make the change")
	lock := r.lock
	var result contract.SendWebhookResult
	err := workflow.ExecuteActivity(onceOptions(r.safe, u.Timeout.Std(), "make the change: call the webhook"), contract.ActivitySendWebhook, contract.SendWebhookInput{
		Fence:   r.fence(),
		URL:     u.URL,
		Timeout: u.Timeout,
		Body: contract.WebhookBody{
			WorkflowID: r.report.WorkflowID,
			RunID:      r.report.OriginalRunID,
			ServerID:   r.serverID,
			Reason:     r.in.Reason,
			Snapshot:   r.restorePoint(),
		},
	}).Get(r.safe, &result)
	if err != nil {
		r.settleChange(contract.ChangeUnknown, "the webhook's answer was lost: "+plain(err))
		return nil
	}
	if result.EarlierRun && r.countsEarlierRun() {
		r.outlastEarlierChange()
	}
	return r.settleSent(lock, sent{
		result: result.Result, detail: result.Detail, lockLost: result.LockLost,
		unsent: "The webhook could not be reached, nothing was sent: %s.",
		mend:   "mend update.url or the endpoint, then start the run again.",
	})
}

// outlastEarlierChange waits for as long as a change may take that the run before a reset may have begun a moment ago. A
// verification of a server that is being changed proves nothing, and a restore must never meet a change under way.
func (r *updateRun) outlastEarlierChange() {
	timeout := r.in.Update.Timeout
	r.note("this run was reset: the change may have been under way, so it was given its whole update.timeout (%s)", timeout)
	r.waitFor(r.safe, "the end of a change that the run before the reset may have begun, for up to %s", timeout)
	if err := pause(r.safe, changeDeadline(timeout.Std()), "time for a change that may be under way since before the reset"); err != nil { // the safe context is never canceled
		workflow.GetLogger(r.safe).Error("the wait for an earlier run's change was cut short", "error", err)
	}
}

// runSSH runs the change as one command over ssh, once. See sendWebhook.
func (r *updateRun) runSSH() *ending {
	u := r.in.Update
	r.waitFor(r.safe, "the command over ssh to make the change")
	lock := r.lock
	var result contract.RunSSHResult
	err := workflow.ExecuteActivity(onceOptions(r.safe, u.Timeout.Std(), "make the change: run the command over ssh"), contract.ActivityRunSSH, contract.RunSSHInput{
		Fence: r.fence(), Address: u.Address, Command: u.Command, Timeout: u.Timeout,
	}).Get(r.safe, &result)
	if err != nil {
		r.settleChange(contract.ChangeUnknown, "the answer of the worker that ran the command was lost: "+plain(err))
		return nil
	}
	if result.EarlierRun && r.countsEarlierRun() {
		r.outlastEarlierChange()
	}
	c := r.report.Change
	c.ExitCode, c.Output, c.OutputCut = result.ExitCode, result.Output, result.OutputCut
	return r.settleSent(lock, sent{
		result: result.Result, detail: result.Detail, lockLost: result.LockLost,
		unsent: "The command was not run: %s.",
		mend:   "mend update.address or the worker's ssh settings, then start the run again.",
	})
}
