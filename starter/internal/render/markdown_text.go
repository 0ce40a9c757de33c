package render

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// plainText is a word that no Markdown of GitHub or GitLab makes anything of: letters and digits with the marks of
// ordinary sentences. Everything else (links, mentions, references, HTML, emphasis) is shown in a code span.
var plainText = regexp.MustCompile(`^[("']*[\p{L}\p{N}](?:[\p{L}\p{N}.,;:'()/–…+-]*[\p{L}\p{N}…)])?[%!?]?[.,;:)"']*$`)

// reference is what GitHub makes a link without any mark: GH-26, and what may be the number of a commit.
var reference = regexp.MustCompile(`(?i)\bgh-\d|\b[0-9a-f]{7,40}\b`)

// joins are words that are plain where other words stand before them: at the beginning of a line they would be a list.
var joins = regexp.MustCompile(`^[-–—/+]$`)

// opening is how a line may begin: a number with a dot would be a list.
var opening = regexp.MustCompile(`^[("']*\p{L}|^\d+$`)

// How many characters a text may have in a comment, and a word in a code span.
const (
	maxProse = 1000
	maxSpan  = 200
)

// prose writes a sentence from outside for Markdown: its plain words as they are, and the rest in code spans.
func prose(text string) string {
	var out, odd []string
	flush := func() {
		if len(odd) == 0 {
			return
		}
		whole := strings.Join(odd, " ")
		text := strings.TrimRight(whole, ":,;.")
		if text == "" {
			text = whole
		}
		out, odd = append(out, span(text)+whole[len(text):]), nil
	}
	for i, word := range strings.Fields(cutRunes(Clean(text), maxProse)) {
		if isPlain(word) && (i > 0 || opening.MatchString(word)) || i > 0 && joins.MatchString(word) {
			flush()
			out = append(out, word)
			continue
		}
		odd = append(odd, word)
	}
	flush()
	return strings.Join(out, " ")
}

func isPlain(word string) bool {
	low := strings.ToLower(word)
	return plainText.MatchString(word) && !reference.MatchString(word) && !strings.Contains(low, "://") && !strings.Contains(low, "www.") && !strings.Contains(low, "mailto:") &&
		!strings.Contains(low, "xmpp:")
}

// span shows text from outside so that it can never become Markdown or HTML, nor end a table's cell.
func span(text string) string {
	text = cutRunes(strings.Join(strings.Fields(Clean(text)), " "), maxSpan)
	if text == "" {
		return ""
	}
	return "`" + strings.NewReplacer("`", "'", "|", "¦").Replace(text) + "`"
}

func cutRunes(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
