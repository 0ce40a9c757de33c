package temporalfake_test

import (
	"context"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

var (
	phase  = temporal.NewSearchAttributeKeyKeyword("Phase")
	number = temporal.NewSearchAttributeKeyInt64("Server")
)

// during makes things happen while a workflow task is under way: flow is called in the task that the signal "go" woke,
// after meanwhile.
func (s *stage) during(flow func(ctx workflow.Context) (string, error), meanwhile func(id string)) {
	began, goOn := make(chan struct{}), make(chan struct{})
	s.flow("flow", func(ctx workflow.Context) (string, error) {
		timer := workflow.NewTimer(ctx, 20*time.Second)
		await(ctx, "go")
		busy(ctx, began, goOn)
		_ = timer // stays pending
		return flow(ctx)
	})
	s.serve()
	run := s.start("flow")
	s.rest(run)
	s.signal(run, "go")
	s.until("the busy task", func() bool { return isClosed(began) })
	meanwhile(run.GetID())
	close(goOn)
	s.end(run)
}

var timerScenarios = []scenario{
	{"timers fire", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error {
			if err := workflow.Sleep(ctx, 100*time.Millisecond); err != nil {
				return err
			}
			return workflow.NewTimerWithOptions(ctx, 100*time.Millisecond, workflow.TimerOptions{Summary: "why"}).Get(ctx, nil)
		})
		s.serve()
		s.end(s.start("flow"))
	}},
	{"a timer is cancelled", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			cancelable, cancel := workflow.WithCancel(ctx)
			f := workflow.NewTimer(cancelable, time.Hour)
			_ = workflow.Sleep(ctx, 50*time.Millisecond)
			cancel()
			return chain(f.Get(ctx, nil)), workflow.Sleep(ctx, 50*time.Millisecond)
		})
		s.serve()
		s.end(s.start("flow"))
	}},
	{"a timer is cancelled in the task in which it fires", func(s *stage) {
		began, goOn := make(chan struct{}), make(chan struct{})
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			cancelable, cancel := workflow.WithCancel(ctx)
			f := workflow.NewTimer(cancelable, time.Second)
			await(ctx, "go")
			busy(ctx, began, goOn)
			cancel()
			got := chain(f.Get(ctx, nil))
			return got, workflow.Sleep(ctx, 50*time.Millisecond)
		})
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.signal(run, "go")
		s.until("the busy task", func() bool { return isClosed(began) })
		time.Sleep(time.Second + moment) // the timer fires while the task is under way: no history shows it
		close(goOn)
		s.end(run)
	}},
	{"a cancelled timer and its workflow's end", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			err := workflow.Sleep(ctx, time.Hour)
			return chain(err), err
		})
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.say("%s", chain(s.client.CancelWorkflow(s.ctx, run.GetID(), "")))
		s.end(run)
	}},
	{"markers", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) (got int, err error) {
			version := workflow.GetVersion(ctx, "change", workflow.DefaultVersion, 3)
			err = workflow.SideEffect(ctx, func(workflow.Context) any { return 7 }).Get(&got)
			_ = workflow.Sleep(ctx, 10*time.Millisecond)
			return got + int(version), err
		})
		s.serve()
		run := s.start("flow")
		_ = run.Get(s.ctx, nil) // a number: the history holds it
		s.describe(run.GetID(), "")
	}},
	{"search attributes and memo", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error {
			if err := workflow.UpsertTypedSearchAttributes(ctx, phase.ValueSet("second"), number.ValueSet(7)); err != nil {
				return err
			}
			if err := workflow.UpsertMemo(ctx, map[string]any{"b": 2, "a": nil}); err != nil {
				return err
			}
			_ = workflow.Sleep(ctx, 50*time.Millisecond)
			return workflow.UpsertTypedSearchAttributes(ctx, number.ValueUnset())
		})
		s.serve()
		o := s.options("flow")
		o.Memo, o.TypedSearchAttributes = map[string]any{"a": 1, "c": "3"}, temporal.NewSearchAttributes(phase.ValueSet("first"))
		run, err := s.startAs(o, "flow")
		s.say("%s", chain(err))
		s.seen(run, 1, enumspb.EVENT_TYPE_TIMER_STARTED)
		s.end(run)
		s.describe(run.GetID(), "")
	}},
}

var signalScenarios = []scenario{
	{"signals before the first task", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error { await(ctx, "a"); await(ctx, "b"); return nil })
		run := s.start("flow")
		s.signal(run, "a")
		s.signal(run, "b")
		s.serve()
		s.end(run)
		s.say("after the end: %s", chain(s.client.SignalWorkflow(s.ctx, run.GetID(), "", "a", nil)))
		s.say("of nobody: %s", chain(s.client.SignalWorkflow(s.ctx, s.id("nobody"), "", "a", nil)))
		s.say("of another run: %s", chain(s.client.SignalWorkflow(s.ctx, run.GetID(), "00000000-0000-4000-8000-000000000000", "a", nil)))
	}},
	{"signals during a task are buffered", func(s *stage) {
		s.during(func(ctx workflow.Context) (string, error) {
			_ = workflow.Sleep(ctx, 10*time.Millisecond) // a command, whose event comes before the signals
			await(ctx, "a")
			await(ctx, "b")
			return "both", nil
		}, func(id string) {
			s.say("%s", chain(s.client.SignalWorkflow(s.ctx, id, "", "a", nil)))
			s.say("%s", chain(s.client.SignalWorkflow(s.ctx, id, "", "b", nil)))
		})
	}},
	{"close with a buffered signal", func(s *stage) {
		s.during(func(workflow.Context) (string, error) { return "closed", nil }, func(id string) {
			s.say("%s", chain(s.client.SignalWorkflow(s.ctx, id, "", "a", nil)))
		})
	}},
	{"fail with a buffered cancel", func(s *stage) {
		s.during(func(ctx workflow.Context) (string, error) {
			return "", temporal.NewNonRetryableApplicationError("failed", "Failed", ctx.Err())
		}, func(id string) { s.say("%s", chain(s.client.CancelWorkflow(s.ctx, id, ""))) })
	}},
	{"terminate during a task with buffered signals", func(s *stage) {
		s.during(func(workflow.Context) (string, error) { return "closed", nil }, func(id string) {
			s.say("%s", chain(s.client.SignalWorkflow(s.ctx, id, "", "a", nil)))
			s.say("%s", chain(s.client.TerminateWorkflow(s.ctx, id, "", "enough")))
			time.Sleep(moment)
		})
	}},
	{"a cancel during a task is buffered", func(s *stage) {
		s.during(func(ctx workflow.Context) (string, error) { return chain(workflow.Sleep(ctx, time.Hour)), nil }, func(id string) {
			s.say("%s", chain(s.client.CancelWorkflow(s.ctx, id, "")))
			s.say("%s", chain(s.client.CancelWorkflow(s.ctx, id, "")))
		})
	}},
	{"ends of activities come after what else was buffered", func(s *stage) {
		answer, began, goOn := make(chan struct{}), make(chan struct{}), make(chan struct{})
		act, ready := begun(func(context.Context) (string, error) { <-answer; return "done", nil })
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			f := workflow.ExecuteActivity(acting(ctx, nil), "act")
			await(ctx, "go")
			busy(ctx, began, goOn)
			var got string
			err := f.Get(ctx, &got)
			return got, err
		})
		s.act("act", act)
		s.serve()
		run := s.start("flow")
		s.rest(run)
		ready()
		s.signal(run, "go")
		s.until("the busy task", func() bool { return isClosed(began) })
		s.signal(run, "a")
		close(answer)
		time.Sleep(moment) // the answer arrives while the task is under way: no history shows it
		s.signal(run, "b")
		close(goOn)
		s.end(run)
	}},
	{"signal and cancel of another workflow", func(s *stage) {
		s.flow("other", func(ctx workflow.Context) error { await(ctx, "a"); return workflow.Sleep(ctx, time.Hour) })
		s.flow("flow", func(ctx workflow.Context, id string) (string, error) {
			got := chain(workflow.SignalExternalWorkflow(ctx, id, "", "a", "b").Get(ctx, nil))
			_ = workflow.Sleep(ctx, moment)
			got += chain(workflow.RequestCancelExternalWorkflow(ctx, id, "").Get(ctx, nil))
			_ = workflow.Sleep(ctx, moment)
			got += chain(workflow.SignalExternalWorkflow(ctx, id, "", "late", nil).Get(ctx, nil))
			got += chain(workflow.RequestCancelExternalWorkflow(ctx, id, "").Get(ctx, nil))
			return got, nil
		})
		s.serve()
		other := s.start("other")
		s.rest(other)
		run := s.start("flow", other.GetID())
		s.end(run)
		s.end(other)
	}},
	{"signal and cancel of a workflow that is not there", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			got := chain(workflow.SignalExternalWorkflow(ctx, s.id("nobody"), "", "a", nil).Get(ctx, nil))
			return got + chain(workflow.RequestCancelExternalWorkflow(ctx, s.id("nobody"), "").Get(ctx, nil)), nil
		})
		s.serve()
		s.end(s.start("flow"))
	}},
}
