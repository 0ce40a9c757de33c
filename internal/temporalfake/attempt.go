package temporalfake

import (
	"math"
	"slices"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/types/known/durationpb"
)

// notStarted are the details of a cancel that met no attempt.
var notStarted = &commonpb.Payloads{Payloads: []*commonpb.Payload{{
	Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`"ACTIVITY_ID_NOT_STARTED"`),
}}}

func seconds(d time.Duration) *durationpb.Duration { return durationpb.New(d) }

// schedule makes an activity pending and puts its first attempt on its queue.
func (e *execution) schedule(a *commandpb.ScheduleActivityTaskCommandAttributes, completed int64) *historypb.HistoryEvent {
	attributes := &historypb.ActivityTaskScheduledEventAttributes{
		ActivityId: a.GetActivityId(), ActivityType: a.GetActivityType(), TaskQueue: a.GetTaskQueue(), Header: a.GetHeader(), Input: a.GetInput(),
		ScheduleToCloseTimeout: a.GetScheduleToCloseTimeout(), ScheduleToStartTimeout: a.GetScheduleToStartTimeout(),
		StartToCloseTimeout: a.GetStartToCloseTimeout(), HeartbeatTimeout: a.GetHeartbeatTimeout(), RetryPolicy: policyOr(a.GetRetryPolicy()),
		WorkflowTaskCompletedEventId: completed,
	}
	if whole := a.GetScheduleToCloseTimeout(); whole.AsDuration() > 0 {
		attributes.ScheduleToStartTimeout = atMost(a.GetScheduleToStartTimeout(), whole)
		attributes.StartToCloseTimeout = atMost(a.GetStartToCloseTimeout(), whole)
	}
	if a.GetHeartbeatTimeout().AsDuration() > 0 {
		attributes.HeartbeatTimeout = atMost(a.GetHeartbeatTimeout(), attributes.GetStartToCloseTimeout())
	}
	ev := e.write(attributes)
	x := &activity{e: e, scheduled: ev.GetEventId(), a: attributes, attempt: 1}
	e.activities[x.scheduled] = x
	x.begin()
	return ev
}

// atMost is a time-out that is no longer than another one, which it is when it was not set.
func atMost(d, bound *durationpb.Duration) *durationpb.Duration {
	if d.AsDuration() <= 0 || d.AsDuration() > bound.AsDuration() {
		return bound
	}
	return d
}

// policyOr fills in what a retry policy leaves to Temporal.
func policyOr(p *commonpb.RetryPolicy) *commonpb.RetryPolicy {
	full := &commonpb.RetryPolicy{
		InitialInterval: p.GetInitialInterval(), BackoffCoefficient: p.GetBackoffCoefficient(), MaximumInterval: p.GetMaximumInterval(),
		MaximumAttempts: p.GetMaximumAttempts(), NonRetryableErrorTypes: p.GetNonRetryableErrorTypes(),
	}
	if full.GetInitialInterval().AsDuration() <= 0 {
		full.InitialInterval = seconds(time.Second)
	}
	if full.GetBackoffCoefficient() < 1 {
		full.BackoffCoefficient = 2
	}
	if full.GetMaximumInterval().AsDuration() <= 0 {
		full.MaximumInterval = seconds(100 * full.GetInitialInterval().AsDuration())
	}
	return full
}

// policyOrNone is policyOr for those that need none.
func policyOrNone(p *commonpb.RetryPolicy) *commonpb.RetryPolicy {
	if p == nil {
		return nil
	}
	return policyOr(p)
}

// begin lets the time of the activity run, and waits for a worker to take its first attempt.
func (x *activity) begin() {
	x.at = time.Now()
	if !x.resumed {
		x.boundAll()
	}
	x.enqueue()
}

// boundAll counts the time for all attempts.
func (x *activity) boundAll() {
	if d := x.a.GetScheduleToCloseTimeout().AsDuration(); d > 0 {
		x.whole = x.e.s.after(d-time.Since(x.at), func() { x.timeOut(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE) })
	}
}

func timeoutFailure(why enumspb.TimeoutType) *failurepb.Failure {
	return &failurepb.Failure{
		Message: "activity " + why.String() + " timeout", Source: "Server",
		FailureInfo: &failurepb.Failure_TimeoutFailureInfo{TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{TimeoutType: why}},
	}
}

// retry begins the pause before the next attempt, or says why there is none.
func (x *activity) retry(failure *failurepb.Failure) enumspb.RetryState {
	p := x.a.GetRetryPolicy()
	app, late := failure.GetApplicationFailureInfo(), failure.GetTimeoutFailureInfo().GetTimeoutType()
	switch {
	case x.cancelID != 0:
		return enumspb.RETRY_STATE_CANCEL_REQUESTED
	case late == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START || late == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE:
		return enumspb.RETRY_STATE_NON_RETRYABLE_FAILURE
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
	grown := float64(p.GetInitialInterval().AsDuration()) * math.Pow(p.GetBackoffCoefficient(), float64(min(x.attempt-1, 30)))
	return min(time.Duration(grown), p.GetMaximumInterval().AsDuration())
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
		e.held = append(e.held, held{last: true, do: func() {
			e.write(&historypb.ActivityTaskCanceledEventAttributes{
				Details: notStarted, LatestCancelRequestedEventId: x.cancelID, ScheduledEventId: scheduled,
			})
		}})
	}
}
