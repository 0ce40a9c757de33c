package devstack

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errNotYet = errors.New("not yet")

func TestAProcessThatEndsBeforeItIsReadyIsAnErrorWithItsLastLines(t *testing.T) {
	p := startAct(t, "fail")
	err := p.ready(t.Context(), time.Minute, func(context.Context) error { return errNotYet })
	var ended *endedError
	require.ErrorAs(t, err, &ended)
	assert.ErrorContains(t, err, "exit status 7")
	assert.ErrorContains(t, err, "cannot bind: the port is taken")
	assert.ErrorContains(t, err, p.logPath)
}

func TestAProcessThatIsNeverReadyIsGivenUpAfterTheBound(t *testing.T) {
	p := startAct(t, "sleep")
	err := p.ready(t.Context(), 100*time.Millisecond, func(context.Context) error { return errNotYet })
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, errNotYet)
}

func TestStoppingEndsAProcessThatListens(t *testing.T) {
	p := startAct(t, "sleep")
	p.stop()
	assert.False(t, p.running())
	assert.ErrorContains(t, p.err, "terminated", "it was asked to end, and not killed")
}

func TestStoppingKillsAProcessThatDoesNotListen(t *testing.T) {
	p := startAct(t, "deaf")
	require.NoError(t, p.ready(t.Context(), 30*time.Second, func(context.Context) error {
		if p.tail() != "deaf" {
			return errNotYet
		}
		return nil
	}))
	p.stop()
	assert.False(t, p.running())
	assert.ErrorContains(t, p.err, "killed")
}

func TestAMissingProgramIsAnErrorNotAProcess(t *testing.T) {
	_, err := start("x", t.TempDir(), t.TempDir()+"/nothing", nil, os.Environ())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestATakenPortIsTriedAgainAndAnyOtherErrorIsNot(t *testing.T) {
	s := &Stack{}
	seen := map[string]bool{}
	err := s.onFreePorts(2, func(ports []string) error {
		assert.NotEqual(t, ports[0], ports[1])
		seen[ports[0]+","+ports[1]] = true
		return &endedError{name: "x"}
	})
	require.Error(t, err)
	assert.Len(t, seen, portTries)

	calls := 0
	require.ErrorIs(t, s.onFreePorts(1, func([]string) error { calls++; return errNotYet }), errNotYet)
	assert.Equal(t, 1, calls)
}
