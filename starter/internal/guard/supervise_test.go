package guard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestACommandThatEndsWellIsASuccessAndNobodyStopsWhatItLeft(t *testing.T) {
	s := play(t, &fakeProcess{works: 5 * time.Minute, childDeaf: true}, nil, nil)
	assert.Equal(t, Ending{Ran: true, Result: contract.ChangeSucceeded, Detail: "the command ended with exit code 0"}, s.ending)
	assert.Empty(t, s.process.signals)
	assert.False(t, s.process.killed)
	for i := 1; i < len(s.link.sent); i++ {
		assert.LessOrEqual(t, s.link.sent[i].Sub(s.link.sent[i-1]), silence/4, "a lost heartbeat must not lose the change")
	}
	assert.GreaterOrEqual(t, len(s.link.sent), 10)
	assert.Empty(t, s.said)
}

func TestACommandThatFailsIsReportedOnlyWhenWhatItStartedIsDead(t *testing.T) {
	s := play(t, &fakeProcess{works: time.Minute, code: 3, childDeaf: true}, nil, nil)
	assert.Equal(t, contract.ChangeFailed, s.ending.Result)
	assert.Equal(t, "the command ended with exit code 3", s.ending.Detail)
	assert.Equal(t, []os.Signal{syscall.SIGTERM}, s.process.signals)
	assert.True(t, s.process.killed)
	assert.Equal(t, time.Minute+grace, s.process.dead.Sub(s.process.started))
}

func TestTheCommandRunsOnlyAfterAHeartbeatThatTheRunWanted(t *testing.T) {
	for name, tc := range map[string]struct {
		beat func(context.Context, int) Pulse
		says string
	}{
		"given up":          {func(context.Context, int) Pulse { return Pulse{Acknowledged: true, Unwanted: "it is in phase verify"} }, "phase verify"},
		"closed":            {func(context.Context, int) Pulse { return Pulse{Unwanted: "the run has ended"} }, "has ended"},
		"cut off":           {cutAfter(0), "no heartbeat was confirmed"},
		"refused each time": {func(context.Context, int) Pulse { return Pulse{Trouble: errNetwork} }, "no heartbeat was confirmed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t, &fakeProcess{works: time.Minute}, tc.beat, nil)
			assert.False(t, s.ending.Ran)
			assert.True(t, s.process.started.IsZero())
			assert.Equal(t, contract.ChangeNotStarted, s.ending.Result, "nothing was run: there is nothing to roll back")
			assert.Contains(t, s.ending.Detail, tc.says)
		})
	}
}

func TestAGrantWhoseRunCannotBeAskedCountsAfterAWhileWhereTemporalKnowsItsPhase(t *testing.T) {
	s := play(t, &fakeProcess{works: time.Minute}, func(context.Context, int) Pulse { return Pulse{Acknowledged: true, Likely: true, Trouble: errNetwork} }, nil)
	assert.Equal(t, contract.ChangeSucceeded, s.ending.Result)
	assert.GreaterOrEqual(t, s.process.started.Sub(s.began), silence/4)
}

func TestACommandIsNotRunWhenTheMachineSleptAfterTheLastLook(t *testing.T) {
	s := &scene{}
	s.play(t, &fakeProcess{works: time.Minute}, func(context.Context, int) Pulse {
		s.asleep.Store(int64(10 * time.Minute)) // while the answer of the look is on its way
		return Pulse{Acknowledged: true, Wanted: true}
	}, nil)
	assert.True(t, s.process.started.IsZero())
	assert.Equal(t, contract.ChangeNotStarted, s.ending.Result)
	assert.True(t, s.ending.Heard)
}

func TestAGrantOfWhichNothingIsKnownRunsNothing(t *testing.T) {
	s := play(t, &fakeProcess{works: time.Minute}, func(context.Context, int) Pulse { return Pulse{Acknowledged: true, Trouble: errNetwork} }, nil)
	assert.False(t, s.ending.Ran)
	assert.Contains(t, s.ending.Detail, "nobody knows whether the run still waits")
	assert.Less(t, s.link.sent[len(s.link.sent)-1].Sub(s.began), 2*silence)
}

func TestACommandThatCannotBeStartedIsNoChangeAtAll(t *testing.T) {
	s := play(t, &fakeProcess{broken: errors.New("exec format error")}, nil, nil)
	assert.Equal(t, Ending{Result: contract.ChangeNotStarted, Detail: "the command could not be started, nothing was run: exec format error", Heard: true}, s.ending)
}

func TestACommandOfWhichNobodyKnowsWhetherItRanIsAFailedChange(t *testing.T) {
	s := play(t, &fakeProcess{broken: fmt.Errorf("hear of the command's start: %w", ErrMayHaveRun)}, nil, nil)
	assert.True(t, s.ending.Ran)
	assert.Equal(t, contract.ChangeFailed, s.ending.Result)
}

// Each of these loses Temporal at another moment, with a command that ends at once, slowly, or not at all.
func TestEverythingIsDeadBeforeTheSilenceSinceTheLastAcknowledgedHeartbeatIsOver(t *testing.T) {
	for name, process := range map[string]func() *fakeProcess{
		"ends at once":     func() *fakeProcess { return &fakeProcess{} },
		"takes its time":   func() *fakeProcess { return &fakeProcess{slow: 5 * time.Second} },
		"ignores SIGTERM":  func() *fakeProcess { return &fakeProcess{deaf: true} },
		"is given an hour": func() *fakeProcess { return &fakeProcess{deaf: true, patient: true} },
		"leaves a child":   func() *fakeProcess { return &fakeProcess{childDeaf: true} },
		"was just told to": func() *fakeProcess { return &fakeProcess{works: 95 * time.Second, code: 1, childDeaf: true} },
		"is failing slowly": func() *fakeProcess {
			return &fakeProcess{works: 95 * time.Second, code: 1, childDeaf: true, patient: true}
		},
		"ends with 0 anyway": func() *fakeProcess { return &fakeProcess{slow: time.Second} },
	} {
		for _, beats := range []int{1, 2, 7} {
			t.Run(name, func(t *testing.T) {
				p := process()
				s := play(t, p, cutAfter(beats), nil)
				assert.Equal(t, contract.ChangeFailed, s.ending.Result, "what was stopped is no success, whatever its code")
				assert.Less(t, p.dead.Sub(s.link.taken), silence)
				assert.False(t, p.allowed.Sub(s.link.taken) >= silence, "the watchdog too")
				if p.works == 0 {
					assert.Contains(t, strings.Join(s.said, "\n"), "stopping the command: no heartbeat was confirmed")
				}
			})
		}
	}
}

func TestALostHeartbeatIsSaidOnceAndForgottenWhenTheNextOneIsTaken(t *testing.T) {
	s := play(t, &fakeProcess{works: 5 * time.Minute}, func(_ context.Context, n int) Pulse {
		if n == 3 || n == 4 || n == 7 {
			return Pulse{Trouble: errNetwork}
		}
		return Pulse{Acknowledged: true, Wanted: true}
	}, nil)
	assert.Equal(t, contract.ChangeSucceeded, s.ending.Result)
	require.Len(t, s.said, 2)
	assert.Contains(t, s.said[0], "no route to host")
}

func TestARunThatNoLongerWaitsStopsTheCommandAtOnce(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		p := &fakeProcess{deaf: deaf}
		s := play(t, p, func(_ context.Context, n int) Pulse {
			if n < 4 {
				return Pulse{Acknowledged: true, Wanted: true}
			}
			return Pulse{Acknowledged: true, Unwanted: "the run was canceled"}
		}, nil)
		assert.Equal(t, contract.ChangeFailed, s.ending.Result)
		assert.Contains(t, s.ending.Detail, "the run was canceled")
		assert.LessOrEqual(t, p.dead.Sub(s.link.sent[3]), unwantedGrace)
		assert.Len(t, s.link.sent, 4, "nobody would hear another one")
	}
}

func TestASignalIsPassedOnAndMakesAFailedChange(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		p := &fakeProcess{slow: time.Second}
		s := play(t, p, nil, func(s *scene) { s.after(time.Minute, sig) })
		assert.Equal(t, contract.ChangeFailed, s.ending.Result, "although it ended with 0")
		assert.Equal(t, 1, s.ending.Signals)
		assert.Equal(t, []os.Signal{sig}, p.signals)
		assert.Equal(t, time.Minute+time.Second, p.dead.Sub(s.began))
		assert.Contains(t, s.ending.Detail, sig.String())
	}
}

func TestACommandThatIgnoresASignalIsKilledAfterTheGrace(t *testing.T) {
	p := &fakeProcess{deaf: true}
	play(t, p, nil, func(s *scene) { s.after(time.Minute, syscall.SIGTERM) })
	assert.Equal(t, time.Minute+grace, p.dead.Sub(p.started))
}

func TestASecondSignalKillsAtOnce(t *testing.T) {
	p := &fakeProcess{deaf: true}
	s := play(t, p, nil, func(s *scene) {
		s.after(time.Minute, syscall.SIGINT)
		s.after(time.Second, syscall.SIGINT)
	})
	assert.Equal(t, 2, s.ending.Signals)
	assert.Equal(t, time.Minute+time.Second, p.dead.Sub(p.started))
}

func TestASignalBeforeTheCommandRunsNothing(t *testing.T) {
	s := play(t, &fakeProcess{}, func(ctx context.Context, _ int) Pulse {
		<-ctx.Done()
		return Pulse{Trouble: errNetwork}
	}, func(s *scene) { s.after(time.Second, syscall.SIGTERM) })
	assert.False(t, s.ending.Ran)
	assert.Equal(t, 1, s.ending.Signals)
	assert.Contains(t, s.ending.Detail, "nothing was run")
}

func TestACommandIsStoppedBeforeTheTimeOfTheChangeIsOver(t *testing.T) {
	p := &fakeProcess{deaf: true}
	s := play(t, p, nil, nil)
	assert.Equal(t, contract.ChangeFailed, s.ending.Result)
	assert.Contains(t, s.ending.Detail, "update.timeout, 30m0s")
	assert.Less(t, p.dead.Sub(s.began), timeout)
	assert.Greater(t, p.dead.Sub(s.began), timeout*9/10)
}

func TestWhatCannotBeKilledDoesNotKeepTheReportForEver(t *testing.T) {
	s := play(t, &fakeProcess{works: time.Minute, code: 1, childDeaf: true, immortal: true}, nil, nil)
	assert.Equal(t, contract.ChangeFailed, s.ending.Result)
	assert.Contains(t, s.ending.Detail, "could not be killed")
}

func TestHeartbeatsGoOnWhileAReportIsOnItsWay(t *testing.T) {
	link := &fakeLink{}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		KeepBeating(ctx, link, silence)
	})
	assert.GreaterOrEqual(t, len(link.sent), 20)
}
