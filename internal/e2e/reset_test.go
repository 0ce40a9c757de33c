package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// completed matches the end of the n-th run of an activity.
func (r *rig) completed(id, activity string) func(e *historypb.HistoryEvent) bool {
	scheduled := map[int64]bool{}
	for _, e := range r.history(id).Events {
		if e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == activity {
			scheduled[e.GetEventId()] = true
		}
	}
	return func(e *historypb.HistoryEvent) bool {
		return scheduled[e.GetActivityTaskCompletedEventAttributes().GetScheduledEventId()]
	}
}

// The first create is lost before any effect, the run looks, and the second one takes effect. A reset to right after the
// look replays the look, but the run before has sent its create after it: nothing may be sent before looking again.
func TestLaw1AResetBetweenTheLookAndTheSecondCreateMakesNoDuplicate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fault(vpsfake.Fault{Kind: vpsfake.LostBefore, Op: vpsfake.OpCreateSnapshot, Times: 1})
	// Nobody sees a restore by a run that was reset, and its checks were green before: a person would be asked, briefly here.
	r.inVerify(r.input(true, shortHold))
	r.resetTo(r.id(), r.completed(r.id(), contract.ActivityFindSnapshot))
	r.eventually(patience, "the reset run to come to its change again", func() bool { return r.status(r.id()).Change != nil })
	r.cancel(r.id())
	r.open()
	r.end(r.id(), 2*patience) // the earlier run may have sent a restore, whose deadline is waited for
	r.oneSnapshotOfOurs()
	server, _ := r.state()
	require.Equal(t, 1, server.Deploys, "a change is never made twice")
	r.lawful()
}

// Temporal starts a run again that its own time-out cut off, when the caller gave a retry policy.
func TestARunCutOffByItsTimeoutIsNotMadeAgainByARetryPolicy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.temp.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: r.id(), TaskQueue: r.queue, WorkflowRunTimeout: patience, // in which each attempt must come to its change
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumAttempts: 3},
	}, workflows.TypeSnapshotUpdateVerify, r.input(true, func(in map[string]any) { part(in, "verify")["bake_time"] = "10m" }))
	require.NoError(t, err)
	r.inPhase(r.id(), workflows.PhaseVerify, patience)
	first, err := r.temp.DescribeWorkflowExecution(t.Context(), r.id(), "")
	require.NoError(t, err)
	r.eventually(2*patience, "Temporal's second attempt to end", func() bool {
		d, err := r.temp.DescribeWorkflowExecution(t.Context(), r.id(), "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_FAILED &&
			d.GetWorkflowExecutionInfo().GetExecution().GetRunId() != first.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	})
	require.Equal(t, contract.FailChangeUnknown, r.end(r.id(), patience).Failure)
	server, _ := r.state()
	require.Equal(t, 1, server.Deploys)
	require.Len(t, r.requests(vpsfake.OpCreateSnapshot), 1)
}
