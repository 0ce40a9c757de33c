package render

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// columns is how many columns a terminal takes for a line. Colour codes take none, marks that stand above or below a
// letter take none, and the wide letters of East Asia and most pictures take two. What differs between terminals is
// counted as the greater: a frame may look short, but must not wrap.
func columns(line string) int {
	sum, inCode := 0, false
	for _, r := range line {
		switch {
		case r == '\x1b':
			inCode = true
		case inCode:
			inCode = r != 'm'
		default:
			sum += runeColumns(r)
		}
	}
	return sum
}

func runeColumns(r rune) int {
	if r < 0x300 { // most text
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default: // narrow, neutral, and ambiguous ones, which only terminals set up for East Asia show wide
		return 1
	}
}

// Cut shortens a line to so many columns. Colour codes are kept, so that a colour always ends.
func Cut(line string, most int) string {
	if columns(line) <= most {
		return line
	}
	var b strings.Builder
	seen, inCode, full := 0, false, false
	for _, r := range line {
		switch {
		case r == '\x1b':
			inCode = true
			b.WriteRune(r)
		case inCode:
			inCode = r != 'm'
			b.WriteRune(r)
		case full: // past the edge
		case seen+runeColumns(r) > most-1:
			full = true
			if most > 0 {
				b.WriteRune('…')
			}
		default: // there is room for it and for the mark
			seen += runeColumns(r)
			b.WriteRune(r)
		}
	}
	return b.String()
}

// pad fills text up to so many columns.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-columns(s)))
}
