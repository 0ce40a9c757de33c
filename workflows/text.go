package workflows

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// plainWord is what a shell takes as it is, and a program as an argument and not as a flag.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,][A-Za-z0-9_./:@%+=,-]*$`)

// shellWord quotes a word that came from outside, so that a command shown to a person can be pasted as it stands. A
// quoted "-x" is still a flag to the program: an id that begins so must be typed after "--".
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// shownWord is an id or another word that came from outside, inside a sentence: quoted where it could be read as
// something else.
func shownWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return strictjson.Quote(word)
}

// printable says whether text is one line without control characters and without marks that turn its direction around.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// cut shortens text to at most so many bytes, between two characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// trimDot takes the end of a sentence off, so that it can stand inside another one.
func trimDot(text string) string { return strings.TrimRight(strings.TrimSpace(text), ".") }

// count writes a number with its noun: "1 check", "2 checks".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
