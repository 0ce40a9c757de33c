package temporalfake

import (
	"fmt"
	"math"
	"slices"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func seconds(d time.Duration) *durationpb.Duration { return durationpb.New(d) }

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

// schedule makes an activity pending and puts its first attempt on its queue.
func (e *execution) schedule(ev *historypb.HistoryEvent) {
	a := ev.GetActivityTaskScheduledEventAttributes()
	x := &activity{e: e, scheduled: ev.GetEventId(), at: time.Now(), a: a, attempt: 1}
	e.activities[x.scheduled] = x
	if d := a.GetScheduleToCloseTimeout().AsDuration(); d > 0 {
		x.whole = e.s.after(d, func() { x.timeOut(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE) })
	}
	x.enqueue()
}

func (x *activity) enqueue() {
	attempt := x.attempt
	x.e.s.push(queueName{activityTasks, x.a.GetTaskQueue().GetName()}, queued{
		key:  fmt.Sprintf("activity %s of workflow %s, event %d, attempt %d", x.a.GetActivityType().GetName(), x.e.runID, x.scheduled, attempt),
		give: func(p *poller) bool { return x.give(attempt, p) },
	})
	if d := x.a.GetScheduleToStartTimeout().AsDuration(); d > 0 {
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
	failure := &failurepb.Failure{
		Message: "activity " + why.String() + " timeout", Source: "Server", Cause: x.last,
		FailureInfo: &failurepb.Failure_TimeoutFailureInfo{TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{TimeoutType: why, LastHeartbeatDetails: x.details}},
	}
	retryable := why == enumspb.TIMEOUT_TYPE_START_TO_CLOSE || why == enumspb.TIMEOUT_TYPE_HEARTBEAT
	state := enumspb.RETRY_STATE_TIMEOUT
	if retryable {
		if state = x.retry(failure); state == enumspb.RETRY_STATE_IN_PROGRESS {
			return
		}
	}
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
	x.e.happen(func() {
		id := int64(0)
		if ran {
			id = x.e.write(started).GetEventId()
		}
		x.e.write(attributes(id))
	})
}

// retry begins the pause before the next attempt, or says why there is none.
func (x *activity) retry(failure *failurepb.Failure) enumspb.RetryState {
	p := x.a.GetRetryPolicy()
	app := failure.GetApplicationFailureInfo()
	switch {
	case x.cancelID != 0:
		return enumspb.RETRY_STATE_CANCEL_REQUESTED
	case app.GetNonRetryable() || slices.Contains(p.GetNonRetryableErrorTypes(), app.GetType()) && app != nil:
		return enumspb.RETRY_STATE_NON_RETRYABLE_FAILURE
	case p.GetMaximumAttempts() > 0 && x.attempt >= p.GetMaximumAttempts():
		return enumspb.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
	}
	pause := x.pause(app)
	if d := x.a.GetScheduleToCloseTimeout().AsDuration(); d > 0 && time.Since(x.at)+pause >= d {
		return enumspb.RETRY_STATE_TIMEOUT
	}
	x.last = failure
	x.stopAttempt()
	x.attempt++
	attempt := x.attempt
	x.again = x.e.s.after(pause, func() {
		if x.pending() && x.attempt == attempt {
			x.enqueue()
		}
	})
	return enumspb.RETRY_STATE_IN_PROGRESS
}

// pause is how long the next attempt waits: what the failure asked for, or what the policy says.
func (x *activity) pause(app *failurepb.ApplicationFailureInfo) time.Duration {
	if d := app.GetNextRetryDelay().AsDuration(); d > 0 {
		return d
	}
	p := x.a.GetRetryPolicy()
	first, most := p.GetInitialInterval().AsDuration(), p.GetMaximumInterval().AsDuration()
	if first <= 0 {
		first = time.Second
	}
	if most <= 0 {
		most = 100 * first
	}
	factor := p.GetBackoffCoefficient()
	if factor < 1 {
		factor = 2
	}
	return min(time.Duration(float64(first)*math.Pow(factor, float64(min(x.attempt-1, 30)))), most)
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

// askToCancel is the workflow's wish that the activity end. One that no worker has ends at once.
func (e *execution) askToCancel(scheduled, completed int64) {
	ev := e.write(&historypb.ActivityTaskCancelRequestedEventAttributes{ScheduledEventId: scheduled, WorkflowTaskCompletedEventId: completed})
	x := e.activities[scheduled]
	if x == nil {
		return // it ended while the workflow task was under way
	}
	x.cancelID = ev.GetEventId()
	if x.startedAt.IsZero() {
		delete(e.activities, scheduled)
		x.stop()
		e.held = append(e.held, func() {
			e.write(&historypb.ActivityTaskCanceledEventAttributes{LatestCancelRequestedEventId: x.cancelID, ScheduledEventId: scheduled})
		})
	}
}
