package render

import (
	"fmt"
	"io"
	"strings"
)

// Progress shows what changes over time: redrawn in place on a terminal, one line for each change elsewhere.
type Progress struct {
	out io.Writer
	// width is the terminal's; 0 when the output is no terminal.
	width int
	drawn int
	last  map[string]string
}

// NewProgress writes to out. A width of 0 means that out is no terminal.
func NewProgress(out io.Writer, width int) *Progress {
	return &Progress{out: out, width: width, last: map[string]string{}}
}

// Live says whether frames are redrawn in place.
func (p *Progress) Live() bool { return p.width > 0 }

// Draw replaces the frame that was drawn before. Lines are cut: one that wraps would break the next redraw.
func (p *Progress) Draw(lines []string) {
	if !p.Live() {
		return
	}
	var b strings.Builder
	b.WriteString(p.erase())
	for _, line := range lines {
		b.WriteString(Cut(line, p.width) + "\n")
	}
	p.drawn = len(lines)
	p.write(b.String())
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

// Print writes a line that stays, above the frame.
func (p *Progress) Print(line string) {
	text := p.erase() + line + "\n"
	p.drawn = 0
	p.write(text)
}

// Clear removes the frame.
func (p *Progress) Clear() {
	if p.drawn > 0 {
		text := p.erase()
		p.drawn = 0
		p.write(text)
	}
}

// erase goes back to the frame's first line and clears to the end of the screen.
func (p *Progress) erase() string {
	if p.drawn == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", p.drawn)
}

// write ignores errors: progress that nobody can see must not stop a run's caller.
func (p *Progress) write(s string) { _, _ = io.WriteString(p.out, s) }
