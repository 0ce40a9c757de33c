package cli

import (
	"cmp"
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	updatepb "go.temporal.io/api/update/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/safepoint-dev/safepoint/workflows"
)

const testRunID = "run-1"

// longPoll is how long a request for the end of a run that goes on is kept.
const longPoll = 50 * time.Millisecond

// frontend is a Temporal server with one run, spoken to by the real client.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	t *testing.T

	mu              sync.Mutex
	missing         bool
	exists          bool // a start is refused
	workflowType    string
	closed          *historypb.HistoryEvent
	cancelRequested bool
	status          *workflows.Status // nil: no worker
	answers         map[string]any    // what updates answer, by name
	refusal         string            // what an update's validator says
	orphans         int               // so many updates lose their run, as by a reset

	// fails, when it is set, may answer a call (by its full name) with an error instead.
	fails func(method string) error
	// slow, when it is set, may keep a call waiting.
	slow func(method string)
	// resetTo is the run that took over after a reset; empty for none.
	resetTo string
	// endsOf are the ends of single runs, and firsts the first runs of their chains (testRunID), by their run ids.
	endsOf map[string]*historypb.HistoryEvent
	firsts map[string]string
	// holders are the runs that hold a lock, by its id.
	holders map[string]string
	// attributes and times are what a description says beside the status.
	attributes     *commonpb.SearchAttributes
	started, ended *timestamppb.Timestamp

	starts  []*workflowservice.StartWorkflowExecutionRequest
	updates []*updatepb.Request
	signals []*workflowservice.SignalWorkflowExecutionRequest

	// schedules are those that there are; never is a server that has no time for any, and patches what was asked of them.
	schedules map[string]*workflowservice.DescribeScheduleResponse
	never     bool
	patches   []*workflowservice.PatchScheduleRequest

	// listing is what it lists, and first the first event of its run.
	listing listing
	first   *historypb.HistoryEvent
}

// newFrontend serves a running run and answers its address.
func newFrontend(t *testing.T) (*frontend, string) {
	t.Helper()
	f := &frontend{t: t, workflowType: workflows.TypeSnapshotUpdateVerify, answers: map[string]any{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if err := f.failing(info.FullMethod); err != nil {
			return nil, serviceerror.ToStatus(err).Err()
		}
		resp, err := handle(ctx, req)
		return resp, serviceerror.ToStatus(err).Err()
	}))
	workflowservice.RegisterWorkflowServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return f, listener.Addr().String()
}

func (f *frontend) failing(method string) error {
	f.mu.Lock()
	slow := f.slow
	f.mu.Unlock()
	if slow != nil {
		slow(method)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fails == nil {
		return nil
	}
	return f.fails(method)
}

func payloads(t *testing.T, value any) *commonpb.Payloads {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayloads(value)
	require.NoError(t, err)
	return p
}

// end closes the run.
func (f *frontend) end(event *historypb.HistoryEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = event
}

func completed(t *testing.T, result any) *historypb.HistoryEvent {
	t.Helper()
	return &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{
			WorkflowExecutionCompletedEventAttributes: &historypb.WorkflowExecutionCompletedEventAttributes{Result: payloads(t, result)}}}
}

// failed is a run that failed with a class and, unless it is nil, a report in the details.
func failed(t *testing.T, class, message string, report *workflows.Report) *historypb.HistoryEvent {
	t.Helper()
	info := &failurepb.ApplicationFailureInfo{Type: class, NonRetryable: true}
	if report != nil {
		info.Details = payloads(t, report)
	}
	return &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionFailedEventAttributes{
			WorkflowExecutionFailedEventAttributes: &historypb.WorkflowExecutionFailedEventAttributes{
				Failure: &failurepb.Failure{Message: message, FailureInfo: &failurepb.Failure_ApplicationFailureInfo{ApplicationFailureInfo: info}}}}}
}

func canceled(t *testing.T, report *workflows.Report) *historypb.HistoryEvent {
	t.Helper()
	attributes := &historypb.WorkflowExecutionCanceledEventAttributes{}
	if report != nil {
		attributes.Details = payloads(t, report)
	}
	return &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionCanceledEventAttributes{WorkflowExecutionCanceledEventAttributes: attributes}}
}

func terminated() *historypb.HistoryEvent {
	return &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionTerminatedEventAttributes{
			WorkflowExecutionTerminatedEventAttributes: &historypb.WorkflowExecutionTerminatedEventAttributes{}}}
}

func timedOut() *historypb.HistoryEvent {
	return &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionTimedOutEventAttributes{
			WorkflowExecutionTimedOutEventAttributes: &historypb.WorkflowExecutionTimedOutEventAttributes{}}}
}

func (f *frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{Capabilities: &workflowservice.GetSystemInfoResponse_Capabilities{}}, nil
}

func (f *frontend) StartWorkflowExecution(_ context.Context, in *workflowservice.StartWorkflowExecutionRequest) (*workflowservice.StartWorkflowExecutionResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.exists {
		return nil, serviceerror.NewWorkflowExecutionAlreadyStarted("exists", "", testRunID)
	}
	f.starts = append(f.starts, in)
	return &workflowservice.StartWorkflowExecutionResponse{RunId: testRunID, Started: true}, nil
}

func (f *frontend) DescribeWorkflowExecution(_ context.Context, in *workflowservice.DescribeWorkflowExecutionRequest) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.missing {
		return nil, serviceerror.NewNotFound("no such run")
	}
	status := enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	if f.closed != nil {
		status = enumspb.WORKFLOW_EXECUTION_STATUS_FAILED // which end it was is in the history
	}
	runID := cmp.Or(in.GetExecution().GetRunId(), f.resetTo, testRunID)
	first := cmp.Or(f.firsts[runID], testRunID)
	if holder := f.holders[in.GetExecution().GetWorkflowId()]; holder != "" {
		return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
			Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, ParentExecution: &commonpb.WorkflowExecution{WorkflowId: holder, RunId: "of-the-holder"}}}, nil
	}
	if f.endsOf[runID] != nil {
		status = enumspb.WORKFLOW_EXECUTION_STATUS_FAILED
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
			Execution: &commonpb.WorkflowExecution{WorkflowId: in.GetExecution().GetWorkflowId(), RunId: runID},
			Type:      &commonpb.WorkflowType{Name: f.workflowType}, Status: status, TaskQueue: "safepoint",
			StartTime: f.started, CloseTime: f.ended, SearchAttributes: f.attributes, FirstRunId: first,
		},
		WorkflowExtendedInfo: &workflowpb.WorkflowExecutionExtendedInfo{CancelRequested: f.cancelRequested},
	}, nil
}

func (f *frontend) GetWorkflowExecutionHistory(ctx context.Context, in *workflowservice.GetWorkflowExecutionHistoryRequest) (*workflowservice.GetWorkflowExecutionHistoryResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.missing:
		return nil, serviceerror.NewNotFound("no such run")
	case !in.GetWaitNewEvent() && f.first != nil:
		return &workflowservice.GetWorkflowExecutionHistoryResponse{History: &historypb.History{Events: []*historypb.HistoryEvent{f.first}}}, nil
	case f.endsOf[in.GetExecution().GetRunId()] != nil:
		return &workflowservice.GetWorkflowExecutionHistoryResponse{History: &historypb.History{Events: []*historypb.HistoryEvent{f.endsOf[in.GetExecution().GetRunId()]}}}, nil
	case f.closed == nil: // a long poll that found nothing
		f.mu.Unlock()
		select { // a poll that is answered at once is asked again at once, for as long as the run goes on
		case <-ctx.Done():
		case <-time.After(longPoll):
		}
		f.mu.Lock()
		return &workflowservice.GetWorkflowExecutionHistoryResponse{History: &historypb.History{}, NextPageToken: []byte("more")}, ctx.Err()
	default: // the close event alone, as asked for
		return &workflowservice.GetWorkflowExecutionHistoryResponse{History: &historypb.History{Events: []*historypb.HistoryEvent{f.closed}}}, nil
	}
}

func (f *frontend) QueryWorkflow(context.Context, *workflowservice.QueryWorkflowRequest) (*workflowservice.QueryWorkflowResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.status == nil {
		return nil, serviceerror.NewFailedPrecondition("no poller seen for task queue recently")
	}
	return &workflowservice.QueryWorkflowResponse{QueryResult: payloads(f.t, f.status)}, nil
}

func (f *frontend) SignalWorkflowExecution(_ context.Context, in *workflowservice.SignalWorkflowExecutionRequest) (*workflowservice.SignalWorkflowExecutionResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.missing || f.closed != nil {
		return nil, serviceerror.NewNotFound("workflow execution already completed")
	}
	f.signals = append(f.signals, in)
	return &workflowservice.SignalWorkflowExecutionResponse{}, nil
}

func (f *frontend) UpdateWorkflowExecution(_ context.Context, in *workflowservice.UpdateWorkflowExecutionRequest) (*workflowservice.UpdateWorkflowExecutionResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.missing || f.closed != nil {
		return nil, serviceerror.NewNotFound("workflow execution already completed")
	}
	return f.updated(in), nil
}

func (f *frontend) updated(in *workflowservice.UpdateWorkflowExecutionRequest) *workflowservice.UpdateWorkflowExecutionResponse {
	f.updates = append(f.updates, in.GetRequest())
	outcome := &updatepb.Outcome{Value: &updatepb.Outcome_Success{Success: payloads(f.t, f.answers[in.GetRequest().GetInput().GetName()])}}
	if f.refusal != "" {
		outcome = &updatepb.Outcome{Value: &updatepb.Outcome_Failure{Failure: &failurepb.Failure{Message: f.refusal,
			FailureInfo: &failurepb.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: "Refused"}}}}}
	}
	if f.orphans > 0 {
		f.orphans--
		outcome = &updatepb.Outcome{Value: &updatepb.Outcome_Failure{Failure: &failurepb.Failure{
			Message: "Workflow Update failed because the Workflow completed before the Update completed.",
			FailureInfo: &failurepb.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{
				Type: "AcceptedUpdateCompletedWorkflow", NonRetryable: true}}}}}
	}
	return &workflowservice.UpdateWorkflowExecutionResponse{
		Stage:   enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED,
		Outcome: outcome,
		UpdateRef: &updatepb.UpdateRef{
			WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: in.GetWorkflowExecution().GetWorkflowId(), RunId: cmp.Or(f.resetTo, testRunID)},
			UpdateId:          in.GetRequest().GetMeta().GetUpdateId(),
		},
	}
}

func (f *frontend) ExecuteMultiOperation(_ context.Context, in *workflowservice.ExecuteMultiOperationRequest) (*workflowservice.ExecuteMultiOperationResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	start, update := in.GetOperations()[0].GetStartWorkflow(), in.GetOperations()[1].GetUpdateWorkflow()
	if f.closed != nil {
		return nil, serviceerror.NewMultiOperationExecution("multi", []error{
			serviceerror.NewWorkflowExecutionAlreadyStarted("closed", "", testRunID), serviceerror.NewMultiOperationAborted("aborted")})
	}
	f.starts = append(f.starts, start)
	return &workflowservice.ExecuteMultiOperationResponse{Responses: []*workflowservice.ExecuteMultiOperationResponse_Response{
		{Response: &workflowservice.ExecuteMultiOperationResponse_Response_StartWorkflow{StartWorkflow: &workflowservice.StartWorkflowExecutionResponse{RunId: testRunID, Started: true}}},
		{Response: &workflowservice.ExecuteMultiOperationResponse_Response_UpdateWorkflow{UpdateWorkflow: f.updated(update)}},
	}}, nil
}
