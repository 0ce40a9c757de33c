package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Failure classes of results whose run left none.
const (
	failTerminated = "Terminated"
	failTimedOut   = "TimedOut"
	// failGone: Temporal does not know the run any more.
	failGone = "Gone"
	// failForeign: another run has the id of the target's run, so that none was started.
	failForeign = "ForeignRun"
	// failPanic is also the type that Temporal gives to a panic.
	failPanic   = "PanicError"
	failUnknown = "UnknownError"
)

// resultOf reads a child's end: its report is the result, or the details of the error.
func resultOf(report Report, err error) TargetResult {
	if err == nil {
		return rowOf(report, "The run ended without a report.")
	}
	var app *temporal.ApplicationError
	var canceled *temporal.CanceledError
	var timeout *temporal.TimeoutError
	var terminated *temporal.TerminatedError
	var panicked *temporal.PanicError
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
		return TargetResult{Failure: failTimedOut, Summary: lookAtServer("The run was cut off by its time-out.")}
	case errors.As(err, &terminated):
		return TargetResult{Failure: failTerminated, Summary: lookAtServer("The run was terminated.")}
	case errors.As(err, &panicked):
		return TargetResult{Failure: failPanic, Summary: lookAtServer("The run's code panicked: " + panicked.Error() + ".")}
	default: // a failure of no kind that Temporal has today
		return TargetResult{Failure: failUnknown, Summary: lookAtServer("The run ended with an error of an unknown kind: " + plain(err) + ".")}
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
		result = TargetResult{RunID: end.LastRunID, Failure: failTerminated, Summary: lookAtServer("The run was terminated.")}
	case contract.RunTimedOut:
		result = TargetResult{RunID: end.LastRunID, Failure: failTimedOut, Summary: lookAtServer("The run was cut off by its time-out.")}
	case contract.RunForeign:
		result = TargetResult{Outcome: OutcomeNotChanged, Failure: failForeign,
			Summary: "No run was started: its workflow id is taken by a run that this one has not started. Look at that run."}
	default: // gone, and what is not known: nobody can tell how it ended
		result = TargetResult{RunID: end.LastRunID, Failure: failGone, Summary: lookAtServer("Temporal does not know the run any more.")}
	}
	return result
}

// lookAtServer is the advice for a run that nobody heard the end of.
func lookAtServer(what string) string { return what + " Look at the server." }
