package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// verdict is how a run ended.
type verdict struct {
	report workflows.Report
	code   int
	// lost is true when the run left no report: then the report says only what Temporal itself knows. An input that was
	// refused is no such end: it says by itself that nothing was done.
	lost bool
}

// verdictOf reads a closed run's report out of its result or its error. ok is false when the answer says nothing about
// the run, such as a connection that broke.
func verdictOf(id string, result json.RawMessage, err error) (v verdict, ok bool) {
	var (
		execution *temporal.WorkflowExecutionError
		app       *temporal.ApplicationError
		canceled  *temporal.CanceledError
	)
	var report workflows.Report
	switch {
	case err == nil:
		if json.Unmarshal(result, &report) != nil || report.Outcome == "" {
			return lost(id, "The run completed, but its result is not a report."), true
		}
	case !errors.As(err, &execution):
		return verdict{}, false
	case errors.As(err, &app):
		report = reportIn(app)
		if report.Outcome == "" && app.Type() != contract.FailInvalidInput {
			return failedSilently(id, app), true
		}
		report.Failure = app.Type()
		if report.Summary == "" {
			report.Summary = app.Message()
		}
	case errors.As(err, &canceled):
		report = reportIn(canceled)
		if report.Outcome == "" {
			v := lost(id, "The run was canceled and left no report.")
			v.report.Failure = failCanceled
			return v, true
		}
	default: // terminated, or timed out by a time-out that whoever started it set
		v := lost(id, fmt.Sprintf("The run was ended from outside before it could report: %v.", errors.Unwrap(execution)))
		v.report.Failure = endedFrom(err)
		return v, true
	}
	report = withID(report, id)
	return verdict{report: report, code: exitCode(report.Outcome, report.Failure)}, true
}

// details is what a failure of a run carries.
type details interface {
	HasDetails() bool
	Details(...any) error
}

func reportIn(d details) workflows.Report {
	var report workflows.Report
	if d.HasDetails() && d.Details(&report) != nil {
		return workflows.Report{} // another program's failure: its message says more
	}
	return report
}

// withID names the run where the report could not: an input that cannot be used ends a run before it knows itself.
func withID(report workflows.Report, id string) workflows.Report {
	if report.WorkflowID == "" {
		report.WorkflowID = id
	}
	return report
}

// endedFrom names an end from outside as Temporal does.
func endedFrom(err error) string {
	var (
		terminated *temporal.TerminatedError
		timedOut   *temporal.TimeoutError
	)
	switch {
	case errors.As(err, &terminated):
		return failTerminated
	case errors.As(err, &timedOut):
		return failTimedOut
	default: // an end that a later version of Temporal may know
		return ""
	}
}

// Failures of runs that were ended from outside, in Temporal's own words.
const (
	failCanceled   = "Canceled"
	failTerminated = "Terminated"
	failTimedOut   = "TimedOut"
)

// lost is the end of a run of which nobody knows in what state it left the server.
func lost(id, what string) verdict {
	return verdict{lost: true, code: codePerson, report: workflows.Report{
		WorkflowID: id, Summary: what + " Nobody knows in what state it left the server.",
		Next: "look at the server and its snapshots at VPS.org, and at the history: temporal workflow show -w " + quote(id),
	}}
}

// failedSilently is the end of a run that failed without a report. Its class may still say what became of the server.
func failedSilently(id string, app *temporal.ApplicationError) verdict {
	what := "The run failed and left no report: " + strings.TrimRight(app.Message(), ". ") + "."
	v := lost(id, what)
	v.report.Failure, v.code = app.Type(), exitCode("", app.Type())
	if v.code != codePerson {
		v.report.Summary = what
	}
	return v
}

// fill adds what Temporal itself knows of a run that left no report. Without an answer the report stays as it is.
func fill(ctx context.Context, c client.Client, v *verdict, runID string) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	description, err := c.DescribeWorkflowExecution(ctx, v.report.WorkflowID, runID)
	if err != nil {
		return
	}
	info := description.GetWorkflowExecutionInfo()
	v.report.Runbook = info.GetType().GetName()
	v.report.RunID = info.GetExecution().GetRunId()
	v.report.OriginalRunID = info.GetFirstRunId()
	if at := info.GetStartTime(); at != nil {
		v.report.StartedAt = at.AsTime()
	}
	if at := info.GetCloseTime(); at != nil {
		v.report.EndedAt = at.AsTime()
	}
	attribute := info.GetSearchAttributes().GetIndexedFields()[workflows.SearchAttributeServerID]
	if attribute != nil && json.Unmarshal(attribute.GetData(), &v.report.ServerID) != nil {
		v.report.ServerID = 0 // not a number: not ours
	}
}

// printVerdict writes the report and ends with its code.
func (a *app) printVerdict(v verdict, format outputFormat) error {
	if err := a.printReport(v.report, format); err != nil {
		return err
	}
	return exit(v.code)
}

func (a *app) printReport(report workflows.Report, format outputFormat) error {
	switch format {
	case formatJSON:
		return a.printJSON(report)
	case formatMarkdown:
		return a.print(render.Markdown(report))
	default: // text
		return a.print(render.ReportIn(report, a.outColour, a.outColumns()))
	}
}
