package activities

import (
	"context"
	"fmt"
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// typeFleetUpdate is the workflow type whose report FailedTargets reads; activities must not import the runbooks.
const typeFleetUpdate = "FleetUpdate"

// maxResets bounds how often a reset run is followed to the one that took over.
const maxResets = 20

// fleetReport is what a fleet's report says of its targets, in the words of its JSON.
type fleetReport struct {
	Failure string `json:"failure"`
	Fleet   *struct {
		// Pages are runs whose results hold the targets, Targets those that are in the report itself.
		Pages   []contract.RunRef `json:"pages"`
		Targets []targetResult    `json:"targets"`
		// NotStarted are ids of targets that were never begun, Reverted of those that were undone after their commit.
		NotStarted []int64 `json:"not_started"`
		Reverted   []int64 `json:"reverted"`
		// NotStartedUnknown says that NotStarted is not whole.
		NotStartedUnknown bool `json:"not_started_unknown"`
	} `json:"fleet"`
}

// targetPage is the result of one page.
type targetPage struct {
	Results []targetResult `json:"results"`
}

type targetResult struct {
	ServerID int64  `json:"server_id"`
	Outcome  string `json:"outcome"`
}

// doneOutcomes are the ends after which there is nothing to try again. A skipped server was not changed, so it is none.
var doneOutcomes = map[string]bool{"committed": true, "planned": true}

// FailedTargets reads the report of a FleetUpdate that has ended and returns the servers that it did not get done.
func (a *Activities) FailedTargets(ctx context.Context, in contract.FailedTargetsInput) (contract.FailedTargetsResult, error) {
	defer a.keepAlive(ctx)()
	runID, report, err := a.fleetReport(ctx, in.WorkflowID, in.RunID)
	if err != nil {
		return contract.FailedTargetsResult{}, err
	}
	failed := map[int64]bool{}
	collect(failed, report.Fleet.Targets)
	for _, id := range slices.Concat(report.Fleet.NotStarted, report.Fleet.Reverted) {
		failed[id] = true
	}
	for i, ref := range report.Fleet.Pages {
		page, status, err := closedRun[targetPage](ctx, a, ref.WorkflowID, ref.RunID)
		if err != nil {
			return contract.FailedTargetsResult{}, err
		}
		if status != contract.RunCompleted || page.Results == nil {
			return contract.FailedTargetsResult{}, refusal("page %d of %d of the results of fleet %q (run %q) cannot be read (%s): "+
				"name the servers instead of retry_of", i+1, len(report.Fleet.Pages), in.WorkflowID, ref.WorkflowID, status)
		}
		collect(failed, page.Results)
	}
	result := contract.FailedTargetsResult{ServerIDs: make([]int64, 0, len(failed)), RunID: runID}
	for id := range failed {
		result.ServerIDs = append(result.ServerIDs, id)
	}
	slices.Sort(result.ServerIDs)
	switch n := len(result.ServerIDs); {
	case n > contract.MaxFailedTargets:
		return contract.FailedTargetsResult{}, refusal("fleet %q did not get %d servers done, and at most %d can be tried again at once: choose them with a selector instead of retry_of",
			in.WorkflowID, n, contract.MaxFailedTargets)
	case n > 0 && result.ServerIDs[0] < 1:
		return contract.FailedTargetsResult{}, refusal("the report of fleet %q names the server %d, which is none: name the servers instead of retry_of",
			in.WorkflowID, result.ServerIDs[0])
	default:
		return result, nil
	}
}

func collect(failed map[int64]bool, results []targetResult) {
	for _, r := range results {
		if !doneOutcomes[r.Outcome] {
			failed[r.ServerID] = true
		}
	}
}

// fleetReport reads the report of a fleet, of the run that took over where it was reset.
func (a *Activities) fleetReport(ctx context.Context, workflowID, runID string) (string, fleetReport, error) {
	for range maxResets {
		earlier, err := a.describe(ctx, workflowID, runID)
		if err != nil {
			return "", fleetReport{}, unasked(ctx, err)
		}
		if err := retryable(workflowID, earlier, activity.GetInfo(ctx).WorkflowExecution.ID); err != nil {
			return "", fleetReport{}, err
		}
		runID = earlier.runID
		if earlier.status == enums.WORKFLOW_EXECUTION_STATUS_TERMINATED {
			next, err := a.successor(ctx, workflowID, runID)
			if err != nil {
				return "", fleetReport{}, unasked(ctx, err)
			}
			if next != "" {
				runID = next
				continue
			}
		}
		report, status, err := closedRun[fleetReport](ctx, a, workflowID, runID)
		if err == nil && report.Fleet == nil && report.Failure == contract.FailInvalidInput {
			err = refusal("fleet %q was refused for its input before it contacted anything: no server was changed, and there is nothing to retry. "+
				"Start it with a mended input instead of retry_of", workflowID)
		}
		if err == nil && report.Fleet == nil {
			err = refusal("fleet %q (%s) left no report of its targets: nobody knows which servers it changed. Look at them, and name the servers instead of retry_of",
				workflowID, status)
		}
		if err == nil && report.Fleet.NotStartedUnknown {
			err = refusal("fleet %q did not learn which servers it had not started: start it again as it was, or name the servers instead of retry_of", workflowID)
		}
		return runID, report, err
	}
	return "", fleetReport{}, refusal("fleet %q was reset more than %d times: name its latest run in retry_of", workflowID, maxResets)
}

// retryable says why a run is not an earlier fleet whose report can be read. asking is the workflow that wants to know.
func retryable(workflowID string, earlier run, asking string) error {
	switch {
	case earlier.runID == "":
		return refusal("there is no run %q: it never was, or Temporal has forgotten it (closed runs go with the namespace's retention). Name the servers instead of retry_of", workflowID)
	case earlier.kind != typeFleetUpdate:
		return refusal("run %q is a %s and not a %s: retry_of takes an earlier fleet", workflowID, fit(earlier.kind, maxRunWord), typeFleetUpdate)
	case earlier.open() && workflowID == asking: // a workflow id has one open run only
		return refusal("retry_of names this very run: it was started under the workflow id %q of the earlier fleet, and so hides it. "+
			"Name the servers instead (the report of the earlier run lists them), and give the new run an id of its own", workflowID)
	case earlier.open():
		return refusal("fleet %q is still running: wait until it has ended, or abort it, and start again", workflowID)
	default:
		return nil
	}
}

// closedRun reads what a run that should be closed left behind. The end of a chain of runs may be open all the same.
// (A function and not a method of Activities, because Go has no generic methods.)
func closedRun[R any](ctx context.Context, a *Activities, workflowID, runID string) (report R, status contract.RunStatus, err error) {
	within, cancel := context.WithTimeout(ctx, a.pace.call)
	defer cancel()
	var result converter.RawValue
	err = a.locks.GetWorkflow(within, workflowID, runID).Get(within, &result)
	switch {
	case ctx.Err() != nil:
		return report, "", ctx.Err()
	case within.Err() != nil:
		return report, "", temporal.NewApplicationError(short(fmt.Sprintf("run %q has not ended, or Temporal did not say how within %s",
			workflowID, a.pace.call)), contract.ErrUnavailable)
	}
	status, _, known := closedAs(result, err, &report)
	if !known {
		return report, "", unasked(ctx, err)
	}
	return report, status, nil
}

// unasked is the error of a question that Temporal did not answer; it is asked again.
func unasked(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return temporal.NewApplicationError(short("Temporal could not be asked: "+err.Error()), contract.ErrUnavailable)
}
