package workflows

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a page of results.
const (
	maxPageResults = 500
	// maxPageBytes is how long a page is as JSON. The state holds up to two pages that are not full yet.
	maxPageBytes = 128 << 10
)

// resultPages are results in the order in which they came. Full pages are stored away as the results of workflows of
// their own; the rest is Current.
type resultPages struct {
	Current []TargetResult `json:"current,omitempty"`
	Bytes   int            `json:"bytes,omitempty"`
	Stored  []storedPage   `json:"stored,omitempty"`
}

// storedPage is one FleetPage; its workflow id is made from its number. Try is above 0 when the id was taken, which
// happens after a reset: the page of the run before may hold other results.
type storedPage struct {
	Try   int    `json:"t,omitempty"`
	RunID string `json:"r,omitempty"`
}

func (p *resultPages) add(result TargetResult) {
	p.Current = append(p.Current, result)
	p.Bytes += encodedSize(result)
}

// full says that a page is ready to be stored.
func (p *resultPages) full() bool { return len(p.Current) >= maxPageResults || p.Bytes >= maxPageBytes }

// page is the longest beginning of Current that fits one page.
func (p *resultPages) page() []TargetResult {
	size := 0
	for i, result := range p.Current {
		size += encodedSize(result)
		if i == maxPageResults || (i > 0 && size > maxPageBytes) {
			return p.Current[:i]
		}
	}
	return p.Current
}

// stored takes the first n results out of Current.
func (p *resultPages) stored(page storedPage, n int) {
	for _, result := range p.Current[:n] {
		p.Bytes -= encodedSize(result)
	}
	p.Current = append([]TargetResult(nil), p.Current[n:]...)
	p.Stored = append(p.Stored, page)
}

// encodedSize is how many bytes a result takes in a page.
func encodedSize(result TargetResult) int {
	data, err := json.Marshal(result)
	if err != nil {
		return maxPageBytes // not reached: a result has nothing that JSON cannot hold
	}
	return len(data) + 1 // and the comma
}

// cutText is one line of printable text of at most so many bytes.
func cutText(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	const ellipsis = "…"
	if len(text) <= most {
		return text
	}
	text = text[:most-len(ellipsis)]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + ellipsis
}
