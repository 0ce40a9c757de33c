package temporalfake

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// write puts an event at the end of the history. attributes is a pointer to the attributes of its type.
func (e *execution) write(attributes any) *historypb.HistoryEvent {
	ev := e.event(attributes)
	e.append(ev)
	return ev
}

// event makes the next event of the history; eventAt one that may come there later.
func (e *execution) event(attributes any) *historypb.HistoryEvent {
	return e.eventAt(int64(len(e.events))+1, attributes)
}

func (e *execution) eventAt(id int64, attributes any) *historypb.HistoryEvent {
	ev := &historypb.HistoryEvent{EventId: id, EventTime: timestamppb.New(time.Now())}
	setAttributes(ev, attributes)
	return ev
}

func (e *execution) append(ev *historypb.HistoryEvent) {
	if ev.GetEventId() != int64(len(e.events))+1 {
		panic(fmt.Sprintf("event %d %s cannot follow %d events", ev.GetEventId(), ev.GetEventType(), len(e.events)))
	}
	e.events = append(e.events, ev)
	e.s.o.Recorded(e.view(), ev)
}

// setAttributes gives an event its type and attributes.
func setAttributes(ev *historypb.HistoryEvent, attributes any) {
	if !setRunAttributes(ev, attributes) && !setTaskAttributes(ev, attributes) && !setOtherAttributes(ev, attributes) {
		panic(fmt.Sprintf("no event has attributes of type %T", attributes))
	}
}

func setRunAttributes(ev *historypb.HistoryEvent, attributes any) bool {
	switch a := attributes.(type) {
	case *historypb.WorkflowExecutionStartedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{WorkflowExecutionStartedEventAttributes: a}
	case *historypb.WorkflowExecutionCompletedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{WorkflowExecutionCompletedEventAttributes: a}
	case *historypb.WorkflowExecutionFailedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionFailedEventAttributes{WorkflowExecutionFailedEventAttributes: a}
	case *historypb.WorkflowExecutionCanceledEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionCanceledEventAttributes{WorkflowExecutionCanceledEventAttributes: a}
	case *historypb.WorkflowExecutionTerminatedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionTerminatedEventAttributes{WorkflowExecutionTerminatedEventAttributes: a}
	case *historypb.WorkflowExecutionContinuedAsNewEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionContinuedAsNewEventAttributes{WorkflowExecutionContinuedAsNewEventAttributes: a}
	case *historypb.WorkflowExecutionCancelRequestedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionCancelRequestedEventAttributes{WorkflowExecutionCancelRequestedEventAttributes: a}
	case *historypb.WorkflowExecutionSignaledEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes{WorkflowExecutionSignaledEventAttributes: a}
	case *historypb.WorkflowExecutionUpdateAdmittedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionUpdateAdmittedEventAttributes{WorkflowExecutionUpdateAdmittedEventAttributes: a}
	case *historypb.WorkflowExecutionUpdateAcceptedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionUpdateAcceptedEventAttributes{WorkflowExecutionUpdateAcceptedEventAttributes: a}
	case *historypb.WorkflowExecutionUpdateCompletedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
		ev.Attributes = &historypb.HistoryEvent_WorkflowExecutionUpdateCompletedEventAttributes{WorkflowExecutionUpdateCompletedEventAttributes: a}
	case *historypb.WorkflowPropertiesModifiedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED
		ev.Attributes = &historypb.HistoryEvent_WorkflowPropertiesModifiedEventAttributes{WorkflowPropertiesModifiedEventAttributes: a}
	case *historypb.UpsertWorkflowSearchAttributesEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
		ev.Attributes = &historypb.HistoryEvent_UpsertWorkflowSearchAttributesEventAttributes{UpsertWorkflowSearchAttributesEventAttributes: a}
	default:
		return false
	}
	return true
}

func setTaskAttributes(ev *historypb.HistoryEvent, attributes any) bool {
	switch a := attributes.(type) {
	case *historypb.WorkflowTaskScheduledEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
		ev.Attributes = &historypb.HistoryEvent_WorkflowTaskScheduledEventAttributes{WorkflowTaskScheduledEventAttributes: a}
	case *historypb.WorkflowTaskStartedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED
		ev.Attributes = &historypb.HistoryEvent_WorkflowTaskStartedEventAttributes{WorkflowTaskStartedEventAttributes: a}
	case *historypb.WorkflowTaskCompletedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
		ev.Attributes = &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{WorkflowTaskCompletedEventAttributes: a}
	case *historypb.WorkflowTaskTimedOutEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT
		ev.Attributes = &historypb.HistoryEvent_WorkflowTaskTimedOutEventAttributes{WorkflowTaskTimedOutEventAttributes: a}
	case *historypb.WorkflowTaskFailedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED
		ev.Attributes = &historypb.HistoryEvent_WorkflowTaskFailedEventAttributes{WorkflowTaskFailedEventAttributes: a}
	case *historypb.ActivityTaskScheduledEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
		ev.Attributes = &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{ActivityTaskScheduledEventAttributes: a}
	case *historypb.ActivityTaskStartedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED
		ev.Attributes = &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{ActivityTaskStartedEventAttributes: a}
	case *historypb.ActivityTaskCompletedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
		ev.Attributes = &historypb.HistoryEvent_ActivityTaskCompletedEventAttributes{ActivityTaskCompletedEventAttributes: a}
	case *historypb.ActivityTaskFailedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED
		ev.Attributes = &historypb.HistoryEvent_ActivityTaskFailedEventAttributes{ActivityTaskFailedEventAttributes: a}
	case *historypb.ActivityTaskTimedOutEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT
		ev.Attributes = &historypb.HistoryEvent_ActivityTaskTimedOutEventAttributes{ActivityTaskTimedOutEventAttributes: a}
	case *historypb.ActivityTaskCancelRequestedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED
		ev.Attributes = &historypb.HistoryEvent_ActivityTaskCancelRequestedEventAttributes{ActivityTaskCancelRequestedEventAttributes: a}
	case *historypb.ActivityTaskCanceledEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED
		ev.Attributes = &historypb.HistoryEvent_ActivityTaskCanceledEventAttributes{ActivityTaskCanceledEventAttributes: a}
	case *historypb.TimerStartedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_TIMER_STARTED
		ev.Attributes = &historypb.HistoryEvent_TimerStartedEventAttributes{TimerStartedEventAttributes: a}
	case *historypb.TimerFiredEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_TIMER_FIRED
		ev.Attributes = &historypb.HistoryEvent_TimerFiredEventAttributes{TimerFiredEventAttributes: a}
	case *historypb.TimerCanceledEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_TIMER_CANCELED
		ev.Attributes = &historypb.HistoryEvent_TimerCanceledEventAttributes{TimerCanceledEventAttributes: a}
	case *historypb.MarkerRecordedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_MARKER_RECORDED
		ev.Attributes = &historypb.HistoryEvent_MarkerRecordedEventAttributes{MarkerRecordedEventAttributes: a}
	default:
		return false
	}
	return true
}

func setOtherAttributes(ev *historypb.HistoryEvent, attributes any) bool {
	switch a := attributes.(type) {
	case *historypb.StartChildWorkflowExecutionInitiatedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
		ev.Attributes = &historypb.HistoryEvent_StartChildWorkflowExecutionInitiatedEventAttributes{StartChildWorkflowExecutionInitiatedEventAttributes: a}
	case *historypb.StartChildWorkflowExecutionFailedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED
		ev.Attributes = &historypb.HistoryEvent_StartChildWorkflowExecutionFailedEventAttributes{StartChildWorkflowExecutionFailedEventAttributes: a}
	case *historypb.ChildWorkflowExecutionStartedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED
		ev.Attributes = &historypb.HistoryEvent_ChildWorkflowExecutionStartedEventAttributes{ChildWorkflowExecutionStartedEventAttributes: a}
	case *historypb.ChildWorkflowExecutionCompletedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED
		ev.Attributes = &historypb.HistoryEvent_ChildWorkflowExecutionCompletedEventAttributes{ChildWorkflowExecutionCompletedEventAttributes: a}
	case *historypb.ChildWorkflowExecutionFailedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED
		ev.Attributes = &historypb.HistoryEvent_ChildWorkflowExecutionFailedEventAttributes{ChildWorkflowExecutionFailedEventAttributes: a}
	case *historypb.ChildWorkflowExecutionCanceledEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED
		ev.Attributes = &historypb.HistoryEvent_ChildWorkflowExecutionCanceledEventAttributes{ChildWorkflowExecutionCanceledEventAttributes: a}
	case *historypb.ChildWorkflowExecutionTerminatedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED
		ev.Attributes = &historypb.HistoryEvent_ChildWorkflowExecutionTerminatedEventAttributes{ChildWorkflowExecutionTerminatedEventAttributes: a}
	case *historypb.SignalExternalWorkflowExecutionInitiatedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
		ev.Attributes = &historypb.HistoryEvent_SignalExternalWorkflowExecutionInitiatedEventAttributes{SignalExternalWorkflowExecutionInitiatedEventAttributes: a}
	case *historypb.SignalExternalWorkflowExecutionFailedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED
		ev.Attributes = &historypb.HistoryEvent_SignalExternalWorkflowExecutionFailedEventAttributes{SignalExternalWorkflowExecutionFailedEventAttributes: a}
	case *historypb.ExternalWorkflowExecutionSignaledEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED
		ev.Attributes = &historypb.HistoryEvent_ExternalWorkflowExecutionSignaledEventAttributes{ExternalWorkflowExecutionSignaledEventAttributes: a}
	case *historypb.RequestCancelExternalWorkflowExecutionInitiatedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
		ev.Attributes = &historypb.HistoryEvent_RequestCancelExternalWorkflowExecutionInitiatedEventAttributes{RequestCancelExternalWorkflowExecutionInitiatedEventAttributes: a}
	case *historypb.RequestCancelExternalWorkflowExecutionFailedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED
		ev.Attributes = &historypb.HistoryEvent_RequestCancelExternalWorkflowExecutionFailedEventAttributes{RequestCancelExternalWorkflowExecutionFailedEventAttributes: a}
	case *historypb.ExternalWorkflowExecutionCancelRequestedEventAttributes:
		ev.EventType = enumspb.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED
		ev.Attributes = &historypb.HistoryEvent_ExternalWorkflowExecutionCancelRequestedEventAttributes{ExternalWorkflowExecutionCancelRequestedEventAttributes: a}
	default:
		return false
	}
	return true
}
