package temporalfake

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	updatepb "go.temporal.io/api/update/v1"
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
	if point <= 1 || point > int64(len(base.events)) {
		return serviceerror.NewInvalidArgument("Workflow task finish ID must be > 1 && <= workflow last event ID.")
	}
	scheduled, started := pendingTask(base.events[:point-1])
	if scheduled == 0 {
		return serviceerror.NewInvalidArgument("Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]")
	}
	current := s.current[base.id]
	next := s.newExecution(base.id)
	next.parent = base.parent
	for _, ev := range base.events[:point-1] {
		next.replay(ev)
	}
	base.resetTo = next
	if c := next.parent.child(); c != nil && c.run == current {
		c.run = next
	}
	if current.open() {
		current.wasReset = true
		current.terminate(req.GetReason(), nil, "")
	}
	if started == 0 {
		started = next.write(&historypb.WorkflowTaskStartedEventAttributes{ScheduledEventId: scheduled}).GetEventId()
	}
	next.write(&historypb.WorkflowTaskFailedEventAttributes{
		ScheduledEventId: scheduled, StartedEventId: started, Cause: enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
		BaseRunId: base.runID, NewRunId: next.runID, Failure: &failurepb.Failure{
			Message:     req.GetReason(),
			FailureInfo: &failurepb.Failure_ResetWorkflowFailureInfo{ResetWorkflowFailureInfo: &failurepb.ResetWorkflowFailureInfo{}},
		},
	})
	for run, events := base, base.events[point-1:]; run != nil; {
		for _, ev := range events {
			next.reapply(ev)
		}
		if run = s.runs[run.events[len(run.events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()]; run != nil {
			events = run.events
		}
	}
	next.resume(base)
	next.needTask()
	out.RunId = next.runID
	return nil
}

// pendingTask is the workflow task that is pending at the end of a history: the events that scheduled and started it.
func pendingTask(events []*historypb.HistoryEvent) (scheduled, started int64) {
	for _, ev := range events {
		switch ev.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
			scheduled = ev.GetEventId()
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED:
			started = ev.GetEventId()
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
			scheduled, started = 0, 0
		default: // not of a workflow task
		}
	}
	return scheduled, started
}

// reapply keeps what came to the old run after the point and is not the workflow's own doing: signals, updates, and what
// became of the children that it had begun.
func (e *execution) reapply(ev *historypb.HistoryEvent) {
	if a := ev.GetWorkflowExecutionSignaledEventAttributes(); a != nil {
		e.write(a)
	}
	if a, initiated := childEvent(ev); a != nil && e.children[initiated] != nil {
		e.keep(e.write(startedAt(a, e.children[initiated].started)))
	}
	request := ev.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest()
	if a := ev.GetWorkflowExecutionUpdateAdmittedEventAttributes(); a != nil {
		request = a.GetRequest()
	}
	if request != nil {
		e.write(&historypb.WorkflowExecutionUpdateAdmittedEventAttributes{Request: request, Origin: enumspb.UPDATE_ADMITTED_EVENT_ORIGIN_REAPPLY})
		e.admit(request)
	}
}

// admit takes an update over that the history tells of.
func (e *execution) admit(request *updatepb.Request) {
	u := e.newUpdate(request.GetMeta().GetUpdateId())
	u.request, u.admitted = request, true
}

// replay takes an event of the old run over.
func (e *execution) replay(ev *historypb.HistoryEvent) {
	e.events = append(e.events, ev)
	e.keep(ev)
}

// keep remembers what an event leaves pending.
func (e *execution) keep(ev *historypb.HistoryEvent) {
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
		e.activities[id] = &activity{e: e, scheduled: id, a: ev.GetActivityTaskScheduledEventAttributes(), attempt: 1}
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
		e.keepOther(ev)
	}
}

// keepOther is keep for children, other workflows and updates; the rest leaves nothing pending.
func (e *execution) keepOther(ev *historypb.HistoryEvent) {
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
	case enumspb.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED, enumspb.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
		e.asked[id] = ev
	case enumspb.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED:
		delete(e.asked, ev.GetExternalWorkflowExecutionSignaledEventAttributes().GetInitiatedEventId())
	case enumspb.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
		delete(e.asked, ev.GetSignalExternalWorkflowExecutionFailedEventAttributes().GetInitiatedEventId())
	case enumspb.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
		delete(e.asked, ev.GetExternalWorkflowExecutionCancelRequestedEventAttributes().GetInitiatedEventId())
	case enumspb.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
		delete(e.asked, ev.GetRequestCancelExternalWorkflowExecutionFailedEventAttributes().GetInitiatedEventId())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:
		e.admit(ev.GetWorkflowExecutionUpdateAdmittedEventAttributes().GetRequest())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
		a := ev.GetWorkflowExecutionUpdateAcceptedEventAttributes()
		u := e.updates[a.GetProtocolInstanceId()]
		if u == nil {
			u = e.newUpdate(a.GetProtocolInstanceId())
			u.request = a.GetAcceptedRequest()
		}
		u.accepted = id
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
	e.askAgain()
	for _, id := range sortedKeys(e.activities) {
		x := e.activities[id]
		x.resumed = true
		x.begin()
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

// askAgain sends what the history leaves without an answer once more.
func (e *execution) askAgain() {
	for _, id := range sortedKeys(e.asked) {
		if a := e.asked[id].GetSignalExternalWorkflowExecutionInitiatedEventAttributes(); a != nil {
			e.sendSignal(id, a)
		}
		if a := e.asked[id].GetRequestCancelExternalWorkflowExecutionInitiatedEventAttributes(); a != nil {
			e.sendCancel(id, a)
		}
	}
}

// latestOfChain is the latest run of the id, which may have continued as new.
func (e *execution) latestOfChain() *execution { return e.s.current[e.id] }
