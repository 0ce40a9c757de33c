package sshrun

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCleanOutputSaysTheSameWithoutTheDanger(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"plain\n\ttext":            "plain\n\ttext",
		"a\r\nb\rc\r":              "a\nb\nc\n",
		"\x1b[31mred\x1b[0m":       "?[31mred?[0m",
		"\x00\x07\x08\x7f":         "????",
		"ünï cödé 日本 👍\u00a0":      "ünï cödé 日本 👍\u00a0",
		"\xff\xfe half \xe6\x97":   "?? half ??",
		"\u202egnp.exe\u2066":      "?gnp.exe?",
		"\u009b2J \u2028":          "?2J ?",
		"\ufffd stays what it was": "\ufffd stays what it was",
	} {
		assert.Equal(t, want, clean([]byte(in)), "%q", in)
	}
}

func TestATailKeepsTheEndAndSaysThatItIsOne(t *testing.T) {
	var short tail
	write(t, &short, strings.Repeat("x", OutputLimit))
	text, cut := short.text()
	assert.Len(t, text, OutputLimit)
	assert.False(t, cut, "nothing is missing")

	var long tail
	write(t, &long, "first")
	for range 50 {
		write(t, &long, strings.Repeat("y", 9999))
	}
	write(t, &long, "last")
	text, cut = long.text()
	assert.True(t, cut)
	assert.Len(t, text, OutputLimit)
	assert.True(t, strings.HasSuffix(text, "yylast"))
	assert.LessOrEqual(t, cap(long.kept), 4*OutputLimit, "an output without end must not fill the memory")
}

func TestATailIsCutBetweenCharacters(t *testing.T) {
	for _, extra := range []string{"", "a", "ab", "abc"} {
		var out tail
		write(t, &out, strings.Repeat("日", OutputLimit)+extra)
		text, cut := out.text()
		assert.True(t, cut)
		assert.NotContains(t, text, "?")
		assert.Greater(t, len(text), OutputLimit-utf8.UTFMax)
	}
}

func write(t *testing.T, out *tail, text string) {
	t.Helper()
	n, err := out.Write([]byte(text))
	require.NoError(t, err)
	require.Equal(t, len(text), n)
}

func FuzzCleanOutput(f *testing.F) {
	for _, seed := range []string{"", "a\r\nb", "\x1b[2J", "\xff\xfe\xfd", "\u202e\u009b", "日本\r", "\r\r\n\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := clean(b)
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, len(got), len(b))
		for _, r := range got {
			require.True(t, r == '\n' || r == '\t' || unicode.IsGraphic(r), "%q", r)
		}
		require.Equal(t, got, clean([]byte(got)), "what is clean stays as it is")
		for _, r := range "azAZ09 ~" {
			require.Equal(t, strings.Count(string(b), string(r)), strings.Count(got, string(r)), "text is kept")
		}
	})
}
