package cli

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/safepoint-dev/safepoint/workflows"
)

// listing is a Temporal server's list of runs, and what was asked of it.
type listing struct {
	mu      sync.Mutex
	open    []*workflowpb.WorkflowExecutionInfo
	closed  []*workflowpb.WorkflowExecutionInfo
	queries []string
	cancels []*workflowservice.RequestCancelWorkflowExecutionRequest
	refuses string
}

// ListWorkflowExecutions answers a page of at most two, open ones where the query asks for them.
func (f *frontend) ListWorkflowExecutions(_ context.Context, in *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	l := &f.listing
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuses != "" {
		return nil, serviceerror.NewInvalidArgument(l.refuses)
	}
	l.queries = append(l.queries, in.GetQuery())
	var all []*workflowpb.WorkflowExecutionInfo
	if !strings.Contains(in.GetQuery(), "ExecutionStatus != 'Running'") {
		all = append(all, l.open...)
	}
	if !strings.Contains(in.GetQuery(), "ExecutionStatus = 'Running'") {
		all = append(all, l.closed...)
	}
	from := len(in.GetNextPageToken())
	end := min(from+2, len(all))
	response := &workflowservice.ListWorkflowExecutionsResponse{Executions: all[from:end]}
	if end < len(all) {
		response.NextPageToken = []byte(strings.Repeat("x", end))
	}
	return response, nil
}

// RequestCancelWorkflowExecution notes the request.
func (f *frontend) RequestCancelWorkflowExecution(_ context.Context, in *workflowservice.RequestCancelWorkflowExecutionRequest) (*workflowservice.RequestCancelWorkflowExecutionResponse, error) {
	l := &f.listing
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancels = append(l.cancels, in)
	return &workflowservice.RequestCancelWorkflowExecutionResponse{}, nil
}

var listBegan = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// aRun is a line of the list: of server 7, which began so many minutes in.
func aRun(t *testing.T, id string, minutes int, attributes map[string]any) *workflowpb.WorkflowExecutionInfo {
	t.Helper()
	fields := map[string]*commonpb.Payload{}
	for name, value := range attributes {
		data, err := json.Marshal(value)
		require.NoError(t, err)
		fields[name] = &commonpb.Payload{Data: data}
	}
	return &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: "run-of-" + id}, Type: &commonpb.WorkflowType{Name: workflows.TypeSnapshotUpdateVerify},
		Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, StartTime: timestamppb.New(listBegan.Add(time.Duration(minutes) * time.Minute)),
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: fields},
	}
}

// ended closes a line of the list.
func ended(info *workflowpb.WorkflowExecutionInfo, after time.Duration, status enumspb.WorkflowExecutionStatus) *workflowpb.WorkflowExecutionInfo {
	info.Status, info.CloseTime = status, timestamppb.New(info.GetStartTime().AsTime().Add(after))
	return info
}
