package devstack

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryStackHasATokenOfItsOwn(t *testing.T) {
	assert.NotEqual(t, newToken(), newToken())
	a, b := testStack(t), testStack(t)
	assert.NotEqual(t, a.workerEnv("q", "x", nil)["VPS_API_TOKEN"], b.workerEnv("q", "x", nil)["VPS_API_TOKEN"])
}

func TestAnAnswerOnThePortOfAChildThatIsGoneIsNotReadiness(t *testing.T) {
	p := startAct(t, "fail")
	<-p.done
	err := p.ready(t.Context(), time.Minute, func(context.Context) error { return nil }) // somebody else answers
	var ended *endedError
	require.ErrorAs(t, err, &ended)
}

func TestAStoppedStackGivesNoClient(t *testing.T) {
	s := testStack(t)
	s.Stop()
	_, err := s.Client()
	require.ErrorIs(t, err, errStopped)
}

func TestAChildThatDiesByItselfIsToldWithItsLogAndOneThatIsKilledIsNot(t *testing.T) {
	s := testStack(t)
	w, err := s.AddWorker(t.Context(), "q")
	require.NoError(t, err)
	w.Kill()
	require.NoError(t, w.Start(t.Context()))
	require.NoError(t, syscall.Kill(w.proc.cmd.Process.Pid, syscall.SIGKILL))
	select {
	case err := <-s.Dead():
		assert.ErrorContains(t, err, "worker-1 ended unexpectedly with signal: killed")
		assert.ErrorContains(t, err, w.proc.logPath)
		assert.ErrorContains(t, err, "and ends with:\n")
	case <-time.After(time.Minute):
		t.Fatal("nobody told")
	}
	select {
	case err := <-s.Dead():
		t.Fatalf("a kill that was asked for is no news: %v", err)
	default:
	}
}

func TestAStartThatIsCalledOffLeavesNoFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	bin := t.TempDir()
	for _, name := range []string{fakeProgram, workerProgram, temporalProgram} {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\nexec sleep 60\n"), 0o700))
	}
	t.Setenv(TemporalCLIVariable, filepath.Join(bin, temporalProgram))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := Start(ctx, Options{BinDir: bin})
		ended <- err
	}()
	folders := func() int {
		list, err := os.ReadDir(os.Getenv("TMPDIR"))
		assert.NoError(t, err)
		return len(list)
	}
	require.Eventually(t, func() bool { return folders() > 0 }, time.Minute, 10*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	assert.Zero(t, folders())
}
