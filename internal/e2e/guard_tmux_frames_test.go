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

// A terminal breaks what stands there anew before it tells its size, so that the head of a frame of before may stay. What is
// drawn from then on fits.
func TestAGuardsFramesFitAWindowThatIsMadeSmallerAndLargerAgain(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	var g guardTerminal
	j.inWaitAfter(vpsfake.OpCreateSnapshot, func() { g = j.guardIn(nil, deploy+j.change(true)) })
	texts := []string{"SNAPSHOT  ", "\n  waiting for snapshot ", " of 3m to 10m"}
	g.draws(texts...)
	for _, size := range [][2]int{{50, 12}, {80, 24}} {
		g.resize(size[0], size[1])
		before := g.newest()
		for range 3 {
			j.eventually(patience, "another frame in the window's new size", func() bool {
				frame := g.newest()
				if frame == before || g.torn(frame) != "" || !containsAll(frame, texts...) {
					return false
				}
				before = frame
				return true
			})
		}
	}
	j.open()
	g.ends(0)
	require.Contains(t, g.look(), "COMMITTED  "+j.id())
	j.committed(j.end(j.id(), patience))
}

// newest is the frame that was drawn last, as far as it stands there; empty without one.
func (g guardTerminal) newest() string {
	text := g.look()
	heads := g.head.FindAllStringIndex(text, -1)
	if len(heads) == 0 {
		return ""
	}
	return text[heads[len(heads)-1][0]:]
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
