package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// openOnly says whether running runs are wanted, or ended ones, or both.
type openOnly string

const (
	anyRun    openOnly = ""
	openRun   openOnly = "open"
	closedRun openOnly = "closed"
)

// filter is what a list of runs is narrowed by; zero values do not narrow it.
type filter struct {
	server         int64
	phase, outcome string
	open           openOnly
}

// query writes the filter for Temporal's list. Only runbooks are in it, so that locks, pages and notifications are left
// out. A run that went on as a new one (ContinuedAsNew) is one run, which the list shows at its newest.
func (f filter) query() string {
	kinds := make([]string, 0, len(workflows.Runbooks()))
	for _, name := range workflows.Runbooks() {
		kinds = append(kinds, quoteVisibility(name))
	}
	terms := []string{"WorkflowType IN (" + strings.Join(kinds, ", ") + ")"}
	switch f.open {
	case openRun:
		terms = append(terms, "ExecutionStatus = 'Running'")
	case closedRun:
		terms = append(terms, "ExecutionStatus != 'Running'", "ExecutionStatus != 'ContinuedAsNew'")
	default: // both
		terms = append(terms, "ExecutionStatus != 'ContinuedAsNew'")
	}
	if f.server != 0 {
		terms = append(terms, fmt.Sprintf("%s = %d", workflows.SearchAttributeServerID, f.server))
	}
	if f.phase != "" {
		terms = append(terms, workflows.SearchAttributePhase+" = "+quoteVisibility(f.phase))
	}
	if f.outcome != "" {
		terms = append(terms, workflows.SearchAttributeOutcome+" = "+quoteVisibility(f.outcome))
	}
	return strings.Join(terms, " AND ")
}

// quoteVisibility writes a word for a list's query, which is read as SQL: a quote is doubled, a backslash too.
func quoteVisibility(word string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(word) + "'"
}

// How many runs are asked for at once, and at most shown. Temporal lists ended runs by when they ended, and they are shown
// by when they began: a page of more than is shown makes the two agree but for runs that took very long.
const (
	listPage = 100
	maxList  = 1000
)

// listRuns fetches the newest runs that a filter lets through, the newest first, at most so many. trouble is the code for
// a list that Temporal cannot give.
func (a *app) listRuns(ctx context.Context, c client.Client, f filter, limit, trouble int) ([]render.ListedRun, error) {
	found := gathered{a: a, c: c, byID: map[string][]int{}, firsts: map[string]string{}}
	request := &workflowservice.ListWorkflowExecutionsRequest{Namespace: a.namespace, PageSize: listPage, Query: f.query()}
	for {
		response, err := a.listPage(ctx, c, request, trouble)
		if err != nil {
			return nil, err
		}
		for _, info := range response.GetExecutions() {
			found.add(ctx, listed(info))
		}
		request.NextPageToken = response.GetNextPageToken()
		if len(request.NextPageToken) == 0 || len(found.runs) >= limit {
			break
		}
	}
	runs := found.runs
	slices.SortStableFunc(runs, func(x, y render.ListedRun) int { return y.StartedAt.Compare(x.StartedAt) })
	return runs[:min(len(runs), limit)], nil
}

func (a *app) listPage(ctx context.Context, c client.Client, request *workflowservice.ListWorkflowExecutionsRequest, trouble int) (response *workflowservice.ListWorkflowExecutionsResponse, err error) {
	err = a.persist(ctx, func() error {
		response, err = c.ListWorkflow(ctx, request)
		return err
	})
	var invalid *serviceerror.InvalidArgument
	switch {
	case err == nil:
		return response, nil
	case ctx.Err() != nil:
		return nil, fail(codeDetached, "interrupted: nothing was changed")
	case temporalclient.Refused(err):
		return nil, denied(err)
	case errors.As(err, &invalid) && strings.Contains(invalid.Message, "Safepoint"): // only for the words: the end is the same
		return nil, fail(codeUsage, "namespace %s does not know Safepoint's search attributes yet: %w\nStart safepoint-worker once, which registers them", a.namespace, err)
	default: // it does not answer, or cannot list
		return nil, fail(trouble, "Temporal cannot list the runs: %w\nTry again; a run whose id you know is shown by safepoint status RUN", err)
	}
}

// listed reads one line of Temporal's list.
func listed(info *workflowpb.WorkflowExecutionInfo) render.ListedRun {
	fields := info.GetSearchAttributes().GetIndexedFields()
	run := render.ListedRun{
		WorkflowID: info.GetExecution().GetWorkflowId(), RunID: info.GetExecution().GetRunId(), Runbook: info.GetType().GetName(),
		ServerID: attribute[int64](fields, workflows.SearchAttributeServerID), Status: info.GetStatus().String(),
		Phase: attribute[string](fields, workflows.SearchAttributePhase), Outcome: attribute[string](fields, workflows.SearchAttributeOutcome),
		StartedAt: info.GetStartTime().AsTime(),
	}
	if info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		run.EndedAt = info.GetCloseTime().AsTime()
	}
	return run
}

// attribute is a search attribute's value; the zero value where it is not set or not of this type, and so not ours.
func attribute[T any](fields map[string]*commonpb.Payload, name string) T {
	var value, none T
	if payload := fields[name]; payload == nil || json.Unmarshal(payload.GetData(), &value) != nil {
		return none
	}
	return value
}
