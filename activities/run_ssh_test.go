package activities

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/sshrun"
	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
)

// runnerFor is ssh as a worker has it that may log in to a server.
func runnerFor(t *testing.T, s *sshtest.Server) *sshrun.Runner {
	t.Helper()
	r, err := sshrun.New(sshrun.Options{KeyFile: s.KeyFile, User: s.User, KnownHosts: s.KnownHosts, Dial: new(net.Dialer).DialContext})
	require.NoError(t, err)
	return r
}

func commandInput(address, command string) contract.RunSSHInput {
	return contract.RunSSHInput{Fence: fenced(), Address: address, Command: command, Timeout: contract.Duration(time.Minute)}
}

// change runs the ssh activity once on a server.
func change(t *testing.T, s *sshtest.Server, in contract.RunSSHInput) contract.RunSSHResult {
	t.Helper()
	a, _ := newActivities(&fakeAPI{})
	a.ssh = runnerFor(t, s)
	got, err := execute[contract.RunSSHResult](t, a, a.RunSSH, in)
	require.NoError(t, err)
	return got
}

func TestTheExitCodeDecidesHowAChangeOverSSHEnded(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	for command, want := range map[string]struct {
		result contract.ChangeResult
		code   int
	}{
		"echo done":              {contract.ChangeSucceeded, 0},
		"echo done >&2; exit 12": {contract.ChangeFailed, 12},
	} {
		got := change(t, s, commandInput(s.Address, command))
		assert.Equal(t, want.result, got.Result, got.Detail)
		require.NotNil(t, got.ExitCode)
		assert.Equal(t, want.code, *got.ExitCode)
		assert.Equal(t, "done\n", got.Output)
		assert.False(t, got.OutputCut)
		assert.NotContains(t, got.Detail, "done", "the detail goes into reports and messages")
	}
	killed := change(t, s, commandInput(s.Address, "kill -TERM $$"))
	assert.Equal(t, contract.ChangeFailed, killed.Result)
	assert.Nil(t, killed.ExitCode)
	assert.Contains(t, killed.Detail, "TERM")
}

func TestALongOutputOfAChangeIsCut(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	got := change(t, s, commandInput(s.Address, "head -c 200000 /dev/zero; echo last"))
	assert.Equal(t, contract.ChangeSucceeded, got.Result, got.Detail)
	assert.True(t, got.OutputCut)
	assert.Len(t, got.Output, sshrun.OutputLimit)
	assert.True(t, strings.HasSuffix(got.Output, "??last\n"))
}

func TestAChangeWhoseEndNobodySawIsUnknown(t *testing.T) {
	t.Parallel()
	s := sshtest.Start(t, sshtest.Options{})
	t.Run("it outlives its time", func(t *testing.T) {
		in := commandInput(s.Address, "echo begun; exec sleep 60")
		in.Timeout = contract.Duration(15 * time.Second) // the login counts, too
		got := change(t, s, in)
		assert.Equal(t, contract.ChangeUnknown, got.Result, got.Detail)
		assert.Equal(t, "begun\n", got.Output)
		assert.Contains(t, got.Detail, "may be running still")
	})
	t.Run("its sshd dies", func(t *testing.T) {
		got := change(t, s, commandInput(s.Address, "kill -KILL $PPID; exec sleep 60 >/dev/null 2>&1"))
		assert.Equal(t, contract.ChangeUnknown, got.Result, got.Detail)
		assert.Nil(t, got.ExitCode)
	})
}

func TestAChangeThatProvablyNeverLeftIsNotStarted(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	mark := filepath.Join(t.TempDir(), "mark")
	touch := commandInput(s.Address, "touch "+mark)
	noTime, elsewhere := touch, touch
	noTime.Timeout, elsewhere.Address = 0, "root@"+s.Address
	stranger := *s
	stranger.KnownHosts = sshtest.WriteKnownHosts(t)
	keyless := *s
	keyless.KeyFile = filepath.Join(t.TempDir(), "hunter2")
	for name, c := range map[string]struct {
		server *sshtest.Server
		in     contract.RunSSHInput
		words  string
	}{
		"no time-out":   {s, noTime, "time-out"},
		"bad address":   {s, elsewhere, "SAFEPOINT_SSH_USER"},
		"unknown host":  {&stranger, touch, "SAFEPOINT_SSH_KNOWN_HOSTS: " + s.Lines()[0]},
		"no key file":   {&keyless, touch, "SAFEPOINT_SSH_KEY_FILE"},
		"nobody at all": {s, commandInput(unusedAddress(t), "true"), "refused"},
	} {
		got := change(t, c.server, c.in)
		assert.Equal(t, contract.ChangeNotStarted, got.Result, "%s: %s", name, got.Detail)
		assert.Contains(t, got.Detail, c.words)
		assert.Contains(t, got.Detail, "nothing was sent")
		assert.NotContains(t, got.Detail, "hunter2")
		assert.False(t, got.LockLost)
	}
	assert.NoFileExists(t, mark)
}

func unusedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

func TestAWorkerWithoutSSHSaysHowToSetItUp(t *testing.T) {
	a, gate := newActivities(&fakeAPI{})
	got, err := execute[contract.RunSSHResult](t, a, a.RunSSH, commandInput("web01.example.com:22", "true"))
	require.NoError(t, err)
	assert.Equal(t, contract.ChangeNotStarted, got.Result)
	assert.Equal(t, "nothing was sent: ssh is not set up on this worker: set SAFEPOINT_ALLOW_SSH, SAFEPOINT_SSH_KEY_FILE, "+
		"SAFEPOINT_SSH_USER, SAFEPOINT_SSH_KNOWN_HOSTS", got.Detail)
	assert.Empty(t, gate.asked)
}

func TestAChangeOverSSHThatOutlivesAStoppingWorkerIsUnknown(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	a, _ := newActivities(&fakeAPI{})
	a.ssh = runnerFor(t, s)
	env := newEnv(t, a)
	stop := make(chan struct{})
	env.SetWorkerStopChannel(stop)
	mark := filepath.Join(t.TempDir(), "mark")
	go func() {
		defer close(stop)
		assert.Eventually(t, func() bool { _, err := os.Stat(mark); return err == nil }, time.Minute, 5*time.Millisecond)
	}()
	got, err := runAs[contract.RunSSHResult](t, env, a.RunSSH, commandInput(s.Address, "touch "+mark+"; exec sleep 60"))
	require.NoError(t, err)
	assert.Equal(t, contract.ChangeUnknown, got.Result)
	assert.Contains(t, got.Detail, "worker is stopping")
}

// fakeSSH counts what was sent. It logs in, asks as a runner does, and sends.
type fakeSSH struct {
	sent   int
	before func()
	result sshrun.Result
	err    error
}

func (f *fakeSSH) Run(ctx context.Context, req sshrun.Request) (sshrun.Result, error) {
	if f.before != nil {
		f.before()
	}
	if err := req.Before(ctx); err != nil {
		return sshrun.Result{}, err
	}
	f.sent++
	return f.result, f.err
}
