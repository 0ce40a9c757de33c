package e2e

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

const (
	// lookAgain is VPS_SETTLE here: how long nobody may send a given up write again. What a worker that woke up sends in
	// this time is the zombie's, later it may be its honest work. The zombie is watched for half of it: a busy machine may
	// wake it up late.
	lookAgain = 12 * time.Second
	// givenUpBar bounds how long Temporal counts a frozen attempt.
	givenUpBar = contract.CheckedWriteDeadline + patience
)

// zombie is one write that freezes with its worker.
type zombie struct {
	op       vpsfake.Op
	activity string
}

var (
	zombieCreate  = zombie{vpsfake.OpCreateSnapshot, contract.ActivityCreateSnapshot}
	zombieRestore = zombie{vpsfake.OpRestoreSnapshot, contract.ActivityRestoreSnapshot}
)

// frozen is a stopped worker and its own way to the API.
type frozen struct {
	*program
	api *gateway
}

// freeze brings a run to its write on a worker of its own and stops that worker the way a paused machine stops: in the
// middle of everything. The worker is young, because a poll that is older than a minute loses its task on waking.
func (r *rig) freeze(z zombie, l *link, moment func(), settings ...string) frozen {
	r.t.Helper()
	api := newGateway(r.t)
	settings = append(settings, "VPS_SETTLE="+lookAgain.String(), "TEMPORAL_ADDRESS="+l.address, "VPS_API_URL="+api.url)
	var w *program
	if z == zombieRestore {
		first := r.readyWorker()
		r.held(r.id())
		first.signal(syscall.SIGTERM)
		require.Equal(r.t, 0, first.exit(patience))
		w = r.readyWorker(settings...)
		require.NoError(r.t, r.decide(r.id(), "d1", workflows.DecideRollback))
	} else {
		w = r.readyWorker(settings...)
		r.start(r.id(), r.input(false, nil))
	}
	moment()
	w.signal(syscall.SIGSTOP)
	w.stands()
	l.release() // what is on its way is there when it wakes up
	l.cut()
	return frozen{w, api}
}

// wakesInVain lets another worker go on, wakes the frozen one as soon as Temporal has given its write up, and looks
// whether it writes. The run holds its lock all the while, so the lock does not stop the zombie. total is how many
// requests there may be in all.
func (r *rig) wakesInVain(w frozen, z zombie, total int) {
	r.t.Helper()
	r.readyWorker("VPS_SETTLE=" + lookAgain.String())
	r.eventually(givenUpBar, "Temporal gives the frozen write up", func() bool {
		return slices.ContainsFunc(r.history(r.id()).Events, func(e *historypb.HistoryEvent) bool {
			return e.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT
		})
	})
	sent := w.api.sent.Load()
	w.signal(syscall.SIGCONT)
	// The SDK logs the zombie's end: its answer comes too late. On a busy machine the log may come late too; what counts is
	// that nothing was written for as long as nobody else may write.
	ended := func() bool {
		said := w.output.String()
		return strings.Contains(said, "activity already timed out") || strings.Contains(said, "Activity complete after timeout")
	}
	for deadline := time.Now().Add(lookAgain / 2); time.Now().Before(deadline) && !ended(); {
		require.Equal(r.t, sent, w.api.sent.Load(), "the zombie wrote")
		time.Sleep(50 * time.Millisecond) // the pause of a bounded poll
	}
	require.Equal(r.t, sent, w.api.sent.Load(), "the zombie wrote")
	w.signal(syscall.SIGTERM)
	r.rolledBack(r.end(r.id(), runBar))
	require.Equal(r.t, 0, w.exit(patience))
	require.Len(r.t, r.requests(z.op), total)
}

// Only a create: the SDK itself drops a task whose poll is older than 70 s, and a restore is given up after that.
func TestNoZombieWritesWhenItsTaskWasPolledAndNotRun(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	l := newLink(t)
	r.gate(vpsfake.OpSite, "")
	w := r.freeze(zombieCreate, l, func() {
		r.eventually(patience, "the baseline", func() bool { return r.waitsFor("baseline") })
		held := l.holdFrom(func() bool { return r.handedOut(zombieCreate) })
		r.open()
		select {
		case <-held:
		case <-time.After(patience):
			t.Fatal("Temporal never handed out the task")
		}
	})
	require.Empty(t, r.requests(zombieCreate.op), "the task was not run")
	r.wakesInVain(w, zombieCreate, 1)
}

// handedOut says whether Temporal counts the write as begun, which it does before it tells the worker. It asks until it is
// told, or nobody wants to know any more.
func (r *rig) handedOut(z zombie) bool {
	for ; r.t.Context().Err() == nil; time.Sleep(50 * time.Millisecond) { // the pause of a bounded poll
		d, err := r.temp.DescribeWorkflowExecution(r.t.Context(), r.id(), "")
		if err == nil {
			return slices.ContainsFunc(d.GetPendingActivities(), func(a *workflowpb.PendingActivityInfo) bool {
				return a.GetActivityType().GetName() == z.activity && runs(a)
			})
		}
	}
	return true
}

// stands waits until a program that was told to stop does nothing any more.
func (p *program) stands() {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		state, err := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(p.cmd.Process.Pid)).Output()
		return err == nil && strings.HasPrefix(strings.TrimSpace(string(state)), "T")
	}, patience, 50*time.Millisecond, "it goes on")
}

// isHandedOut waits until Temporal counts the write as begun.
func (r *rig) isHandedOut(z zombie) {
	r.t.Helper()
	r.eventually(patience, "Temporal hands out the task", func() bool { return runs(r.activity(z.activity)) })
}

func TestNoZombieWritesWhenItsRequestWasInFlight(t *testing.T) {
	t.Parallel()
	for z, f := range map[zombie]struct {
		effect vpsfake.HangEffect
		total  int
	}{
		zombieCreate:  {vpsfake.EffectNone, 2},   // the other worker finds nothing and sends it again
		zombieRestore: {vpsfake.EffectBefore, 1}, // the other worker finds it and sends none
	} {
		t.Run(z.activity, func(t *testing.T) {
			t.Parallel()
			r := rigWithoutWorker(t)
			answer := r.gate(z.op, f.effect)
			w := r.freeze(z, newLink(t), func() { r.whenSent(z.op) })
			answer() // to a worker that is frozen
			r.wakesInVain(w, z, f.total)
		})
	}
}

// The API's rate limit makes a write wait inside the client: a create after every question has been asked, a restore
// with its look at the list.
func TestNoZombieWritesWhenItWaitedForItsTurnAtTheAPI(t *testing.T) {
	t.Parallel()
	for _, z := range []zombie{zombieCreate, zombieRestore} {
		t.Run(z.activity, func(t *testing.T) {
			t.Parallel()
			r := rigWithoutWorker(t)
			w := r.freeze(z, newLink(t), func() { r.isHandedOut(z) }, "VPS_RATE_LIMIT=0.11", "VPS_POLL_INTERVAL=10s")
			require.Empty(t, r.requests(z.op), "it waits for its turn")
			r.wakesInVain(w, z, 1)
		})
	}
}
