package temporalfake_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/codes"

	"github.com/safepoint-dev/safepoint/internal/temporalfake"
)

// bubble is a stand-in with its own time, used below the SDK's workers.
type bubble struct {
	t *testing.T
	s *temporalfake.Service
}

func inBubble(t *testing.T, do func(t *testing.T, b *bubble)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{t, temporalfake.New(temporalfake.Options{})}
		defer b.s.Close()
		do(t, b)
	})
}

// process is a connection and the requests that go through it.
type process struct {
	*temporalfake.Connection
	b   *bubble
	api workflowservice.WorkflowServiceClient
}

func (b *bubble) process(name string) *process {
	c := b.s.Connect(name)
	made, err := c.Client(client.Options{Logger: quiet})
	require.NoError(b.t, err)
	b.t.Cleanup(made.Close)
	return &process{c, b, made.WorkflowService()}
}

var queueOfAll = &taskqueuepb.TaskQueue{Name: "queue"}

func (p *process) start(id string) {
	_, err := p.api.StartWorkflowExecution(context.Background(), &workflowservice.StartWorkflowExecutionRequest{
		Namespace: "default", WorkflowId: id, WorkflowType: &commonpb.WorkflowType{Name: "flow"}, TaskQueue: queueOfAll,
	})
	require.NoError(p.b.t, err)
}

func (p *process) signal(ctx context.Context, id string) error {
	_, err := p.api.SignalWorkflowExecution(ctx, &workflowservice.SignalWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id}, SignalName: "signal",
	})
	return err
}

// poll waits for a workflow task; the channel gets it, or nil when the poll ended without one.
func (p *process) poll() <-chan *workflowservice.PollWorkflowTaskQueueResponse {
	got := make(chan *workflowservice.PollWorkflowTaskQueueResponse, 1)
	go func() {
		out, err := p.api.PollWorkflowTaskQueue(context.Background(), &workflowservice.PollWorkflowTaskQueueRequest{Namespace: "default", TaskQueue: queueOfAll})
		if err != nil {
			out = nil
		}
		got <- out
	}()
	synctest.Wait()
	return got
}

// complete answers a task, which ends its workflow.
func (p *process) complete(token []byte) error {
	_, err := p.api.RespondWorkflowTaskCompleted(context.Background(), &workflowservice.RespondWorkflowTaskCompletedRequest{
		TaskToken: token, Commands: []*commandpb.Command{{
			CommandType: enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
			Attributes:  &commandpb.Command_CompleteWorkflowExecutionCommandAttributes{CompleteWorkflowExecutionCommandAttributes: &commandpb.CompleteWorkflowExecutionCommandAttributes{}},
		}},
	})
	return err
}

// code is what gRPC said, below the SDK's own errors.
func code(err error) codes.Code { return serviceerror.ToStatus(err).Code() }

func (b *bubble) open(id string) bool {
	run, ok := b.s.Latest(id)
	require.True(b.t, ok)
	return run.Open()
}

func (b *bubble) events(id string) int {
	run, _ := b.s.Latest(id)
	return run.Events
}

func TestACutKeepsRequestsWaitingUntilItIsMended(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		p := b.process("one")
		p.start("id")
		before := b.events("id")
		p.Cut()
		p.Cut() // twice is the same as once
		sent := make(chan error, 1)
		go func() { sent <- p.signal(context.Background(), "id") }()
		time.Sleep(5 * time.Second)
		require.Equal(t, before, b.events("id"), "nothing arrives")
		p.Mend()
		require.NoError(t, <-sent)
		require.Equal(t, before+1, b.events("id"))
	})
}

func TestARequestOverACutConnectionGivesUpWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		p := b.process("one")
		p.start("id")
		p.Cut()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		begun := time.Now()
		require.Error(t, p.signal(ctx, "id"))
		require.Equal(t, 3*time.Second, time.Since(begun))
	})
}

// A goroutine that waits for a lock would stop the virtual time, so what the SDK sends with one held never waits.
func TestACutFailsAtOnceWhatTheSDKSendsWithALockHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		p := b.process("one")
		p.start("id")
		task := <-p.poll()
		p.Cut()
		begun := time.Now()
		require.Equal(t, codes.Canceled, code(p.complete(task.GetTaskToken())))
		_, err := p.api.RespondWorkflowTaskFailed(context.Background(), &workflowservice.RespondWorkflowTaskFailedRequest{TaskToken: task.GetTaskToken()})
		require.Equal(t, codes.Canceled, code(err))
		_, err = p.api.RecordActivityTaskHeartbeat(context.Background(), &workflowservice.RecordActivityTaskHeartbeatRequest{})
		require.Equal(t, codes.Canceled, code(err))
		require.Zero(t, time.Since(begun))
		require.True(t, b.open("id"), "the answer was lost")
		p.Mend()
		require.NoError(t, p.complete(task.GetTaskToken()), "and may be given again")
	})
}

func TestNoTaskReachesAProcessThatIsCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		person, first, second := b.process("person"), b.process("first"), b.process("second")
		cut := first.poll()
		first.Cut()
		for n := range 5 {
			polled := second.poll()
			person.start(fmt.Sprintf("id-%d", n))
			require.NoError(t, second.complete((<-polled).GetTaskToken()))
		}
		second.Cut()
		person.start("last")
		time.Sleep(time.Second)
		require.Empty(t, cut)
		first.Mend()
		require.Equal(t, "last", (<-cut).GetWorkflowExecution().GetWorkflowId(), "a task waits for the first that can be reached")
	})
}

func TestWhatAKilledProcessSendsIsLost(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		first, second := b.process("first"), b.process("second")
		first.start("id")
		task, idle := <-first.poll(), first.poll()
		first.Kill()
		require.Nil(t, <-idle, "its polls end")
		require.Error(t, first.complete(task.GetTaskToken()))
		require.Error(t, first.signal(context.Background(), "id"))
		require.True(t, b.open("id"))
		begun := time.Now()
		again := <-second.poll()
		require.Equal(t, 10*time.Second, time.Since(begun), "the task times out")
		require.Equal(t, int32(2), again.GetAttempt())
		require.NoError(t, second.complete(again.GetTaskToken()))
		require.False(t, b.open("id"))
	})
}

func TestAKillEndsWhatWaitsForTheNetwork(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		p := b.process("one")
		p.start("id")
		p.Cut()
		sent := make(chan error, 1)
		go func() { sent <- p.signal(context.Background(), "id") }()
		synctest.Wait()
		p.Kill()
		require.Equal(t, codes.Canceled, code(<-sent))
	})
}

func TestAProcessThatClosesGetsNoTaskAndStillAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		p, other := b.process("one"), b.process("other")
		p.start("id")
		task, idle := <-p.poll(), p.poll()
		p.Close()
		require.Nil(t, <-idle, "its polls end")
		require.Nil(t, <-p.poll(), "and it gets no further one")
		require.NoError(t, p.complete(task.GetTaskToken()), "its results arrive")
		require.False(t, b.open("id"))
		polled := other.poll()
		other.start("next")
		require.Equal(t, "next", (<-polled).GetWorkflowExecution().GetWorkflowId())
	})
}

func TestAProcessThatClosesWaitsForItsNetwork(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		p := b.process("one")
		p.start("id")
		before := b.events("id")
		p.Cut()
		p.Close()
		sent := make(chan error, 1)
		go func() { sent <- p.signal(context.Background(), "id") }()
		time.Sleep(5 * time.Second)
		require.Empty(t, sent)
		p.Mend()
		require.NoError(t, <-sent)
		require.Equal(t, before+1, b.events("id"))
	})
}

// The same world must happen again from the same seed, whatever goroutine comes first.
func TestWhichProcessGetsATaskDoesNotDependOnWhoAskedFirst(t *testing.T) {
	winner := func(names ...string) (id string) {
		inBubble(t, func(t *testing.T, b *bubble) {
			polls := map[string]<-chan *workflowservice.PollWorkflowTaskQueueResponse{}
			all := map[string]*process{}
			for _, name := range names {
				all[name] = b.process(name)
				polls[name] = all[name].poll()
			}
			b.process("person").start("id")
			time.Sleep(time.Second)
			for _, name := range names {
				if len(polls[name]) > 0 {
					id = name
				}
				all[name].Kill() // ends the polls
			}
		})
		return id
	}
	require.NotEmpty(t, winner("a", "b", "c"))
	require.Equal(t, winner("a", "b", "c"), winner("c", "b", "a"))
}

func TestNothingHappensInAClosedService(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		p := b.process("one")
		p.start("id")
		<-p.poll() // and never answers it
		before := b.events("id")
		b.s.Close()
		time.Sleep(time.Hour)
		require.Equal(t, before, b.events("id"), "the task does not time out")
	})
}

func TestTheStandInSaysWhatItDoesNotKnow(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		_, err := b.process("one").api.CountWorkflowExecutions(context.Background(), &workflowservice.CountWorkflowExecutionsRequest{Namespace: "default"})
		require.Equal(t, codes.Unimplemented, code(err))
	})
}
