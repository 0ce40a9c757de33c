package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Progress shows what changes over time: redrawn in place on a terminal, one line for each change elsewhere.
type Progress struct {
	out io.Writer
	// width is the terminal's at the start; 0 when the output is no terminal.
	width int
	// drawn are the lines of the frame that stands there.
	drawn []string
	last  map[string]string
	// mark is that of the last pulse.
	mark string
}

// NewProgress writes to out. A width of 0 means that out is no terminal.
func NewProgress(out io.Writer, width int) *Progress {
	return &Progress{out: out, width: width, last: map[string]string{}}
}

// Live says whether frames are redrawn in place.
func (p *Progress) Live() bool { return p.width > 0 }

// Draw replaces the frame that was drawn before, line over line, so that nothing is empty in between. Lines are cut: one
// that wraps would break the next redraw.
func (p *Progress) Draw(lines []string) {
	if !p.Live() {
		return
	}
	size := TerminalSize(p.out, p.width)
	lines = slices.Clone(lines[:min(len(lines), max(size.Rows-1, 1))])
	var b strings.Builder
	b.WriteString(p.back(size))
	for i, line := range lines {
		line = Cut(line, size.Columns)
		b.WriteString(line)
		if columns(line) < size.Columns { // behind a full line it would take the last letter away
			b.WriteString(restOfLine)
		}
		b.WriteString("\n")
		lines[i] = line
	}
	b.WriteString("\x1b[J") // what the frame before had more
	p.drawn = lines
	p.write(b.String())
}

// back goes to the beginning of the frame that stands there. In a window that was made narrower since, its lines take
// more than a row each: terminals break them anew.
func (p *Progress) back(size Size) string {
	rows := 0
	for _, line := range p.drawn {
		rows += max(1, (columns(line)+size.Columns-1)/max(size.Columns, 1))
	}
	if rows == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\r", rows)
}

// Tell writes a line when it differs from the last one of the same key.
func (p *Progress) Tell(key, line string) { p.TellAt(key, "", line) }

// TellAt is Tell with a start of the line, such as the time, that does not count as a difference.
func (p *Progress) TellAt(key, start, line string) {
	if p.last[key] == line {
		return
	}
	p.last[key] = line
	p.Print(start + line)
}

// Pulse writes a line when the mark, such as the minute, is another one than at the pulse before. The first only sets it.
func (p *Progress) Pulse(mark, line string) {
	if p.mark != "" && p.mark != mark {
		p.Print(line)
	}
	p.mark = mark
}

// Print writes a line that stays, above the frame.
func (p *Progress) Print(line string) {
	text := p.erase() + line + "\n"
	p.drawn = nil
	p.write(text)
}

// Clear removes the frame.
func (p *Progress) Clear() {
	if len(p.drawn) > 0 {
		text := p.erase()
		p.drawn = nil
		p.write(text)
	}
}

// erase goes back to the frame's first line and clears to the end of the screen. The first line is cleared by itself: a
// terminal that is told to clear from its very corner on takes it for a clear of the whole screen, and keeps what stood
// there in its scrollback.
func (p *Progress) erase() string {
	if len(p.drawn) == 0 {
		return ""
	}
	return p.back(TerminalSize(p.out, p.width)) + restOfLine + "\n\x1b[J\x1b[A\r"
}

// write ignores errors: progress that nobody can see must not stop a run's caller.
func (p *Progress) write(s string) { _, _ = io.WriteString(p.out, s) }
