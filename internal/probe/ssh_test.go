package probe

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
	"github.com/safepoint-dev/safepoint/internal/sshrun"
	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
)

func sshCheck(address, command string) contract.Check {
	return contract.Check{Name: "unit", Kind: contract.CheckSSH, Address: address, Command: command, Timeout: roomy}
}

// sshOptions are those of a worker that may log in to a server.
func sshOptions(s *sshtest.Server) sshrun.Options {
	return sshrun.Options{KeyFile: s.KeyFile, User: s.User, KnownHosts: s.KnownHosts, Dial: new(net.Dialer).DialContext}
}

// lookOver makes one look with these settings, on a worker that reaches the API or not.
func lookOver(t *testing.T, o sshrun.Options, reachable bool, check contract.Check) contract.CheckResult {
	t.Helper()
	runner, err := sshrun.New(o)
	require.NoError(t, err)
	return New(Options{SSH: runner, APIReachable: func(context.Context) bool { return reachable }}).Look(t.Context(), check)
}

func TestAnSSHCheckIsJudgedByTheExitCode(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	requireVerdict(t, contract.VerdictPassed, "exit code 0", lookOver(t, sshOptions(s), false, sshCheck(s.Address, "true")))
	failing := lookOver(t, sshOptions(s), false, sshCheck(s.Address, "echo hunter2; exit 3"))
	requireVerdict(t, contract.VerdictFailed, "exit code 3", failing)
	assert.NotContains(t, failing.Detail, "hunter2", "the output is not kept")
	requireVerdict(t, contract.VerdictFailed, "signal KILL", lookOver(t, sshOptions(s), false, sshCheck(s.Address, "kill -KILL $$")))
	cut := lookOver(t, sshOptions(s), false, sshCheck(s.Address, "kill -KILL $PPID; exec sleep 5 >/dev/null 2>&1"))
	requireVerdict(t, contract.VerdictFailed, "the connection ended", cut)
}

func TestACommandThatDoesNotEndInTimeIsSilence(t *testing.T) {
	t.Parallel()
	s := sshtest.Start(t, sshtest.Options{})
	check := sshCheck(s.Address, "exec sleep 60")
	check.Timeout = contract.Duration(10 * time.Second) // the login counts, too
	runner, err := sshrun.New(sshOptions(s))
	require.NoError(t, err)
	got := atOnce(t, check, New(Options{SSH: runner, APIReachable: yes}), New(Options{SSH: runner, APIReachable: no}))
	requireVerdict(t, contract.VerdictFailed, "did not end in time", got[0])
	requireVerdict(t, contract.VerdictInconclusive, "did not end in time", got[1])
}

func TestAnSSHServerThatDoesNotAnswerIsJudgedAsOtherServersAre(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	address := s.Address
	s.Stop()
	requireVerdict(t, contract.VerdictFailed, "refused", lookOver(t, sshOptions(s), false, sshCheck(address, "true")))

	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"packets are dropped": dialHangs,
		"no route":            dialFails(errno("connect", syscall.EHOSTUNREACH)),
		"silent service":      dialOther(rawServer(t, hang)),
	} {
		o := sshOptions(s)
		o.Dial = dial
		check := sshCheck(address, "true")
		check.Timeout = contract.Duration(300 * time.Millisecond)
		assert.Equal(t, contract.VerdictFailed, lookOver(t, o, true, check).Verdict, name)
		assert.Equal(t, contract.VerdictInconclusive, lookOver(t, o, false, check).Verdict, name)
	}
	o := sshOptions(s)
	for name, other := range map[string]string{"hangs up": rawServer(t, func(net.Conn) {}), "speaks HTTP": rawServer(t, answerRaw("HTTP/1.1 200 OK\r\n\r\n"))} {
		o.Dial = dialOther(other)
		assert.Equal(t, contract.VerdictFailed, lookOver(t, o, false, sshCheck(address, "true")).Verdict, name)
	}
}

// dialOther connects to one address, whichever is asked for.
func dialOther(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

func TestLaw6TroubleOfTheCheckerOverSSHIsInconclusive(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	other := filepath.Join(t.TempDir(), "other")
	sshtest.WriteKey(t, other, sshtest.KindEd25519)
	changed := s.Line(sshtest.NewSigner(t, sshtest.KindEd25519).PublicKey())
	_, refusal := egress.Default().DialSSH(t.Context(), "tcp", s.Address)
	require.NotNil(t, egress.Refused(refusal))
	for name, c := range map[string]struct {
		bend  func(o *sshrun.Options)
		words string
	}{
		"unknown host":          {func(o *sshrun.Options) { o.KnownHosts = sshtest.WriteKnownHosts(t) }, s.Lines()[0]},
		"changed host key":      {func(o *sshrun.Options) { o.KnownHosts = sshtest.WriteKnownHosts(t, changed) }, "not the known one"},
		"a key nobody knows":    {func(o *sshrun.Options) { o.KeyFile = other }, "does not let the worker in"},
		"no key file":           {func(o *sshrun.Options) { o.KeyFile = other + "-gone" }, "SAFEPOINT_SSH_KEY_FILE"},
		"refused by the policy": {func(o *sshrun.Options) { o.Dial = dialFails(refusal) }, "not looked at"},
		"no such name":          {func(o *sshrun.Options) { o.Dial = dialFails(&net.DNSError{Err: "no such host", IsNotFound: true}) }, "could not resolve"},
		"unforeseen":            {func(o *sshrun.Options) { o.Dial = dialFails(errors.New("surprise")) }, "this worker"},
	} {
		o := sshOptions(s)
		c.bend(&o)
		got := lookOver(t, o, true, sshCheck(s.Address, "true"))
		require.Equal(t, contract.VerdictInconclusive, got.Verdict, "%s: %s", name, got.Detail)
		requireVerdict(t, contract.VerdictInconclusive, c.words, got)
	}
	requireVerdict(t, contract.VerdictInconclusive, "write host:port", lookOver(t, sshOptions(s), true, sshCheck("", "true")))
	requireVerdict(t, contract.VerdictInconclusive, "no command", lookOver(t, sshOptions(s), true, sshCheck(s.Address, "")))
	without := New(Options{APIReachable: yes}).Look(t.Context(), sshCheck(s.Address, "true"))
	requireVerdict(t, contract.VerdictInconclusive, "ssh is not set up on this worker: set SAFEPOINT_ALLOW_SSH", without)
}

func TestAnInterruptedSSHLookIsInconclusive(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	runner, err := sshrun.New(sshOptions(s))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	got := New(Options{SSH: runner, APIReachable: yes}).Look(ctx, sshCheck(s.Address, "exec sleep 20"))
	requireVerdict(t, contract.VerdictInconclusive, "interrupted", got)
	early, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	got = New(Options{SSH: runner, APIReachable: yes}).Look(early, sshCheck(s.Address, "exec sleep 20"))
	requireVerdict(t, contract.VerdictInconclusive, "interrupted", got)
}

// oddRunner answers what no runner of ours does.
type oddRunner struct {
	result sshrun.Result
	err    error
}

func (o oddRunner) Run(context.Context, sshrun.Request) (sshrun.Result, error) {
	return o.result, o.err
}

func TestAnAnswerThatNobodyForesawIsNoReasonToRestore(t *testing.T) {
	for _, runner := range []oddRunner{{}, {err: errors.New("surprise")}, {err: &sshrun.Error{Reason: "new"}}} {
		got := New(Options{SSH: runner, APIReachable: yes}).Look(t.Context(), sshCheck("web:22", "true"))
		assert.Equal(t, contract.VerdictInconclusive, got.Verdict, got.Detail)
	}
}
