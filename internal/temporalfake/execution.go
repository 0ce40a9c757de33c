package temporalfake

import (
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
)

// execution is one run: its history and what is pending. It is guarded by Service.mu.
type execution struct {
	s         *Service
	id, runID string
	started   *historypb.WorkflowExecutionStartedEventAttributes
	at        time.Time
	status    enumspb.WorkflowExecutionStatus
	closedAt  time.Time
	done      chan struct{} // closed when the run is
	events    []*historypb.HistoryEvent
	// held are things that happened while a workflow task was under way; they are written when it has ended.
	held []held

	task       workflowTask
	activities map[int64]*activity // by the event that scheduled them
	timers     map[string]*timer
	children   map[int64]*child // by the event that initiated them
	// asked are signals and cancels of other workflows that a history leaves without an answer; only a reset reads them.
	asked     map[int64]*historypb.HistoryEvent
	updates   map[string]*update
	updateIDs []string // in order of arrival

	parent          parent
	cancelRequested bool
	memo            map[string]*commonpb.Payload
	attributes      map[string]*commonpb.Payload
	resetTo         *execution // the run that took over
	wasReset        bool       // it closed because of a reset
	troubles        []*failurepb.Failure
}

// held is something that happened while a workflow task was under way.
type held struct {
	do    func()
	last  bool   // it is the end of an activity or a child: these come after all the rest
	timer *timer // that has fired
}

// parent is who started a run as its child.
type parent struct {
	run       *execution // nil for a run without one
	initiated int64
}

// beginning is what a run begins with.
type beginning struct {
	id      string
	started *historypb.WorkflowExecutionStartedEventAttributes
	parent  parent
	reuse   enumspb.WorkflowIdReusePolicy
	notes   *sdkpb.UserMetadata
}

// begin starts a run, or refuses because of another run of the same id.
func (s *Service) begin(b beginning) (*execution, error) {
	if before := s.current[b.id]; before != nil {
		open := before.status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
		done := before.status == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
		if open || b.reuse == enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE ||
			b.reuse == enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY && done {
			return nil, serviceerror.NewWorkflowExecutionAlreadyStarted("Workflow execution already started", "", before.runID)
		}
	}
	e := s.newExecution(b.id)
	b.started.WorkflowId = b.id
	b.started.OriginalExecutionRunId = e.runID
	if b.started.GetFirstExecutionRunId() == "" {
		b.started.FirstExecutionRunId = e.runID
	}
	b.started.Attempt = 1
	b.started.WorkflowTaskTimeout = taskTimeoutOr(b.started.GetWorkflowTaskTimeout())
	e.parent = b.parent
	e.take(b.started)
	ev := e.event(b.started)
	ev.UserMetadata = b.notes
	e.append(ev)
	e.needTask()
	return e, nil
}

// newExecution makes the run that is the latest of its id from now on.
func (s *Service) newExecution(id string) *execution {
	e := &execution{
		s: s, id: id, runID: s.o.RunID(len(s.order) + 1), at: time.Now(), status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		done: make(chan struct{}), activities: map[int64]*activity{}, timers: map[string]*timer{}, children: map[int64]*child{}, asked: map[int64]*historypb.HistoryEvent{},
		updates: map[string]*update{}, memo: map[string]*commonpb.Payload{}, attributes: map[string]*commonpb.Payload{},
	}
	s.order = append(s.order, e)
	s.runs[e.runID] = e
	s.current[id] = e
	return e
}

// take keeps what the first event says.
func (e *execution) take(a *historypb.WorkflowExecutionStartedEventAttributes) {
	e.started = a
	put(e.memo, a.GetMemo().GetFields())
	put(e.attributes, a.GetSearchAttributes().GetIndexedFields())
}

// put writes payloads over those of the same names; one that decodes as nothing removes its name.
func put(into, from map[string]*commonpb.Payload) {
	for name, p := range from {
		if len(p.GetData()) == 0 || string(p.GetData()) == "null" {
			delete(into, name)
			continue
		}
		into[name] = p
	}
}

func (e *execution) open() bool { return e.status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING }

func (e *execution) ref() *commonpb.WorkflowExecution {
	return &commonpb.WorkflowExecution{WorkflowId: e.id, RunId: e.runID}
}

// happen lets something be written to the history that the workflow must then look at: now, or when the workflow task
// that is under way has ended.
func (e *execution) happen(do func()) { e.happenAll(held{do: do}) }

func (e *execution) happenAll(parts ...held) {
	if !e.open() {
		return
	}
	if e.task.speculative {
		e.commit() // there is more to look at than an update
	}
	if e.task.underWay() {
		e.held = append(e.held, parts...)
		return
	}
	for _, p := range parts {
		p.do()
	}
	e.needTask()
}

// taskTimeoutOr is how long a workflow task may take: as asked for, or Temporal's default.
func taskTimeoutOr(d *durationpb.Duration) *durationpb.Duration {
	if d.AsDuration() > 0 {
		return d
	}
	return seconds(taskTimeout)
}

// find is a run by its ids; an empty run id is the latest run.
func (s *Service) find(ref *commonpb.WorkflowExecution) (*execution, error) {
	e := s.current[ref.GetWorkflowId()]
	if ref.GetRunId() != "" {
		e = s.runs[ref.GetRunId()]
	}
	if e == nil || e.id != ref.GetWorkflowId() {
		return nil, serviceerror.NewNotFound("workflow not found for ID: " + ref.GetWorkflowId())
	}
	return e, nil
}

// findOpen is find for requests that need a run that goes on.
func (s *Service) findOpen(ref *commonpb.WorkflowExecution) (*execution, error) {
	e, err := s.find(ref)
	if err == nil && !e.open() {
		return nil, serviceerror.NewNotFound("workflow execution already completed")
	}
	return e, err
}

func (s *Service) startByClient(req *workflowservice.StartWorkflowExecutionRequest, out *workflowservice.StartWorkflowExecutionResponse) error {
	e, err := s.begin(beginning{id: req.GetWorkflowId(), reuse: req.GetWorkflowIdReusePolicy(), notes: req.GetUserMetadata(), started: &historypb.WorkflowExecutionStartedEventAttributes{
		WorkflowType: req.GetWorkflowType(), TaskQueue: req.GetTaskQueue(), Input: req.GetInput(), Header: req.GetHeader(),
		Memo: req.GetMemo(), SearchAttributes: req.GetSearchAttributes(), Identity: req.GetIdentity(),
		RetryPolicy: policyOrNone(req.GetRetryPolicy()), WorkflowTaskTimeout: req.GetWorkflowTaskTimeout(), WorkflowRunTimeout: req.GetWorkflowRunTimeout(),
	}})
	if err != nil {
		return err
	}
	out.RunId, out.Started = e.runID, true
	return nil
}

func (s *Service) signalByClient(req *workflowservice.SignalWorkflowExecutionRequest) error {
	e, err := s.findOpen(req.GetWorkflowExecution())
	if err != nil {
		return err
	}
	e.signal(&historypb.WorkflowExecutionSignaledEventAttributes{
		SignalName: req.GetSignalName(), Input: req.GetInput(), Identity: req.GetIdentity(), Header: req.GetHeader(),
	})
	return nil
}

func (e *execution) signal(a *historypb.WorkflowExecutionSignaledEventAttributes) {
	e.happen(func() { e.write(a) })
}

func (s *Service) cancelByClient(req *workflowservice.RequestCancelWorkflowExecutionRequest) error {
	e, err := s.find(req.GetWorkflowExecution())
	if err != nil {
		return err
	}
	e.cancel(&historypb.WorkflowExecutionCancelRequestedEventAttributes{Cause: req.GetReason(), Identity: req.GetIdentity()})
	return nil
}

// cancel asks a run to cancel; asking twice is the same as once, and asking one that has closed is nothing.
func (e *execution) cancel(a *historypb.WorkflowExecutionCancelRequestedEventAttributes) {
	if e.cancelRequested || !e.open() {
		return
	}
	e.cancelRequested = true
	e.happen(func() { e.write(a) })
}

func (s *Service) terminateByClient(req *workflowservice.TerminateWorkflowExecutionRequest) error {
	e, err := s.findOpen(req.GetWorkflowExecution())
	if err != nil {
		return err
	}
	e.terminate(req.GetReason(), req.GetDetails(), req.GetIdentity())
	return nil
}

func (e *execution) terminate(reason string, details *commonpb.Payloads, identity string) {
	if e.task.underWay() {
		e.failTask(enumspb.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND, nil, identity)
	}
	e.dropTask()
	e.writeHeld()
	e.write(&historypb.WorkflowExecutionTerminatedEventAttributes{Reason: reason, Details: details, Identity: identity})
	e.close(enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED)
}

// close ends the run. Its closing event is written by then.
func (e *execution) close(status enumspb.WorkflowExecutionStatus) {
	e.status, e.closedAt = status, time.Now()
	e.held = nil
	e.stopTimers()
	e.dropTask()
	e.endUpdates()
	close(e.done)
	if !e.wasReset {
		e.closeChildren()
	}
	e.tellParent()
}

func (e *execution) stopTimers() {
	for _, t := range e.timers {
		t.wait.Stop()
	}
	for _, a := range e.activities {
		a.stop()
	}
	e.task.stop()
}

func (e *execution) queue() *taskqueuepb.TaskQueue { return e.started.GetTaskQueue() }
