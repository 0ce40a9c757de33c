package temporalfake

import (
	"cmp"
	"context"
	"maps"
	"slices"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func (s *Service) describe(req *workflowservice.DescribeWorkflowExecutionRequest, out *workflowservice.DescribeWorkflowExecutionResponse) error {
	e, err := s.find(req.GetExecution())
	if err != nil {
		return err
	}
	info := &workflowpb.WorkflowExecutionInfo{
		Execution: e.ref(), Type: e.started.GetWorkflowType(), StartTime: timestamppb.New(e.at), Status: e.status,
		HistoryLength: int64(len(e.events)), ParentExecution: e.started.GetParentWorkflowExecution(), FirstRunId: e.started.GetFirstExecutionRunId(),
		TaskQueue: e.queue().GetName(), Memo: &commonpb.Memo{Fields: maps.Clone(e.memo)},
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: maps.Clone(e.attributes)},
	}
	out.WorkflowExtendedInfo = &workflowpb.WorkflowExecutionExtendedInfo{CancelRequested: e.cancelRequested}
	if !e.open() {
		info.CloseTime = timestamppb.New(e.closedAt)
	}
	if e.resetTo != nil {
		out.WorkflowExtendedInfo.ResetRunId = e.resetTo.runID
	}
	out.WorkflowExecutionInfo = info
	return nil
}

// readHistory answers the whole history so far, or waits for the closing event where that is asked for.
func (s *Service) readHistory(ctx context.Context, req *workflowservice.GetWorkflowExecutionHistoryRequest, out *workflowservice.GetWorkflowExecutionHistoryResponse) error {
	s.mu.Lock()
	e, err := s.find(req.GetExecution())
	s.mu.Unlock()
	if err != nil {
		return err
	}
	last := req.GetHistoryEventFilterType() == enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
	if req.GetWaitNewEvent() && last {
		select {
		case <-e.done:
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.History = &historypb.History{Events: slices.Clone(e.events)}
	if last {
		out.History.Events = out.History.Events[len(e.events)-1:]
	}
	return nil
}
