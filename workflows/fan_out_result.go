package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// resultOf reads a child's end: its report is the result, or the details of the error.
func resultOf(report Report, err error) TargetResult {
	if err == nil {
		return rowOf(report, "The run ended without a report.")
	}
	var app *temporal.ApplicationError
	var canceled *temporal.CanceledError
	var timeout *temporal.TimeoutError
	switch {
	case errors.As(err, &app):
		report = Report{}
		if !app.HasDetails() || app.Details(&report) != nil {
			report = Report{} // an error of its own making, such as a panic
		}
		if report.Failure == "" {
			report.Failure = app.Type()
		}
		return rowOf(report, app.Message())
	case errors.As(err, &canceled):
		report = Report{}
		if !canceled.HasDetails() || canceled.Details(&report) != nil {
			report = Report{Outcome: OutcomeCanceled}
		}
		return rowOf(report, "The run was canceled.")
	case errors.As(err, &timeout):
		return TargetResult{Failure: "TimedOut", Summary: lookAtServer("The run was cut off by its time-out.")}
	default: // terminated, and whatever a later version of Temporal may tell
		return TargetResult{Failure: "Terminated", Summary: lookAtServer("The run did not come to an end of its own: " + plain(err) + ".")}
	}
}

// rowOf turns a report into a row; otherwise is the summary of a report without one.
func rowOf(report Report, otherwise string) TargetResult {
	result := TargetResult{Outcome: report.Outcome, Failure: report.Failure, Summary: report.Summary}
	if report.Summary == "" {
		result.Summary = otherwise
	}
	if report.Snapshot != nil {
		result.SnapshotID = report.Snapshot.ID
	}
	return result
}

// resultOfEnd turns what AwaitRun saw into a row.
func resultOfEnd(end contract.RunEnd) TargetResult {
	result := TargetResult{
		RunID: end.LastRunID, Outcome: Outcome(end.Outcome), Failure: end.Failure, Summary: end.Summary, SnapshotID: end.SnapshotID,
	}
	switch end.Status {
	case contract.RunCompleted, contract.RunFailed, contract.RunCanceled:
		if result.Summary == "" {
			result.Summary = "The run ended without a report (" + string(end.Status) + ")."
		}
	case contract.RunTerminated:
		result = TargetResult{RunID: end.LastRunID, Failure: "Terminated", Summary: lookAtServer("The run was terminated.")}
	case contract.RunTimedOut:
		result = TargetResult{RunID: end.LastRunID, Failure: "TimedOut", Summary: lookAtServer("The run was cut off by its time-out.")}
	default: // gone, and what is not known: nobody can tell how it ended
		result = TargetResult{RunID: end.LastRunID, Failure: "Gone", Summary: lookAtServer("Temporal does not know the run any more.")}
	}
	return result
}

// lookAtServer is the advice for a run that nobody heard the end of.
func lookAtServer(what string) string { return what + " Look at the server." }
