package cli

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// examined is a Temporal server with what doctor looks at, spoken to by the real client.
type examined struct {
	*frontend
	operatorservice.UnimplementedOperatorServiceServer

	namespace  error
	attributes map[string]enumspb.IndexedValueType
	denied     error // of a list of search attributes
	pollers    map[string][]*taskqueuepb.PollerInfo
	pollersErr error
	// failing is how often a worker has failed at the checkup.
	failing int32
	// activity is what a look is at; described is told of each description.
	activity  *workflowpb.PendingActivityInfo
	described func()
}

// newExamined is a server where all is well, and whose worker finds all well.
func newExamined(t *testing.T) (*examined, string) {
	t.Helper()
	e := &examined{
		frontend: &frontend{t: t, answers: map[string]any{}},
		attributes: map[string]enumspb.IndexedValueType{
			workflows.SearchAttributeServerID: enumspb.INDEXED_VALUE_TYPE_INT,
			workflows.SearchAttributePhase:    enumspb.INDEXED_VALUE_TYPE_KEYWORD,
			workflows.SearchAttributeOutcome:  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		},
		pollers: map[string][]*taskqueuepb.PollerInfo{"safepoint": {{Identity: "1@web"}}, "safepoint-wait": {{Identity: "1@web"}}},
	}
	e.finds(contract.CheckupResult{Version: "v7", Findings: []contract.Finding{{Name: contract.FindingToken, State: contract.FindingOK, Detail: "works"}}})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if err := e.frontend.failing(info.FullMethod); err != nil {
			return nil, serviceerror.ToStatus(err).Err()
		}
		resp, err := handle(ctx, req)
		return resp, serviceerror.ToStatus(err).Err()
	}))
	workflowservice.RegisterWorkflowServiceServer(server, e)
	operatorservice.RegisterOperatorServiceServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return e, listener.Addr().String()
}

// finds is what the worker answers.
func (e *examined) finds(result contract.CheckupResult) { e.end(completed(e.t, result)) }

// DescribeNamespace says that there is one.
func (e *examined) DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{}, e.namespace
}

// DescribeTaskQueue says who polls.
func (e *examined) DescribeTaskQueue(_ context.Context, in *workflowservice.DescribeTaskQueueRequest) (*workflowservice.DescribeTaskQueueResponse, error) {
	return &workflowservice.DescribeTaskQueueResponse{Pollers: e.pollers[in.GetTaskQueue().GetName()]}, e.pollersErr
}

// ListSearchAttributes says what is registered.
func (e *examined) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest) (*operatorservice.ListSearchAttributesResponse, error) {
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: e.attributes}, e.denied
}

// AddSearchAttributes must never be asked for.
func (e *examined) AddSearchAttributes(context.Context, *operatorservice.AddSearchAttributesRequest) (*operatorservice.AddSearchAttributesResponse, error) {
	e.t.Error("doctor writes nothing")
	return &operatorservice.AddSearchAttributesResponse{}, nil
}

// DescribeWorkflowExecution adds the task that a worker fails at, and the activity.
func (e *examined) DescribeWorkflowExecution(ctx context.Context, in *workflowservice.DescribeWorkflowExecutionRequest) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	d, err := e.frontend.DescribeWorkflowExecution(ctx, in)
	if err == nil && e.failing > 0 {
		d.PendingWorkflowTask = &workflowpb.PendingWorkflowTaskInfo{Attempt: e.failing + 1}
	}
	if err == nil && e.activity != nil {
		d.PendingActivities = []*workflowpb.PendingActivityInfo{e.activity}
	}
	if e.described != nil {
		e.described()
	}
	return d, err
}

// versioned is a worker with worker versioning.
func versioned(identity, build string) *taskqueuepb.PollerInfo {
	return &taskqueuepb.PollerInfo{Identity: identity, DeploymentOptions: &deploymentpb.WorkerDeploymentOptions{
		DeploymentName: "safepoint", BuildId: build, WorkerVersioningMode: enumspb.WORKER_VERSIONING_MODE_VERSIONED}}
}
