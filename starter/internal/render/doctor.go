package render

import (
	"fmt"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Columns of a checkup: the state, then the name of the finding.
const (
	stateWidth = 9
	nameWidth  = 18
)

// Findings writes what was looked at, one line each, and below what is not ok how to mend it. A terminal may be
// narrower than Width.
func Findings(list []contract.Finding, p Palette, width int) string {
	d := &document{p: p, width: width}
	counts := map[contract.FindingState]int{}
	for _, f := range list {
		counts[f.State]++
		d.finding(f)
	}
	d.line("")
	d.line(verdictLine(counts, p))
	return d.String()
}

func (d *document) finding(f contract.Finding) {
	word, paint := "ok", d.p.Good
	switch f.State {
	case contract.FindingOK:
	case contract.FindingWarn:
		word, paint = "look", d.p.Warn
	case contract.FindingBad:
		word, paint = "mend", d.p.Bad
	default: // not checked, and whatever a later worker may say
		word, paint = "-", d.p.Dim
	}
	indent := strings.Repeat(" ", stateWidth+nameWidth)
	first := paint(word) + strings.Repeat(" ", stateWidth-len(word)) + pad(fit(Clean(f.Name), nameWidth-1), nameWidth)
	if f.State == contract.FindingUnchecked {
		d.wrapped(first, indent, f.Detail+": "+f.Mend, d.p.Dim)
		return
	}
	d.wrapped(first, indent, f.Detail, plain)
	below := strings.Repeat(" ", stateWidth)
	if f.Mend != "" {
		d.wrapped(below+"-> ", below+"   ", f.Mend, d.p.Bold)
	}
	for _, command := range f.Commands { // whole, to be copied
		d.whole(below+"   ", below+"   ", command, plain)
	}
}

func verdictLine(counts map[contract.FindingState]int, p Palette) string {
	bad, look, unchecked := counts[contract.FindingBad], counts[contract.FindingWarn], counts[contract.FindingUnchecked]
	switch {
	case bad+unchecked > 0:
		text := plural(bad, "thing") + " to mend"
		if unchecked > 0 {
			text += fmt.Sprintf(", %d not checked before that", unchecked)
		}
		return p.Bad(text + ".")
	case look > 0:
		return p.Warn("Works. " + plural(look, "thing") + " to look at.")
	default: // all ok
		return p.Good("All ok.")
	}
}
