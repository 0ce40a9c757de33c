package temporalfake

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	protocolpb "go.temporal.io/api/protocol/v1"
	"go.temporal.io/api/serviceerror"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
)

// updatePatience is how long the service keeps a client waiting before it answers how far the update is.
const updatePatience = 20 * time.Second

// errLost is the answer to an update that its run will never look at.
var errLost = serviceerror.NewNotFound("workflow execution already completed")

// update is one update of a run. The same id is the same update for as long as the run is known.
type update struct {
	id       string
	request  *updatepb.Request
	accepted int64 // the event, 0 before
	admitted bool  // an event of the history tells the worker of it
	outcome  *updatepb.Outcome
	lost     bool // the run ended before it looked at the update
	// taken is closed when the update was accepted or refused, over when it has its outcome.
	taken, over chan struct{}
}

func (e *execution) newUpdate(id string) *update {
	u := &update{id: id, taken: make(chan struct{}), over: make(chan struct{})}
	e.updates[id] = u
	e.updateIDs = append(e.updateIDs, id)
	return u
}

func (u *update) isTaken() bool { return u.accepted != 0 || u.outcome != nil || u.lost }

func (u *update) end(o *updatepb.Outcome) {
	if u.outcome != nil || u.lost {
		return
	}
	u.outcome = o
	if u.accepted == 0 {
		close(u.taken)
	}
	close(u.over)
}

// update sends an update to a run. One that the run has not looked at when it continues as new goes to the next run.
func (s *Service) update(ctx context.Context, req *workflowservice.UpdateWorkflowExecutionRequest, out *workflowservice.UpdateWorkflowExecutionResponse) error {
	for {
		e, u, err := s.admitted(req)
		if err != nil {
			return err
		}
		stage, outcome, err := s.waitForUpdate(ctx, u, req.GetWaitPolicy().GetLifecycleStage())
		if errors.Is(err, errLost) && e.continued() && req.GetWorkflowExecution().GetRunId() == "" {
			continue
		}
		if err != nil {
			return err
		}
		out.UpdateRef = &updatepb.UpdateRef{WorkflowExecution: e.ref(), UpdateId: u.id}
		out.Stage, out.Outcome = stage, outcome
		return nil
	}
}

// admitted is the update that a request asks for, and its run.
func (s *Service) admitted(req *workflowservice.UpdateWorkflowExecutionRequest) (*execution, *update, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(req.GetWorkflowExecution())
	if err != nil {
		return nil, nil, err
	}
	id := req.GetRequest().GetMeta().GetUpdateId()
	u := e.updates[id]
	if u == nil {
		if !e.open() {
			return nil, nil, errLost
		}
		u = e.newUpdate(id)
		u.request = req.GetRequest()
		e.needUpdateTask()
	}
	return e, u, nil
}

// continued says whether another run has followed this one.
func (e *execution) continued() bool {
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	return e.status == enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW
}

func (s *Service) awaitUpdate(ctx context.Context, req *workflowservice.PollWorkflowExecutionUpdateRequest, out *workflowservice.PollWorkflowExecutionUpdateResponse) error {
	s.mu.Lock()
	e, err := s.find(req.GetUpdateRef().GetWorkflowExecution())
	var u *update
	if err == nil {
		if u = e.updates[req.GetUpdateRef().GetUpdateId()]; u == nil {
			err = serviceerror.NewNotFound("update not found")
		}
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	stage, outcome, err := s.waitForUpdate(ctx, u, req.GetWaitPolicy().GetLifecycleStage())
	if err != nil {
		return err
	}
	out.UpdateRef, out.Stage, out.Outcome = req.GetUpdateRef(), stage, outcome
	return nil
}

// waitForUpdate waits until the update has come as far as asked.
func (s *Service) waitForUpdate(ctx context.Context, u *update, until enumspb.UpdateWorkflowExecutionLifecycleStage) (enumspb.UpdateWorkflowExecutionLifecycleStage, *updatepb.Outcome, error) {
	wait := u.taken
	if until == enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED {
		wait = u.over
	}
	patience := time.NewTimer(updatePatience)
	defer patience.Stop()
	select {
	case <-wait:
	case <-patience.C: // the client asks again
	case <-ctx.Done():
		return 0, nil, status.FromContextError(ctx.Err()).Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case u.lost:
		return 0, nil, errLost
	case u.outcome != nil:
		return enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED, u.outcome, nil
	case u.accepted != 0:
		return enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED, nil, nil
	default:
		return enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED, nil, nil
	}
}

// updatesWaiting says whether there are updates of which only a message can tell the worker. One that an event tells of
// has had its task, and may have been refused in it, of which no history knows.
func (e *execution) updatesWaiting() bool {
	for _, u := range e.updates {
		if !u.isTaken() && !u.admitted {
			return true
		}
	}
	return false
}

// updateRequests are the updates that the next workflow task must look at.
func (e *execution) updateRequests() []*protocolpb.Message {
	var all []*protocolpb.Message
	for _, id := range e.updateIDs {
		u := e.updates[id]
		if u.isTaken() || u.admitted {
			continue
		}
		body, err := anypb.New(u.request)
		if err != nil { // the request came in as this very message
			panic(err)
		}
		all = append(all, &protocolpb.Message{
			Id: id + "/request", ProtocolInstanceId: id, Body: body,
			SequencingId: &protocolpb.Message_EventId{EventId: e.task.startID() - 1},
		})
	}
	return all
}

// refused ends the update that a message rejects; other messages are left to the commands that name them.
func (e *execution) refused(m *protocolpb.Message) {
	var no updatepb.Rejection
	u := e.updates[m.GetProtocolInstanceId()]
	if u == nil || !m.GetBody().MessageIs(&no) || m.GetBody().UnmarshalTo(&no) != nil {
		return
	}
	u.end(&updatepb.Outcome{Value: &updatepb.Outcome_Failure{Failure: no.GetFailure()}})
}

// answered writes down that an update was accepted, or that it has its outcome.
func (e *execution) answered(m *protocolpb.Message) {
	u := e.updates[m.GetProtocolInstanceId()]
	if u == nil {
		return
	}
	var (
		yes  updatepb.Acceptance
		done updatepb.Response
	)
	switch body := m.GetBody(); {
	case body.MessageIs(&yes) && body.UnmarshalTo(&yes) == nil:
		attributes := &historypb.WorkflowExecutionUpdateAcceptedEventAttributes{
			ProtocolInstanceId: u.id, AcceptedRequestMessageId: yes.GetAcceptedRequestMessageId(),
			AcceptedRequestSequencingEventId: yes.GetAcceptedRequestSequencingEventId(),
		}
		if !u.admitted {
			attributes.AcceptedRequest = u.request
		}
		u.accepted = e.write(attributes).GetEventId()
		close(u.taken)
	case body.MessageIs(&done) && body.UnmarshalTo(&done) == nil:
		e.write(&historypb.WorkflowExecutionUpdateCompletedEventAttributes{Meta: done.GetMeta(), AcceptedEventId: u.accepted, Outcome: done.GetOutcome()})
		u.end(done.GetOutcome())
	}
}

// endUpdates ends what a closed run will never answer.
func (e *execution) endUpdates() {
	for _, u := range e.updates {
		switch {
		case u.outcome != nil:
		case u.accepted != 0:
			u.end(&updatepb.Outcome{Value: &updatepb.Outcome_Failure{Failure: &failurepb.Failure{
				Message: "Workflow Update failed because the Workflow completed before the Update completed.", Source: "Server",
				FailureInfo: &failurepb.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: "AcceptedUpdateCompletedWorkflow", NonRetryable: true}},
			}}})
		case !u.lost:
			u.lost = true
			close(u.taken)
			close(u.over)
		}
	}
}
