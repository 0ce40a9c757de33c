package vpsorg

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	redacted = "[token]"
	// maxMessage is the longest text of the API's own that gets into an error, in characters.
	maxMessage = 300
	// minSecret is the shortest token that is blanked. Real ones start with vps_ and are long; blanking a one-letter
	// test token would only make every message unreadable.
	minSecret = 4
)

// newRedactor returns a function that blanks the token, also as it looks escaped for a URL, JSON, Go or HTML, or in base64. A function
// hides the token from every printer that walks over fields.
func newRedactor(token string) func(string) string {
	if len(token) < minSecret {
		return func(s string) string { return s }
	}
	quoted := strconv.Quote(token)
	forms := []string{token, url.QueryEscape(token), url.PathEscape(token), html.EscapeString(token), quoted[1 : len(quoted)-1]}
	if b, err := json.Marshal(token); err == nil {
		forms = append(forms, string(b[1:len(b)-1]))
	}
	for _, header := range []string{token, "Bearer " + token} {
		whole := header[:len(header)/3*3] // what follows the token changes only the letters after these
		forms = append(forms, base64.StdEncoding.EncodeToString([]byte(whole)), base64.URLEncoding.EncodeToString([]byte(whole)))
	}
	// The longest first: at one place in the text the first form that fits wins.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	forms = slices.Compact(forms)
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		pairs = append(pairs, form, redacted)
	}
	replacer := strings.NewReplacer(pairs...)
	return func(s string) string { return replacer.Replace(s) }
}

// cleanText makes hostile text fit for one line of an error. The order matters: control and invisible characters go
// first, or they could split the token and hide it from the redactor; the cut comes last, or it could leave half of it.
func (c *Client) cleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return ' '
		case unicode.IsPrint(r):
			return r
		default: // control, format (also right-to-left marks), private use, not a character at all
			return -1
		}
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = c.redact(strings.Join(strings.Fields(s), " "))
	if runes := []rune(s); len(runes) > maxMessage {
		return string(runes[:maxMessage-1]) + "…"
	}
	return s
}

// cleanError keeps a cause as it is, so that errors.As still works, unless its text is unfit to be shown: net/http repeats
// what a broken server sent. Then only the clean text and errors.Is are left. The URL wrapper goes, it says nothing that
// Error does not.
func (c *Client) cleanError(err error) error {
	if err == nil {
		return nil
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	text := c.cleanText(err.Error())
	if text == err.Error() {
		return err
	}
	return &cleanedError{text: text, is: func(target error) bool { return errors.Is(err, target) }}
}

// cleanedError does not unwrap: a caller that walks the chain, as Temporal does, must not meet the text again. The cause
// sits behind a function so that no printer reaches it.
type cleanedError struct {
	text string
	is   func(target error) bool
}

func (e *cleanedError) Error() string        { return e.text }
func (e *cleanedError) Is(target error) bool { return e.is(target) }
