package cli

import (
	"compress/gzip"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// recordings are histories of real runs, which the runbooks' own tests replay. Here they are read as what Temporal keeps.
const recordings = "../../../workflows/testdata/histories"

const recordingSuffix = ".json.gz"

// recordedRun is a closed run as Temporal shows it, under its fixture's name as the workflow id.
type recordedRun struct {
	name   string
	events []*historypb.HistoryEvent
}

func (r recordedRun) started() *historypb.WorkflowExecutionStartedEventAttributes {
	return r.events[0].GetWorkflowExecutionStartedEventAttributes()
}

func (r recordedRun) closing() *historypb.HistoryEvent { return r.events[len(r.events)-1] }

func (r recordedRun) kind() string { return r.started().GetWorkflowType().GetName() }

func (r recordedRun) runID() string { return r.started().GetOriginalExecutionRunId() }

// continued is the run that goes on where this one ended; empty when it was the last.
func (r recordedRun) continued() string {
	return r.closing().GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
}

// endedAs is the same run with another end: one that comes from outside, which no worker can record.
func (r recordedRun) endedAs(name string, end *historypb.HistoryEvent) recordedRun {
	last := r.closing()
	end.EventId, end.EventTime = last.GetEventId(), last.GetEventTime()
	first := proto.Clone(r.events[0]).(*historypb.HistoryEvent)
	first.GetWorkflowExecutionStartedEventAttributes().OriginalExecutionRunId = "run-of-" + name
	events := append([]*historypb.HistoryEvent{first}, r.events[1:len(r.events)-1]...)
	return recordedRun{name: name, events: append(events, end)}
}

// recordedRuns reads every recording.
func recordedRuns(t *testing.T) map[string]recordedRun {
	t.Helper()
	files, err := os.ReadDir(recordings)
	require.NoError(t, err)
	all := map[string]recordedRun{}
	for _, file := range files {
		name, ok := strings.CutSuffix(file.Name(), recordingSuffix)
		require.True(t, ok, "%s is no recording", file.Name())
		all[name] = recordedRun{name: name, events: recordedEvents(t, filepath.Join(recordings, file.Name()))}
	}
	require.NotEmpty(t, all, "no recorded histories: record them with make histories")
	return all
}

func recordedEvents(t *testing.T, path string) []*historypb.HistoryEvent {
	t.Helper()
	packed, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = packed.Close() }()
	text, err := gzip.NewReader(packed)
	require.NoError(t, err)
	history, err := client.HistoryFromJSON(text, client.HistoryJSONOptions{})
	require.NoError(t, err, path)
	require.NotEmpty(t, history.GetEvents(), path)
	return history.GetEvents()
}

// archive is a Temporal server that only has closed runs, and no worker.
type archive struct {
	workflowservice.UnimplementedWorkflowServiceServer
	// byName has each run under its recording's name, byRun under its run id.
	byName, byRun map[string]recordedRun
}

// newArchive serves runs and answers the address.
func newArchive(t *testing.T, runs map[string]recordedRun) (a *archive, address string) {
	t.Helper()
	a = &archive{byName: runs, byRun: map[string]recordedRun{}}
	for name, run := range runs {
		require.NotEmpty(t, run.runID(), name)
		require.NotContains(t, a.byRun, run.runID(), "%s: two recordings of one run", name)
		a.byRun[run.runID()] = run
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		resp, err := handle(ctx, req)
		return resp, serviceerror.ToStatus(err).Err()
	}))
	workflowservice.RegisterWorkflowServiceServer(server, a)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return a, listener.Addr().String()
}

// find is the run that a request means: the one with the run id, or the newest of the workflow id.
func (a *archive) find(execution *commonpb.WorkflowExecution) (recordedRun, error) {
	run, ok := a.byRun[execution.GetRunId()]
	if execution.GetRunId() == "" {
		run, ok = a.newest(execution.GetWorkflowId())
	}
	if !ok {
		return recordedRun{}, serviceerror.NewNotFound("no such run")
	}
	return run, nil
}

// newest is the run in which a chain of runs ended: mostly the recorded run itself. ok is false where that was not recorded.
func (a *archive) newest(name string) (run recordedRun, ok bool) {
	run, ok = a.byName[name]
	for ok && run.continued() != "" {
		run, ok = a.byRun[run.continued()]
	}
	return run, ok
}

// ended is how Temporal answers whatever is asked of a run that is closed.
func (a *archive) ended(execution *commonpb.WorkflowExecution) error {
	if _, err := a.find(execution); err != nil {
		return err
	}
	return serviceerror.NewNotFound("workflow execution already completed")
}

// The requests of package workflowservice that a command makes of a run, and what Temporal answers for a closed one.

func (a *archive) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{Capabilities: &workflowservice.GetSystemInfoResponse_Capabilities{}}, nil
}

func (a *archive) DescribeWorkflowExecution(_ context.Context, in *workflowservice.DescribeWorkflowExecutionRequest) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	run, err := a.find(in.GetExecution())
	if err != nil {
		return nil, err
	}
	attributes := map[string]*commonpb.Payload{}
	for _, event := range run.events {
		for name, value := range event.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes().GetIndexedFields() {
			attributes[name] = value
		}
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: in.GetExecution().GetWorkflowId(), RunId: run.runID()},
		Type:      run.started().GetWorkflowType(), TaskQueue: run.started().GetTaskQueue().GetName(),
		FirstRunId: run.started().GetFirstExecutionRunId(), Memo: run.started().GetMemo(),
		StartTime: run.events[0].GetEventTime(), CloseTime: run.closing().GetEventTime(), Status: statusOf(run.closing()),
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: attributes},
	}}, nil
}

// statusOf is how a run has ended; unspecified for an event that ends none.
func statusOf(end *historypb.HistoryEvent) enumspb.WorkflowExecutionStatus {
	word := strings.TrimPrefix(end.GetEventType().String(), "WorkflowExecution")
	return enumspb.WorkflowExecutionStatus(enumspb.WorkflowExecutionStatus_shorthandValue[word])
}

func (a *archive) GetWorkflowExecutionHistory(_ context.Context, in *workflowservice.GetWorkflowExecutionHistoryRequest) (*workflowservice.GetWorkflowExecutionHistoryResponse, error) {
	run, err := a.find(in.GetExecution())
	if err != nil {
		return nil, err
	}
	events := run.events
	if in.GetHistoryEventFilterType() == enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT {
		events = events[len(events)-1:]
	}
	return &workflowservice.GetWorkflowExecutionHistoryResponse{History: &historypb.History{Events: events}}, nil
}

func (a *archive) QueryWorkflow(context.Context, *workflowservice.QueryWorkflowRequest) (*workflowservice.QueryWorkflowResponse, error) {
	return nil, serviceerror.NewFailedPrecondition("no poller seen for task queue recently")
}

func (a *archive) SignalWorkflowExecution(_ context.Context, in *workflowservice.SignalWorkflowExecutionRequest) (*workflowservice.SignalWorkflowExecutionResponse, error) {
	return nil, a.ended(in.GetWorkflowExecution())
}

func (a *archive) UpdateWorkflowExecution(_ context.Context, in *workflowservice.UpdateWorkflowExecutionRequest) (*workflowservice.UpdateWorkflowExecutionResponse, error) {
	return nil, a.ended(in.GetWorkflowExecution())
}

func (a *archive) ExecuteMultiOperation(_ context.Context, in *workflowservice.ExecuteMultiOperationRequest) (*workflowservice.ExecuteMultiOperationResponse, error) {
	run, err := a.find(&commonpb.WorkflowExecution{WorkflowId: in.GetOperations()[0].GetStartWorkflow().GetWorkflowId()})
	if err != nil {
		return nil, err
	}
	return nil, serviceerror.NewMultiOperationExecution("multi", []error{
		serviceerror.NewWorkflowExecutionAlreadyStarted("closed", "", run.runID()), serviceerror.NewMultiOperationAborted("aborted")})
}

// StartWorkflowExecution answers with the recorded run as the one that was started: all of it has happened at once.
func (a *archive) StartWorkflowExecution(_ context.Context, in *workflowservice.StartWorkflowExecutionRequest) (*workflowservice.StartWorkflowExecutionResponse, error) {
	run, ok := a.byName[in.GetWorkflowId()]
	if !ok {
		return nil, serviceerror.NewInvalidArgument("no such recording")
	}
	return &workflowservice.StartWorkflowExecutionResponse{RunId: run.runID(), Started: true}, nil
}
