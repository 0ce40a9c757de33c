package workflows

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzWords: what names of servers, snapshots and runs become in a sentence, in Markdown, in a command and in a title.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{
		"deploy-2.14.0", "", "it's", "$(id)", "`", "a`b``c", "\x1b[2J", "\u202egnp.exe", "\xff\xfe", "日本語", "-rf", "a\nb", strings.Repeat("é", 100), "[x](javascript:alert(1))", "'\\''",
	} {
		f.Add(seed, 20)
		f.Add(seed, 200)
	}
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = 3 + max(most, -most)%1000
		if most < 3 {
			return // the least of all numbers is its own negative
		}
		if got := cutText(text, most); len(got) > most || !printable(got) {
			t.Fatalf("cutText: %q", got)
		}
		if got := cut(text, most); len(got) > max(most, 3) || (utf8.ValidString(text) && !utf8.ValidString(got)) || (len(text) <= most && got != text) {
			t.Fatalf("cut: %q", got)
		}
		if got := shownWord(text); !printable(got) {
			t.Fatalf("shownWord: %q", got)
		}
		if got := codeSpan(text); !printable(got) || strings.Count(got, "`") != 2 || got[0] != '`' || got[len(got)-1] != '`' {
			t.Fatalf("codeSpan: %q", got)
		}
		if got := unquote(t, shellWord(text)); got != text {
			t.Fatalf("a shell reads %q as %q", shellWord(text), got)
		}
	})
}

// unquote reads one word as a shell does that knows only single quotes and the backslash, and fails on whatever would
// end the word or mean something else.
func unquote(t *testing.T, word string) string {
	t.Helper()
	var b strings.Builder
	for i, quoted := 0, false; i < len(word); i++ {
		switch c := word[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
			b.WriteByte(c)
		case c == '\\' && i+1 < len(word):
			i++
			b.WriteByte(word[i])
		case isASCIIAlnum(c) || strings.IndexByte("_./:@%+=,-", c) >= 0:
			b.WriteByte(c)
		default:
			t.Fatalf("a shell would act on %q in %q", c, word)
		}
	}
	return b.String()
}
