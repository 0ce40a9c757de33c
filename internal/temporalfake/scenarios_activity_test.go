package temporalfake_test

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// tries runs one activity in a workflow of its own, which returns how it ended.
func (s *stage) tries(edit func(o *workflow.ActivityOptions), act any) {
	s.triesFlow(edit, act)
	s.serve()
	s.end(s.start("flow"))
}

func (s *stage) triesFlow(edit func(o *workflow.ActivityOptions), act any) {
	s.flow("flow", func(ctx workflow.Context) (string, error) {
		var got string
		err := workflow.ExecuteActivity(acting(ctx, edit), "act", "given").Get(ctx, &got)
		return got + chain(err), nil
	})
	s.act("act", act)
}

// nth answers by the number of the attempt; the last answer is for all further ones.
func nth(answers ...error) func(ctx context.Context, given string) (string, error) {
	return func(ctx context.Context, given string) (string, error) {
		n := int(activity.GetInfo(ctx).Attempt) - 1
		return given, answers[min(n, len(answers)-1)]
	}
}

var errWeak = temporal.NewApplicationError("weak", "Weak", "detail")

var activityScenarios = []scenario{
	{"an activity succeeds", func(s *stage) { s.tries(nil, nth(nil)) }},
	{"activity options are filled in", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { *o = workflow.ActivityOptions{ScheduleToCloseTimeout: time.Minute} }, nth(nil))
	}},
	{"activity options are capped", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) {
			o.ScheduleToCloseTimeout, o.ScheduleToStartTimeout, o.HeartbeatTimeout = 10*time.Second, 20*time.Second, 25*time.Second
		}, nth(nil))
	}},
	{"an activity fails and then succeeds", func(s *stage) {
		s.tries(nil, nth(errWeak, errors.New("plain"), nil))
	}},
	{"an activity fails for good by its flag", func(s *stage) {
		s.tries(nil, nth(temporal.NewNonRetryableApplicationError("no", "Hard", errors.New("cause"))))
	}},
	{"an activity fails for good by the list of types", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.RetryPolicy.NonRetryableErrorTypes = []string{"Hard", "Weak"} }, nth(errWeak))
	}},
	{"an activity fails for good on a later attempt", func(s *stage) {
		s.tries(nil, nth(errWeak, temporal.NewNonRetryableApplicationError("no", "Hard", nil)))
	}},
	{"maximum attempts are reached", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.RetryPolicy.MaximumAttempts = 2 }, nth(errWeak))
	}},
	{"one attempt only", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.RetryPolicy.MaximumAttempts = 1 }, nth(errWeak))
	}},
	{"a failure names the next delay", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.RetryPolicy.InitialInterval = time.Hour },
			nth(temporal.NewApplicationErrorWithOptions("later", "Later", temporal.ApplicationErrorOptions{NextRetryDelay: 100 * time.Millisecond}), nil))
	}},
	{"a failure names the next delay on the last attempt", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.RetryPolicy.MaximumAttempts = 1 },
			nth(temporal.NewApplicationErrorWithOptions("later", "Later", temporal.ApplicationErrorOptions{NextRetryDelay: 100 * time.Millisecond}), nil))
	}},
	{"a failure names a delay beyond the time for all attempts", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.ScheduleToCloseTimeout = 2 * time.Second },
			nth(temporal.NewApplicationErrorWithOptions("later", "Later", temporal.ApplicationErrorOptions{NextRetryDelay: time.Minute}), nil))
	}},
	{"a benign failure", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.RetryPolicy.MaximumAttempts = 1 },
			nth(temporal.NewApplicationErrorWithOptions("busy", "Busy", temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign})))
	}},
	{"an activity panics", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.RetryPolicy.MaximumAttempts = 1 }, func(context.Context, string) (string, error) { panic("no") })
	}},
	{"an activity that nobody knows", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			err := workflow.ExecuteActivity(acting(ctx, func(o *workflow.ActivityOptions) { o.RetryPolicy.MaximumAttempts = 1 }), "unknown").Get(ctx, nil)
			return chain(err), nil
		})
		s.act("act", nth(nil))
		s.serve()
		s.end(s.start("flow"))
	}},
	{"an activity with a summary", func(s *stage) { s.tries(func(o *workflow.ActivityOptions) { o.Summary = "what it does" }, nth(nil)) }},
	{"two activities one after the other", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error {
			if err := workflow.ExecuteActivity(acting(ctx, nil), "act", "one").Get(ctx, nil); err != nil {
				return err
			}
			return workflow.ExecuteActivity(acting(ctx, nil), "act", "two").Get(ctx, nil)
		})
		s.act("act", nth(nil))
		s.serve()
		s.end(s.start("flow"))
	}},
}

var timeoutScenarios = []scenario{
	{"start to close on the last attempt", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) {
			o.StartToCloseTimeout, o.RetryPolicy.MaximumAttempts = time.Second, 1
		}, func() error { s.hold(); return nil })
	}},
	{"start to close and then success", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.StartToCloseTimeout = 3 * time.Second }, func(ctx context.Context, _ string) (string, error) {
			if activity.GetInfo(ctx).Attempt == 1 {
				s.hold()
			}
			return "second", nil
		})
	}},
	{"heartbeat time-out carries the details over", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.HeartbeatTimeout = 3 * time.Second }, func(ctx context.Context, _ string) (string, error) {
			if activity.GetInfo(ctx).Attempt == 1 {
				activity.RecordHeartbeat(ctx, "half")
				s.hold()
			}
			var got string
			return got, activity.GetHeartbeatDetails(ctx, &got)
		})
	}},
	{"heartbeat time-out on the last attempt", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) {
			o.HeartbeatTimeout, o.RetryPolicy.MaximumAttempts = 3*time.Second, 1
		}, func(ctx context.Context, _ string) (string, error) {
			activity.RecordHeartbeat(ctx, "half")
			s.hold()
			return "", nil
		})
	}},
	{"a failure carries the details over", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.HeartbeatTimeout = 10 * time.Second }, func(ctx context.Context, _ string) (string, error) {
			if activity.GetInfo(ctx).Attempt == 1 {
				activity.RecordHeartbeat(ctx, "first")
				activity.RecordHeartbeat(ctx, "throttled")
				return "", errWeak
			}
			var got string
			err := activity.GetHeartbeatDetails(ctx, &got)
			return got, err
		})
	}},
	{"schedule to start", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) {
			o.TaskQueue, o.ScheduleToStartTimeout = s.base+"-nobody", time.Second
		}, nth(nil))
	}},
	{"schedule to close before the start", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) {
			o.TaskQueue, o.ScheduleToCloseTimeout = s.base+"-nobody", time.Second
		}, nth(nil))
	}},
	{"schedule to close while it runs", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) {
			o.ScheduleToCloseTimeout, o.HeartbeatTimeout = 3*time.Second, 10*time.Second
		}, func(ctx context.Context, _ string) (string, error) {
			activity.RecordHeartbeat(ctx, "half")
			s.hold()
			return "", nil
		})
	}},
	{"schedule to close on a later attempt", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) { o.ScheduleToCloseTimeout = 3 * time.Second }, func(ctx context.Context, _ string) (string, error) {
			if activity.GetInfo(ctx).Attempt == 1 {
				return "", errWeak
			}
			s.hold()
			return "", nil
		})
	}},
	{"schedule to close leaves no time for a further attempt", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) {
			o.ScheduleToCloseTimeout, o.RetryPolicy.InitialInterval = 2*time.Second, time.Minute
		}, nth(errWeak))
	}},
	{"schedule to close leaves no time after a start to close", func(s *stage) {
		s.tries(func(o *workflow.ActivityOptions) {
			o.ScheduleToCloseTimeout, o.StartToCloseTimeout, o.RetryPolicy.InitialInterval = 3*time.Second, time.Second, time.Minute
		}, func() error { s.hold(); return nil })
	}},
	{"a late answer after a time-out counts for nothing", func(s *stage) {
		late := make(chan struct{})
		s.triesFlow(func(o *workflow.ActivityOptions) {
			o.StartToCloseTimeout, o.RetryPolicy.MaximumAttempts = time.Second, 1
		},
			func(context.Context, string) (string, error) { <-late; return "late", nil })
		s.serve()
		run := s.start("flow")
		s.seen(run, 1, enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT)
		close(late)
		s.end(run)
	}},
}
