package workflows

import (
	"cmp"
	"slices"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// writes are the activities that change something outside.
var writes = []string{
	contract.ActivityCreateSnapshot, contract.ActivityDeleteSnapshot, contract.ActivityRestoreSnapshot,
	contract.ActivityStopServer, contract.ActivityStartServer, contract.ActivitySendWebhook,
}

// spy stands between the runbook and the test environment, for the three things that the environment lacks: an original
// run id, a lock that is taken, and a record of search attributes.
type spy struct {
	interceptor.WorkerInterceptorBase
	h *harness
}

func (s *spy) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &spyInbound{h: s.h}
	in.Next = next
	return in
}

type spyInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	h *harness
}

func (s *spyInbound) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	out := &spyOutbound{h: s.h}
	out.Next = outbound
	return s.Next.Init(out)
}

func (s *spyInbound) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	info := workflow.GetInfo(ctx)
	if info.WorkflowType.Name != cmp.Or(s.h.runbook, TypeSnapshotUpdateVerify) {
		result, err := s.Next.ExecuteWorkflow(ctx, in)
		if info.WorkflowType.Name == TypeServerLock {
			s.h.lockEnds = append(s.h.lockEnds, err)
		}
		return result, err
	}
	info.OriginalRunID, info.WorkflowStartTime = s.h.originalRunID, testStart
	info.Attempt = max(info.Attempt, s.h.attempt)
	result, err := s.Next.ExecuteWorkflow(ctx, in)
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.h.endedAt = len(s.h.calls)
	for name, n := range s.h.inFlight {
		if n > 0 && slices.Contains(writes, name) {
			s.h.leftWrites = append(s.h.leftWrites, name)
		}
	}
	return result, err
}

type spyOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	h *harness
}

func (s *spyOutbound) UpsertTypedSearchAttributes(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) error {
	seen := map[string]any{}
	for key, value := range temporal.NewSearchAttributes(updates...).GetUntypedValues() {
		seen[key.GetName()] = value
	}
	s.h.upserts = append(s.h.upserts, seen)
	return s.Next.UpsertTypedSearchAttributes(ctx, updates...)
}

func (s *spyOutbound) ExecuteChildWorkflow(ctx workflow.Context, childType string, args ...any) workflow.ChildWorkflowFuture {
	if slices.Contains(s.h.taken, childType) {
		return takenLock(ctx)
	}
	if childType != TypeServerLock {
		return s.Next.ExecuteChildWorkflow(ctx, childType, args...)
	}
	if s.h.busy > 0 {
		s.h.busy--
		return takenLock(ctx)
	}
	s.h.locks = append(s.h.locks, args[0].(contract.LockRequest))
	return s.Next.ExecuteChildWorkflow(ctx, childType, args...)
}

// failedChild is a child workflow that did not start.
type failedChild struct {
	workflow.Future
}

// takenLock is how a start of a running id ends on a real server.
func takenLock(ctx workflow.Context) workflow.ChildWorkflowFuture {
	future, settable := workflow.NewFuture(ctx)
	settable.SetError(&temporal.ChildWorkflowExecutionAlreadyStartedError{})
	return failedChild{future}
}

func (f failedChild) GetChildWorkflowExecution() workflow.Future { return f.Future }

func (f failedChild) SignalChildWorkflow(workflow.Context, string, any) workflow.Future {
	return f.Future
}

// answerOf is an update and how it was answered.
type answerOf struct {
	accepted bool
	refused  error
	done     bool
	value    any
	err      error
}

func (a *answerOf) Accept() { a.accepted = true }

func (a *answerOf) Reject(err error) { a.refused = err }

func (a *answerOf) Complete(value any, err error) { a.done, a.value, a.err = true, value, err }

// update sends an update from within the workflow's loop.
func (h *harness) update(name string, arg any) *answerOf {
	a := &answerOf{}
	h.env.UpdateWorkflow(name, "", a, arg)
	return a
}

// status asks the running workflow; only from within its loop.
func (h *harness) status() Status {
	var s Status
	value, err := h.env.QueryWorkflow(QueryStatus)
	if err == nil {
		err = value.Get(&s)
	}
	if err != nil {
		h.t.Errorf("query status: %v", err)
	}
	return s
}
