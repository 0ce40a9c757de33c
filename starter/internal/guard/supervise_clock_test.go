//go:build unix

package guard

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Without a worker each look lasts until it is given up. The heartbeat before it counts at once.
func TestAHeartbeatCountsWhenItWasTakenAndNotWhenItsLookHasEnded(t *testing.T) {
	worst := time.Duration(0)
	s := &scene{look: 25 * time.Second}
	s.play(t, &fakeProcess{works: 10 * time.Minute}, nil, func(s *scene) {
		time.Sleep(2 * time.Minute)
		for range 100 {
			time.Sleep(3 * time.Second)
			s.process.mu.Lock()
			worst = max(worst, share(silence, lastShare)-time.Until(s.process.allowed))
			s.process.mu.Unlock()
		}
	})
	assert.Equal(t, contract.ChangeSucceeded, s.ending.Result)
	assert.LessOrEqual(t, worst, Pace(silence), "an allowance is never older than one pace")
}

func TestALookLeavesTimeForTheNextHeartbeat(t *testing.T) {
	for _, silence := range []time.Duration{10 * time.Second, time.Minute, 2 * time.Minute, time.Hour} {
		assert.LessOrEqual(t, LookFor(silence), Pace(silence)/2)
	}
}

func TestTheTimeForTheChangeCountsFromBeforeItsGrant(t *testing.T) {
	p := &fakeProcess{deaf: true}
	s := (&scene{granted: 10 * time.Minute}).play(t, p, nil, nil)
	assert.Equal(t, contract.ChangeFailed, s.ending.Result)
	assert.Contains(t, s.ending.Detail, "update.timeout, 30m0s")
	assert.Less(t, p.dead.Sub(s.began), timeout-10*time.Minute)
}

func TestACommandWhoseTimeIsOverBeforeItsGrantArrivedIsNotRun(t *testing.T) {
	s := (&scene{granted: timeout}).play(t, &fakeProcess{}, nil, nil)
	assert.False(t, s.ending.Ran)
	assert.Contains(t, s.ending.Detail, "is nearly over")
}

// The monotonic clock and every timer stand still while the machine sleeps.
func TestACommandIsKilledAtOnceWhenTheMachineWakesFromALongSleep(t *testing.T) {
	p := &fakeProcess{deaf: true, patient: true}
	var woke time.Time
	s := play(t, p, nil, func(s *scene) {
		time.Sleep(time.Minute + time.Second/2)
		woke = time.Now()
		s.asleep.Store(int64(time.Hour))
	})
	assert.Equal(t, contract.ChangeFailed, s.ending.Result)
	assert.LessOrEqual(t, p.dead.Sub(woke), wakeEvery)
}

func TestAClockThatWasSetBackGivesNoMoreTime(t *testing.T) {
	p := &fakeProcess{deaf: true}
	s := play(t, p, cutAfter(2), func(s *scene) {
		time.Sleep(time.Minute)
		s.asleep.Store(-int64(time.Hour))
	})
	assert.Less(t, p.dead.Sub(s.link.taken), silence)
}

func TestAKeeperCountsTheTimeThatTheMachineSlept(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	dead := make(chan struct{})
	go func() { defer close(dead); _ = cmd.Wait() }()
	t.Cleanup(func() { signalGroup(cmd.Process.Pid, os.Kill); <-dead })
	words, in := io.Pipe()
	var asleep atomic.Int64
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		keep(words, func() time.Time { return time.Now().Add(time.Duration(asleep.Load())) })
	}()
	// The third line is read only once the first two are understood.
	for _, line := range []string{"group " + strconv.Itoa(cmd.Process.Pid), "allow 600000", "news"} {
		_, err := io.WriteString(in, line+"\n")
		require.NoError(t, err)
	}
	assert.True(t, groupAlive(cmd.Process.Pid))
	asleep.Store(int64(time.Hour))
	within(t, "the end of the group", func() bool { return !groupAlive(cmd.Process.Pid) })
	_, err := io.WriteString(in, "done\n")
	require.NoError(t, err)
	<-kept
}

// What a good deploy left running may live on, and its group's number is nobody's business any more.
func TestNothingIsKilledAfterACommandThatEndedWell(t *testing.T) {
	keeper, err := StartKeeper(os.Args[0], roleKeeper)
	require.NoError(t, err)
	c := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", "sleep 1000 & exit 0"}, Keeper: keeper}
	t.Cleanup(c.Kill)
	ending := Supervise(Options{
		Link: &fakeLink{}, Process: c, Silence: time.Minute, Timeout: time.Hour, Grace: grace,
		Say: func(string) {}, Pulsed: func(Pulse) {},
	})
	require.Equal(t, contract.ChangeSucceeded, ending.Result)
	assert.NotNil(t, keeper.cmd.ProcessState, "the keeper has ended")
	keeper.allow(0)
	keeper.Release() // a second time
	assert.True(t, c.Alive())
}

func TestAStoppedCommandHearsItsSignal(t *testing.T) {
	c, _ := script(t, `trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done`, 1)
	require.NoError(t, syscall.Kill(c.pgid(), syscall.SIGSTOP))
	c.Signal(syscall.SIGTERM)
	<-c.Done()
	assert.Equal(t, "exit code 7", c.Ended())
}

func TestAGroupThatIsDeadIsForgotten(t *testing.T) {
	c, _ := script(t, "echo up; exec sleep 1000", 1)
	w := watched{group: c.pgid()}
	c.Kill()
	within(t, "the end of the group", func() bool { return !c.Alive() })
	w.kill()
	assert.Zero(t, w.group)
}

func TestAHeartbeatThatWasTakenEarlierGivesNoTimeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSupervisor(Options{Process: &fakeProcess{}, Silence: silence})
		defer s.cancel()
		time.Sleep(time.Minute)
		late := time.Now()
		s.count(late)
		s.count(late.Add(-time.Minute))
		assert.Equal(t, late, s.confirmed)
	})
}
