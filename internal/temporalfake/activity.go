package temporalfake

import (
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// activity is one activity that has not ended.
type activity struct {
	e         *execution
	scheduled int64
	at        time.Time
	a         *historypb.ActivityTaskScheduledEventAttributes

	attempt   int32
	startedAt time.Time // zero while it waits for a worker
	identity  string
	token     string
	details   *commonpb.Payloads
	last      *failurepb.Failure
	cancelID  int64 // the event that asked it to cancel
	// resumed says that it was pending when its run was reset, and no worker took it since. A real server forgets the
	// time-outs of such a one.
	resumed bool
	// whole bounds all attempts, attemptEnd this one, quiet the time between two heartbeats, again is the pause before
	// the next attempt.
	whole, attemptEnd, quiet, again *time.Timer
}

// stop ends everything that would still happen to the activity.
func (x *activity) stop() {
	for _, t := range []*time.Timer{x.whole, x.attemptEnd, x.quiet, x.again} {
		if t != nil {
			t.Stop()
		}
	}
	delete(x.e.s.tokens, x.token)
	x.token = ""
}

// stopAttempt is stop, but for the bound of all attempts.
func (x *activity) stopAttempt() {
	whole := x.whole
	x.whole = nil
	x.stop()
	x.whole = whole
	x.startedAt = time.Time{}
}

func (x *activity) enqueue() {
	attempt := x.attempt
	x.e.s.push(queueName{activityTasks, x.a.GetTaskQueue().GetName()}, queued{
		key:  fmt.Sprintf("activity %s of workflow %s, event %d, attempt %d", x.a.GetActivityType().GetName(), x.e.runID, x.scheduled, attempt),
		give: func(p *poller) bool { return x.give(attempt, p) },
	})
	if d := x.a.GetScheduleToStartTimeout().AsDuration(); d > 0 && !x.resumed {
		x.quiet = x.e.s.after(d, func() {
			if x.attempt == attempt && x.startedAt.IsZero() {
				x.timeOut(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START)
			}
		})
	}
}

// pending says whether the activity has not ended.
func (x *activity) pending() bool { return x.e.open() && x.e.activities[x.scheduled] == x }

func (x *activity) give(attempt int32, p *poller) bool {
	if !x.pending() || x.attempt != attempt || !x.startedAt.IsZero() {
		return false
	}
	e := x.e
	x.startedAt, x.identity, x.token = time.Now(), p.c.name, e.s.token(x)
	if x.resumed {
		x.resumed = false
		x.boundAll()
	}
	if d := x.a.GetStartToCloseTimeout().AsDuration(); d > 0 {
		x.attemptEnd = e.s.after(d, func() { x.timeOutAttempt(attempt, enumspb.TIMEOUT_TYPE_START_TO_CLOSE) })
	}
	x.expectHeartbeat()
	out := p.reply.(*workflowservice.PollActivityTaskQueueResponse)
	out.TaskToken = []byte(x.token)
	out.WorkflowNamespace = "default"
	out.WorkflowType, out.WorkflowExecution = e.started.GetWorkflowType(), e.ref()
	out.ActivityType, out.ActivityId, out.Header, out.Input = x.a.GetActivityType(), x.a.GetActivityId(), x.a.GetHeader(), x.a.GetInput()
	out.HeartbeatDetails = x.details
	out.ScheduledTime, out.CurrentAttemptScheduledTime, out.StartedTime = timestamppb.New(x.at), timestamppb.New(x.at), timestamppb.Now()
	out.Attempt = attempt
	out.ScheduleToCloseTimeout, out.StartToCloseTimeout = x.a.GetScheduleToCloseTimeout(), x.a.GetStartToCloseTimeout()
	out.HeartbeatTimeout, out.RetryPolicy = x.a.GetHeartbeatTimeout(), x.a.GetRetryPolicy()
	return true
}

// expectHeartbeat begins to count the time to the next heartbeat.
func (x *activity) expectHeartbeat() {
	d := x.a.GetHeartbeatTimeout().AsDuration()
	if d <= 0 {
		return
	}
	if x.quiet != nil {
		x.quiet.Stop()
	}
	attempt := x.attempt
	x.quiet = x.e.s.after(d, func() { x.timeOutAttempt(attempt, enumspb.TIMEOUT_TYPE_HEARTBEAT) })
}

func (x *activity) timeOutAttempt(attempt int32, why enumspb.TimeoutType) {
	if x.pending() && x.attempt == attempt && !x.startedAt.IsZero() {
		x.timeOut(why)
	}
}

// timeOut ends an attempt, and the activity when there is no further one.
func (x *activity) timeOut(why enumspb.TimeoutType) {
	if !x.pending() {
		return
	}
	if why == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE && x.attempt == 1 && x.startedAt.IsZero() {
		why = enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START // which is no longer, and comes first
	}
	failure := timeoutFailure(why)
	failure.Cause = x.last
	state := x.retry(failure)
	switch state {
	case enumspb.RETRY_STATE_IN_PROGRESS:
		return
	case enumspb.RETRY_STATE_TIMEOUT: // a further attempt would come too late
		failure = timeoutFailure(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE)
	default: // no further attempt
	}
	failure.GetTimeoutFailureInfo().LastHeartbeatDetails = x.details
	x.end(func(started int64) any {
		return &historypb.ActivityTaskTimedOutEventAttributes{Failure: failure, ScheduledEventId: x.scheduled, StartedEventId: started, RetryState: state}
	})
}

// end writes down how the activity ended. It cannot answer any more from now on.
func (x *activity) end(attributes func(startedID int64) any) {
	started := &historypb.ActivityTaskStartedEventAttributes{ScheduledEventId: x.scheduled, Identity: x.identity, Attempt: x.attempt, LastFailure: x.last}
	ran := !x.startedAt.IsZero()
	x.stop()
	delete(x.e.activities, x.scheduled)
	id := int64(0)
	end := held{last: true, do: func() { x.e.write(attributes(id)) }}
	if ran {
		x.e.happenAll(held{do: func() { id = x.e.write(started).GetEventId() }}, end)
	} else {
		x.e.happenAll(end)
	}
}

// activityOf is the attempt that a token stands for, if it still counts.
func (s *Service) activityOf(token []byte) (*activity, error) {
	x, ok := s.tokens[string(token)].(*activity)
	if !ok || x.token != string(token) || !x.pending() {
		return nil, serviceerror.NewNotFound("invalid activityID or activity already timed out or invoking workflow is completed")
	}
	return x, nil
}

func (s *Service) completeActivity(req *workflowservice.RespondActivityTaskCompletedRequest) error {
	x, err := s.activityOf(req.GetTaskToken())
	if err != nil {
		return err
	}
	x.end(func(started int64) any {
		return &historypb.ActivityTaskCompletedEventAttributes{Result: req.GetResult(), ScheduledEventId: x.scheduled, StartedEventId: started, Identity: req.GetIdentity()}
	})
	return nil
}

func (s *Service) failActivity(req *workflowservice.RespondActivityTaskFailedRequest) error {
	x, err := s.activityOf(req.GetTaskToken())
	if err != nil {
		return err
	}
	if req.GetLastHeartbeatDetails() != nil {
		x.details = req.GetLastHeartbeatDetails()
	}
	state := x.retry(req.GetFailure())
	if state == enumspb.RETRY_STATE_IN_PROGRESS {
		return nil
	}
	x.end(func(started int64) any {
		return &historypb.ActivityTaskFailedEventAttributes{
			Failure: req.GetFailure(), ScheduledEventId: x.scheduled, StartedEventId: started, Identity: req.GetIdentity(), RetryState: state,
		}
	})
	return nil
}

func (s *Service) cancelActivity(req *workflowservice.RespondActivityTaskCanceledRequest) error {
	x, err := s.activityOf(req.GetTaskToken())
	if err != nil {
		return err
	}
	x.canceled(req.GetDetails(), req.GetIdentity())
	return nil
}

func (x *activity) canceled(details *commonpb.Payloads, identity string) {
	x.end(func(started int64) any {
		return &historypb.ActivityTaskCanceledEventAttributes{
			Details: details, LatestCancelRequestedEventId: x.cancelID, ScheduledEventId: x.scheduled, StartedEventId: started, Identity: identity,
		}
	})
}

func (s *Service) heartbeat(req *workflowservice.RecordActivityTaskHeartbeatRequest, out *workflowservice.RecordActivityTaskHeartbeatResponse) error {
	x, err := s.activityOf(req.GetTaskToken())
	if err != nil {
		return err
	}
	if req.GetDetails() != nil {
		x.details = req.GetDetails()
	}
	x.expectHeartbeat()
	out.CancelRequested = x.cancelID != 0
	return nil
}
