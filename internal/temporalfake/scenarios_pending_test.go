package temporalfake_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
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

// resetOther plays a run that is reset to between its asking something of another workflow and the answer. The other one
// has ended meanwhile if ends says so.
func (s *stage) resetOther(ask func(ctx workflow.Context, id string) workflow.Future, ends bool) {
	first, goOn := make(chan struct{}), make(chan struct{})
	second, goOnToo := make(chan struct{}), make(chan struct{})
	s.flow("other", func(ctx workflow.Context) (string, error) {
		got := ""
		workflow.NewSelector(ctx).
			AddReceive(workflow.GetSignalChannel(ctx, "hello"), func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil); got = "hello" }).
			AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) { got = "cancel" }).Select(ctx)
		clean, _ := workflow.NewDisconnectedContext(ctx)
		await(clean, "end")
		for workflow.GetSignalChannel(clean, "hello").ReceiveAsync(nil) {
			got += " again"
		}
		return got, nil
	})
	s.flow("flow", func(ctx workflow.Context, id string) (string, error) {
		await(ctx, "go")
		busy(ctx, first, goOn)
		f := ask(ctx, id)
		await(ctx, "x")
		busy(ctx, second, goOnToo)
		return chain(f.Get(ctx, nil)), nil
	})
	w := s.serve()
	other := s.start("other")
	s.rest(other)
	run := s.start("flow", other.GetID())
	s.rest(run)
	s.signal(run, "go")
	s.until("the first busy task", func() bool { return isClosed(first) })
	s.signal(run, "x")
	close(goOn)
	s.until("the second busy task", func() bool { return isClosed(second) })
	time.Sleep(moment) // the answer arrives while the task is under way: no history shows it
	close(goOnToo)
	s.end(run)
	s.rest(other)
	if ends {
		s.signal(other, "end")
		s.end(other)
	}
	w.Stop()
	again := s.reset(run, 3)
	time.Sleep(moment) // the second answer comes before a worker does
	s.serveBy("another", worker.Options{})
	s.end(again)
	if !ends {
		s.rest(other)
		s.signal(other, "end")
		s.end(other)
	}
}

func askSignal(ctx workflow.Context, id string) workflow.Future {
	return workflow.SignalExternalWorkflow(ctx, id, "", "hello", nil)
}

func askCancel(ctx workflow.Context, id string) workflow.Future {
	return workflow.RequestCancelExternalWorkflow(ctx, id, "")
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
	{"reset while a signal to another workflow is on its way", func(s *stage) { s.resetOther(askSignal, false) }},
	{"reset while a signal to another workflow is on its way that then ended", func(s *stage) { s.resetOther(askSignal, true) }},
	{"reset while a cancel of another workflow is on its way", func(s *stage) { s.resetOther(askCancel, false) }},
	{"reset while a cancel of another workflow is on its way that then ended", func(s *stage) { s.resetOther(askCancel, true) }},
	{"reset of a run that had refused an update of the run before", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			open := false
			err := workflow.SetUpdateHandlerWithOptions(ctx, "ask", func(workflow.Context, string) (string, error) { return "yes", nil },
				workflow.UpdateHandlerOptions{Validator: func(workflow.Context, string) error {
					if !open {
						return errors.New("not open")
					}
					return nil
				}})
			if err != nil {
				return "", err
			}
			err = workflow.Sleep(ctx, 100*time.Millisecond)
			open = true
			await(ctx, "b")
			await(ctx, "c")
			return "done", err
		})
		s.serve()
		run := s.start("flow")
		s.seen(run, 1, enumspb.EVENT_TYPE_TIMER_FIRED)
		s.rest(run)
		s.ask(run, "u1", "it")
		second := s.reset(run, 1) // meets the update before its timer
		s.seen(second, 1, enumspb.EVENT_TYPE_TIMER_FIRED)
		s.rest(second)
		s.step(second, "b")
		third := s.reset(second, 2)
		s.rest(third)
		s.signal(third, "c")
		s.end(third)
	}},
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
