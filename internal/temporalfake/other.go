package temporalfake

import (
	"fmt"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

// signalOther sends a signal to another workflow after a moment.
func (e *execution) signalOther(a *commandpb.SignalExternalWorkflowExecutionCommandAttributes, completed int64) *historypb.HistoryEvent {
	attributes := &historypb.SignalExternalWorkflowExecutionInitiatedEventAttributes{
		WorkflowTaskCompletedEventId: completed, Namespace: namespace, WorkflowExecution: a.GetExecution(), SignalName: a.GetSignalName(),
		Input: a.GetInput(), ChildWorkflowOnly: a.GetChildWorkflowOnly(), Header: a.GetHeader(),
		//lint:ignore SA1019 the SDK finds its signals by it
		Control: a.GetControl(),
	}
	ev := e.write(attributes)
	e.sendSignal(ev.GetEventId(), attributes)
	return ev
}

// sendSignal is what a run does about a signal that it has initiated.
func (e *execution) sendSignal(initiated int64, a *historypb.SignalExternalWorkflowExecutionInitiatedEventAttributes) {
	e.s.later(fmt.Sprintf("signal of workflow %s, event %d", e.runID, initiated), func() {
		if !e.open() {
			return // what a run asks for in its last task is lost
		}
		to, err := e.s.findOpen(a.GetWorkflowExecution())
		if err == nil {
			to.signal(&historypb.WorkflowExecutionSignaledEventAttributes{SignalName: a.GetSignalName(), Input: a.GetInput(), Header: a.GetHeader(), ExternalWorkflowExecution: e.ref()})
		}
		e.happen(func() {
			if err != nil {
				e.write(&historypb.SignalExternalWorkflowExecutionFailedEventAttributes{
					Cause:     enumspb.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND,
					Namespace: namespace, WorkflowExecution: a.GetWorkflowExecution(), InitiatedEventId: initiated,
					//lint:ignore SA1019 a real server names it too
					Control: a.GetControl(),
				})
				return
			}
			e.write(&historypb.ExternalWorkflowExecutionSignaledEventAttributes{
				InitiatedEventId: initiated, Namespace: namespace, WorkflowExecution: a.GetWorkflowExecution(),
				//lint:ignore SA1019 a real server names it too
				Control: a.GetControl(),
			})
		})
	})
}

// cancelOther asks another workflow to cancel after a moment.
func (e *execution) cancelOther(a *commandpb.RequestCancelExternalWorkflowExecutionCommandAttributes, completed int64) *historypb.HistoryEvent {
	attributes := &historypb.RequestCancelExternalWorkflowExecutionInitiatedEventAttributes{
		WorkflowTaskCompletedEventId: completed, Namespace: namespace, ChildWorkflowOnly: a.GetChildWorkflowOnly(), Reason: a.GetReason(),
		WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: a.GetWorkflowId(), RunId: a.GetRunId()},
		//lint:ignore SA1019 the SDK finds its requests by it
		Control: a.GetControl(),
	}
	ev := e.write(attributes)
	e.sendCancel(ev.GetEventId(), attributes)
	return ev
}

// sendCancel is what a run does about a cancel of another workflow that it has initiated.
func (e *execution) sendCancel(initiated int64, a *historypb.RequestCancelExternalWorkflowExecutionInitiatedEventAttributes) {
	e.s.later(fmt.Sprintf("cancel of workflow %s, event %d", e.runID, initiated), func() {
		if !e.open() {
			return // what a run asks for in its last task is lost
		}
		to, err := e.s.find(a.GetWorkflowExecution())
		if err == nil {
			to.cancel(&historypb.WorkflowExecutionCancelRequestedEventAttributes{
				Cause: a.GetReason(), ExternalWorkflowExecution: e.ref(), ExternalInitiatedEventId: initiated,
			})
		}
		e.happen(func() {
			if err != nil {
				e.write(&historypb.RequestCancelExternalWorkflowExecutionFailedEventAttributes{
					Cause:     enumspb.CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND,
					Namespace: namespace, WorkflowExecution: a.GetWorkflowExecution(), InitiatedEventId: initiated,
				})
				return
			}
			e.write(&historypb.ExternalWorkflowExecutionCancelRequestedEventAttributes{InitiatedEventId: initiated, Namespace: namespace, WorkflowExecution: a.GetWorkflowExecution()})
		})
	})
}
