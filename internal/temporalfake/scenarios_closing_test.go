package temporalfake_test

import (
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

// closingScenarios are updates that meet the end of a run.
var closingScenarios = []scenario{
	{"a pending update when the run closes", func(s *stage) {
		run := s.startUpdatable()
		h := s.sent(run, "u1", "slow", client.WorkflowUpdateStageAccepted)
		s.signal(run, "end")
		s.end(run)
		s.answer(h)
		s.ask(run, "u1", "slow")
	}},
	{"a pending update when the run is terminated", func(s *stage) {
		run := s.startUpdatable()
		wait := s.later(run, "u1", "slow")
		s.say("%s", chain(s.client.TerminateWorkflow(s.ctx, run.GetID(), "", "enough")))
		s.end(run)
		wait()
	}},
	{"an update that no worker has seen when the run is terminated", func(s *stage) {
		s.flow("flow", updatable)
		run := s.start("flow")
		wait := s.later(run, "u1", "quick")
		s.say("%s", chain(s.client.TerminateWorkflow(s.ctx, run.GetID(), "", "enough")))
		wait()
		s.end(run)
	}},
	{"an update during the task that closes the run", func(s *stage) {
		began, goOn := make(chan struct{}), make(chan struct{})
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			if err := workflow.SetUpdateHandler(ctx, "ask", func(_ workflow.Context, what string) (string, error) { return what, nil }); err != nil {
				return "", err
			}
			await(ctx, "end")
			busy(ctx, began, goOn)
			return "ended", nil
		})
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.signal(run, "end")
		s.until("the busy task", func() bool { return isClosed(began) })
		wait := s.later(run, "u1", "quick")
		close(goOn)
		wait()
		s.end(run)
	}},
	{"an update during the task that continues as new", func(s *stage) {
		began, goOn := make(chan struct{}), make(chan struct{})
		s.flow("flow", func(ctx workflow.Context, again bool) (string, error) {
			if again {
				return updatable(ctx)
			}
			await(ctx, "end")
			busy(ctx, began, goOn)
			return "", workflow.NewContinueAsNewError(ctx, "flow", true)
		})
		s.serve()
		run := s.start("flow", false)
		s.rest(run)
		s.signal(run, "end")
		s.until("the busy task", func() bool { return isClosed(began) })
		wait := s.later(run, "u1", "quick")
		close(goOn)
		wait()
		next := s.client.GetWorkflow(s.ctx, run.GetID(), "")
		s.say("%s", chain(s.client.SignalWorkflow(s.ctx, run.GetID(), "", "end", nil)))
		s.end(next)
		s.ask(run, "u1", "other")
	}},
}
