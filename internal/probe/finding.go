package probe

import (
	"context"
	"strings"
	"unicode"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// detailLimit bounds a result's detail, in bytes: results travel through Temporal histories, one for every look.
const detailLimit = 400

// blame is what one look found, before it is known whether the worker's own network works.
type blame int

const (
	// unsure: the look says nothing about the server.
	unsure blame = iota
	// healthy: the server answered as expected.
	healthy
	// broken: the server answered, and wrongly.
	broken
	// silent: no answer came. The server's fault only if the rest of the network is there.
	silent
)

// finding is what a look found, in a word and in a sentence.
type finding struct {
	blame blame
	words string
}

// interrupted is a look that its caller ended: a cancelled runbook, a worker that shuts down.
var interrupted = finding{unsure, "the look was interrupted before it ended"}

// judge turns a finding into a verdict. The API is asked only about silence, because only there the answer matters.
func (f finding) judge(ctx context.Context, apiReachable func() bool) (contract.Verdict, string) {
	switch f.blame {
	case healthy:
		return contract.VerdictPassed, f.words
	case broken:
		return contract.VerdictFailed, f.words
	case silent:
		if ctx.Err() != nil {
			return contract.VerdictInconclusive, interrupted.words
		}
		if apiReachable() && ctx.Err() == nil {
			return contract.VerdictFailed, f.words + "; this worker reaches the VPS.org API, so its own network works"
		}
		return contract.VerdictInconclusive,
			f.words + "; this worker does not reach the VPS.org API either, so the fault may be on its own side"
	default: // unsure: a broken checker is not a broken server (law 6)
		return contract.VerdictInconclusive, f.words
	}
}

// bounded makes s safe to show: one line, printable, at most limit bytes and cut between characters.
func bounded(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) <= limit {
		return s
	}
	const dots = "..."
	cut := 0
	for i := range s {
		if i > limit-len(dots) {
			break
		}
		cut = i
	}
	return s[:cut] + dots
}
