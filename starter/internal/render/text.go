package render

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Width is how wide text is laid out, in columns.
const Width = 100

// Clean makes text from outside safe to print on one line: no control characters, no marks that reorder text, and none
// that make a letter wider on some terminals only.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector):
			return -1
		default:
			return r
		}
	}, s)
}

// CleanLines makes text of more than one line safe to print; its line breaks stay.
func CleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// Elapsed writes a duration for people: 0.4s, 12.3s, 3m05s, 1h02m. A negative one (two clocks that differ) is zero.
func Elapsed(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
}

// offset writes how far into a run something happened: 0:05, 12:40, 1:02:03.
func offset(d time.Duration) string {
	d = max(d, 0)
	if d >= time.Hour {
		return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// wrap cleans text and breaks it into lines of at most width columns, at spaces only: a longer word stays whole. Line
// breaks stay, and a point of a list goes on below its own first word.
func wrap(text string, width int) []string { return breakLines(text, width, false) }

// wrapWithin is wrap that breaks longer words too: no line is wider, whatever the text.
func wrapWithin(text string, width int) []string { return breakLines(text, width, true) }

func breakLines(text string, width int, within bool) []string {
	var lines []string
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line, below := "", ""
		for i, word := range strings.Fields(Clean(part)) {
			switch {
			case i > 0 && columns(line)+1+columns(word) <= width:
				line += " " + word
				continue
			case i > 0:
				lines = append(lines, line)
			case word == "-":
				below = hanging
			}
			pieces := []string{word}
			if within {
				pieces = fold(word, width-columns(below))
			}
			for n, piece := range pieces {
				if line = piece; i+n > 0 {
					line = below + piece
				}
				if n < len(pieces)-1 {
					lines = append(lines, line)
				}
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
