package activities

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/sshrun"
)

func TestTheFenceHoldsACommandBeforeAndAfterTheLogin(t *testing.T) {
	reset := fenced()
	reset.OriginalRunID = "an-earlier-run"
	nothing := func(*fakeGate, *time.Duration) {}
	lose := func(g *fakeGate, _ *time.Duration) { g.lost = true }
	finish := func(g *fakeGate, _ *time.Duration) { g.tokenErr = errors.New("not found") }
	sleep := func(_ *fakeGate, clock *time.Duration) { *clock = contract.WriteSendWithin + time.Minute }
	for name, c := range map[string]struct {
		fence         contract.Fence
		first, during func(gate *fakeGate, clock *time.Duration)
		want          contract.ChangeResult
		lost          bool
	}{
		"after a reset":                            {reset, nothing, nothing, contract.ChangeUnknown, false},
		"when the lock is lost":                    {fenced(), lose, nothing, contract.ChangeNotStarted, true},
		"when the lock is lost during the login":   {fenced(), nothing, lose, contract.ChangeNotStarted, true},
		"when the attempt is over":                 {fenced(), finish, nothing, contract.ChangeNotStarted, false},
		"when the attempt ended during the login":  {fenced(), nothing, finish, contract.ChangeNotStarted, false},
		"when the machine slept through the login": {fenced(), nothing, sleep, contract.ChangeNotStarted, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, gate := newActivities(&fakeAPI{})
			var clock time.Duration
			a.pace.now = func() time.Time { return time.Now().Add(clock) }
			c.first(gate, &clock)
			runner := &fakeSSH{before: func() { c.during(gate, &clock) }}
			a.ssh = runner
			in := commandInput("web01.example.com:22", "true")
			in.Fence = c.fence
			got, err := execute[contract.RunSSHResult](t, a, a.RunSSH, in)
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Result, got.Detail)
			assert.Equal(t, c.lost, got.LockLost)
			assert.NotEmpty(t, got.Detail)
			assert.Zero(t, runner.sent, "nothing was sent")
		})
	}
}

func TestASlowLoginIsStillInTime(t *testing.T) {
	a, gate := newActivities(&fakeAPI{})
	code := 0
	runner := &fakeSSH{result: sshrun.Result{Sent: true, ExitCode: &code}}
	var late time.Duration
	a.pace.now = func() time.Time { return time.Now().Add(late) }
	runner.before = func() { late = contract.WriteSendWithin + 30*time.Second }
	a.ssh = runner
	got, err := execute[contract.RunSSHResult](t, a, a.RunSSH, commandInput("web01.example.com:22", "true"))
	require.NoError(t, err)
	assert.Equal(t, contract.ChangeSucceeded, got.Result, got.Detail)
	assert.Equal(t, 1, runner.sent)
	assert.Len(t, gate.asked, 4, "the lock and the attempt, before and after the login")
}

func TestOnlyWhatTheServerItselfReportedIsAYesOrANo(t *testing.T) {
	code, lost := 0, errors.New("lost")
	for name, c := range map[string]struct {
		result sshrun.Result
		err    error
		want   contract.ChangeResult
	}{
		"an error after sending":       {sshrun.Result{Sent: true}, lost, contract.ChangeUnknown},
		"an error with a code":         {sshrun.Result{Sent: true, ExitCode: &code}, lost, contract.ChangeUnknown},
		"an error before sending":      {sshrun.Result{}, lost, contract.ChangeNotStarted},
		"no error and no end":          {sshrun.Result{Sent: true}, nil, contract.ChangeUnknown},
		"no error and nothing at all":  {sshrun.Result{}, nil, contract.ChangeUnknown},
		"a refusal to run the command": {sshrun.Result{Sent: true}, &sshrun.Error{Reason: sshrun.ReasonRefused}, contract.ChangeFailed},
		"a refusal to open a session":  {sshrun.Result{}, &sshrun.Error{Reason: sshrun.ReasonRefused}, contract.ChangeNotStarted},
	} {
		a, _ := newActivities(&fakeAPI{})
		a.ssh = &fakeSSH{result: c.result, err: c.err}
		got, err := execute[contract.RunSSHResult](t, a, a.RunSSH, commandInput("web01.example.com:22", "true"))
		require.NoError(t, err)
		assert.Equal(t, c.want, got.Result, name)
	}
}
