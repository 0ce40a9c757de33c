package temporalfake

import (
	"fmt"
	"slices"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	protocolpb "go.temporal.io/api/protocol/v1"
)

// closes says whether one of the commands ends the run.
func closes(commands []*commandpb.Command) bool {
	return slices.ContainsFunc(commands, func(c *commandpb.Command) bool {
		switch c.GetCommandType() {
		case enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION, enumspb.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
			enumspb.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION, enumspb.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
			return true
		default: // the run goes on
			return false
		}
	})
}

// obey does what one command of a workflow task asks for.
func (e *execution) obey(c *commandpb.Command, messages map[string]*protocolpb.Message, completed int64) {
	ev := e.obeyed(c, messages, completed)
	if ev != nil && c.GetUserMetadata() != nil {
		ev.UserMetadata = c.GetUserMetadata()
	}
}

func (e *execution) obeyed(c *commandpb.Command, messages map[string]*protocolpb.Message, completed int64) *historypb.HistoryEvent {
	switch c.GetCommandType() {
	case enumspb.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK:
		a := c.GetScheduleActivityTaskCommandAttributes()
		return e.schedule(a, completed)
	case enumspb.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK:
		e.askToCancel(c.GetRequestCancelActivityTaskCommandAttributes().GetScheduledEventId(), completed)
	case enumspb.COMMAND_TYPE_START_TIMER:
		a := c.GetStartTimerCommandAttributes()
		ev := e.write(&historypb.TimerStartedEventAttributes{TimerId: a.GetTimerId(), StartToFireTimeout: a.GetStartToFireTimeout(), WorkflowTaskCompletedEventId: completed})
		e.startTimer(ev, a.GetStartToFireTimeout().AsDuration())
		return ev
	case enumspb.COMMAND_TYPE_CANCEL_TIMER:
		e.cancelTimer(c.GetCancelTimerCommandAttributes().GetTimerId(), completed)
	case enumspb.COMMAND_TYPE_RECORD_MARKER:
		a := c.GetRecordMarkerCommandAttributes()
		return e.write(&historypb.MarkerRecordedEventAttributes{
			MarkerName: a.GetMarkerName(), Details: a.GetDetails(), Header: a.GetHeader(), Failure: a.GetFailure(), WorkflowTaskCompletedEventId: completed,
		})
	case enumspb.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
		a := c.GetUpsertWorkflowSearchAttributesCommandAttributes()
		put(e.attributes, a.GetSearchAttributes().GetIndexedFields())
		return e.write(&historypb.UpsertWorkflowSearchAttributesEventAttributes{SearchAttributes: a.GetSearchAttributes(), WorkflowTaskCompletedEventId: completed})
	case enumspb.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES:
		a := c.GetModifyWorkflowPropertiesCommandAttributes()
		put(e.memo, a.GetUpsertedMemo().GetFields())
		return e.write(&historypb.WorkflowPropertiesModifiedEventAttributes{UpsertedMemo: a.GetUpsertedMemo(), WorkflowTaskCompletedEventId: completed})
	case enumspb.COMMAND_TYPE_PROTOCOL_MESSAGE:
		e.answered(messages[c.GetProtocolMessageCommandAttributes().GetMessageId()])
	case enumspb.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION:
		return e.initiateChild(c.GetStartChildWorkflowExecutionCommandAttributes(), completed)
	case enumspb.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION:
		return e.signalOther(c.GetSignalExternalWorkflowExecutionCommandAttributes(), completed)
	case enumspb.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION:
		return e.cancelOther(c.GetRequestCancelExternalWorkflowExecutionCommandAttributes(), completed)
	default:
		return e.obeyedLast(c, completed)
	}
	return nil
}

// obeyedLast is obeyed for the commands that end the run.
func (e *execution) obeyedLast(c *commandpb.Command, completed int64) *historypb.HistoryEvent {
	switch c.GetCommandType() {
	case enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
		e.write(&historypb.WorkflowExecutionCompletedEventAttributes{
			Result: c.GetCompleteWorkflowExecutionCommandAttributes().GetResult(), WorkflowTaskCompletedEventId: completed,
		})
		e.close(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)
	case enumspb.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
		failure := c.GetFailWorkflowExecutionCommandAttributes().GetFailure()
		e.write(&historypb.WorkflowExecutionFailedEventAttributes{Failure: failure, RetryState: e.retryState(failure), WorkflowTaskCompletedEventId: completed})
		e.close(enumspb.WORKFLOW_EXECUTION_STATUS_FAILED)
	case enumspb.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
		e.write(&historypb.WorkflowExecutionCanceledEventAttributes{
			Details: c.GetCancelWorkflowExecutionCommandAttributes().GetDetails(), WorkflowTaskCompletedEventId: completed,
		})
		e.close(enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED)
	case enumspb.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
		e.continueAsNew(c.GetContinueAsNewWorkflowExecutionCommandAttributes(), completed)
	default: // a command that Safepoint never gives; silence would look like a run that hangs
		panic(fmt.Sprintf("the stand-in does not know the command %s", c.GetCommandType()))
	}
	return nil
}

// retryState says why a run that fails is not tried again.
func (e *execution) retryState(failure *failurepb.Failure) enumspb.RetryState {
	switch {
	case e.started.GetRetryPolicy() == nil:
		return enumspb.RETRY_STATE_RETRY_POLICY_NOT_SET
	case failure.GetApplicationFailureInfo().GetNonRetryable():
		return enumspb.RETRY_STATE_NON_RETRYABLE_FAILURE
	default: // every failed end of Safepoint is for good
		panic("the stand-in does not try workflows again")
	}
}

// continueAsNew ends this run and begins the next one of its id.
func (e *execution) continueAsNew(a *commandpb.ContinueAsNewWorkflowExecutionCommandAttributes, completed int64) {
	began := e.s.newExecution(e.id)
	e.write(&historypb.WorkflowExecutionContinuedAsNewEventAttributes{
		NewExecutionRunId: began.runID, WorkflowType: a.GetWorkflowType(), TaskQueue: a.GetTaskQueue(), Input: a.GetInput(), Header: a.GetHeader(),
		Memo: a.GetMemo(), SearchAttributes: a.GetSearchAttributes(), Initiator: a.GetInitiator(), WorkflowTaskCompletedEventId: completed,
		WorkflowTaskTimeout: taskTimeoutOr(a.GetWorkflowTaskTimeout()), WorkflowRunTimeout: a.GetWorkflowRunTimeout(),
	})
	memo, attributes := a.GetMemo(), a.GetSearchAttributes()
	if memo == nil && len(e.memo) > 0 {
		memo = &commonpb.Memo{Fields: e.memo}
	}
	if attributes == nil && len(e.attributes) > 0 {
		attributes = &commonpb.SearchAttributes{IndexedFields: e.attributes}
	}
	began.parent, e.parent = e.parent, parent{}
	if c := began.parent.child(); c != nil {
		c.run = began
	}
	first := &historypb.WorkflowExecutionStartedEventAttributes{
		WorkflowType: a.GetWorkflowType(), TaskQueue: a.GetTaskQueue(), Input: a.GetInput(), Header: a.GetHeader(), Memo: memo, SearchAttributes: attributes,
		ContinuedExecutionRunId: e.runID, FirstExecutionRunId: e.started.GetFirstExecutionRunId(), OriginalExecutionRunId: began.runID,
		Initiator: enumspb.CONTINUE_AS_NEW_INITIATOR_WORKFLOW, WorkflowId: e.id, Attempt: 1,
		ParentWorkflowExecution: e.started.GetParentWorkflowExecution(), ParentInitiatedEventId: e.started.GetParentInitiatedEventId(),
		RootWorkflowExecution: e.started.GetRootWorkflowExecution(), WorkflowTaskTimeout: taskTimeoutOr(a.GetWorkflowTaskTimeout()),
	}
	e.close(enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW)
	began.take(first)
	began.write(first)
	began.needTask()
}

// timer is one timer of a workflow.
type timer struct {
	id      string
	started int64
	fires   time.Time
	wait    *time.Timer
}

func (e *execution) startTimer(ev *historypb.HistoryEvent, after time.Duration) {
	t := &timer{id: ev.GetTimerStartedEventAttributes().GetTimerId(), started: ev.GetEventId(), fires: time.Now().Add(after)}
	e.timers[t.id] = t
	t.wait = e.s.after(after, func() { e.fire(t) })
}

func (e *execution) fire(t *timer) {
	if e.timers[t.id] != t || !e.open() {
		return
	}
	delete(e.timers, t.id)
	e.happenAll(held{timer: t, do: func() { e.write(&historypb.TimerFiredEventAttributes{TimerId: t.id, StartedEventId: t.started}) }})
}

// cancelTimer ends a timer. One that has fired while the workflow task was under way was held back, and stays unfired.
func (e *execution) cancelTimer(id string, completed int64) {
	t := e.timers[id]
	e.held = slices.DeleteFunc(e.held, func(h held) bool {
		if h.timer == nil || h.timer.id != id {
			return false
		}
		t = h.timer
		return true
	})
	if t == nil {
		return // the SDK cancels only what it has started
	}
	t.wait.Stop()
	delete(e.timers, id)
	e.write(&historypb.TimerCanceledEventAttributes{TimerId: id, StartedEventId: t.started, WorkflowTaskCompletedEventId: completed})
}
