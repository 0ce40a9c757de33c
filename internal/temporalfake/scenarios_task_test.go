package temporalfake_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// lifeline is a connection that can be cut for ever in the same way here and there, or lose some answers.
type lifeline struct {
	life context.Context
	cut  context.CancelFunc
	lose atomic.Int32 // so many answers to workflow tasks are lost
	lost atomic.Int32
}

func newLifeline(lose int32) *lifeline {
	l := &lifeline{}
	l.life, l.cut = context.WithCancel(context.Background())
	l.lose.Store(lose)
	return l
}

func (l *lifeline) option() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		if _, ok := req.(*workflowservice.RespondWorkflowTaskCompletedRequest); ok && l.lose.Add(-1) >= 0 {
			l.lost.Add(1)
			return status.Error(codes.Canceled, "lost")
		}
		if l.life.Err() != nil {
			return status.Error(codes.Canceled, "cut")
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(l.life, cancel)()
		return invoke(ctx, method, req, reply, cc, options...)
	})
}

// taskTimeout ends a workflow task that a worker took and never answered. It is waited for, and an answer that does come
// must be in time on a busy machine.
const taskTimeout = 3 * time.Second

// short are options of a run whose workflow tasks may take only that long.
func (s *stage) short(args ...any) func(flow string) {
	return func(flow string) {
		o := s.options(flow)
		o.WorkflowTaskTimeout = taskTimeout
		run, err := s.startAs(o, flow, args...)
		require.NoError(s.t, err)
		s.end(run)
	}
}

var taskScenarios = []scenario{
	{"a worker falls silent in a workflow task", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error { return workflow.Sleep(ctx, 10*time.Millisecond) })
		line := newLifeline(1)
		s.serveBy("worker", worker.Options{}, line.option())
		s.short()("flow")
	}},
	{"a worker falls silent in two tasks", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error { return workflow.Sleep(ctx, 10*time.Millisecond) })
		line := newLifeline(2)
		s.serveBy("worker", worker.Options{}, line.option())
		s.short()("flow")
	}},
	{"a worker falls silent and a signal comes", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error { await(ctx, "a"); return nil })
		line := newLifeline(2)
		s.serveBy("worker", worker.Options{}, line.option())
		o := s.options("flow")
		o.WorkflowTaskTimeout = taskTimeout
		run, err := s.startAs(o, "flow")
		require.NoError(s.t, err)
		s.until("the second task", func() bool { return line.lost.Load() == 2 })
		s.signal(run, "a")
		s.end(run)
	}},
	{"a worker dies with a workflow in its cache", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error { await(ctx, "a"); await(ctx, "b"); return nil })
		line := newLifeline(0)
		first := s.serveBy("worker", worker.Options{StickyScheduleToStartTimeout: taskTimeout}, line.option())
		run := s.start("flow")
		s.rest(run)
		line.cut()
		first.Stop() // nothing that it says arrives
		s.workers = nil
		s.serveBy("second", worker.Options{StickyScheduleToStartTimeout: taskTimeout})
		s.signal(run, "a")
		s.seen(run, 1, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
		s.rest(run)
		s.signal(run, "b")
		s.end(run)
	}},
	{"a worker stops and another one takes over", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error { await(ctx, "a"); await(ctx, "b"); return nil })
		first := s.serve()
		run := s.start("flow")
		s.rest(run)
		first.Stop()
		s.workers = nil
		s.serveBy("second", worker.Options{})
		s.signal(run, "a")
		s.seen(run, 2, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
		s.signal(run, "b")
		s.end(run)
	}},
	{"an update while no worker is there", func(s *stage) {
		s.flow("flow", updatable)
		first := s.serve()
		run := s.start("flow")
		s.rest(run)
		first.Stop()
		s.workers = nil
		wait := s.later(run, "u1", "quick")
		s.seen(run, 1, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
		s.serveBy("second", worker.Options{})
		wait()
		s.signal(run, "end")
		s.end(run)
	}},
	{"a signal while an update waits for a worker", func(s *stage) {
		s.flow("flow", updatable)
		first := s.serve()
		run := s.start("flow")
		s.rest(run)
		first.Stop()
		s.workers = nil
		wait := s.later(run, "u1", "quick")
		s.signal(run, "x")
		s.serveBy("second", worker.Options{})
		wait()
		s.signal(run, "end")
		s.end(run)
	}},
	{"workflow code panics once", func(s *stage) {
		var tries atomic.Int32
		s.flow("flow", func(ctx workflow.Context) error {
			if tries.Add(1) == 1 {
				panic("once")
			}
			return workflow.Sleep(ctx, 10*time.Millisecond)
		})
		s.serve()
		s.short()("flow")
	}},
	{"workflow code panics twice", func(s *stage) {
		var tries atomic.Int32
		s.flow("flow", func(ctx workflow.Context) error {
			if tries.Add(1) <= 2 {
				panic("twice")
			}
			return workflow.Sleep(ctx, 10*time.Millisecond)
		})
		s.serve()
		s.short()("flow")
	}},
	{"many commands in one task", func(s *stage) {
		s.flow("flow", func(ctx workflow.Context) error {
			cancelable, cancel := workflow.WithCancel(ctx)
			short := workflow.NewTimer(ctx, moment)
			workflow.NewTimer(cancelable, time.Hour)
			nobody := acting(cancelable, func(o *workflow.ActivityOptions) { o.TaskQueue = s.base + "-nobody" })
			workflow.ExecuteActivity(nobody, "act")
			await(ctx, "a")
			cancel()
			workflow.NewTimer(ctx, time.Hour)
			return short.Get(ctx, nil)
		})
		s.serve()
		run := s.start("flow")
		s.rest(run)
		s.signal(run, "a")
		s.end(run)
	}},
}
