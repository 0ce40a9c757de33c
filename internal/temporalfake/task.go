package temporalfake

import (
	"fmt"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const (
	// taskTimeout is how long a worker may take for a workflow task, Temporal's default.
	taskTimeout = 10 * time.Second
	// speculativePatience is how long a task that is not in the history may wait for a worker.
	speculativePatience = 5 * time.Second
)

// workflowTask is the task of a run that waits for a worker or is with one.
type workflowTask struct {
	e *execution
	// scheduled is nil when there is no task, started while the task waits.
	scheduled, started *historypb.HistoryEvent
	// written says that these events are in the history. Those of a speculative task, which exists only because of an
	// update, and of a transient one, which is tried again, come there when the task ends, or never.
	written, speculative bool
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

func (t *workflowTask) pending() bool  { return t.scheduled != nil }
func (t *workflowTask) underWay() bool { return t.started != nil }
func (t *workflowTask) startID() int64 { return t.started.GetEventId() }

func (t *workflowTask) stop() {
	if t.timeout != nil {
		t.timeout.Stop()
	}
}

// needTask makes sure that the workflow will look at its history.
func (e *execution) needTask() {
	if e.open() && !e.task.pending() {
		e.scheduleTask(false)
		e.queueTask()
	}
}

// needUpdateTask makes sure that the workflow will look at its updates.
func (e *execution) needUpdateTask() {
	if e.open() && !e.task.pending() {
		e.scheduleTask(e.task.attempt <= 1)
		e.queueTask()
	}
}

func (e *execution) scheduleTask(speculative bool) {
	t := &e.task
	t.generation++
	t.attempt = max(t.attempt, 1)
	t.speculative = speculative
	t.scheduled = e.event(e.taskScheduled())
	if t.written = !speculative && t.attempt == 1; t.written {
		e.append(t.scheduled)
	}
}

func (e *execution) taskScheduled() *historypb.WorkflowTaskScheduledEventAttributes {
	queue := &taskqueuepb.TaskQueue{Name: e.queue().GetName(), Kind: enumspb.TASK_QUEUE_KIND_NORMAL}
	if e.task.sticky != "" {
		queue = &taskqueuepb.TaskQueue{Name: e.task.sticky, Kind: enumspb.TASK_QUEUE_KIND_STICKY, NormalName: e.queue().GetName()}
	}
	return &historypb.WorkflowTaskScheduledEventAttributes{TaskQueue: queue, StartToCloseTimeout: seconds(e.taskTimeout()), Attempt: e.task.attempt}
}

func (e *execution) taskTimeout() time.Duration {
	return e.started.GetWorkflowTaskTimeout().AsDuration()
}

// queueTask puts the pending task on the queue of its worker, or on the one that every worker polls.
func (e *execution) queueTask() {
	t := &e.task
	generation := t.generation
	name, wait := e.queue().GetName(), time.Duration(0)
	switch {
	case t.sticky != "":
		wait = t.stickyFor
	case t.speculative:
		wait = speculativePatience
	}
	sticky := t.sticky != "" && !e.s.stopped[t.sticky] // a worker that has said it stops gets nothing more
	if sticky {
		name = t.sticky
	}
	if wait > 0 {
		t.timeout = e.s.after(wait, func() { e.taskTimedOut(generation, enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START) })
	}
	e.s.push(queueName{workflowTasks, name}, queued{
		key:  fmt.Sprintf("workflow task of workflow %s, event %d", e.runID, t.scheduled.GetEventId()),
		give: func(p *poller) bool { return e.giveTask(generation, sticky, p) },
	})
}

// giveTask hands the workflow task to a poll. sticky says that the worker has the workflow in memory.
func (e *execution) giveTask(generation int, sticky bool, p *poller) bool {
	t := &e.task
	if !e.open() || t.generation != generation || t.underWay() {
		return false
	}
	t.stop()
	if !sticky {
		t.sticky = ""
	}
	if !t.written && t.scheduled.GetEventId() <= int64(len(e.events)) {
		// Something came into the history since: the task is an ordinary one now.
		t.attempt, t.written, t.speculative = 1, true, false
		t.scheduled = e.write(e.taskScheduled())
	}
	attributes := &historypb.WorkflowTaskStartedEventAttributes{ScheduledEventId: t.scheduled.GetEventId(), Identity: p.c.name}
	if t.written {
		t.started = e.write(attributes)
	} else {
		t.started = e.eventAt(t.scheduled.GetEventId()+1, attributes)
	}
	t.e, t.token = e, e.s.token(t)
	t.timeout = e.s.after(e.taskTimeout(), func() { e.taskTimedOut(generation, enumspb.TIMEOUT_TYPE_START_TO_CLOSE) })
	e.fillTask(p.reply.(*workflowservice.PollWorkflowTaskQueueResponse))
	return true
}

func (e *execution) fillTask(out *workflowservice.PollWorkflowTaskQueueResponse) {
	t := &e.task
	first := int64(0)
	if t.sticky != "" {
		first = t.before
	}
	events := slices.Clone(e.events[min(first, int64(len(e.events))):])
	if !t.written {
		events = append(events, t.scheduled, t.started)
	}
	out.TaskToken = []byte(t.token)
	out.WorkflowExecution, out.WorkflowType = e.ref(), e.started.GetWorkflowType()
	out.PreviousStartedEventId, out.StartedEventId, out.Attempt = t.before, t.startID(), t.attempt
	out.History = &historypb.History{Events: events}
	out.WorkflowExecutionTaskQueue = &taskqueuepb.TaskQueue{Name: e.queue().GetName(), Kind: enumspb.TASK_QUEUE_KIND_NORMAL}
	out.ScheduledTime = t.scheduled.GetEventTime()
	out.StartedTime = timestamppb.Now()
	out.Messages = e.updateRequests()
}

// commit puts the events of the task into the history, if they are not there.
func (e *execution) commit() {
	t := &e.task
	if t.written || !t.pending() {
		return
	}
	t.written, t.speculative = true, false
	e.append(t.scheduled)
	if t.underWay() {
		e.append(t.started)
	}
}

// taskTimedOut gives a workflow task up, and puts another one on the queue that every worker polls.
func (e *execution) taskTimedOut(generation int, why enumspb.TimeoutType) {
	t := &e.task
	waiting := why == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START
	if !e.open() || t.generation != generation || !t.pending() || t.underWay() == waiting {
		return
	}
	if t.speculative {
		e.commit()
	}
	if t.written {
		e.write(&historypb.WorkflowTaskTimedOutEventAttributes{ScheduledEventId: t.scheduled.GetEventId(), StartedEventId: t.startID(), TimeoutType: why})
	}
	e.forgetTask(!waiting)
	e.writeHeld()
	e.needTask()
}

// dropTask takes the task away from whoever has it.
func (e *execution) dropTask() {
	t := &e.task
	t.stop()
	delete(e.s.tokens, t.token)
	t.scheduled, t.started, t.token, t.written, t.speculative = nil, nil, "", false, false
	t.generation++
}

// forgetTask is dropTask after a failure: the worker's copy of the workflow cannot be relied on any more. A worker that
// had none was given the whole history: that attempt counts.
func (e *execution) forgetTask(counts bool) {
	t := &e.task
	e.dropTask()
	switch {
	case t.sticky != "" || !counts:
		t.attempt = 1
	default:
		t.attempt++
	}
	t.sticky = ""
}

// writeHeld writes what was held back. What has ended comes after all the rest, as on a real server.
func (e *execution) writeHeld() {
	held := e.held
	e.held = nil
	if len(held) > 0 {
		e.task.attempt = 1 // with something new to look at, it is not the same task again
	}
	for _, last := range []bool{false, true} {
		for _, h := range held {
			if h.last == last {
				h.do()
			}
		}
	}
}
