package probe

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzBounded: what a server answers to a check is shown as one printable line of bounded length, and is not changed
// where it is one already.
func FuzzBounded(f *testing.F) {
	for _, seed := range []string{
		"", "502 Bad Gateway", "\x1b[2J\x1b]0;owned\x07", "\xff\xfe\xc0\xaf", "\u202egnp", strings.Repeat("語", 200), "a\r\nb\tc", "\ufffd", strings.Repeat("x", detailLimit+1),
	} {
		f.Add(seed, uint16(detailLimit))
		f.Add(seed, uint16(5))
	}
	f.Fuzz(func(t *testing.T, text string, limit uint16) {
		most := 4 + int(limit)%detailLimit
		got := bounded(text, most)
		if len(got) > most || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q became %q, of %d", text, got, most)
		}
		calm := utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) })
		if calm && len(text) <= most && got != text {
			t.Fatalf("%q became %q", text, got)
		}
		if again := bounded(got, most); again != got {
			t.Fatalf("%q became %q", got, again)
		}
	})
}
