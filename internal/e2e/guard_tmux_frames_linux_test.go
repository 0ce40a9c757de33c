package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestAGuardThatIsInterruptedLeavesNothingOfItsFrameBehind(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	var g guardTerminal
	j.inWaitAfter(vpsfake.OpCreateSnapshot, func() { g = j.guardIn(nil, deploy+j.change(true)) })
	g.draws("SNAPSHOT  ", " of 3m to 10m")
	_, err := g.tmux("send-keys", "C-c")
	require.NoError(t, err)
	j.eventually(patience, "the cancel", func() bool { return strings.Contains(g.look(), "is canceled before the change") })
	j.open()
	g.ends(1)
	text := g.look()
	require.Contains(t, text, "CANCELED  "+j.id())
	require.NotContains(t, text, "waiting for")
	require.NotRegexp(t, g.head, text)
	g.unwrapped()
	g.asBefore()
	require.Zero(t, j.ran())
	require.Equal(t, workflows.OutcomeCanceled, j.end(j.id(), patience).Outcome)
}

// A terminal that is told to clear from its very corner on keeps what stood there in its scrollback.
func TestAFrameThatBeginsInTheFirstRowIsNotLeftInTheScrollback(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.inWaitAfter(vpsfake.OpCreateSnapshot, func() { j.start(j.id(), j.input(true, nil)) })
	g := guardTerminal{j.newTerminal(nil, "status "+j.id()+" --wait"), j, j.frameHead()}
	above, _ := g.draws("SNAPSHOT  ", " of 3m to 10m")
	require.Empty(t, above)
	j.open()
	g.ends(0)
	text := g.look()
	require.True(t, strings.HasPrefix(text, "COMMITTED  "+j.id()), "%s", text)
	require.NotRegexp(t, g.head, text)
	require.NotContains(t, text, "waiting for")
	g.unwrapped()
	g.asBefore()
	j.committed(j.end(j.id(), patience))
}
