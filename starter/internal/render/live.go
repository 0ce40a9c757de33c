package render

import (
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

// usualRows is how many rows a terminal has that does not say.
const usualRows = 24

// TerminalSize is the present size of the terminal behind out: windows are made larger and smaller while somebody
// watches. Where the terminal does not say, it has so many columns.
func TerminalSize(out io.Writer, columns int) Size {
	if f, ok := out.(*os.File); ok {
		if wide, rows, err := term.GetSize(int(f.Fd())); err == nil && wide > 0 && rows > 0 {
			return Size{Columns: wide, Rows: rows}
		}
	}
	return Size{Columns: columns, Rows: usualRows}
}

// What a terminal is told. The second screen (1049) leaves what was there before alone and does not fold its lines when
// the window changes; lines that are too long end at the edge (7); a terminal that knows 2026 shows a frame at once.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l"
	leaveScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	beginFrame  = "\x1b[?2026h\x1b[H"
	endFrame    = "\x1b[J\x1b[?2026l"
	restOfLine  = "\x1b[K"
)

// Live draws frames over each other on a whole terminal. A frame is one write and begins at the top left corner: nothing
// is cleared before it is drawn again, and a window that changed its size is right again with the next frame.
type Live struct {
	out  io.Writer
	open bool
	last []string
	size Size
}

// NewLive draws on out, which must be a terminal.
func NewLive(out io.Writer) *Live { return &Live{out: out} }

// Draw shows a frame that fits the size. One that is there already is not drawn again.
func (l *Live) Draw(lines []string, size Size) {
	if l.open && l.size == size && slices.Equal(l.last, lines) {
		return
	}
	var b strings.Builder
	if !l.open {
		b.WriteString(enterScreen)
	}
	b.WriteString(beginFrame)
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(line)
		if columns(line) < size.Columns { // behind a full line it would take the last letter away
			b.WriteString(restOfLine)
		}
	}
	b.WriteString(endFrame)
	l.open, l.last, l.size = true, lines, size
	l.write(b.String())
}

// Close gives the terminal back as it was. It may be called more than once.
func (l *Live) Close() {
	if l.open {
		l.open = false
		l.write(leaveScreen)
	}
}

// write ignores errors: a terminal that is gone must not stop whoever waits for the run.
func (l *Live) write(s string) { _, _ = io.WriteString(l.out, s) }
