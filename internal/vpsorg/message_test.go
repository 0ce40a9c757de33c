package vpsorg

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheAPIsOwnWordsAreFoundInAnyShape(t *testing.T) {
	for body, want := range map[string]string{
		`{"detail": "Snapshot limit reached"}`:                "Snapshot limit reached",
		`{"error": "no"}`:                                     "no",
		`{"message": "no"}`:                                   "no",
		`{"detail": "first", "error": "second", "code": "x"}`: "first",
		`{"detail": "", "error": null, "message": "third"}`:   "third",
		`{"error": {"code": 17, "message": "inner"}}`:         "inner",
		`{"detail": ["one", "two"]}`:                          "one; two",
		`{"name": ["Too long.", "Not ASCII."], "b": ["x"]}`:   "b: x; name: Too long., Not ASCII.",
		`{"server": {"id": ["Unknown."]}}`:                    "server: id: Unknown.",
		`["one", 2, null, "three"]`:                           "one; three",
		`"just text"`:                                         "just text",
		`upstream timed out`:                                  "upstream timed out",
		"  two\r\n lines\t":                                   "two lines",
		"<!DOCTYPE html><title>Secret page</title>":           "an HTML page, not the API's JSON",
		"\n <html>":       "an HTML page, not the API's JSON",
		`{"detail": "cut`: `{"detail": "cut`,
		`{"detail": "a\u0000b\u001b[31mc\u202ed\u200be\u2028f"}`: "ab[31mcde f",
		"a\x00b\xff\xfec": "ab\uFFFDc",
		`{"a": {"b": {"c": {"d": {"e": "too deep"}}}}}`: "Bad Request",
		``:      "Bad Request",
		`{}`:    "Bad Request",
		`null`:  "Bad Request",
		`17`:    "Bad Request",
		` "" `:  "Bad Request",
		"\n\n ": "Bad Request",
	} {
		s := newScript(t, step{want: "DELETE /snapshots/1/", status: 400, reply: body})
		e := asError(t, s.client().DeleteSnapshot(t.Context(), 1))
		assert.Equal(t, want, e.Message, "%q", body)
	}
}

func TestAMessageIsCutToItsLimit(t *testing.T) {
	for _, letter := range []string{"x", "é", "語"} {
		s := newScript(t, step{want: "DELETE /snapshots/1/", status: 400, reply: `{"detail": "` + strings.Repeat(letter, 10_000) + `"}`})
		e := asError(t, s.client().DeleteSnapshot(t.Context(), 1))
		assert.Equal(t, maxMessage, utf8.RuneCountInString(e.Message))
		assert.True(t, strings.HasPrefix(e.Message, letter) && strings.HasSuffix(e.Message, "…"))
	}
	endless := newScript(t, step{want: "DELETE /snapshots/1/", answer: func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		for {
			if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
				return
			}
		}
	}})
	e := asError(t, endless.client().DeleteSnapshot(t.Context(), 1))
	assert.Equal(t, maxMessage, utf8.RuneCountInString(e.Message), "not all of it is read")
}

// The API, or a proxy on the way, may show the request it did not like.
func TestATokenThatTheAPIEchoesIsBlanked(t *testing.T) {
	hidden := testToken[:6] + "\x00" + testToken[6:12] + "\u200b" + testToken[12:]
	for _, echo := range []string{testToken, hidden, "Bearer " + testToken, strings.Repeat("y", maxMessage-10) + testToken, "a" + testToken + testToken} {
		for _, op := range append(writes(), reads()...) {
			e := asError(t, answered(t, op, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, echo)
			}))
			assert.NotContains(t, e.Message, testToken[:8], "not even half of it")
			assert.ErrorContains(t, e, "check the API token")

			e = asError(t, answered(t, op, cut(t, echo+"\r\n"))) // net/http repeats what is not HTTP
			assert.NotContains(t, e.Err.Error(), testToken[:12])

			asError(t, answered(t, op, redirectTo(302, "https://evil.example/?"+url.QueryEscape(echo))))
		}
	}
	s := newScript(t,
		step{want: "GET /snapshots/", status: 200, reply: page(1, "", `{"id": 1, "server": 5, "status": "s", "name": "n", "created_at": "`+testToken+`"}`)},
		step{want: "GET /snapshots/", status: 200, reply: page(2, "https://evil.example/"+testToken, row(1))},
		step{want: "POST /snapshots/", body: `{"server_id": 5, "name": "a"}`, status: 201,
			reply: `{"id": 1, "server": 5, "status": "s", "name": "` + testToken + `"}`},
		step{want: "POST /snapshots/1/restore/", status: 200, reply: `{"message": "hello ` + testToken + `"}`},
		step{want: "GET /account/me/", status: 200,
			reply: `{"account": {"email": "a@b"}, "token": {"name": "` + testToken + `", "permissions": ["` + testToken + `"]}}`})
	c := s.client()
	for range 2 {
		_, err := c.ListSnapshots(t.Context(), ListSnapshotsOpts{})
		asError(t, err)
	}
	_, err := c.CreateSnapshot(t.Context(), CreateSnapshotOpts{ServerID: 5, Name: "a"})
	asError(t, err)
	restore, err := c.RestoreSnapshot(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, "hello "+redacted, restore.Message)
	me, err := c.Me(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Account{Email: "a@b", TokenName: redacted, Permissions: []string{redacted}}, me)
}

func TestEveryEscapedFormOfTheTokenIsBlanked(t *testing.T) {
	redact := newRedactor(`vps_a+b/c&"d<`)
	for _, form := range []string{`vps_a+b/c&"d<`, `vps_a%2Bb%2Fc%26%22d%3C`, `vps_a+b/c\u0026\"d\u003c`,
		`vps_a+b/c&amp;&#34;d&lt;`, `vps_a+b/c&\"d<`, `vps_a+b%2Fc&%22d%3C`} {
		assert.Equal(t, "<"+redacted+">", redact("<"+form+">"), form)
	}
	assert.Equal(t, "abc", newRedactor("abc")("abc"), "a text this short is no secret")
	for _, header := range []string{`vps_a+b/c&"d<`, `Bearer vps_a+b/c&"d<`, `Bearer vps_a+b/c&"d<, and more`} {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			said := redact(encoding.EncodeToString([]byte(header)))
			assert.True(t, strings.HasPrefix(said, redacted), said)
			assert.Less(t, len(said), len(redacted)+len(header), said)
		}
	}
}

func TestACleanedCauseKeepsItsIdentity(t *testing.T) {
	c := newTestClient(t, Options{BaseURL: "https://h"})
	err := c.cleanError(&url.Error{Op: "Get", URL: testToken, Err: io.ErrUnexpectedEOF})
	assert.Equal(t, io.ErrUnexpectedEOF, err)
	var large *http.MaxBytesError
	require.ErrorAs(t, c.cleanError(&http.MaxBytesError{Limit: 1}), &large)

	err = c.fail(call{op: "x"}, Error{Err: fmt.Errorf("%w: the API sent %s", ErrNotWhole, testToken)})
	require.ErrorIs(t, err, ErrNotWhole)
	assert.NotErrorIs(t, err, ErrMalformed)
	asError(t, err)
	assert.NotContains(t, fmt.Sprintf("%#v", errors.Unwrap(err)), testToken)
	assert.NoError(t, c.cleanError(nil))
}

func TestRetryAfterIsSecondsOrADateOnTheAPIsClock(t *testing.T) {
	at := func(d time.Duration) string { // far from our own clock
		return time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC).Add(d).Format(http.TimeFormat)
	}
	for _, c := range []struct {
		value, date string
		want        time.Duration
	}{
		{"7", "", 7 * time.Second},
		{" 0.5 ", "", 500 * time.Millisecond},
		{"0", "", 0},
		{"-7", "", 0},
		{"3600", "", time.Hour},
		{"86400", "", time.Hour},
		{"99999999999999999999999999", "", time.Hour},
		{"1e999", "", time.Hour},
		{"-1e999", "", 0},
		{"NaN", "", 0},
		{"soon", "", 0},
		{"", "", 0},
		{at(90 * time.Second), at(0), 90 * time.Second},
		{at(-time.Second), at(0), 0},
		{at(48 * time.Hour), at(0), time.Hour},
		{at(90 * time.Second), "", 0},
		{time.Now().Add(time.Minute).UTC().Format(http.TimeFormat), "not a date", 0},
	} {
		s := newScript(t, step{want: "GET /account/me/", answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Date"] = nil
			if c.date != "" {
				w.Header().Set("Date", c.date)
			}
			w.Header().Set("Retry-After", c.value)
			w.WriteHeader(http.StatusTooManyRequests)
		}})
		_, err := s.client().Me(t.Context())
		e := asError(t, err)
		assert.Equal(t, c.want, e.RetryAfter, "%q %q", c.value, c.date)
		assert.Equal(t, c.want > 0, strings.Contains(err.Error(), "try again in"))
	}
}

func TestRetryAfterIsReadFromAnyRefusal(t *testing.T) {
	for _, status := range []int{400, 429, 503} {
		s := newScript(t, step{want: "DELETE /snapshots/1/", status: status, header: map[string]string{"Retry-After": "3"}})
		assert.Equal(t, 3*time.Second, asError(t, s.client().DeleteSnapshot(t.Context(), 1)).RetryAfter)
	}
}
