package temporalfake

import (
	"context"

	"go.temporal.io/api/workflowservice/v1"
)

// serve answers one request by filling in its reply.
func (s *Service) serve(ctx context.Context, c *Connection, req, reply any) error {
	switch req := req.(type) {
	case *workflowservice.PollWorkflowTaskQueueRequest:
		return s.poll(ctx, c, queueName{workflowTasks, req.GetTaskQueue().GetName()}, reply)
	case *workflowservice.PollActivityTaskQueueRequest:
		return s.poll(ctx, c, queueName{activityTasks, req.GetTaskQueue().GetName()}, reply)
	case *workflowservice.GetWorkflowExecutionHistoryRequest:
		return s.readHistory(ctx, req, reply.(*workflowservice.GetWorkflowExecutionHistoryResponse))
	case *workflowservice.UpdateWorkflowExecutionRequest:
		return s.update(ctx, req, reply.(*workflowservice.UpdateWorkflowExecutionResponse))
	case *workflowservice.PollWorkflowExecutionUpdateRequest:
		return s.awaitUpdate(ctx, req, reply.(*workflowservice.PollWorkflowExecutionUpdateResponse))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serveAtOnce(c, req, reply)
}

// serveAtOnce answers what does not wait, with the lock held.
func (s *Service) serveAtOnce(c *Connection, req, reply any) error {
	switch req := req.(type) {
	case *workflowservice.RespondWorkflowTaskCompletedRequest:
		return s.completeWorkflowTask(c, req, reply.(*workflowservice.RespondWorkflowTaskCompletedResponse))
	case *workflowservice.RespondWorkflowTaskFailedRequest:
		return s.failWorkflowTask(req)
	case *workflowservice.RespondActivityTaskCompletedRequest:
		return s.completeActivity(req)
	case *workflowservice.RespondActivityTaskFailedRequest:
		return s.failActivity(req)
	case *workflowservice.RespondActivityTaskCanceledRequest:
		return s.cancelActivity(req)
	case *workflowservice.RecordActivityTaskHeartbeatRequest:
		return s.heartbeat(req, reply.(*workflowservice.RecordActivityTaskHeartbeatResponse))
	case *workflowservice.StartWorkflowExecutionRequest:
		return s.startByClient(req, reply.(*workflowservice.StartWorkflowExecutionResponse))
	case *workflowservice.SignalWorkflowExecutionRequest:
		return s.signalByClient(req)
	case *workflowservice.RequestCancelWorkflowExecutionRequest:
		return s.cancelByClient(req)
	case *workflowservice.TerminateWorkflowExecutionRequest:
		return s.terminateByClient(req)
	case *workflowservice.ResetWorkflowExecutionRequest:
		return s.reset(req, reply.(*workflowservice.ResetWorkflowExecutionResponse))
	case *workflowservice.DescribeWorkflowExecutionRequest:
		return s.describe(req, reply.(*workflowservice.DescribeWorkflowExecutionResponse))
	case *workflowservice.GetSystemInfoRequest:
		out := reply.(*workflowservice.GetSystemInfoResponse)
		out.ServerVersion = "1.29.1"
		out.Capabilities = &workflowservice.GetSystemInfoResponse_Capabilities{
			SignalAndQueryHeader: true, InternalErrorDifferentiation: true, ActivityFailureIncludeHeartbeat: true,
			SupportsSchedules: true, EncodedFailureAttributes: true, SdkMetadata: true, CountGroupByExecutionStatus: true,
		}
		return nil
	case *workflowservice.ShutdownWorkerRequest:
		s.stopped[req.GetStickyTaskQueue()] = true
		return nil
	case *workflowservice.DescribeNamespaceRequest:
		return nil
	default:
		return unknown(req)
	}
}
