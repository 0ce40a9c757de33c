package sshrun

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
)

func TestACommandEndsWithItsExitCode(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	for command, want := range map[string]int{
		"true": 0, "false": 1, "exit 3": 3, "exit 255": 255, "/no/such/program": 127, "echo out; echo err >&2; exit 7": 7,
	} {
		got := ran(t, s, command)
		require.NotNil(t, got.ExitCode, command)
		assert.Equal(t, want, *got.ExitCode, command)
		assert.Empty(t, got.Signal)
		assert.False(t, got.OutputCut)
	}
}

func TestAKilledCommandHasEnded(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	got := ran(t, s, "echo begun; kill -KILL $$")
	assert.Nil(t, got.ExitCode)
	assert.Equal(t, "KILL", got.Signal)
	assert.Equal(t, "begun\n", got.Output)
}

func TestBothStreamsAreKeptInTheOrderOfArrival(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	got := ran(t, s, "echo one; sleep 0.3; echo two >&2; sleep 0.3; echo three")
	assert.Equal(t, "one\ntwo\nthree\n", got.Output)
}

func TestOfALongOutputTheEndIsKept(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	got := ran(t, s, "echo first; head -c 300000 /dev/zero | tr '\\0' x; echo; echo last; exit 4")
	require.NotNil(t, got.ExitCode)
	assert.Equal(t, 4, *got.ExitCode)
	assert.True(t, got.OutputCut)
	assert.Len(t, got.Output, OutputLimit)
	assert.True(t, strings.HasSuffix(got.Output, "x\nlast\n"))
	assert.NotContains(t, got.Output, "first")
}

func TestOutputCannotAttackATerminal(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	got := ran(t, s, `printf '\033[2J\033]0;owned\007 \377\376 \302\233 \342\200\256 ok\r\nnext\tline\n\000'`)
	assert.Equal(t, "?[2J?]0;owned? ?? ? ? ok\nnext\tline\n?", got.Output)
}

func TestTheServerGetsACommandAndNothingElse(t *testing.T) {
	t.Setenv("SAFEPOINT_TEST_SECRET", "hunter2")
	s := sshtest.Start(t, sshtest.Options{Config: []string{"AcceptEnv *"}})
	got := ran(t, s, "env; echo SSH_TTY=[$SSH_TTY]; cat; test -t 0 && echo terminal; echo done")
	assert.NotContains(t, got.Output, "hunter2")
	assert.NotContains(t, got.Output, "SSH_AUTH_SOCK")
	assert.NotContains(t, got.Output, "terminal")
	assert.Contains(t, got.Output, "SSH_TTY=[]")
	assert.True(t, strings.HasSuffix(got.Output, "done\n"), "a command that reads its input must not wait for any")
}

func TestACommandRunsOnce(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	count := filepath.Join(t.TempDir(), "count")
	ran(t, s, "echo ran >> "+count+"; exit 1")
	b, err := os.ReadFile(count)
	require.NoError(t, err)
	assert.Equal(t, "ran\n", string(b))
}

func TestTheLastQuestionIsAskedWhenTheConnectionIsUpAndItsNoHoldsTheCommandBack(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	r, err := New(optionsFor(s))
	require.NoError(t, err)
	mark := filepath.Join(t.TempDir(), "mark")
	no := errors.New("no longer ours")
	got, err := r.Run(t.Context(), Request{Address: s.Address, Command: "touch " + mark, Before: func(context.Context) error {
		assert.Eventually(t, func() bool { return strings.Contains(s.Log(), "Accepted publickey") }, patience, 5*time.Millisecond, "the log lags behind")
		return no
	}})
	requireReason(t, ReasonHeld, false, got, err)
	require.ErrorIs(t, err, no)
	assert.NoFileExists(t, mark)
}

func TestATimeThatRanOutWhileTheLastQuestionWasAskedHoldsTheCommandBack(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	r, err := New(optionsFor(s))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	mark := filepath.Join(t.TempDir(), "mark")
	got, err := r.Run(ctx, Request{Address: s.Address, Command: "touch " + mark, Before: func(context.Context) error {
		cancel()
		return nil
	}})
	requireReason(t, ReasonHandshake, false, got, err)
	assert.NoFileExists(t, mark)
}

func TestWhatCannotBeMeantDialsNobody(t *testing.T) {
	o := Options{KeyFile: "k", User: "u", KnownHosts: "h", Dial: dialNobody(t)}
	for _, address := range []string{
		"", "web", ":22", "web:", "web:0", "web:65536", "web:ssh", "a:b:c", "[::1]", "root@web:22", "*:22", "a,b:22", "a b:22", "a\n:22", "!web:22",
	} {
		got, err := try(t, o, address, "true")
		requireReason(t, ReasonRequest, false, got, err)
	}
	for _, command := range []string{"", " \n", "echo \x00", strings.Repeat("x", maxCommand+1)} {
		got, err := try(t, o, "web:22", command)
		requireReason(t, ReasonRequest, false, got, err)
	}
}

func TestARunnerIsSetUpWhole(t *testing.T) {
	whole := Options{KeyFile: "k", User: "u", KnownHosts: "h", Dial: new(net.Dialer).DialContext}
	for name, o := range map[string]Options{
		"SAFEPOINT_SSH_KEY_FILE":    {User: whole.User, KnownHosts: whole.KnownHosts, Dial: whole.Dial},
		"SAFEPOINT_SSH_USER":        {KeyFile: whole.KeyFile, KnownHosts: whole.KnownHosts, Dial: whole.Dial},
		"SAFEPOINT_SSH_KNOWN_HOSTS": {KeyFile: whole.KeyFile, User: whole.User, Dial: whole.Dial},
		"dialer":                    {KeyFile: whole.KeyFile, User: whole.User, KnownHosts: whole.KnownHosts},
	} {
		_, err := New(o)
		require.ErrorContains(t, err, name)
	}
}
