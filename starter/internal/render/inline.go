package render

import (
	"fmt"
	"strings"
)

// frameIndent stands before the further lines of a frame, and before those of a text twice.
const frameIndent = "  "

// Frame is a view in a few lines for a display that is drawn again and again below what stands on the terminal already.
// No line is wider than the terminal, and there are fewer of them than it has.
func Frame(v View, p Palette, size Size) []string {
	lines := []string{frameHead(v, p)}
	room := max(size.Columns-2*len(frameIndent), minRoom)
	add := func(text string, most int, paint func(string) string) {
		indent := frameIndent
		for _, line := range fewLines(text, room, most) {
			lines = append(lines, indent+paint(line))
			indent = frameIndent + frameIndent
		}
	}
	if s := v.Status; s != nil {
		add("waiting for "+s.WaitingFor, 3, plain)
		if s.Fleet != nil {
			add(fleetCounts(*s.Fleet, "to go"), 2, plain)
		}
		if bar := v.longBar(room, p); bar != "" {
			lines = append(lines, frameIndent+bar)
		}
		for _, command := range held(*s) {
			for _, line := range shellLines(Clean(command), size.Columns-len(frameIndent)) {
				lines = append(lines, frameIndent+p.Bold(line))
			}
		}
	}
	if note := v.Unrest(); note != "" {
		add(note, 3, p.Warn)
	}
	lines = lines[:min(len(lines), max(size.Rows-1, 1))]
	for i, line := range lines {
		lines[i] = strings.TrimRight(Cut(line, size.Columns), " ")
	}
	return lines
}

// frameHead names the run. Its id comes last, because it may be as long as it likes.
func frameHead(v View, p Palette) string {
	id, st := p.Bold(Clean(v.ID)), v.Status
	if st == nil {
		return p.Warn("NO STATUS") + "  " + id
	}
	of := fmt.Sprintf("server %d", st.ServerID)
	if st.ServerID == 0 { // a run of many
		of = Cut(Clean(st.Runbook), 30)
	}
	return fmt.Sprintf("%s  %s  %s  %s", p.Accent(strings.ToUpper(Cut(Clean(string(st.Phase)), 30))), Elapsed(v.Now.Sub(st.Since)), of, id)
}

// fewLines wraps a text into at most so many lines; what has no room ends in a mark.
func fewLines(text string, room, most int) []string {
	lines := wrapWithin(text, room)
	if len(lines) > most {
		lines = append(lines[:most-1:most-1], Cut(lines[most-1]+" "+lines[most]+" …", room))
	}
	return lines
}
