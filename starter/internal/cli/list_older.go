package cli

import (
	"context"
	"slices"
	"strings"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// gathered are the lines of a list, of which those that a reset made out of one run are one line.
type gathered struct {
	a    *app
	c    client.Client
	runs []render.ListedRun
	// byID is where the lines of a workflow id stand; firsts is the first run of a run's chain, by the run id.
	byID   map[string][]int
	firsts map[string]string
}

// add takes a line. A reset keeps the first run of the chain, and Temporal's list does not say it: where an id comes again
// its runs are described. Of one chain the line that began last stays, for it is how the run went on.
func (g *gathered) add(ctx context.Context, one render.ListedRun) {
	for _, at := range g.byID[one.WorkflowID] {
		if g.first(ctx, g.runs[at]) != g.first(ctx, one) {
			continue
		}
		if one.StartedAt.After(g.runs[at].StartedAt) {
			g.runs[at] = one
		}
		return
	}
	g.byID[one.WorkflowID] = append(g.byID[one.WorkflowID], len(g.runs))
	g.runs = append(g.runs, one)
}

// first is the first run of a run's chain. A run of which nobody knows it is one of its own: better a line too many than
// one that is missing.
func (g *gathered) first(ctx context.Context, one render.ListedRun) string {
	if known := g.firsts[one.RunID]; known != "" {
		return known
	}
	first, _, err := g.a.chain(ctx, g.c, one.WorkflowID, one.RunID)
	if err != nil || first == "" {
		first = one.RunID
	}
	g.firsts[one.RunID] = first
	return first
}

// markOlder marks the lines that are not the newest run of their id, which every command takes for the id alone.
func (a *app) markOlder(ctx context.Context, c client.Client, runs []render.ListedRun) error {
	var ids []string
	for _, one := range runs {
		if !one.Open() && !slices.Contains(ids, one.WorkflowID) { // an open run is the newest one
			ids = append(ids, one.WorkflowID)
		}
	}
	newest := map[string]string{}
	for some := range slices.Chunk(ids, listPage) {
		if err := a.newestOf(ctx, c, some, newest); err != nil {
			return err
		}
	}
	for i, one := range runs {
		runID := newest[one.WorkflowID]
		runs[i].Older = !one.Open() && runID != "" && runID != one.RunID
	}
	return nil
}

// newestOf finds the newest run of each id. Temporal lists open runs first and then those that ended last, and the runs
// of one id follow each other: the first one of an id is the newest.
func (a *app) newestOf(ctx context.Context, c client.Client, ids []string, newest map[string]string) error {
	quoted := make([]string, len(ids))
	for i, id := range ids {
		quoted[i] = quoteVisibility(id)
	}
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: a.namespace, PageSize: listPage, Query: "WorkflowId IN (" + strings.Join(quoted, ", ") + ")",
	}
	for left := len(ids); left > 0; {
		response, err := a.listPage(ctx, c, request, codeNotChanged)
		if err != nil {
			return err
		}
		for _, info := range response.GetExecutions() {
			if id := info.GetExecution().GetWorkflowId(); newest[id] == "" {
				newest[id] = info.GetExecution().GetRunId()
				left--
			}
		}
		request.NextPageToken = response.GetNextPageToken()
		if len(request.NextPageToken) == 0 {
			return nil
		}
	}
	return nil
}
