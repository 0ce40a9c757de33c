package render

import (
	"fmt"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/workflows"
)

// The widths of a long bar: what is left of a line beside its words, within these.
const (
	leastBar = 8
	mostBar  = 40
	// barWords is how many columns the words behind a bar take, as long as the wait is not late.
	barWords = 20
)

// longBar is the progress through the time that the API says a wait takes, in so many columns: a mark where that time
// begins, full where it ends, and words when it is over. Empty when the API says nothing about the wait.
func (v View) longBar(room int, p Palette) string {
	if v.Status == nil || v.Status.Window == nil {
		return ""
	}
	least, most := v.shorter(v.Status.Window.Min), v.shorter(v.Status.Window.Max)
	if most <= 0 {
		return ""
	}
	elapsed := max(v.Now.Sub(v.Status.Window.From), 0)
	words := fmt.Sprintf("%s of %s to %s", Elapsed(elapsed), whole(least), whole(most))
	paint := p.Accent
	if elapsed > most {
		words = fmt.Sprintf("%s, %s over the %s to %s of the API", Elapsed(elapsed), Elapsed(elapsed-most), whole(least), whole(most))
		paint = p.Warn
	}
	wide := max(leastBar, min(mostBar, room-max(barWords, columns(words))-2))
	at := func(d time.Duration) int { return min(wide, int(float64(wide)*float64(d)/float64(most))) }
	full, mark := at(elapsed), min(at(least), wide-1)
	part := func(from, to int) string { // the columns of the bar from one to before another
		done := max(0, min(full, to)-from)
		return paint(strings.Repeat("█", done)) + p.Dim(strings.Repeat("░", to-from-done))
	}
	bar := part(0, wide)
	if least > 0 {
		bar = part(0, mark) + p.Dim("┊") + part(mark+1, wide)
	}
	if elapsed > most {
		words = p.Warn(words)
	}
	return bar + "  " + words
}

// shorter is a length of the real API as the stand-in has it.
func (v View) shorter(d workflows.Duration) time.Duration {
	return time.Duration(float64(d) / max(v.Scale, 1))
}
