package temporalfake

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
)

// reset begins a new run with the history of an old one up to a workflow task, and terminates the open run of the id.
// What was pending at that point is pending again, from its first attempt; signals that came later are kept.
func (s *Service) reset(req *workflowservice.ResetWorkflowExecutionRequest, out *workflowservice.ResetWorkflowExecutionResponse) error {
	base, err := s.find(req.GetWorkflowExecution())
	if err != nil {
		return err
	}
	point := req.GetWorkflowTaskFinishEventId()
	if point < 4 || point > int64(len(base.events)) || base.events[point-2].GetEventType() != enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED {
		return serviceerror.NewInvalidArgument("the event to reset to must be the end of a workflow task")
	}
	if s.current[base.id] != base {
		return serviceerror.NewInvalidArgument("the stand-in resets the latest run of an id only")
	}
	after := base.events[point-1:]
	next := s.newExecution(base.id)
	next.parent = base.parent
	for _, ev := range base.events[:point-1] {
		next.replay(ev)
	}
	base.resetTo = next
	if base.open() {
		base.terminate("reset: "+req.GetReason(), nil, "")
	}
	next.task.scheduledID, next.task.startID = 0, 0
	next.write(&historypb.WorkflowTaskFailedEventAttributes{
		ScheduledEventId: point - 2, StartedEventId: point - 1, Cause: enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
		BaseRunId: base.runID, NewRunId: next.runID,
	})
	for _, ev := range after {
		if a := ev.GetWorkflowExecutionSignaledEventAttributes(); a != nil {
			next.write(a)
		}
	}
	next.resume(base)
	next.needTask()
	out.RunId = next.runID
	return nil
}

// replay takes an event of the old run over and keeps what it leaves pending.
func (e *execution) replay(ev *historypb.HistoryEvent) {
	e.events = append(e.events, ev)
	id := ev.GetEventId()
	switch ev.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
		e.take(ev.GetWorkflowExecutionStartedEventAttributes())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
		e.cancelRequested = true
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
		e.task.before = ev.GetWorkflowTaskCompletedEventAttributes().GetStartedEventId()
	case enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
		put(e.attributes, ev.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes().GetIndexedFields())
	case enumspb.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED:
		put(e.memo, ev.GetWorkflowPropertiesModifiedEventAttributes().GetUpsertedMemo().GetFields())
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		e.activities[id] = &activity{e: e, scheduled: id, at: time.Now(), a: ev.GetActivityTaskScheduledEventAttributes(), attempt: 1}
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
		if x := e.activities[ev.GetActivityTaskCancelRequestedEventAttributes().GetScheduledEventId()]; x != nil {
			x.cancelID = id
		}
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
		delete(e.activities, ev.GetActivityTaskCompletedEventAttributes().GetScheduledEventId())
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
		delete(e.activities, ev.GetActivityTaskFailedEventAttributes().GetScheduledEventId())
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
		delete(e.activities, ev.GetActivityTaskTimedOutEventAttributes().GetScheduledEventId())
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
		delete(e.activities, ev.GetActivityTaskCanceledEventAttributes().GetScheduledEventId())
	case enumspb.EVENT_TYPE_TIMER_STARTED:
		a := ev.GetTimerStartedEventAttributes()
		e.timers[a.GetTimerId()] = &timer{id: a.GetTimerId(), started: id, fires: ev.GetEventTime().AsTime().Add(a.GetStartToFireTimeout().AsDuration())}
	case enumspb.EVENT_TYPE_TIMER_FIRED:
		delete(e.timers, ev.GetTimerFiredEventAttributes().GetTimerId())
	case enumspb.EVENT_TYPE_TIMER_CANCELED:
		delete(e.timers, ev.GetTimerCanceledEventAttributes().GetTimerId())
	default:
		e.replayOther(ev)
	}
}

// replayOther is replay for children and updates; the rest leaves nothing pending.
func (e *execution) replayOther(ev *historypb.HistoryEvent) {
	id := ev.GetEventId()
	switch ev.GetEventType() {
	case enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
		e.children[id] = &child{initiated: id, a: ev.GetStartChildWorkflowExecutionInitiatedEventAttributes()}
	case enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED:
		delete(e.children, ev.GetStartChildWorkflowExecutionFailedEventAttributes().GetInitiatedEventId())
	case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
		a := ev.GetChildWorkflowExecutionStartedEventAttributes()
		if c := e.children[a.GetInitiatedEventId()]; c != nil {
			c.started, c.run = id, e.s.runs[a.GetWorkflowExecution().GetRunId()]
		}
	case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
		delete(e.children, ev.GetChildWorkflowExecutionCompletedEventAttributes().GetInitiatedEventId())
	case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED:
		delete(e.children, ev.GetChildWorkflowExecutionFailedEventAttributes().GetInitiatedEventId())
	case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:
		delete(e.children, ev.GetChildWorkflowExecutionCanceledEventAttributes().GetInitiatedEventId())
	case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED:
		delete(e.children, ev.GetChildWorkflowExecutionTerminatedEventAttributes().GetInitiatedEventId())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
		a := ev.GetWorkflowExecutionUpdateAcceptedEventAttributes()
		u := e.newUpdate(a.GetProtocolInstanceId())
		u.request, u.accepted = a.GetAcceptedRequest(), id
		close(u.taken)
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
		a := ev.GetWorkflowExecutionUpdateCompletedEventAttributes()
		if u := e.updates[a.GetMeta().GetUpdateId()]; u != nil {
			u.end(a.GetOutcome())
		}
	default: // leaves nothing pending
	}
}

// resume lets what was pending at the point of the reset go on.
func (e *execution) resume(base *execution) {
	for _, id := range sortedKeys(e.activities) {
		e.activities[id].enqueue()
	}
	for _, id := range sortedKeys(e.timers) {
		t := e.timers[id]
		t.wait = e.s.after(max(time.Until(t.fires), 0), func() { e.fire(t) })
	}
	for _, id := range sortedKeys(e.children) {
		c := e.children[id]
		switch {
		case c.run == nil: // its start was under way
			e.beginChild(c)
		case !c.run.latestOfChain().open():
			c.run = c.run.latestOfChain()
			c.run.parent.run = base // whose place this run has taken
			c.run.tellParent()
		}
	}
}

// latestOfChain is the latest run of the id, which may have continued as new.
func (e *execution) latestOfChain() *execution { return e.s.current[e.id] }
