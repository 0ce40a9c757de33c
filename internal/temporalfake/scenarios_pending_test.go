package temporalfake_test

import (
	"context"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

// resetActivity plays a run that is reset while its activity is pending. The first execution holds, later ones do not.
func (s *stage) resetActivity(edit func(o *workflow.ActivityOptions)) {
	var executions atomic.Int32
	began := make(chan struct{}, 10)
	s.flow("flow", func(ctx workflow.Context) (string, error) {
		f := workflow.ExecuteActivity(acting(ctx, edit), "act")
		await(ctx, "a")
		await(ctx, "b")
		var got string
		err := f.Get(ctx, &got)
		return got + chain(err), nil
	})
	s.act("act", func(context.Context) (string, error) {
		began <- struct{}{}
		if executions.Add(1) == 1 {
			s.hold()
		}
		return "again", nil
	})
	s.serve()
	run := s.start("flow")
	s.rest(run)
	<-began
	s.step(run, "a")
	again := s.reset(run, 2)
	s.end(run)
	s.seen(again, 1, enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
	s.rest(again)
	s.signal(again, "b")
	s.end(again)
}

// resetForgotten plays a run that is reset while an activity waits for a worker: its time-outs are forgotten.
func (s *stage) resetForgotten(edit func(o *workflow.ActivityOptions)) {
	s.flow("flow", func(ctx workflow.Context) error {
		f := workflow.ExecuteActivity(acting(ctx, edit), "act")
		await(ctx, "a")
		return f.Get(ctx, nil)
	})
	s.serve()
	run := s.start("flow")
	s.rest(run)
	s.step(run, "a")
	again := s.reset(run, 2)
	s.rest(again)
	time.Sleep(4 * time.Second) // longer than the time-outs
	s.say("%s", chain(s.client.TerminateWorkflow(s.ctx, run.GetID(), "", "enough")))
	s.end(again)
}

var resetPendingScenarios = []scenario{
	{"reset with an activity that has not started", func(s *stage) {
		s.resetForgotten(func(o *workflow.ActivityOptions) {
			o.TaskQueue, o.ScheduleToStartTimeout = s.base+"-nobody", 3*time.Second
		})
	}},
	{"reset with a running activity", func(s *stage) { s.resetActivity(nil) }},
	{"reset with a running activity of one attempt", func(s *stage) {
		s.resetActivity(func(o *workflow.ActivityOptions) { o.RetryPolicy.MaximumAttempts = 1 })
	}},
	{"reset with an activity that has not started and a bound of all attempts", func(s *stage) {
		s.resetForgotten(func(o *workflow.ActivityOptions) {
			o.TaskQueue, o.ScheduleToCloseTimeout = s.base+"-nobody", 3*time.Second
		})
	}},
	{"reset with a pending timer", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error {
			f := workflow.NewTimer(ctx, 2*time.Second)
			await(ctx, "a")
			return f.Get(ctx, nil)
		})
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.step(run, "a")
		s.end(s.reset(run, 2))
	}},
	{"reset with a timer that has fired since", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error {
			if err := workflow.Sleep(ctx, 100*time.Millisecond); err != nil {
				return err
			}
			await(ctx, "a")
			return nil
		})
		s.serve()
		run := s.start("flow")
		s.seen(run, 2, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
		again := s.reset(run, 1)
		s.seen(again, 1, enumspb.EVENT_TYPE_TIMER_FIRED)
		s.rest(again)
		s.signal(again, "a")
		s.end(again)
	}},
	{"reset with a completed update before the point", func(s *stage) {
		run := s.startUpdatable()
		s.ask(run, "u1", "quick")
		s.step(run, "x")
		again := s.reset(run, 3)
		s.rest(again)
		s.ask(again, "u1", "other")
		s.ask(again, "u2", "quick")
		s.signal(again, "end")
		s.end(again)
	}},
	{"reset with a completed update after the point", func(s *stage) {
		run := s.startUpdatable()
		s.step(run, "x")
		s.ask(run, "u1", "quick")
		again := s.reset(run, 2)
		s.rest(again)
		time.Sleep(moment) // long enough for what the reset itself sets going
		s.ask(again, "u1", "other")
		s.signal(again, "end")
		s.end(again)
	}},
	{"reset with an update accepted before the point", func(s *stage) {
		run := s.startUpdatable()
		h := s.sent(run, "u1", "slow", client.WorkflowUpdateStageAccepted)
		s.step(run, "x")
		again := s.reset(run, 3)
		s.rest(again)
		s.answer(h)
		s.signal(again, "answer")
		s.ask(again, "u1", "other")
		s.signal(again, "end")
		s.end(again)
	}},
	{"reset with an update accepted after the point", func(s *stage) {
		run := s.startUpdatable()
		s.step(run, "x")
		h := s.sent(run, "u1", "slow", client.WorkflowUpdateStageAccepted)
		s.step(run, "y")
		again := s.reset(run, 2)
		s.rest(again)
		s.answer(h)
		s.signal(again, "answer")
		s.ask(again, "u1", "other")
		s.signal(again, "end")
		s.end(again)
	}},
	{"reset with an update between signals after the point", func(s *stage) {
		run := s.startUpdatable()
		s.step(run, "x")
		s.ask(run, "u1", "quick")
		s.step(run, "y")
		s.ask(run, "u2", "fail")
		s.ask(run, "u3", "no")
		again := s.reset(run, 1)
		s.rest(again)
		time.Sleep(moment) // long enough for what the reset itself sets going
		s.signal(again, "end")
		s.end(again)
	}},
}
