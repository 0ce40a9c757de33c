package sshrun

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// OutputLimit is how much of a command's output is kept, in bytes: the end of it, where errors stand.
const OutputLimit = 64 << 10

// replaced stands for what must not reach a terminal. It has one byte, so that cleaning makes nothing longer.
const replaced = '?'

// tail keeps the end of what is written to it, by several goroutines.
type tail struct {
	mu   sync.Mutex
	kept []byte
	cut  bool
}

// Write never fails: the command must not notice that nobody keeps its output.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if len(t.kept) > 2*OutputLimit { // moving it at each write would cost more than this memory
		t.trim()
	}
	return len(b), nil
}

func (t *tail) trim() {
	if over := len(t.kept) - OutputLimit; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
		t.cut = true
	}
}

// text is the clean end of the output, and whether something was cut away before it.
func (t *tail) text() (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trim()
	kept := t.kept
	if t.cut { // not in the middle of a character
		for i := 0; i < utf8.UTFMax-1 && len(kept) > 0 && !utf8.RuneStart(kept[0]); i++ {
			kept = kept[1:]
		}
	}
	return clean(kept), t.cut
}

// clean makes output safe to show and to store: valid UTF-8 whose only control characters are newline and tab. Escape
// sequences could otherwise rewrite the terminal of whoever reads a report, and signs that turn the direction of
// writing could make a line say what it does not. A carriage return is a new line, as progress bars mean it.
func clean(b []byte) string {
	var s strings.Builder
	s.Grow(len(b))
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == '\r':
			if len(b) == 1 || b[1] != '\n' {
				s.WriteByte('\n')
			}
		case r == utf8.RuneError && size == 1:
			s.WriteByte(replaced)
		case r == '\n', r == '\t', unicode.IsGraphic(r):
			s.WriteRune(r)
		default:
			s.WriteByte(replaced)
		}
		b = b[size:]
	}
	return s.String()
}
