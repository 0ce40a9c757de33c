package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// ending is how a run ends: exactly one per run.
type ending struct {
	outcome Outcome
	// failure is the failure class; empty for a completed or a canceled run.
	failure string
	// summary says what happened to the server, next what a person should do now.
	summary string
	next    string
}

// serverNotChanged ends the summary of every run that ends before its change.
const serverNotChanged = " The server was not changed."

// notChanged ends a run before its change: the server was not touched.
func notChanged(failure, format string, args ...any) *ending {
	return &ending{outcome: OutcomeNotChanged, failure: failure,
		summary: fmt.Sprintf(format, args...) + serverNotChanged}
}

// withNext adds what a person should do.
func (e *ending) withNext(format string, args ...any) *ending {
	e.next = fmt.Sprintf(format, args...)
	return e
}

// result turns an ending into what the workflow returns. Every failure is non-retryable, so that a retry policy of the
// caller can never make a change twice.
func (e *ending) result(report *Report) (*Report, error) {
	switch {
	case e.outcome == OutcomeCanceled:
		return nil, temporal.NewCanceledError(*report)
	case e.failure != "":
		message := e.summary
		if e.next != "" {
			message += " Next: " + e.next
		}
		return nil, temporal.NewApplicationErrorWithOptions(message, e.failure,
			temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{*report}})
	default: // committed, restored, skipped, planned and the like: the only ends that complete
		return report, nil
	}
}

// invalidInput is the end of a run whose input cannot be used. Nothing was contacted.
func invalidInput(ctx workflow.Context, err error) error {
	info := workflow.GetInfo(ctx)
	return temporal.NewApplicationErrorWithOptions(err.Error(), contract.FailInvalidInput,
		temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{Report{
			Runbook:       info.WorkflowType.Name,
			WorkflowID:    info.WorkflowExecution.ID,
			RunID:         info.WorkflowExecution.RunID,
			OriginalRunID: info.OriginalRunID,
			Outcome:       OutcomeNotChanged,
			Failure:       contract.FailInvalidInput,
			Summary:       err.Error(),
			Next:          "Mend the input and start the run again. Nothing was contacted.",
			StartedAt:     info.WorkflowStartTime,
			EndedAt:       workflow.Now(ctx),
		}}})
}

// close writes the end into the report and the search attributes.
func (r *serverRun) close(ctx workflow.Context, end *ending) {
	untouched := end.outcome == OutcomeNotChanged || end.outcome == OutcomeCanceled || end.outcome == OutcomeSkipped
	if untouched && r.report.RunID != r.report.OriginalRunID {
		r.warnOfEarlierRun(end)
	}
	r.report.Outcome, r.report.Failure = end.outcome, end.failure
	r.report.Summary, r.report.Next = end.summary, end.next
	r.report.EndedAt = workflow.Now(ctx)
	r.enterWith(ctx, PhaseDone, outcomeAttribute.ValueSet(string(end.outcome)))
	r.waitFor(ctx, "nothing: the run has ended")
}

// warnOfEarlierRun is for a run that was reset and ends without a change of its own: what the run before the reset did
// goes on without it. A restore above all: it ends with whatever the snapshot holds, and may leave the server stopped,
// with nobody to start it. A run that was not to go on does not do it either: a person is told.
func (r *serverRun) warnOfEarlierRun(end *ending) {
	end.summary += " But this run was reset: an earlier run of it may have changed the server before."
	start := fmt.Sprintf("start server %d at VPS.org", r.serverID)
	if r.report.Runbook == TypeSnapshotRotation || strings.Contains(end.next, start) {
		return // it never restores, and looks itself whether its own stop left the server down; or it is said already
	}
	look := fmt.Sprintf("look at what is on server %d, and %s if it is down", r.serverID, start)
	if next := strings.TrimPrefix(end.next, "nothing; "); next != "" {
		end.next = look + "; then " + next
		return
	}
	end.next = look + "."
}

// stoppedBeforeChange is the end of a run that was interrupted before its change: by a cancel, or by a lost lock.
func (r *serverRun) stoppedBeforeChange() *ending {
	if r.lockLostEarly {
		return lockLost(r.lock)
	}
	if r.onDemand {
		return &ending{outcome: OutcomeCanceled, summary: "Canceled before the restore. Nothing was restored; a safety snapshot that was begun stays on the server."}
	}
	return &ending{outcome: OutcomeCanceled, summary: "Canceled before the change. The server was not changed; a snapshot that was begun is left to retention."}
}

// lockLost is the end of a run that lost its lock before its change.
func lockLost(lock *lockHold) *ending {
	return notChanged(contract.FailLockLost, "The lock %s ended while this run held it (terminated by hand, or its id was reset).", lock.workflowID).
		withNext("find out who ended the lock, then start the run again.")
}

// secondAttempt refuses a run that Temporal started because a caller's retry policy retries a run that timed out: the
// attempt before may have changed the server, and a change is never made twice.
func secondAttempt(ctx workflow.Context) error {
	info := workflow.GetInfo(ctx)
	if info.Attempt <= 1 {
		return nil
	}
	end := (&ending{
		outcome: OutcomeChangeUnknown,
		failure: contract.FailChangeUnknown,
		summary: "An earlier attempt of this run was cut off by its time-out and may have changed the server. This one did nothing.",
	}).withNext("look at the run before (temporal workflow show -w %s) and at the server; start a new run without a retry policy and without a run time-out.", shellWord(info.WorkflowExecution.ID))
	_, err := end.result(&Report{
		Runbook: info.WorkflowType.Name, WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID,
		OriginalRunID: info.OriginalRunID, Outcome: end.outcome, Failure: end.failure, Summary: end.summary, Next: end.next,
		StartedAt: info.WorkflowStartTime, EndedAt: workflow.Now(ctx),
	})
	return err
}
