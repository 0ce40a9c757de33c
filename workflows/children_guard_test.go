package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// childSpy notes with which options children are started, most of which the test environment does not act on, and how
// many locks had ended when the runbook did.
type childSpy struct {
	interceptor.WorkerInterceptorBase
	h          *harness
	seen       map[string]workflow.ChildWorkflowOptions // by workflow type
	locksEnded int
}

func (s *childSpy) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &childSpyInbound{spy: s}
	in.Next = next
	return in
}

type childSpyInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	spy *childSpy
}

func (s *childSpyInbound) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	out := &childSpyOutbound{spy: s.spy}
	out.Next = outbound
	return s.Next.Init(out)
}

func (s *childSpyInbound) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	result, err := s.Next.ExecuteWorkflow(ctx, in)
	if workflow.GetInfo(ctx).WorkflowType.Name == TypeSnapshotUpdateVerify {
		s.spy.locksEnded = len(s.spy.h.lockEnds)
	}
	return result, err
}

type childSpyOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	spy *childSpy
}

func (s *childSpyOutbound) ExecuteChildWorkflow(ctx workflow.Context, childType string, args ...any) workflow.ChildWorkflowFuture {
	s.spy.seen[childType] = workflow.GetChildWorkflowOptions(ctx)
	return s.Next.ExecuteChildWorkflow(ctx, childType, args...)
}

// spied lets a childSpy look at the run to come.
func (h *harness) spied() *childSpy {
	seen := &childSpy{h: h, seen: map[string]workflow.ChildWorkflowOptions{}}
	h.env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second,
		Interceptors: []interceptor.WorkerInterceptor{&spy{h: h}, seen}})
	return seen
}

// childOptionsOf runs the runbook and returns the options of its children.
func (h *harness) childOptionsOf() map[string]workflow.ChildWorkflowOptions {
	seen := h.spied()
	require.Equal(h.t, OutcomeCommitted, h.run().report.Outcome)
	return seen.seen
}

// optionsIn returns what f makes of a workflow's context.
func optionsIn[O any](t *testing.T, f func(ctx workflow.Context) O) O {
	t.Helper()
	var options O
	env := quietSuite().NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		options = f(ctx)
		return nil
	})
	require.NoError(t, env.GetWorkflowError())
	return options
}

// Law 7: a terminated holder may have a write in flight, so its lock is asked to cancel and counts its grace.
func TestALockOutlivesARunbookThatIsTerminated(t *testing.T) {
	lock := newHarness(t).childOptionsOf()[TypeServerLock]
	assert.Equal(t, "server-lock/12345", lock.WorkflowID, "the id is the lock")
	assert.Equal(t, enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL, lock.ParentClosePolicy)
	assert.Zero(t, lock.WorkflowExecutionTimeout, "a lock never ends by itself")
	assert.Zero(t, lock.WorkflowRunTimeout)
}

func TestAChangeByWorkflowCannotRunTwice(t *testing.T) {
	h := newHarness(t, workflowChange)
	h.childThat(func(workflow.Context) error { return nil })
	child := h.childOptionsOf()[userWorkflow]
	assert.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, child.WorkflowIDReusePolicy)
	assert.Equal(t, enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL, child.ParentClosePolicy, "it may clean up")
	assert.True(t, child.WaitForCancellation, "nothing is restored under a change that goes on")
	assert.Equal(t, 30*time.Minute, child.WorkflowExecutionTimeout, "the lock's grace counts on it")
	assert.Nil(t, child.RetryPolicy)
}

func TestARunOfAFleetIsStartedOnceAndOutlivesTheFleet(t *testing.T) {
	child := optionsIn(t, func(ctx workflow.Context) workflow.ChildWorkflowOptions {
		return workflow.GetChildWorkflowOptions((&fanOut{safe: ctx}).childOptions("fleet/7", "server 7"))
	})
	assert.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, child.WorkflowIDReusePolicy)
	assert.Equal(t, enumspb.PARENT_CLOSE_POLICY_ABANDON, child.ParentClosePolicy)
	assert.Nil(t, child.RetryPolicy, "a change is never made twice")
}
