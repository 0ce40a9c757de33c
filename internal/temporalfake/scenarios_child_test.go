package temporalfake_test

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// child are the options of a child workflow.
func (s *stage) child(ctx workflow.Context, policy enumspb.ParentClosePolicy) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: s.id("child"), ParentClosePolicy: policy, WaitForCancellation: true, WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	})
}

// parent is a workflow that waits for its child.
func (s *stage) parent(ctx workflow.Context) (string, error) {
	var got string
	err := workflow.ExecuteChildWorkflow(s.child(ctx, enumspb.PARENT_CLOSE_POLICY_TERMINATE), "child").Get(ctx, &got)
	return got + chain(err), nil
}

// raise plays a parent with one child.
func (s *stage) raise(child any, then func(parent, child client.WorkflowRun)) {
	s.flow("parent", s.parent)
	s.flow("child", child)
	s.serve()
	run := s.start("parent")
	s.seen(run, 1, enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED)
	if then != nil {
		s.rest(run)
		of := s.events(run, enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED)[0].GetChildWorkflowExecutionStartedEventAttributes().GetWorkflowExecution()
		child := s.client.GetWorkflow(s.ctx, of.GetWorkflowId(), of.GetRunId())
		s.rest(child)
		then(run, child)
	}
	s.end(run)
}

// sleeper waits for ever, or for the signal "end", and obeys a cancel.
func sleeper(ctx workflow.Context) (string, error) {
	var err error
	workflow.NewSelector(ctx).
		AddReceive(workflow.GetSignalChannel(ctx, "end"), func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) }).
		AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) { err = ctx.Err() }).Select(ctx)
	return "slept", err
}

var childScenarios = []scenario{
	{"a child completes", func(s *stage) {
		s.raise(func(ctx workflow.Context) (string, error) { return "grown", workflow.Sleep(ctx, moment) }, nil)
	}},
	{"a child fails", func(s *stage) {
		s.raise(func(ctx workflow.Context) (string, error) {
			_ = workflow.Sleep(ctx, moment)
			return "", temporal.NewNonRetryableApplicationError("no", "Hard", nil, "report")
		}, nil)
	}},
	{"a child is terminated", func(s *stage) {
		s.raise(sleeper, func(_, child client.WorkflowRun) {
			s.describe(child.GetID(), "")
			s.say("%s", chain(s.client.TerminateWorkflow(s.ctx, child.GetID(), "", "enough")))
		})
	}},
	{"a child is cancelled by a client", func(s *stage) {
		s.raise(sleeper, func(_, child client.WorkflowRun) {
			s.say("%s", chain(s.client.CancelWorkflow(s.ctx, child.GetID(), "")))
		})
	}},
	{"a child is cancelled with its parent", func(s *stage) {
		s.raise(sleeper, func(parent, _ client.WorkflowRun) {
			s.say("%s", chain(s.client.CancelWorkflow(s.ctx, parent.GetID(), "")))
		})
	}},
	{"a child is signalled by its parent", func(s *stage) {
		s.flow("parent", func(ctx workflow.Context) (string, error) {
			f := workflow.ExecuteChildWorkflow(s.child(ctx, enumspb.PARENT_CLOSE_POLICY_TERMINATE), "child")
			if err := f.SignalChildWorkflow(ctx, "end", nil).Get(ctx, nil); err != nil {
				return "", err
			}
			var got string
			err := f.Get(ctx, &got)
			return got, err
		})
		// The child takes its time, so that its end does not meet the answer to the signal.
		s.flow("child", func(ctx workflow.Context) (string, error) {
			await(ctx, "end")
			return "told", workflow.Sleep(ctx, moment)
		})
		s.serve()
		s.end(s.start("parent"))
	}},
	{"a child whose id is taken", func(s *stage) {
		s.flow("parent", s.parent)
		s.flow("child", sleeper)
		s.serve()
		taken := s.start("child")
		s.rest(taken)
		s.end(s.start("parent"))
		s.describe(taken.GetID(), "")
	}},
	{"a child whose id was used", func(s *stage) {
		s.flow("parent", func(ctx workflow.Context) (string, error) {
			ctx = workflow.WithChildOptions(s.child(ctx, enumspb.PARENT_CLOSE_POLICY_TERMINATE), workflow.ChildWorkflowOptions{
				WorkflowID: s.id("child"), WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
			})
			return chain(workflow.ExecuteChildWorkflow(ctx, "child").Get(ctx, nil)), nil
		})
		s.flow("child", func(workflow.Context) error { return nil })
		s.serve()
		s.end(s.start("child"))
		s.end(s.start("parent"))
	}},
	{"a child continues as new", func(s *stage) {
		s.raise(func(ctx workflow.Context, again bool) (string, error) {
			_ = workflow.Sleep(ctx, moment)
			if again {
				return "second", nil
			}
			return "", workflow.NewContinueAsNewError(ctx, "child", true)
		}, nil)
	}},
	{"a child with memo and attributes", func(s *stage) {
		s.flow("parent", func(ctx workflow.Context) error {
			ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
				WorkflowID: s.id("child"), Memo: map[string]any{"a": 1}, TypedSearchAttributes: temporal.NewSearchAttributes(number.ValueSet(7)), StaticSummary: "why",
			})
			return workflow.ExecuteChildWorkflow(ctx, "child", "given").Get(ctx, nil)
		})
		s.flow("child", func(ctx workflow.Context) error { return workflow.Sleep(ctx, moment) })
		s.serve()
		s.end(s.start("parent"))
		s.describe(s.id("child"), "")
	}},
	{"an abandoned child ends after its parent", func(s *stage) { s.orphan("complete", enumspb.PARENT_CLOSE_POLICY_ABANDON, true) }},
}

// orphanScenarios are every end of a parent under every parent close policy.
func orphanScenarios() (all []scenario) {
	for _, policy := range []enumspb.ParentClosePolicy{enumspb.PARENT_CLOSE_POLICY_TERMINATE, enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL, enumspb.PARENT_CLOSE_POLICY_ABANDON} {
		for _, end := range []string{"complete", "fail", "terminate", "cancel"} {
			all = append(all, scenario{fmt.Sprintf("parent close policy %s when the parent ends by %s", policy, end), func(s *stage) { s.orphan(end, policy, false) }})
		}
		all = append(all, scenario{fmt.Sprintf("a parent that closes when it starts a child with policy %s", policy), func(s *stage) {
			s.flow("parent", func(ctx workflow.Context) error {
				workflow.ExecuteChildWorkflow(s.child(ctx, policy), "child")
				return nil
			})
			s.flow("child", func(ctx workflow.Context) error { return workflow.Sleep(ctx, 10*time.Millisecond) })
			s.serve()
			s.end(s.start("parent"))
			time.Sleep(3 * moment) // long enough for a child that does not come
			_, err := s.client.DescribeWorkflowExecution(s.ctx, s.id("child"), "")
			s.say("the child: %s", chain(err))
		}})
	}
	return all
}

// orphan ends a parent and looks at what becomes of its child.
func (s *stage) orphan(end string, policy enumspb.ParentClosePolicy, more bool) {
	s.flow("parent", func(ctx workflow.Context) error {
		if err := workflow.ExecuteChildWorkflow(s.child(ctx, policy), "child").GetChildWorkflowExecution().Get(ctx, nil); err != nil {
			return err
		}
		var err error
		workflow.NewSelector(ctx).
			AddReceive(workflow.GetSignalChannel(ctx, "complete"), func(workflow.ReceiveChannel, bool) {}).
			AddReceive(workflow.GetSignalChannel(ctx, "fail"), func(workflow.ReceiveChannel, bool) { err = errWeak }).
			AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) { err = ctx.Err() }).Select(ctx)
		return err
	})
	s.flow("child", sleeper)
	s.serve()
	run := s.start("parent")
	s.seen(run, 1, enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED)
	s.rest(run)
	child := s.client.GetWorkflow(s.ctx, s.id("child"), "")
	s.rest(child)
	switch end {
	case "terminate":
		s.say("%s", chain(s.client.TerminateWorkflow(s.ctx, run.GetID(), "", "enough")))
	case "cancel":
		s.say("%s", chain(s.client.CancelWorkflow(s.ctx, run.GetID(), "")))
	default:
		s.signal(run, end)
	}
	s.end(run)
	if policy != enumspb.PARENT_CLOSE_POLICY_ABANDON {
		s.end(child)
		return
	}
	time.Sleep(moment) // long enough for something that does not come
	if more {
		s.signal(child, "end")
		s.end(child)
		time.Sleep(moment)
	}
	s.describe(child.GetID(), "")
}
