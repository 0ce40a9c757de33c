package render

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// writes keeps each write by itself.
type writes []string

func (w *writes) Write(p []byte) (int, error) {
	*w = append(*w, string(p))
	return len(p), nil
}

func TestAFrameIsOneWriteOverTheLastWithoutClearingTheScreen(t *testing.T) {
	var out writes
	live, size := NewLive(&out), Size{10, 4}
	live.Draw([]string{"one", "two"}, size)
	live.Draw([]string{"one", "two"}, size)
	live.Draw([]string{"exactly 10", "x"}, size)
	live.Draw([]string{"exactly 10", "x"}, Size{20, 4})
	live.Close()
	live.Close()
	assert.Equal(t, writes{
		"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2026h\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J\x1b[?2026l",
		"\x1b[?2026h\x1b[Hexactly 10\r\nx\x1b[K\x1b[J\x1b[?2026l",
		"\x1b[?2026h\x1b[Hexactly 10\x1b[K\r\nx\x1b[K\x1b[J\x1b[?2026l",
		"\x1b[?7h\x1b[?25h\x1b[?1049l",
	}, out, "one that is there already is not drawn again, but for a window that has changed")
	for _, frame := range out {
		assert.NotContains(t, frame, "\x1b[2J")
	}
}

func TestATerminalThatWasNeverDrawnOnIsLeftAlone(t *testing.T) {
	var out writes
	NewLive(&out).Close()
	assert.Empty(t, out)
}

func TestAPulseIsOneLineAMinute(t *testing.T) {
	var out strings.Builder
	p := NewProgress(&out, 0)
	for _, minute := range []string{"12:00", "12:00", "12:01", "12:01", "12:02"} {
		p.Pulse(minute, minute+" still")
	}
	assert.Equal(t, "12:01 still\n12:02 still\n", out.String())
}

func TestColumnsAreThoseOfATerminal(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "äöü": 3, "漢字": 4, "ｆ": 2, "🚀": 2, "e\u0301": 1, NewPalette(true).Bad("ab"): 2} {
		assert.Equal(t, want, columns(text), "%q", text)
	}
	assert.Equal(t, "漢…", Cut("漢字カナ", 4), "half a letter is none")
	assert.Equal(t, "漢字", Cut("漢字", 4))
	assert.Equal(t, "abcd", Cut("abcd", 4), "what fits is whole")
	assert.Empty(t, Cut("abc", 0))
}
