package temporalfake_test

import (
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// updatable answers updates: "quick" at once, "slow" at the signal "answer"; "no" is refused. It ends by the signal "end".
func updatable(ctx workflow.Context) (string, error) {
	err := workflow.SetUpdateHandlerWithOptions(ctx, "ask", func(ctx workflow.Context, what string) (string, error) {
		switch what {
		case "slow":
			await(ctx, "answer")
		case "fail":
			return "", temporal.NewNonRetryableApplicationError("failed", "Failed", nil)
		}
		return "answer to " + what, nil
	}, workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, what string) error {
		if what == "no" {
			return temporal.NewApplicationError("refused", "Refused")
		}
		return nil
	}})
	if err != nil {
		return "", err
	}
	await(ctx, "end")
	return "ended", nil
}

// ask sends an update and says what came of it.
func (s *stage) ask(run client.WorkflowRun, id, what string) {
	s.t.Helper()
	s.answer(s.sent(run, id, what, client.WorkflowUpdateStageCompleted))
}

func (s *stage) sent(run client.WorkflowRun, id, what string, until client.WorkflowUpdateStage) client.WorkflowUpdateHandle {
	s.t.Helper()
	h, err := s.client.UpdateWorkflow(s.ctx, client.UpdateWorkflowOptions{
		UpdateID: id, WorkflowID: run.GetID(), UpdateName: "ask", Args: []any{what}, WaitForStage: until,
	})
	if err != nil {
		s.say("update %s not sent: %s", id, chain(err))
		return nil
	}
	return h
}

func (s *stage) answer(h client.WorkflowUpdateHandle) {
	s.t.Helper()
	if h == nil {
		return
	}
	var got string
	err := h.Get(s.ctx, &got)
	s.say("update %s of %s: %q %s", h.UpdateID(), h.RunID(), got, chain(err))
}

// later sends an update in the background and says what came of it when wait is called.
func (s *stage) later(run client.WorkflowRun, id, what string) (wait func()) {
	said := make(chan string, 1)
	go func() {
		h, err := s.client.UpdateWorkflow(s.ctx, client.UpdateWorkflowOptions{
			UpdateID: id, WorkflowID: run.GetID(), UpdateName: "ask", Args: []any{what}, WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		var got string
		if err == nil {
			err = h.Get(s.ctx, &got)
		}
		said <- fmt.Sprintf("update %s: %q %s", id, got, chain(err))
	}()
	time.Sleep(moment) // until it has arrived: no history shows it
	return func() { s.say("%s", <-said) }
}

func (s *stage) startUpdatable() client.WorkflowRun {
	s.flow("flow", updatable)
	s.serve()
	run := s.start("flow")
	s.rest(run)
	return run
}

var updateScenarios = []scenario{
	{"an update is accepted and completed in one task", func(s *stage) {
		run := s.startUpdatable()
		s.ask(run, "u1", "quick")
		s.ask(run, "u2", "quick")
		s.signal(run, "end")
		s.end(run)
	}},
	{"an update is accepted and completed later", func(s *stage) {
		run := s.startUpdatable()
		h := s.sent(run, "u1", "slow", client.WorkflowUpdateStageAccepted)
		s.signal(run, "answer")
		s.answer(h)
		s.signal(run, "end")
		s.end(run)
	}},
	{"an update's handler fails", func(s *stage) {
		run := s.startUpdatable()
		s.ask(run, "u1", "fail")
		s.signal(run, "end")
		s.end(run)
	}},
	{"an update that nobody handles", func(s *stage) {
		run := s.startUpdatable()
		_, err := s.client.UpdateWorkflow(s.ctx, client.UpdateWorkflowOptions{UpdateID: "u", WorkflowID: run.GetID(), UpdateName: "other", WaitForStage: client.WorkflowUpdateStageAccepted})
		s.say("%s", chain(err))
		s.signal(run, "end")
		s.end(run)
	}},
	{"an update is refused", func(s *stage) {
		run := s.startUpdatable()
		s.ask(run, "u1", "no")
		s.ask(run, "u1", "no")
		s.ask(run, "u2", "quick")
		s.ask(run, "u3", "no")
		s.signal(run, "end")
		s.end(run)
	}},
	{"an update is refused while a timer runs", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			workflow.Go(ctx, func(ctx workflow.Context) { _ = workflow.Sleep(ctx, time.Second) })
			return updatable(ctx)
		})
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.ask(run, "u1", "no")
		s.seen(run, 1, enumspb.EVENT_TYPE_TIMER_FIRED)
		s.rest(run)
		s.ask(run, "u2", "no")
		s.signal(run, "end")
		s.end(run)
	}},
	{"a refused update and a signal in the same task", func(s *stage) {
		began, goOn := make(chan struct{}), make(chan struct{})
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			err := workflow.SetUpdateHandlerWithOptions(ctx, "ask", func(workflow.Context, string) (string, error) { return "", nil },
				workflow.UpdateHandlerOptions{Validator: func(ctx workflow.Context, _ string) error { busy(ctx, began, goOn); return errors.New("no") }})
			if err != nil {
				return "", err
			}
			await(ctx, "end")
			return "", nil
		})
		s.serve()
		run := s.start("flow")
		s.rest(run)
		wait := s.later(run, "u1", "busy")
		s.until("the busy task", func() bool { return isClosed(began) })
		s.signal(run, "end")
		close(goOn)
		wait()
		s.end(run)
	}},
	{"the same update id twice", func(s *stage) {
		run := s.startUpdatable()
		h := s.sent(run, "u1", "slow", client.WorkflowUpdateStageAccepted)
		wait := s.later(run, "u1", "quick")
		s.signal(run, "answer")
		s.answer(h)
		wait()
		s.ask(run, "u1", "no")
		s.signal(run, "end")
		s.end(run)
		s.ask(run, "u1", "quick")
		s.ask(run, "u2", "quick")
	}},
	{"an update in the first task", func(s *stage) {
		s.flow("flow", updatable)
		run := s.start("flow")
		wait, second := s.later(run, "u1", "quick"), s.later(run, "u2", "no")
		s.serve()
		wait()
		second()
		s.signal(run, "end")
		s.end(run)
	}},
	{"an update during a task", func(s *stage) {
		began, goOn := make(chan struct{}), make(chan struct{})
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			workflow.Go(ctx, func(ctx workflow.Context) { await(ctx, "busy"); busy(ctx, began, goOn) })
			return updatable(ctx)
		})
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.signal(run, "busy")
		s.until("the busy task", func() bool { return isClosed(began) })
		wait, second := s.later(run, "u1", "quick"), s.later(run, "u2", "no")
		close(goOn)
		wait()
		second()
		s.signal(run, "end")
		s.end(run)
	}},
	{"an update that starts an activity", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			if err := workflow.SetUpdateHandler(ctx, "ask", func(ctx workflow.Context, what string) (string, error) {
				return what, workflow.ExecuteActivity(acting(ctx, nil), "act", "given").Get(ctx, nil)
			}); err != nil {
				return "", err
			}
			await(ctx, "end")
			return "ended", workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
		})
		s.act("act", nth(nil))
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.ask(run, "u1", "quick")
		s.signal(run, "end")
		s.end(run)
	}},
	{"an update of a run that is not there", func(s *stage) {
		s.flow("flow", updatable)
		s.serve()
		s.ask(s.client.GetWorkflow(s.ctx, s.id("nobody"), ""), "u1", "quick")
		run := s.closed()
		s.ask(run, "u1", "quick")
	}},
}

// closed is a run that has closed without an update.
func (s *stage) closed() client.WorkflowRun {
	run := s.start("flow")
	s.rest(run)
	s.signal(run, "end")
	s.end(run)
	return run
}
