package render

import "strings"

// document collects lines.
type document struct {
	strings.Builder
	p Palette
	// width is the terminal's; 0 is no terminal. There the text is Width wide, and what must be copied stays on one line.
	width int
}

// minWidth keeps a layout readable on a terminal that is narrower still: there its lines wrap.
const minWidth = 40

// columns is how wide the text is laid out: never wider than Width, however wide the terminal.
func (d *document) columns() int {
	if d.width <= 0 {
		return Width
	}
	return max(minWidth, min(d.width, Width))
}

func (d *document) line(s string) { d.WriteString(strings.TrimRight(s, " ") + "\n") }

// leastRoom is how many columns a text gets beside what stands before it; where there are fewer, it goes below.
const leastRoom = 24

// wrapped writes text behind first, and its further lines behind rest. On a terminal no line is too long for it.
func (d *document) wrapped(first, rest, text string, paint func(string) string) {
	room := d.columns() - columns(rest)
	if d.width > 0 && room < leastRoom && columns(Clean(text)) > room {
		if strings.TrimSpace(first) != "" {
			d.line(first)
		}
		first, rest = "    ", "    "
		room = d.columns() - len(rest)
	}
	breaks := wrap
	if d.width > 0 {
		breaks = wrapWithin
	}
	for _, line := range breaks(text, room) {
		d.line(first + paint(line))
		first = rest
	}
}

// whole writes text that may hold commands: a line break inside would spoil one for pasting. On a terminal the prose is
// wrapped, and a command that is too long goes on where a shell reads on too.
func (d *document) whole(first, rest, text string, paint func(string) string) {
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		lines := []string{Clean(part)}
		if room := d.columns() - columns(rest); d.width > 0 && columns(lines[0]) > room {
			lines = flow(lines[0], room)
		}
		for _, line := range lines {
			d.line(first + paint(line))
			first = rest
		}
	}
}

// beside writes parts on one line, and on a terminal below each other what it has no room for. A part is never broken: it
// may be an id, which is copied.
func (d *document) beside(parts []string) {
	line := ""
	for _, part := range parts {
		switch {
		case line == "":
			line = part
		case d.width > 0 && columns(line)+2+columns(part) > d.columns():
			d.line(line)
			line = hanging + part
		default:
			line += "  " + part
		}
	}
	d.line(line)
}
