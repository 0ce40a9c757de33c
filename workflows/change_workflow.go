package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// childEndsWithin is how long after its time-out a child workflow is surely over: Temporal closes it at the time-out.
const childEndsWithin = time.Minute

// runWorkflow makes the change by a workflow of the user's own. Its id is made from the run, and an id never runs twice
// while Temporal remembers it. A run that was reset never starts it: Temporal may have forgotten the one that an earlier
// run started, and then nobody knows whether the change was made. A cancel of the run asks the child to cancel and waits for its
// end: nothing is restored under a change that goes on.
func (r *updateRun) runWorkflow(ctx workflow.Context) *ending {
	u := r.in.Update
	id := r.changeWorkflowID()
	r.report.Change.WorkflowID = id
	if !decidedByOriginalRun(r.safe, r.report.OriginalRunID) {
		return r.awaitEarlierChild(id)
	}
	r.waitFor(ctx, "the workflow %s to make the change", u.Type)
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:               id,
		TaskQueue:                u.TaskQueue,
		WorkflowExecutionTimeout: u.Timeout.Std(),
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		// A run that is terminated leaves its child a chance to clean up; the lock keeps the server closed for its time-out.
		ParentClosePolicy:   enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		WaitForCancellation: true,
		StaticSummary:       "make the change of " + r.report.WorkflowID,
	}), u.Type, u.arguments()...)
	err := child.GetChildWorkflowExecution().Get(r.safe, nil)
	var taken *temporal.ChildWorkflowExecutionAlreadyStartedError
	switch {
	case errors.As(err, &taken):
		return r.awaitEarlierChild(id)
	case err != nil && ctx.Err() == nil:
		r.changeBegun = false
		r.settleChange(contract.ChangeNotStarted, plain(err))
		return notChanged(contract.FailChangeNotStarted, "The workflow %s could not be started: %s.", u.Type, plain(err)).
			withNext("mend update.type and update.task_queue, then start the run again.")
	}
	err = child.Get(r.safe, nil)
	r.settleChange(childResult(err))
	return nil
}

// changeWorkflowID is the same for a run and every run that it is reset to.
func (r *updateRun) changeWorkflowID() string {
	sum := sha256.Sum256([]byte(r.report.OriginalRunID))
	return r.report.WorkflowID + "/change-" + hex.EncodeToString(sum[:4])
}

// arguments are what the child gets: the user's one JSON value, or nothing.
func (u UpdateInput) arguments() []any {
	if len(u.Input) == 0 {
		return nil
	}
	return []any{converter.NewRawValue(jsonPayload(u.Input))}
}

// childResult is what the end of a child says about the change. Only its own word is a clear one: a time-out, a
// termination or a cancel may have cut it off in the middle.
func childResult(err error) (contract.ChangeResult, string) {
	var app *temporal.ApplicationError
	switch {
	case err == nil:
		return contract.ChangeSucceeded, "the workflow completed"
	case errors.As(err, &app):
		return contract.ChangeFailed, "the workflow failed: " + cut(plain(err), maxDetail)
	default:
		return contract.ChangeUnknown, "the workflow was cut off: " + cut(err.Error(), maxDetail)
	}
}

// awaitEarlierChild follows a child that an earlier run, before a reset, has started.
func (r *updateRun) awaitEarlierChild(id string) *ending {
	timeout := r.in.Update.Timeout.Std() + childEndsWithin
	r.waitFor(r.safe, "the workflow that an earlier run, before a reset, has started")
	var result contract.AwaitRunResult
	err := workflow.ExecuteActivity(waitOptions(r.safe, timeout, "wait for the change that an earlier run has started"), contract.ActivityAwaitRun,
		contract.AwaitRunInput{Runs: []contract.RunRef{{WorkflowID: id}}, Timeout: Duration(timeout)}).Get(r.safe, &result)
	switch {
	case err != nil:
		r.settleChange(contract.ChangeUnknown, "an earlier run has started the workflow, and its end is not known: "+plain(err))
	case len(result.Ended) == 0:
		r.settleChange(contract.ChangeUnknown, "an earlier run has started the workflow, and it has not ended: "+result.Detail)
	case result.Ended[0].Status == contract.RunCompleted:
		r.changeOfEarlierRun = true
		r.settleChange(contract.ChangeSucceeded, "the workflow that an earlier run started completed")
	case result.Ended[0].Status == contract.RunFailed:
		r.settleChange(contract.ChangeFailed, "the workflow that an earlier run started failed: "+result.Ended[0].Summary)
	default: // canceled, terminated, timed out, gone
		r.settleChange(contract.ChangeUnknown, "the workflow that an earlier run started was cut off ("+string(result.Ended[0].Status)+")")
	}
	return nil
}
