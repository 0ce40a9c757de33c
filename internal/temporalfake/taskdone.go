package temporalfake

import (
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	protocolpb "go.temporal.io/api/protocol/v1"
	"go.temporal.io/api/serviceerror"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// interleaved is how many events may come between two tasks before a speculative one is kept though it did nothing.
const interleaved = 10

// taskOf is the workflow task that a token stands for, if it still counts.
func (s *Service) taskOf(token []byte) (*execution, error) {
	t, ok := s.tokens[string(token)].(*workflowTask)
	if !ok || t.token != string(token) {
		return nil, serviceerror.NewNotFound("Workflow task not found.")
	}
	return t.e, nil
}

func (s *Service) completeWorkflowTask(c *Connection, req *workflowservice.RespondWorkflowTaskCompletedRequest, out *workflowservice.RespondWorkflowTaskCompletedResponse) error {
	e, err := s.taskOf(req.GetTaskToken())
	if err != nil {
		return err
	}
	t := &e.task
	if len(e.held) > 0 && closes(req.GetCommands()) {
		// The workflow ended without having seen what arrived meanwhile: it must look again.
		e.failTask(enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, serverFailure("UnhandledCommand"), req.GetIdentity())
		e.writeHeld()
		e.needTask()
		return serviceerror.NewInvalidArgument("UnhandledCommand")
	}
	completed := int64(0)
	if e.leavesNothing(req) {
		out.ResetHistoryEventId = t.before
	} else {
		e.commit()
		t.before = t.startID()
		completed = e.write(&historypb.WorkflowTaskCompletedEventAttributes{
			ScheduledEventId: t.scheduled.GetEventId(), StartedEventId: t.startID(), Identity: req.GetIdentity(),
			SdkMetadata: req.GetSdkMetadata(), MeteringMetadata: req.GetMeteringMetadata(),
		}).GetEventId()
	}
	t.attempt = 1
	e.dropTask()
	t.sticky, t.stickyFor = req.GetStickyAttributes().GetWorkerTaskQueue().GetName(), req.GetStickyAttributes().GetScheduleToStartTimeout().AsDuration()
	messages := map[string]*protocolpb.Message{}
	for _, m := range req.GetMessages() {
		messages[m.GetId()] = m
		e.refused(m)
	}
	for _, command := range req.GetCommands() {
		e.obey(command, messages, completed)
	}
	e.nextTask(c, req, out)
	return nil
}

// nextTask makes the next task of a run right after one was completed: the same worker gets it with the answer.
func (e *execution) nextTask(c *Connection, req *workflowservice.RespondWorkflowTaskCompletedRequest, out *workflowservice.RespondWorkflowTaskCompletedResponse) {
	if !e.open() {
		return
	}
	again := len(e.held) > 0 || req.GetForceCreateNewWorkflowTask()
	e.writeHeld()
	if !again && !e.updatesWaiting() {
		return
	}
	e.scheduleTask(!again)
	if !req.GetReturnNewWorkflowTask() {
		e.queueTask()
		return
	}
	out.WorkflowTask = &workflowservice.PollWorkflowTaskQueueResponse{}
	e.giveTask(e.task.generation, e.task.sticky != "", &poller{c: c, reply: out.WorkflowTask})
}

// leavesNothing says whether the completed task leaves no trace: it was there for updates only, and refused them all.
func (e *execution) leavesNothing(req *workflowservice.RespondWorkflowTaskCompletedRequest) bool {
	t := &e.task
	if !t.speculative || len(req.GetCommands()) > 0 || req.GetForceCreateNewWorkflowTask() || int64(len(e.events))+1 > t.before+2+interleaved {
		return false
	}
	for _, m := range req.GetMessages() {
		if !m.GetBody().MessageIs((*updatepb.Rejection)(nil)) {
			return false
		}
	}
	return true
}

// failTask writes down that the task failed, unless it was tried before. What is held stays held.
func (e *execution) failTask(cause enumspb.WorkflowTaskFailedCause, failure *failurepb.Failure, identity string) {
	t := &e.task
	if t.speculative {
		e.commit()
	}
	if t.written {
		e.write(&historypb.WorkflowTaskFailedEventAttributes{
			ScheduledEventId: t.scheduled.GetEventId(), StartedEventId: t.startID(), Cause: cause, Failure: failure, Identity: identity,
		})
	}
	e.forgetTask(true)
}

func (s *Service) failWorkflowTask(req *workflowservice.RespondWorkflowTaskFailedRequest) error {
	e, err := s.taskOf(req.GetTaskToken())
	if err != nil {
		return err
	}
	e.failTask(req.GetCause(), req.GetFailure(), req.GetIdentity())
	e.troubles = append(e.troubles, req.GetFailure())
	e.writeHeld()
	e.needTask() // the SDK says nothing of a second failure: the task then times out
	return nil
}

func serverFailure(message string) *failurepb.Failure {
	return &failurepb.Failure{Message: message, FailureInfo: &failurepb.Failure_ServerFailureInfo{ServerFailureInfo: &failurepb.ServerFailureInfo{}}}
}
