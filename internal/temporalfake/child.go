package temporalfake

import (
	"cmp"
	"fmt"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

const namespace = "default"

// child is one child workflow that has not ended, as its parent sees it.
type child struct {
	initiated, started int64
	a                  *historypb.StartChildWorkflowExecutionInitiatedEventAttributes
	run                *execution // nil before it was started
}

// child is what the parent knows of its child; nil when it knows nothing of it any more.
func (p parent) child() *child {
	if p.run == nil {
		return nil
	}
	return p.run.latestAfterResets().children[p.initiated]
}

// latestAfterResets is the run that took over from this one, or this one.
func (e *execution) latestAfterResets() *execution {
	for e.resetTo != nil {
		e = e.resetTo
	}
	return e
}

func (e *execution) initiateChild(a *commandpb.StartChildWorkflowExecutionCommandAttributes, completed int64) *historypb.HistoryEvent {
	attributes := &historypb.StartChildWorkflowExecutionInitiatedEventAttributes{
		Namespace: namespace, WorkflowId: a.GetWorkflowId(), WorkflowType: a.GetWorkflowType(), TaskQueue: a.GetTaskQueue(), Input: a.GetInput(),
		WorkflowTaskTimeout: taskTimeoutOr(a.GetWorkflowTaskTimeout()), WorkflowRunTimeout: a.GetWorkflowRunTimeout(), WorkflowExecutionTimeout: a.GetWorkflowExecutionTimeout(),
		ParentClosePolicy:     cmp.Or(a.GetParentClosePolicy(), enumspb.PARENT_CLOSE_POLICY_TERMINATE),
		WorkflowIdReusePolicy: cmp.Or(a.GetWorkflowIdReusePolicy(), enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE), RetryPolicy: a.GetRetryPolicy(),
		Header: a.GetHeader(), Memo: a.GetMemo(), SearchAttributes: a.GetSearchAttributes(), WorkflowTaskCompletedEventId: completed,
	}
	ev := e.write(attributes)
	e.beginChild(&child{initiated: ev.GetEventId(), a: attributes})
	return ev
}

// root is where the chain of parents begins.
func (e *execution) root() *commonpb.WorkflowExecution {
	if root := e.started.GetRootWorkflowExecution(); root != nil {
		return root
	}
	return e.ref()
}

// beginChild starts the child's run after a moment. A parent that has closed meanwhile starts nothing, not even a child
// that it would abandon.
func (e *execution) beginChild(c *child) {
	e.children[c.initiated] = c
	e.s.later(fmt.Sprintf("child %s of workflow %s, event %d", c.a.GetWorkflowId(), e.runID, c.initiated), func() {
		if e.children[c.initiated] != c || c.run != nil || !e.open() {
			return
		}
		run, err := e.s.begin(beginning{
			id: c.a.GetWorkflowId(), reuse: c.a.GetWorkflowIdReusePolicy(), parent: parent{e, c.initiated}, notes: e.events[c.initiated-1].GetUserMetadata(),
			started: &historypb.WorkflowExecutionStartedEventAttributes{
				WorkflowType: c.a.GetWorkflowType(), TaskQueue: c.a.GetTaskQueue(), Input: c.a.GetInput(), Header: c.a.GetHeader(),
				WorkflowTaskTimeout: c.a.GetWorkflowTaskTimeout(), RootWorkflowExecution: e.root(),
				Memo: c.a.GetMemo(), SearchAttributes: c.a.GetSearchAttributes(), ParentWorkflowExecution: e.ref(),
				ParentWorkflowNamespace: namespace, ParentInitiatedEventId: c.initiated,
			},
		})
		if err != nil {
			delete(e.children, c.initiated)
			e.happen(func() {
				e.write(&historypb.StartChildWorkflowExecutionFailedEventAttributes{
					Namespace: namespace, WorkflowId: c.a.GetWorkflowId(), WorkflowType: c.a.GetWorkflowType(), InitiatedEventId: c.initiated,
					Cause: enumspb.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS,
				})
			})
			return
		}
		c.run = run
		first := run.ref()
		e.happen(func() {
			c.started = e.write(&historypb.ChildWorkflowExecutionStartedEventAttributes{
				Namespace: namespace, InitiatedEventId: c.initiated, WorkflowExecution: first, WorkflowType: c.a.GetWorkflowType(), Header: c.a.GetHeader(),
			}).GetEventId()
		})
	})
}

// closeChildren does with the children of a closed run what their parent close policy says.
func (e *execution) closeChildren() {
	for _, id := range sortedKeys(e.children) {
		c := e.children[id]
		policy := c.a.GetParentClosePolicy()
		if c.run == nil || policy == enumspb.PARENT_CLOSE_POLICY_ABANDON || c.run.parent.run != e {
			continue // a run that took over by a reset is not the one that its children name as their parent
		}
		e.s.later(fmt.Sprintf("parent close policy of workflow %s for event %d", e.runID, id), func() {
			switch run := c.run; {
			case !run.open():
			case policy == enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL:
				run.cancel(&historypb.WorkflowExecutionCancelRequestedEventAttributes{ExternalWorkflowExecution: e.ref()})
			default:
				run.terminate("by parent close policy", nil, "")
			}
		})
	}
}

// tellParent tells the parent, or the run that took over from it, how its child has ended.
func (e *execution) tellParent() {
	c := e.parent.child()
	if c == nil || e.wasReset || c.run != e {
		return
	}
	last := e.events[len(e.events)-1]
	to := e.parent.run.latestAfterResets()
	e.s.later(fmt.Sprintf("end of child %s for workflow %s", e.runID, to.runID), func() {
		to := e.parent.run.latestAfterResets()
		c := to.children[e.parent.initiated]
		if c == nil {
			return
		}
		delete(to.children, c.initiated)
		to.happenAll(held{last: true, do: func() { to.write(c.ended(e.ref(), last)) }})
	})
}

// ended are the attributes of the event that tells of the child's end.
func (c *child) ended(run *commonpb.WorkflowExecution, last *historypb.HistoryEvent) any {
	kind := c.a.GetWorkflowType()
	switch last.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		return &historypb.ChildWorkflowExecutionCompletedEventAttributes{
			Result: last.GetWorkflowExecutionCompletedEventAttributes().GetResult(), Namespace: namespace,
			WorkflowExecution: run, WorkflowType: kind, InitiatedEventId: c.initiated, StartedEventId: c.started,
		}
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		return &historypb.ChildWorkflowExecutionFailedEventAttributes{
			Failure: last.GetWorkflowExecutionFailedEventAttributes().GetFailure(), Namespace: namespace,
			WorkflowExecution: run, WorkflowType: kind, InitiatedEventId: c.initiated, StartedEventId: c.started,
			RetryState: enumspb.RETRY_STATE_RETRY_POLICY_NOT_SET,
		}
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
		return &historypb.ChildWorkflowExecutionCanceledEventAttributes{
			Details: last.GetWorkflowExecutionCanceledEventAttributes().GetDetails(), Namespace: namespace,
			WorkflowExecution: run, WorkflowType: kind, InitiatedEventId: c.initiated, StartedEventId: c.started,
		}
	default: // terminated: the stand-in has no other end
		return &historypb.ChildWorkflowExecutionTerminatedEventAttributes{
			Namespace: namespace, WorkflowExecution: run, WorkflowType: kind, InitiatedEventId: c.initiated, StartedEventId: c.started,
		}
	}
}
