package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// found lists the workflow ids that a query of the UI or the CLI finds now.
func (r *rig) found(query string) []string {
	r.t.Helper()
	list, err := r.temp.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{Namespace: "default", Query: query})
	require.NoError(r.t, err)
	var ids []string
	for _, e := range list.GetExecutions() {
		ids = append(ids, e.GetExecution().GetWorkflowId())
	}
	return ids
}

// isFound waits until a query finds exactly this: visibility follows the history with a delay.
func (r *rig) isFound(query string, ids ...string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		got := r.found(query)
		if len(got) != len(ids) {
			return false
		}
		for i := range ids {
			if got[i] != ids[i] {
				return false
			}
		}
		return true
	}, patience, 100*time.Millisecond, "%s finds %v, not %v", query, ids, r.found(query))
}

func TestRunsAreFoundByServerPhaseAndOutcome(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ofServer := fmt.Sprintf("%s = %d", workflows.SearchAttributeServerID, r.server)
	runs := ofServer + fmt.Sprintf(" AND WorkflowType = '%s'", workflows.TypeSnapshotUpdateVerify)
	inPhase := func(p workflows.Phase) string {
		return fmt.Sprintf("%s AND %s = '%s'", runs, workflows.SearchAttributePhase, p)
	}
	r.held(r.id())
	r.isFound(inPhase(workflows.PhaseHold), r.id())
	r.isFound(ofServer+fmt.Sprintf(" AND WorkflowType = '%s' AND ExecutionStatus = 'Running'", workflows.TypeServerLock), contract.LockWorkflowID(r.server))
	require.Empty(t, r.found(runs+fmt.Sprintf(" AND %s IS NOT NULL", workflows.SearchAttributeOutcome)), "no outcome before the end")

	require.NoError(t, r.decide(r.id(), "d1", workflows.DecideCommit))
	require.Equal(t, workflows.OutcomeCommitted, r.end(r.id(), patience).Outcome)
	r.isFound(inPhase(workflows.PhaseHold))
	r.isFound(inPhase(workflows.PhaseDone)+fmt.Sprintf(" AND %s = '%s'", workflows.SearchAttributeOutcome, workflows.OutcomeCommitted), r.id())
}

// Temporal answers an add of another type with yes and keeps the old type; a run would then hang in task retries.
func TestAWorkerRefusesASearchAttributeOfAnotherType(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	address := nobody(t)
	devServer(t, address, "--search-attribute", workflows.SearchAttributePhase+"=Int")
	w := r.launchWorker("TEMPORAL_ADDRESS=" + address)
	require.Equal(t, 1, w.exit(patience))
	for _, part := range []string{
		workflows.SearchAttributePhase, "has the type Int", "must be Keyword",
		"temporal operator search-attribute remove --namespace default --name " + workflows.SearchAttributePhase,
	} {
		require.Contains(t, w.output.String(), part)
	}
}
