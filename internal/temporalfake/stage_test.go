package temporalfake_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"
)

const (
	// tick is the pause of a bounded poll.
	tick = 25 * time.Millisecond
	// moment is long enough for whatever the service still does by itself.
	moment = 400 * time.Millisecond
	// patience bounds every wait of a scenario. A busy machine makes the real server lose tasks, which it gives out again
	// after ten seconds each.
	patience = 3 * time.Minute
)

// quiet discards what the SDK says.
var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

// place is where a scenario is played: the stand-in or a real server.
type place interface {
	connect(t *testing.T, name string, options ...grpc.DialOption) client.Client
}

// stage is one scenario under way.
type stage struct {
	t      *testing.T
	ctx    context.Context
	place  place
	base   string // begins every workflow id and is the task queue
	client client.Client
	over   chan struct{} // closed at the end: lets activities go

	flows, acts map[string]any
	clients     []client.Client
	workers     []worker.Worker

	mu    sync.Mutex
	said  []string
	known []*commonpb.WorkflowExecution
}

// play plays a scenario and tells what happened.
func play(t *testing.T, p place, base string, scene func(s *stage)) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s := &stage{t: t, ctx: ctx, place: p, base: base, over: make(chan struct{}), flows: map[string]any{}, acts: map[string]any{}}
	s.client = p.connect(t, base+"-person")
	defer s.leave()
	scene(s)
	return s.transcript()
}

func (s *stage) leave() {
	close(s.over)
	var all sync.WaitGroup
	for _, w := range s.workers {
		all.Go(w.Stop)
	}
	all.Wait()
	s.client.Close()
	for _, c := range s.clients {
		c.Close()
	}
}

func (s *stage) id(name string) string { return s.base + "-" + name }

// flow and act name the workflows and activities of the scenario's workers.
func (s *stage) flow(name string, f any) { s.flows[name] = f }
func (s *stage) act(name string, f any)  { s.acts[name] = f }

// serve starts a worker with all of them.
func (s *stage) serve() worker.Worker { return s.serveBy("worker", worker.Options{}) }

func (s *stage) serveBy(name string, o worker.Options, options ...grpc.DialOption) worker.Worker {
	c := s.place.connect(s.t, s.id(name), options...)
	s.clients = append(s.clients, c)
	o.MaxConcurrentWorkflowTaskPollers, o.MaxConcurrentActivityTaskPollers = 2, 2
	o.DisableRegistrationAliasing = true
	o.DeadlockDetectionTimeout = patience // some workflow code here waits on purpose
	// A cancel is seen in the answer to a heartbeat, of which the SDK would otherwise hold one back for most of its time-out.
	o.MaxHeartbeatThrottleInterval = 2 * moment
	w := worker.New(c, s.base, o)
	for name, f := range s.flows {
		w.RegisterWorkflowWithOptions(f, workflow.RegisterOptions{Name: name})
	}
	for name, f := range s.acts {
		w.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
	require.NoError(s.t, w.Start())
	s.workers = append(s.workers, w)
	return w
}

func (s *stage) options(id string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: s.id(id), TaskQueue: s.base, WorkflowExecutionErrorWhenAlreadyStarted: true}
}

// start starts a workflow whose id ends like its type.
func (s *stage) start(flow string, args ...any) client.WorkflowRun {
	s.t.Helper()
	run, err := s.startAs(s.options(flow), flow, args...)
	require.NoError(s.t, err)
	return run
}

func (s *stage) startAs(o client.StartWorkflowOptions, flow string, args ...any) (client.WorkflowRun, error) {
	run, err := s.client.ExecuteWorkflow(s.ctx, o, flow, args...)
	if err == nil {
		s.keep(run.GetID(), run.GetRunID())
	}
	return run, err
}

// keep makes a run part of the transcript; children and later runs of a known one are found in its history.
func (s *stage) keep(id, runID string) {
	s.known = append(s.known, &commonpb.WorkflowExecution{WorkflowId: id, RunId: runID})
}

func (s *stage) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

// end waits for a run's end and says what it was.
func (s *stage) end(run client.WorkflowRun) {
	s.t.Helper()
	var result string
	err := run.GetWithOptions(s.ctx, &result, client.WorkflowRunGetOptions{DisableFollowingRuns: true})
	require.NoError(s.t, s.ctx.Err())
	s.say("the end of %s %s: %q %s", run.GetID(), run.GetRunID(), result, chain(err))
}

func (s *stage) signal(run client.WorkflowRun, name string) {
	s.t.Helper()
	require.NoError(s.t, s.client.SignalWorkflow(s.ctx, run.GetID(), run.GetRunID(), name, nil))
}

// until waits with a bound.
func (s *stage) until(what string, ok func() bool) {
	s.t.Helper()
	for !ok() {
		if s.ctx.Err() != nil {
			s.t.Fatalf("never came: %s\n%s", what, s.transcript())
		}
		time.Sleep(tick) // the pause of a bounded poll
	}
}

// seen waits until a history has n events of a type.
func (s *stage) seen(run client.WorkflowRun, n int, kind enumspb.EventType) {
	s.t.Helper()
	s.until(fmt.Sprintf("%d events %s of %s", n, kind, run.GetID()), func() bool { return len(s.events(run, kind)) >= n })
}

// rest waits until the workflow has looked at everything in its history.
func (s *stage) rest(run client.WorkflowRun) {
	s.t.Helper()
	s.until("rest of "+run.GetID(), func() bool {
		h := s.history(run.GetID(), run.GetRunID())
		for i := len(h) - 1; i >= 0; i-- {
			switch h[i].GetEventType() {
			case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
				return true
			case enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED:
				return false
			default: // look further back
			}
		}
		return false
	})
}

func (s *stage) history(id, runID string) []*historypb.HistoryEvent {
	var all []*historypb.HistoryEvent
	it := s.client.GetWorkflowHistory(context.WithoutCancel(s.ctx), id, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for it.HasNext() {
		ev, err := it.Next()
		require.NoError(s.t, err)
		all = append(all, ev)
	}
	return all
}

func (s *stage) events(run client.WorkflowRun, kind enumspb.EventType) []*historypb.HistoryEvent {
	var some []*historypb.HistoryEvent
	for _, ev := range s.history(run.GetID(), run.GetRunID()) {
		if ev.GetEventType() == kind {
			some = append(some, ev)
		}
	}
	return some
}

// describe says what a description of the run holds.
func (s *stage) describe(id, runID string) {
	s.t.Helper()
	d, err := s.client.DescribeWorkflowExecution(s.ctx, id, runID)
	if err != nil {
		s.say("describe %s: %s", id, chain(err))
		return
	}
	i, x := d.GetWorkflowExecutionInfo(), d.GetWorkflowExtendedInfo()
	s.say("describe %s: run %s type %s status %s queue %s length %d parent %s first %s closed %t memo %s attributes %s cancel requested %t reset to %s",
		id, i.GetExecution().GetRunId(), i.GetType().GetName(), i.GetStatus(), i.GetTaskQueue(), i.GetHistoryLength(), i.GetParentExecution().GetWorkflowId(),
		i.GetFirstRunId(), i.GetCloseTime() != nil, payloads(i.GetMemo().GetFields()), payloads(i.GetSearchAttributes().GetIndexedFields()), x.GetCancelRequested(), x.GetResetRunId())
}

// reset goes back to the n-th workflow task of a run, counted from 1.
func (s *stage) reset(run client.WorkflowRun, n int) client.WorkflowRun {
	s.t.Helper()
	tasks := s.events(run, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
	require.GreaterOrEqual(s.t, len(tasks), n)
	out, err := s.client.ResetWorkflowExecution(s.ctx, &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: run.GetID(), RunId: run.GetRunID()},
		Reason: "by a person", WorkflowTaskFinishEventId: tasks[n-1].GetEventId(), RequestId: fmt.Sprintf("%s-%d", run.GetRunID(), n),
	})
	require.NoError(s.t, err)
	s.keep(run.GetID(), out.GetRunId())
	return s.client.GetWorkflow(s.ctx, run.GetID(), out.GetRunId())
}

// hold is an activity's wait for the end of the scenario, deaf to everything.
func (s *stage) hold() { <-s.over }

// beat heartbeats until the attempt is told to stop.
func (s *stage) beat(ctx context.Context) error {
	for {
		activity.RecordHeartbeat(ctx, "beat")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.over:
			return nil
		case <-time.After(tick):
		}
	}
}

// acting are activity options with quick retries.
func acting(ctx workflow.Context, edit func(o *workflow.ActivityOptions)) workflow.Context {
	o := workflow.ActivityOptions{StartToCloseTimeout: 30 * time.Second, RetryPolicy: &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, BackoffCoefficient: 1}}
	if edit != nil {
		edit(&o)
	}
	return workflow.WithActivityOptions(ctx, o)
}

// await waits for a signal.
func await(ctx workflow.Context, name string) { workflow.GetSignalChannel(ctx, name).Receive(ctx, nil) }
