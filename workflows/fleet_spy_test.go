package workflows

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// measuring notes the longest payload that passes.
type measuring struct {
	converter.DataConverter
	h *fleetHarness
}

func (m measuring) ToPayload(value any) (*commonpb.Payload, error) {
	p, err := m.DataConverter.ToPayload(value)
	m.h.measure(p)
	return p, err
}

func (m measuring) ToPayloads(values ...any) (*commonpb.Payloads, error) {
	list, err := m.DataConverter.ToPayloads(values...)
	for _, p := range list.GetPayloads() {
		m.h.measure(p)
	}
	return list, err
}

func (h *fleetHarness) measure(p *commonpb.Payload) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return
	}
	h.biggest = max(h.biggest, len(p.GetData()))
}

// fleetSpy records what a fleet starts and asks, and does what the environment cannot: a first run's id, an id that is
// taken, a child that is terminated.
type fleetSpy struct {
	interceptor.WorkerInterceptorBase
	h *fleetHarness
}

func (s *fleetSpy) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &fleetInbound{h: s.h}
	in.Next = next
	return in
}

type fleetInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	h *fleetHarness
}

func (s *fleetInbound) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	out := &fleetOutbound{h: s.h}
	out.Next = outbound
	return s.Next.Init(out)
}

func (s *fleetInbound) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	if info := workflow.GetInfo(ctx); info.WorkflowType.Name == TypeFleetUpdate {
		info.FirstRunID, info.OriginalRunID, info.WorkflowStartTime = testFirstRun, cmp.Or(s.h.originalRun, testRunID), testStart
	}
	return s.Next.ExecuteWorkflow(ctx, in)
}

type fleetOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	h *fleetHarness
}

func (s *fleetOutbound) ExecuteChildWorkflow(ctx workflow.Context, childType string, args ...any) workflow.ChildWorkflowFuture {
	record := started{workflowType: childType, workflowID: workflow.GetChildWorkflowOptions(ctx).WorkflowID, at: workflow.Now(ctx)}
	var end childEnd
	if raw, ok := args[0].(json.RawMessage); ok {
		_ = json.Unmarshal(raw, &record.input) // what is not JSON fails in the child
		id, _ := record.input["server_id"].(float64)
		record.serverID = int64(id)
		end = s.h.ends[record.serverID]
		if childType == TypeRollbackByRestore {
			end = s.h.undos[record.serverID]
		}
	}
	s.h.spend(childCost)
	if page, ok := args[0].(FleetPageResult); ok {
		if s.h.pageTries++; s.h.unstorable != nil && s.h.unstorable(s.h.pageTries) {
			future, settable := workflow.NewFuture(ctx)
			settable.SetError(errors.New("namespace not found"))
			return failedChild{future}
		}
		s.h.pages[record.workflowID] = page
		return s.Next.ExecuteChildWorkflow(ctx, childType, args...)
	}
	s.h.starts = append(s.h.starts, record)
	switch {
	case end.taken:
		return takenLock(ctx)
	case end.lost:
		return lostChild(ctx, record.workflowID)
	case end.terminated:
		return terminatedChild(ctx, record.workflowID)
	case s.h.fake:
		return s.h.fakeChild(ctx, record, end)
	}
	return s.Next.ExecuteChildWorkflow(ctx, childType, args...)
}

func (s *fleetOutbound) RequestCancelExternalWorkflow(ctx workflow.Context, workflowID, runID string) workflow.Future {
	s.h.spend(cancelCost)
	s.h.asked = append(s.h.asked, workflowID)
	return s.Next.RequestCancelExternalWorkflow(ctx, workflowID, runID)
}

func (s *fleetOutbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	s.h.spend(activityCost)
	return s.Next.ExecuteActivity(ctx, name, args...)
}

func (s *fleetOutbound) Sleep(ctx workflow.Context, d time.Duration) error {
	s.h.spend(timerCost)
	return s.Next.Sleep(ctx, d)
}

// countEvents makes the run see a history as long as what it does would make it.
func (h *fleetHarness) countEvents() {
	h.counting = true
	h.spend(10) // the start, a search attribute or two, and the end
}

func (h *fleetHarness) spend(events int) {
	if h.counting {
		h.events += events
		h.env.SetCurrentHistoryLength(h.events)
	}
}

// endedChild is a child that was started and came to its end.
type endedChild struct {
	workflow.Future
	execution workflow.Future
}

func (c endedChild) GetChildWorkflowExecution() workflow.Future { return c.execution }

func (c endedChild) SignalChildWorkflow(workflow.Context, string, any) workflow.Future {
	return c.Future
}

// terminatedChild starts, and is terminated a while later.
func terminatedChild(ctx workflow.Context, id string) workflow.ChildWorkflowFuture {
	execution, start := workflow.NewFuture(ctx)
	start.SetValue(workflow.Execution{ID: id, RunID: "terminated-run"})
	future, end := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		_ = workflow.Sleep(ctx, testFleetStep)
		end.SetError(&temporal.TerminatedError{})
	})
	return endedChild{Future: future, execution: execution}
}

// lostChild starts, and nobody ever tells its end.
func lostChild(ctx workflow.Context, id string) workflow.ChildWorkflowFuture {
	execution, start := workflow.NewFuture(ctx)
	start.SetValue(workflow.Execution{ID: id, RunID: "lost-run"})
	future, _ := workflow.NewFuture(ctx)
	return endedChild{Future: future, execution: execution}
}

// fakeChild is a child of the script without a workflow behind it.
func (h *fleetHarness) fakeChild(ctx workflow.Context, record started, end childEnd) workflow.ChildWorkflowFuture {
	execution, start := workflow.NewFuture(ctx)
	start.SetValue(workflow.Execution{ID: record.workflowID, RunID: "run-of-" + record.workflowID})
	future, settable := workflow.NewFuture(ctx)
	report := Report{Outcome: end.outcome, Failure: end.failure, Summary: "the scripted end", Snapshot: &contract.RestorePoint{ID: 1000 + record.serverID}}
	if report.Outcome == "" {
		report.Outcome = OutcomeCommitted
	}
	h.fly(record.serverID, true)
	workflow.GoNamed(ctx, "fake child", func(ctx workflow.Context) {
		defer h.fly(record.serverID, false)
		_ = workflow.NewTimer(ctx, testFleetStep+time.Duration(record.serverID%7)*time.Second).Get(ctx, nil)
		if report.Failure != "" {
			settable.SetError(temporal.NewApplicationErrorWithOptions("it failed", report.Failure, temporal.ApplicationErrorOptions{Details: []any{report}}))
			return
		}
		settable.SetValue(report)
	})
	return endedChild{Future: future, execution: execution}
}

// update sends an update from within the workflow's loop.
func (h *fleetHarness) update(name string, arg any) *answerOf {
	a := &answerOf{}
	h.env.UpdateWorkflow(name, "", a, arg)
	return a
}

func (h *fleetHarness) at(d time.Duration, f func()) *fleetHarness {
	h.env.RegisterDelayedCallback(f, d)
	return h
}

// status asks the running fleet; only from within its loop.
func (h *fleetHarness) status() Status {
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

// startedIDs are the servers whose runs were started, in order.
func (h *fleetHarness) startedIDs(childType string) []int64 {
	var ids []int64
	for _, s := range h.starts {
		if s.workflowType == childType {
			ids = append(ids, s.serverID)
		}
	}
	return ids
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

func failsWith(outcome Outcome, failure string) childEnd {
	return childEnd{outcome: outcome, failure: failure}
}
