package temporalfake

import (
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/proto"
)

// childEvent are the attributes of an event that tells what became of a child, and the event that initiated the child.
// They are nil for other events.
func childEvent(ev *historypb.HistoryEvent) (attributes any, initiated int64) {
	switch a := ev.GetAttributes().(type) {
	case *historypb.HistoryEvent_StartChildWorkflowExecutionFailedEventAttributes:
		return a.StartChildWorkflowExecutionFailedEventAttributes, a.StartChildWorkflowExecutionFailedEventAttributes.GetInitiatedEventId()
	case *historypb.HistoryEvent_ChildWorkflowExecutionStartedEventAttributes:
		return a.ChildWorkflowExecutionStartedEventAttributes, a.ChildWorkflowExecutionStartedEventAttributes.GetInitiatedEventId()
	case *historypb.HistoryEvent_ChildWorkflowExecutionCompletedEventAttributes:
		return a.ChildWorkflowExecutionCompletedEventAttributes, a.ChildWorkflowExecutionCompletedEventAttributes.GetInitiatedEventId()
	case *historypb.HistoryEvent_ChildWorkflowExecutionFailedEventAttributes:
		return a.ChildWorkflowExecutionFailedEventAttributes, a.ChildWorkflowExecutionFailedEventAttributes.GetInitiatedEventId()
	case *historypb.HistoryEvent_ChildWorkflowExecutionCanceledEventAttributes:
		return a.ChildWorkflowExecutionCanceledEventAttributes, a.ChildWorkflowExecutionCanceledEventAttributes.GetInitiatedEventId()
	case *historypb.HistoryEvent_ChildWorkflowExecutionTerminatedEventAttributes:
		return a.ChildWorkflowExecutionTerminatedEventAttributes, a.ChildWorkflowExecutionTerminatedEventAttributes.GetInitiatedEventId()
	default:
		return nil, 0
	}
}

// startedAt makes the attributes of a child's end name the event that started it in another history.
func startedAt(attributes any, started int64) any {
	if m, ok := attributes.(proto.Message); ok {
		attributes = proto.Clone(m) // the other history goes on
	}
	switch a := attributes.(type) {
	case *historypb.ChildWorkflowExecutionCompletedEventAttributes:
		a.StartedEventId = started
	case *historypb.ChildWorkflowExecutionFailedEventAttributes:
		a.StartedEventId = started
	case *historypb.ChildWorkflowExecutionCanceledEventAttributes:
		a.StartedEventId = started
	case *historypb.ChildWorkflowExecutionTerminatedEventAttributes:
		a.StartedEventId = started
	default: // not an end
	}
	return attributes
}
