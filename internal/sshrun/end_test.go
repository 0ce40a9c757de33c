package sshrun

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
)

// begun waits until a command on the server has made its mark.
func begun(t *testing.T, mark string) {
	t.Helper()
	require.Eventually(t, func() bool { _, err := os.Stat(mark); return err == nil }, patience, 5*time.Millisecond)
}

func TestACommandThatOutlivesItsTimeHasAnUnknownEnd(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	r, err := New(optionsFor(s))
	require.NoError(t, err)
	mark := filepath.Join(t.TempDir(), "mark")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		begun(t, mark)
		cancel(context.DeadlineExceeded)
	}()
	// More than an ssh channel holds: the mark is made only after much of it has come to the worker.
	much := "yes working | head -c 8388608"
	got, err := r.Run(ctx, Request{Address: s.Address, Command: much + "; touch " + mark + "; exec sleep 60"})
	requireReason(t, ReasonTimeout, true, got, err)
	assert.Contains(t, got.Output, strings.Repeat("working\n", 100), "what it wrote so far may tell how far it came")
}

func TestAConnectionThatDiesInTheMiddleLeavesTheEndUnknown(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	// The parent of the command's shell is the sshd of this very session.
	got, err := try(t, optionsFor(s), s.Address, "kill -KILL $PPID; exec sleep 60 >/dev/null 2>&1")
	requireReason(t, ReasonLost, true, got, err)
}

func TestAnExitCodeCountsEvenIfSomethingHoldsTheOutputOpen(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	began := time.Now()
	got := ran(t, s, "sleep 50 & echo $!; exit 3")
	assert.Less(t, time.Since(began), 45*time.Second)
	require.NotNil(t, got.ExitCode)
	assert.Equal(t, 3, *got.ExitCode)
	require.NotEmpty(t, got.Output)
	ran(t, s, "kill "+got.Output[:len(got.Output)-1])
}

func TestARunLeavesNothingRunning(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	ran(t, s, "true")
	before := runtime.NumGoroutine()
	r, err := New(optionsFor(s))
	require.NoError(t, err)
	for range 5 {
		ran(t, s, "echo hello")
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err := r.Run(ctx, Request{Address: s.Address, Command: "sleep 5"})
		cancel()
		require.Error(t, err)
	}
	const asker = 1 // the goroutine that asks this
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+asker }, patience, 10*time.Millisecond)
}

func TestOnlyAWholeReportOfAnEndIsOne(t *testing.T) {
	status := ssh.Marshal(struct{ Code uint32 }{3})
	signal := ssh.Marshal(struct {
		Signal   string
		Dumped   bool
		Message  string
		Language string
	}{"KI\x1b[2JLL", false, "", ""})
	for name, c := range map[string]struct {
		req  ssh.Request
		want bool
	}{
		"exit code":         {ssh.Request{Type: "exit-status", Payload: status}, true},
		"half an exit code": {ssh.Request{Type: "exit-status", Payload: status[:2]}, false},
		"no exit code":      {ssh.Request{Type: "exit-status"}, false},
		"too much":          {ssh.Request{Type: "exit-status", Payload: append(status, 1)}, false},
		"signal":            {ssh.Request{Type: "exit-signal", Payload: signal}, true},
		"half a signal":     {ssh.Request{Type: "exit-signal", Payload: signal[:5]}, false},
		"something else":    {ssh.Request{Type: "keepalive@openssh.com", Payload: status}, false},
	} {
		_, got := endOf(&c.req)
		assert.Equal(t, c.want, got, name)
	}
	killed, _ := endOf(&ssh.Request{Type: "exit-signal", Payload: signal})
	assert.Equal(t, "KI2JLL", killed.signal)
	assert.Equal(t, "unknown", signalName("\x1b"))
	assert.Len(t, signalName(string(make([]byte, 10))+"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), maxSignal)
}

func TestAnEndThatCameCountsWhateverIsNoticedFirst(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // the choice between two ready channels is random
		ends := make(chan end, 1)
		ends <- end{signal: "KILL"}
		got, ok := awaitEnd(ctx, ends)
		require.True(t, ok)
		require.Equal(t, "KILL", got.signal)
	}
	_, ok := awaitEnd(ctx, make(chan end))
	require.False(t, ok)
}
