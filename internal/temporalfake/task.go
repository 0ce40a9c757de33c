package temporalfake

import (
	"fmt"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	protocolpb "go.temporal.io/api/protocol/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const (
	// taskTimeout is how long a worker may take for a workflow task, Temporal's default.
	taskTimeout = 10 * time.Second
	// taskRetry is the pause after a workflow task that failed.
	taskRetry = 10 * time.Second
)

// workflowTask is the task of a run that waits for a worker or is with one.
type workflowTask struct {
	e                    *execution
	scheduledID, startID int64
	attempt              int32
	token                string
	timeout              *time.Timer
	// sticky is the queue of the worker that has the workflow in memory, for at most stickyFor; empty when there is none.
	sticky    string
	stickyFor time.Duration
	// before is the start of the last completed task.
	before int64
	// generation tells a task from the ones before it that were given up.
	generation int
}

func (t *workflowTask) pending() bool  { return t.scheduledID != 0 }
func (t *workflowTask) underWay() bool { return t.startID != 0 }

func (t *workflowTask) stop() {
	if t.timeout != nil {
		t.timeout.Stop()
	}
}

// needTask makes sure that the workflow will look at its history.
func (e *execution) needTask() {
	if !e.open() || e.task.pending() {
		return
	}
	t := &e.task
	t.generation++
	t.attempt++
	name, kind := e.queue().GetName(), enumspb.TASK_QUEUE_KIND_NORMAL
	if t.sticky != "" {
		name, kind = t.sticky, enumspb.TASK_QUEUE_KIND_STICKY
	}
	t.scheduledID = e.write(&historypb.WorkflowTaskScheduledEventAttributes{
		TaskQueue:           &taskqueuepb.TaskQueue{Name: name, Kind: kind, NormalName: e.queue().GetName()},
		StartToCloseTimeout: seconds(taskTimeout), Attempt: t.attempt,
	}).GetEventId()
	generation := t.generation
	if t.sticky != "" {
		t.timeout = e.s.after(t.stickyFor, func() { e.taskTimedOut(generation, enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START) })
	}
	e.s.push(queueName{workflowTasks, name}, queued{
		key:  fmt.Sprintf("%s of workflow %s, event %d", t.kindName(), e.runID, t.scheduledID),
		give: func(p *poller) bool { return e.giveTask(generation, p) },
	})
}

func (t *workflowTask) kindName() string { return "workflow task" }

// giveTask hands the workflow task to a poll.
func (e *execution) giveTask(generation int, p *poller) bool {
	t := &e.task
	if !e.open() || t.generation != generation || t.underWay() {
		return false
	}
	t.stop()
	t.startID = e.write(&historypb.WorkflowTaskStartedEventAttributes{ScheduledEventId: t.scheduledID, Identity: p.c.name}).GetEventId()
	t.e, t.token = e, e.s.token(t)
	t.timeout = e.s.after(taskTimeout, func() { e.taskTimedOut(generation, enumspb.TIMEOUT_TYPE_START_TO_CLOSE) })
	first := int64(0)
	if t.sticky != "" {
		first = t.before
	}
	out := p.reply.(*workflowservice.PollWorkflowTaskQueueResponse)
	out.TaskToken = []byte(t.token)
	out.WorkflowExecution, out.WorkflowType = e.ref(), e.started.GetWorkflowType()
	out.PreviousStartedEventId, out.StartedEventId, out.Attempt = t.before, t.startID, t.attempt
	out.History = &historypb.History{Events: slices.Clone(e.events[first:])}
	out.WorkflowExecutionTaskQueue = &taskqueuepb.TaskQueue{Name: e.queue().GetName(), Kind: enumspb.TASK_QUEUE_KIND_NORMAL}
	out.ScheduledTime = e.events[t.scheduledID-1].GetEventTime()
	out.StartedTime = timestamppb.Now()
	out.Messages = e.updateRequests()
	return true
}

// taskTimedOut gives a workflow task up, and puts another one on the queue that every worker polls.
func (e *execution) taskTimedOut(generation int, why enumspb.TimeoutType) {
	t := &e.task
	waiting := why == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START
	if !e.open() || t.generation != generation || !t.pending() || t.underWay() == waiting {
		return
	}
	e.write(&historypb.WorkflowTaskTimedOutEventAttributes{ScheduledEventId: t.scheduledID, StartedEventId: t.startID, TimeoutType: why})
	e.forgetTask()
	if waiting {
		t.attempt-- // nobody tried
	}
	e.writeHeld()
	e.needTask()
}

// dropTask takes the task away from whoever has it.
func (e *execution) dropTask() {
	t := &e.task
	t.stop()
	delete(e.s.tokens, t.token)
	t.scheduledID, t.startID, t.token = 0, 0, ""
	t.generation++
}

// forgetTask is dropTask after a failure: the worker's copy of the workflow cannot be relied on any more.
func (e *execution) forgetTask() {
	e.dropTask()
	e.task.sticky = ""
}

func (e *execution) writeHeld() {
	held := e.held
	e.held = nil
	for _, do := range held {
		do()
	}
}

// taskOf is the workflow task that a token stands for, if it still counts.
func (s *Service) taskOf(token []byte) (*execution, error) {
	t, ok := s.tokens[string(token)].(*workflowTask)
	if !ok || t.token != string(token) {
		return nil, serviceerror.NewNotFound("Workflow task not found.")
	}
	return t.e, nil
}

func (s *Service) completeWorkflowTask(req *workflowservice.RespondWorkflowTaskCompletedRequest) error {
	e, err := s.taskOf(req.GetTaskToken())
	if err != nil {
		return err
	}
	t := &e.task
	if len(e.held) > 0 && closes(req.GetCommands()) {
		// The workflow ended without having seen what arrived meanwhile: it must look again.
		e.failTask(enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, nil, req.GetIdentity())
		e.writeHeld()
		e.needTask()
		return serviceerror.NewInvalidArgument("UnhandledCommand")
	}
	done := e.write(&historypb.WorkflowTaskCompletedEventAttributes{
		ScheduledEventId: t.scheduledID, StartedEventId: t.startID, Identity: req.GetIdentity(),
		SdkMetadata: req.GetSdkMetadata(), MeteringMetadata: req.GetMeteringMetadata(),
	})
	t.before, t.attempt = t.startID, 0
	e.dropTask()
	t.sticky, t.stickyFor = req.GetStickyAttributes().GetWorkerTaskQueue().GetName(), req.GetStickyAttributes().GetScheduleToStartTimeout().AsDuration()
	messages := map[string]*protocolpb.Message{}
	for _, m := range req.GetMessages() {
		messages[m.GetId()] = m
		e.refused(m)
	}
	for _, c := range req.GetCommands() {
		e.obey(c, messages, done.GetEventId())
	}
	if !e.open() {
		return nil
	}
	again := len(e.held) > 0 || req.GetForceCreateNewWorkflowTask() || e.updatesWaiting()
	e.writeHeld()
	if again {
		e.needTask()
	}
	return nil
}

// failTask writes down that the task failed. What is held stays held.
func (e *execution) failTask(cause enumspb.WorkflowTaskFailedCause, failure *failurepb.Failure, identity string) {
	t := &e.task
	e.write(&historypb.WorkflowTaskFailedEventAttributes{
		ScheduledEventId: t.scheduledID, StartedEventId: t.startID, Cause: cause, Failure: failure, Identity: identity,
	})
	e.forgetTask()
}

func (s *Service) failWorkflowTask(req *workflowservice.RespondWorkflowTaskFailedRequest) error {
	e, err := s.taskOf(req.GetTaskToken())
	if err != nil {
		return err
	}
	e.failTask(req.GetCause(), req.GetFailure(), req.GetIdentity())
	e.troubles = append(e.troubles, req.GetFailure())
	e.writeHeld()
	generation := e.task.generation
	s.after(taskRetry, func() {
		if e.task.generation == generation {
			e.needTask()
		}
	})
	return nil
}
