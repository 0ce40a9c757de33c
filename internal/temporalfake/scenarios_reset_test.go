package temporalfake_test

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

// steps waits for signals one after the other, each in a workflow task of its own.
func steps(ctx workflow.Context) (string, error) {
	for _, name := range []string{"a", "b", "c"} {
		await(ctx, name)
		if err := workflow.UpsertTypedSearchAttributes(ctx, phase.ValueSet(name)); err != nil {
			return "", err
		}
	}
	return "done", nil
}

// step sends a signal and waits until the workflow has seen it.
func (s *stage) step(run client.WorkflowRun, names ...string) {
	s.t.Helper()
	for _, name := range names {
		n := len(s.events(run, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED))
		s.signal(run, name)
		s.seen(run, n+1, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
	}
}

// resetChild plays a parent that starts its child at the signal "go" and is reset to the n-th task.
func (s *stage) resetChild(n int, policy enumspb.ParentClosePolicy, before func(child client.WorkflowRun), then func(again, child client.WorkflowRun)) {
	s.flow("parent", func(ctx workflow.Context) (string, error) {
		await(ctx, "go")
		f := workflow.ExecuteChildWorkflow(s.child(ctx, policy), "child")
		got := chain(f.GetChildWorkflowExecution().Get(ctx, nil))
		var result string
		workflow.NewSelector(ctx).
			AddFuture(f, func(f workflow.Future) { got += chain(f.Get(ctx, &result)) }).
			AddReceive(workflow.GetSignalChannel(ctx, "leave"), func(workflow.ReceiveChannel, bool) { got += "left" }).Select(ctx)
		return got + result, nil
	})
	s.flow("child", sleeper)
	s.serve()
	run := s.start("parent")
	s.rest(run)
	s.signal(run, "go")
	s.seen(run, 3, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
	child := s.client.GetWorkflow(s.ctx, s.id("child"), "")
	s.rest(child)
	if before != nil {
		before(child)
	}
	again := s.reset(run, n)
	s.end(run)
	s.rest(again)
	time.Sleep(moment) // long enough for what the reset itself sets going
	then(again, child)
	s.describe(run.GetID(), run.GetRunID())
	s.describe(run.GetID(), "")
	s.describe(child.GetID(), "")
}

var resetScenarios = []scenario{
	{"reset keeps signals after the point", func(s *stage) {
		s.flow("flow", steps)
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.step(run, "a", "b", "x")
		again := s.reset(run, 2)
		s.rest(again)
		s.describe(run.GetID(), "")
		s.describe(run.GetID(), run.GetRunID())
		s.signal(again, "c")
		s.end(again)
		s.end(run)
		s.describe(run.GetID(), "")
	}},
	{"reset to the first task and again", func(s *stage) {
		s.flow("flow", steps)
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.step(run, "a")
		second := s.reset(run, 1)
		s.rest(second)
		third := s.reset(second, 1)
		s.rest(third)
		s.step(third, "b")
		s.signal(third, "c")
		s.end(third)
		s.describe(run.GetID(), second.GetRunID())
	}},
	{"reset of a closed run", func(s *stage) {
		s.flow("flow", steps)
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.step(run, "a", "b", "c")
		s.end(run)
		again := s.reset(run, 4)
		s.end(again)
		s.describe(run.GetID(), run.GetRunID())
	}},
	{"reset of a terminated run", func(s *stage) {
		s.flow("flow", steps)
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.step(run, "a")
		s.say("%s", chain(s.client.TerminateWorkflow(s.ctx, run.GetID(), "", "enough")))
		again := s.reset(run, 2)
		s.rest(again)
		s.step(again, "b")
		s.signal(again, "c")
		s.end(again)
	}},
	{"reset of a run that is not the latest", func(s *stage) {
		s.flow("flow", steps)
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.step(run, "a", "b", "c")
		s.end(run)
		latest := s.start("flow")
		s.rest(latest)
		again := s.reset(run, 2)
		s.end(latest)
		s.end(again)
		s.describe(run.GetID(), run.GetRunID())
		s.describe(run.GetID(), latest.GetRunID())
	}},
	{"reset of a run that was asked to cancel", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) (string, error) {
			await(ctx, "a")
			clean, _ := workflow.NewDisconnectedContext(ctx)
			await(clean, "b")
			return chain(ctx.Err()), nil
		})
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.step(run, "a")
		s.say("%s", chain(s.client.CancelWorkflow(s.ctx, run.GetID(), "")))
		s.seen(run, 3, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
		again := s.reset(run, 2)
		s.rest(again)
		s.describe(run.GetID(), "")
		s.signal(again, "b")
		s.end(again)
	}},
	{"reset to what is no task", func(s *stage) {
		s.flow("flow", steps)
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.step(run, "a")
		for _, point := range []int64{0, 1, 2, 5, 100, 3} {
			_, err := s.client.ResetWorkflowExecution(s.ctx, &workflowservice.ResetWorkflowExecutionRequest{
				Namespace: "default", WorkflowExecution: s.known[0], Reason: "by a person", WorkflowTaskFinishEventId: point, RequestId: "request",
			})
			s.say("to %d: %s", point, chain(err))
			if err == nil {
				return
			}
		}
	}},
	{"reset to before the child was started", func(s *stage) {
		s.resetChild(1, enumspb.PARENT_CLOSE_POLICY_TERMINATE, nil, func(again, child client.WorkflowRun) {
			s.signal(child, "end")
			s.end(child)
			s.end(again)
		})
	}},
	{"reset to after the child was started", func(s *stage) {
		s.resetChild(3, enumspb.PARENT_CLOSE_POLICY_TERMINATE, nil, func(again, child client.WorkflowRun) {
			s.signal(child, "end")
			s.end(child)
			s.end(again)
		})
	}},
	{"reset to after the child was started and then the parent closes", func(s *stage) {
		s.resetChild(3, enumspb.PARENT_CLOSE_POLICY_TERMINATE, nil, func(again, child client.WorkflowRun) {
			s.signal(again, "leave")
			s.end(again)
			time.Sleep(moment) // long enough for an end that does not come
		})
	}},
	{"reset to after the child was started and then the parent closes with request cancel", func(s *stage) {
		s.resetChild(3, enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL, nil, func(again, child client.WorkflowRun) {
			s.signal(again, "leave")
			s.end(again)
			time.Sleep(moment) // long enough for an end that does not come
		})
	}},
	{"reset to the task that started the child", func(s *stage) {
		s.resetChild(2, enumspb.PARENT_CLOSE_POLICY_TERMINATE, nil, func(again, child client.WorkflowRun) {
			s.signal(child, "end")
			s.end(child)
			s.end(again)
		})
	}},
	{"reset after the child has ended to after its start", func(s *stage) {
		s.resetChild(3, enumspb.PARENT_CLOSE_POLICY_TERMINATE, func(child client.WorkflowRun) {
			s.signal(child, "end")
			s.end(child)
			time.Sleep(moment) // until the parent has heard of it
		}, func(again, _ client.WorkflowRun) { s.end(again) })
	}},
	{"reset to between a child's initiation and its start", func(s *stage) {
		first, goOn := make(chan struct{}), make(chan struct{})
		second, goOnToo := make(chan struct{}), make(chan struct{})
		s.flow("parent", func(ctx workflow.Context) (string, error) {
			await(ctx, "go")
			busy(ctx, first, goOn)
			f := workflow.ExecuteChildWorkflow(s.child(ctx, enumspb.PARENT_CLOSE_POLICY_TERMINATE), "child")
			await(ctx, "x")
			busy(ctx, second, goOnToo)
			var got string
			err := f.Get(ctx, &got)
			return got, err
		})
		s.flow("child", sleeper)
		s.serve()
		run := s.start("parent")
		s.rest(run)
		s.signal(run, "go")
		s.until("the first busy task", func() bool { return isClosed(first) })
		s.signal(run, "x")
		close(goOn)
		s.until("the second busy task", func() bool { return isClosed(second) })
		time.Sleep(moment) // the child starts while the task is under way: no history of the parent shows it
		close(goOnToo)
		s.seen(run, 4, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
		child := s.client.GetWorkflow(s.ctx, s.id("child"), "")
		s.rest(child)
		again := s.reset(run, 3)
		s.rest(again)
		s.signal(child, "end")
		s.end(child)
		s.end(again)
	}},
	{"a reset child tells its parent of its end", func(s *stage) {
		s.raise(sleeper, func(parent, child client.WorkflowRun) {
			again := s.reset(child, 1)
			s.rest(again)
			time.Sleep(moment) // long enough for what does not reach the parent
			s.signal(again, "end")
			s.end(again)
		})
	}},
}
