package temporalfake_test

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// reuse starts a workflow whose id was used, under a policy.
func (s *stage) reuse(what string, policy enumspb.WorkflowIdReusePolicy) {
	o := s.options("flow")
	o.WorkflowIDReusePolicy = policy
	run, err := s.startAs(o, "flow", "complete")
	s.say("%s, %s: %s", what, policy, chain(err))
	if err == nil {
		s.end(run)
	}
}

var clientScenarios = []scenario{
	{"ids that are taken or were used", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context, end string) error {
			switch end {
			case "complete":
				return nil
			case "fail":
				return errWeak
			default:
				_, err := sleeper(ctx)
				return err
			}
		})
		s.serve()
		for _, end := range []string{"complete", "fail", "terminate", "cancel"} {
			run := s.start("flow", end)
			switch end {
			case "terminate":
				s.rest(run)
				s.say("%s", chain(s.client.TerminateWorkflow(s.ctx, run.GetID(), "", "enough")))
			case "cancel":
				s.rest(run)
				s.say("%s", chain(s.client.CancelWorkflow(s.ctx, run.GetID(), "")))
			}
			s.end(run)
			s.reuse("after "+end, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE)
			s.reuse("after "+end, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY)
			s.reuse("after "+end, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
		}
		run := s.start("flow", "wait")
		s.rest(run)
		s.reuse("while it runs", enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
		o := s.options("flow")
		o.WorkflowExecutionErrorWhenAlreadyStarted = false
		joined, err := s.startAs(o, "flow", "complete")
		s.say("joined %s: %s", joined.GetRunID(), chain(err))
		o.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
		joined, err = s.startAs(o, "flow", "complete")
		s.say("used the existing %s: %s", joined.GetRunID(), chain(err))
		o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
		joined, err = s.startAs(o, "flow", "complete")
		s.say("used the existing %s: %s", joined.GetRunID(), chain(err))
		s.signal(run, "end")
		s.end(run)
	}},
	{"terminate by run id", func(s *stage) {
		s.flow("flow", sleeper)
		s.serve()
		first := s.start("flow")
		s.rest(first)
		s.say("right run: %s", chain(s.client.TerminateWorkflow(s.ctx, first.GetID(), first.GetRunID(), "enough")))
		s.end(first)
		s.say("closed: %s", chain(s.client.TerminateWorkflow(s.ctx, first.GetID(), "", "enough")))
		second := s.start("flow")
		s.rest(second)
		s.say("run before: %s", chain(s.client.TerminateWorkflow(s.ctx, first.GetID(), first.GetRunID(), "enough")))
		s.say("no such run: %s", chain(s.client.TerminateWorkflow(s.ctx, first.GetID(), "00000000-0000-4000-8000-000000000000", "enough")))
		s.say("nobody: %s", chain(s.client.TerminateWorkflow(s.ctx, s.id("nobody"), "", "enough")))
		s.describe(first.GetID(), first.GetRunID())
		s.describe(second.GetID(), "")
		s.describe(s.id("nobody"), "")
		s.describe(first.GetID(), "00000000-0000-4000-8000-000000000000")
		s.signal(second, "end")
		s.end(second)
	}},
	{"descriptions", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			_, err := sleeper(ctx)
			clean, _ := workflow.NewDisconnectedContext(ctx)
			await(clean, "end")
			return "", err
		})
		s.serve()
		o := s.options("flow")
		o.Memo, o.TypedSearchAttributes = map[string]any{"a": 1}, temporal.NewSearchAttributes(number.ValueSet(7))
		o.StaticSummary, o.StaticDetails = "summary", "details"
		run, err := s.startAs(o, "flow")
		s.say("%s", chain(err))
		s.rest(run)
		s.describe(run.GetID(), "")
		s.say("%s", chain(s.client.CancelWorkflow(s.ctx, run.GetID(), "")))
		s.seen(run, 2, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
		s.describe(run.GetID(), "")
		s.signal(run, "end")
		s.end(run)
		s.describe(run.GetID(), run.GetRunID())
	}},
	{"continue as new", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context, n int) (string, error) {
			if n == 2 {
				return fmt.Sprint(n), nil
			}
			_ = workflow.Sleep(ctx, 50*time.Millisecond)
			if err := workflow.UpsertTypedSearchAttributes(ctx, phase.ValueSet(fmt.Sprint("run ", n))); err != nil {
				return "", err
			}
			if err := workflow.UpsertMemo(ctx, map[string]any{"b": n}); err != nil {
				return "", err
			}
			return "", workflow.NewContinueAsNewError(ctx, "flow", n+1)
		})
		s.serve()
		o := s.options("flow")
		o.Memo = map[string]any{"a": 1}
		run, err := s.startAs(o, "flow", 0)
		s.say("%s", chain(err))
		s.until("the last run", func() bool {
			d, err := s.client.DescribeWorkflowExecution(s.ctx, run.GetID(), "")
			return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
		})
		var got string
		s.say("%s", chain(run.Get(s.ctx, &got))) // follows the runs
		s.say("%s", got)
		s.end(s.client.GetWorkflow(s.ctx, run.GetID(), run.GetRunID()))
		s.describe(run.GetID(), run.GetRunID())
		s.describe(run.GetID(), "")
	}},
	{"continue as new with a buffered signal", func(s *stage) {
		began, goOn := make(chan struct{}), make(chan struct{})
		s.flow("flow", func(ctx workflow.Context, again bool) (string, error) {
			if again {
				return "again", nil
			}
			busy(ctx, began, goOn)
			got := 0
			for workflow.GetSignalChannel(ctx, "a").ReceiveAsync(nil) {
				got++
			}
			if got == 0 {
				return "", workflow.NewContinueAsNewError(ctx, "flow", true)
			}
			return "signalled", nil
		})
		s.serve()
		run := s.start("flow")
		s.until("the busy task", func() bool { return isClosed(began) })
		s.signal(run, "a")
		close(goOn)
		s.end(run)
	}},
	{"a workflow retry policy set by the caller", func(s *stage) {
		s.flow("flow", func(workflow.Context) error { return temporal.NewNonRetryableApplicationError("no", "Hard", nil) })
		s.serve()
		o := s.options("flow")
		o.RetryPolicy = &temporal.RetryPolicy{MaximumAttempts: 3}
		run, err := s.startAs(o, "flow")
		s.say("%s", chain(err))
		s.end(run)
	}},
	{"a client that gives up waiting", func(s *stage) {
		s.flow("flow", sleeper)
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.signal(run, "end")
		s.end(s.client.GetWorkflow(s.ctx, run.GetID(), ""))
		s.end(client.WorkflowRun(run))
	}},
}
