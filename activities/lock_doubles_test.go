package activities

import (
	"context"
	"errors"
	"sync"

	common "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

var errTemporalDown = errors.New("temporal is down")

const (
	running    = enums.WORKFLOW_EXECUTION_STATUS_RUNNING
	completed  = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	canceled   = enums.WORKFLOW_EXECUTION_STATUS_CANCELED
	terminated = enums.WORKFLOW_EXECUTION_STATUS_TERMINATED
	failedRun  = enums.WORKFLOW_EXECUTION_STATUS_FAILED
)

// fakeLocks is a Temporal that knows the latest run of a few workflows.
type fakeLocks struct {
	mu         sync.Mutex
	err        error
	runs       map[string]run
	terminated []string
	termErr    error
	described  int
	// onDescribe changes the world before the nth look.
	onDescribe func(n int, f *fakeLocks)
	closed     chan struct{}
}

func payload(v any) *common.Payload {
	p, err := converter.GetDefaultDataConverter().ToPayload(v)
	if err != nil {
		panic(err)
	}
	return p
}

func (f *fakeLocks) DescribeWorkflowExecution(_ context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.described++
	if f.onDescribe != nil {
		f.onDescribe(f.described, f)
	}
	if f.err != nil {
		return nil, f.err
	}
	r, ok := f.runs[workflowID]
	if !ok || runID != "" && runID != r.runID {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	info := &workflow.WorkflowExecutionInfo{
		Execution: &common.WorkflowExecution{WorkflowId: workflowID, RunId: r.runID},
		Type:      &common.WorkflowType{Name: r.kind}, Status: r.status,
		Memo: &common.Memo{Fields: map[string]*common.Payload{}},
	}
	if r.parentID != "" {
		info.ParentExecution = &common.WorkflowExecution{WorkflowId: r.parentID, RunId: r.parentRunID}
	}
	if r.phase != "" {
		info.SearchAttributes = &common.SearchAttributes{IndexedFields: map[string]*common.Payload{phaseAttribute: payload(r.phase)}}
	}
	if r.writeGrace > 0 {
		info.Memo.Fields[contract.MemoWriteGrace] = payload(contract.Duration(r.writeGrace))
	}
	if r.changeGrace > 0 {
		info.Memo.Fields[contract.MemoChangeGrace] = payload(contract.Duration(r.changeGrace))
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, nil
}

func (f *fakeLocks) GetWorkflow(context.Context, string, string) client.WorkflowRun {
	return fakeRun{closed: f.closed}
}

func (f *fakeLocks) TerminateWorkflow(_ context.Context, workflowID, runID, _ string, _ ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.terminated = append(f.terminated, workflowID+" "+runID)
	return f.termErr
}

func (f *fakeLocks) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.terminated...)
}

// fakeRun closes when its channel does; a nil channel never closes.
type fakeRun struct {
	client.WorkflowRun
	closed chan struct{}
}

func (r fakeRun) GetWithOptions(ctx context.Context, _ any, _ client.WorkflowRunGetOptions) error {
	select {
	case <-r.closed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
