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

// cancels runs an activity that the workflow cancels when it gets the signal.
func (s *stage) cancels(edit func(o *workflow.ActivityOptions), act any, ready func()) {
	s.flow("flow", func(ctx workflow.Context) (string, error) {
		cancelable, cancel := workflow.WithCancel(acting(ctx, edit))
		f := workflow.ExecuteActivity(cancelable, "act")
		await(ctx, "cancel")
		cancel()
		var got string
		err := f.Get(ctx, &got)
		_ = workflow.Sleep(ctx, 3*time.Second) // what comes later is in the history too
		return got + chain(err), nil
	})
	s.act("act", act)
	s.serve()
	run := s.start("flow")
	s.rest(run)
	ready()
	s.signal(run, "cancel")
	s.end(run)
}

// begun is an activity that tells when it has begun.
func begun(act func(ctx context.Context) (string, error)) (wrapped func(ctx context.Context) (string, error), ready func()) {
	began := make(chan struct{}, 10)
	return func(ctx context.Context) (string, error) {
		began <- struct{}{}
		return act(ctx)
	}, func() { <-began }
}

// waits leaves a heartbeat much more time than the SDK holds one back.
func waits(o *workflow.ActivityOptions) {
	o.HeartbeatTimeout, o.WaitForCancellation = 5*time.Second, true
}

var activityCancelScenarios = []scenario{
	{"cancel of an activity that has not started", func(s *stage) {
		s.cancels(func(o *workflow.ActivityOptions) { o.TaskQueue = s.base + "-nobody" }, nth(nil), func() {})
	}},
	{"cancel of an activity that has not started is waited for", func(s *stage) {
		s.cancels(func(o *workflow.ActivityOptions) { o.TaskQueue, o.WaitForCancellation = s.base+"-nobody", true }, nth(nil), func() {})
	}},
	{"cancel accepted by a running activity", func(s *stage) {
		act, ready := begun(func(ctx context.Context) (string, error) { return "", s.beat(ctx) })
		s.cancels(waits, act, ready)
	}},
	{"cancel accepted with details", func(s *stage) {
		act, ready := begun(func(ctx context.Context) (string, error) {
			_ = s.beat(ctx) // ends by the cancel
			return "", temporal.NewCanceledError("left tidy")
		})
		s.cancels(waits, act, ready)
	}},
	{"cancel not accepted by a running activity that completes", func(s *stage) {
		act, ready := begun(func(ctx context.Context) (string, error) { _ = s.beat(ctx); return "done anyway", nil })
		s.cancels(waits, act, ready)
	}},
	{"cancel of a running activity that then fails", func(s *stage) {
		act, ready := begun(func(ctx context.Context) (string, error) { _ = s.beat(ctx); return "", errWeak })
		s.cancels(waits, act, ready)
	}},
	{"cancel that is not waited for", func(s *stage) {
		act, ready := begun(func(ctx context.Context) (string, error) { return "", s.beat(ctx) })
		s.cancels(func(o *workflow.ActivityOptions) { o.HeartbeatTimeout = 5 * time.Second }, act, ready)
	}},
	{"cancel during the pause before a retry", func(s *stage) {
		act, ready := begun(func(context.Context) (string, error) { return "", errWeak })
		s.cancels(func(o *workflow.ActivityOptions) {
			o.RetryPolicy.InitialInterval, o.WaitForCancellation = 20*time.Second, true
		}, act, func() {
			ready()
			time.Sleep(moment) // until the failure has arrived: a history does not show it
		})
	}},
	{"cancel of an activity that then times out", func(s *stage) {
		act, ready := begun(func(context.Context) (string, error) { s.hold(); return "", nil })
		s.cancels(func(o *workflow.ActivityOptions) { o.StartToCloseTimeout, o.WaitForCancellation = 4*time.Second, true }, act, ready)
	}},
	{"cancel of an activity whose worker falls silent", func(s *stage) {
		act, ready := begun(func(ctx context.Context) (string, error) {
			activity.RecordHeartbeat(ctx, "once")
			s.hold()
			return "", nil
		})
		s.cancels(waits, act, ready)
	}},
	{"cancel of a workflow cancels its activity", func(s *stage) {
		act, ready := begun(func(ctx context.Context) (string, error) { return "", s.beat(ctx) })
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			err := workflow.ExecuteActivity(acting(ctx, waits), "act").Get(ctx, nil)
			var canceled *temporal.CanceledError
			if !errors.As(err, &canceled) {
				return chain(err), nil
			}
			clean, _ := workflow.NewDisconnectedContext(ctx)
			if err := workflow.ExecuteActivity(acting(clean, nil), "clean").Get(clean, nil); err != nil {
				return "", err
			}
			return "", temporal.NewCanceledError("report")
		})
		s.act("act", act)
		s.act("clean", func() error { return nil })
		s.serve()
		run := s.start("flow")
		s.rest(run)
		ready()
		s.say("cancel: %s", chain(s.client.CancelWorkflow(s.ctx, run.GetID(), "")))
		s.say("again: %s", chain(s.client.CancelWorkflow(s.ctx, run.GetID(), run.GetRunID())))
		s.end(run)
		s.say("after the end: %s", chain(s.client.CancelWorkflow(s.ctx, run.GetID(), "")))
		s.say("of nobody: %s", chain(s.client.CancelWorkflow(s.ctx, s.id("nobody"), "")))
		s.describe(run.GetID(), "")
	}},
	{"an activity ends in the task that cancels it", func(s *stage) {
		answer, answered := make(chan struct{}), make(chan struct{})
		act, ready := begun(func(context.Context) (string, error) { <-answer; return "done", nil })
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			cancelable, cancel := workflow.WithCancel(acting(ctx, func(o *workflow.ActivityOptions) { o.WaitForCancellation = true }))
			f := workflow.ExecuteActivity(cancelable, "act")
			await(ctx, "cancel")
			busy(ctx, answer, answered)
			cancel()
			var got string
			err := f.Get(ctx, &got)
			return got + chain(err), nil
		})
		s.act("act", act)
		s.serve()
		run := s.start("flow")
		s.rest(run)
		ready()
		s.signal(run, "cancel")
		s.until("the busy task", func() bool { return isClosed(answer) })
		time.Sleep(moment) // the answer arrives while the task is under way: no history shows it
		close(answered)
		s.end(run)
	}},
	{"close with an activity still running", func(s *stage) {
		act, ready := begun(func(context.Context) (string, error) { s.hold(); return "", nil })
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			workflow.ExecuteActivity(acting(ctx, nil), "act")
			await(ctx, "leave")
			return "left", nil
		})
		s.act("act", act)
		s.serve()
		run := s.start("flow")
		ready()
		s.signal(run, "leave")
		s.end(run)
	}},
	{"terminate with a running activity", func(s *stage) {
		act, ready := begun(func(context.Context) (string, error) { s.hold(); return "", nil })
		s.triesFlow(nil, act)
		s.serve()
		run := s.start("flow")
		s.seen(run, 1, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
		ready()
		s.say("%s", chain(s.client.TerminateWorkflow(s.ctx, run.GetID(), "", "enough", "detail")))
		s.end(run)
	}},
}

// busy keeps the workflow task under way: it says that it has begun, and goes on when it may. When the same code runs
// again, both have happened.
func busy(_ workflow.Context, began, goOn chan struct{}) {
	if !isClosed(began) {
		close(began)
	}
	<-goOn
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
