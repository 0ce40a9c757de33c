package vpsorg

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// answers is a transport that gives every request the same answer, and checks where the request goes.
func answers(t *testing.T, status int, header http.Header, body []byte) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		checkGoesHome(t, r)
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
	}
}

// checkGoesHome: only the API's own origin gets a request, and with it the token.
func checkGoesHome(t *testing.T, r *http.Request) {
	t.Helper()
	if r.URL.Scheme != "https" || r.URL.User != nil || r.URL.Opaque != "" ||
		(!strings.EqualFold(r.URL.Host, "api.example") && !strings.EqualFold(r.URL.Host, "api.example:443")) {
		t.Fatalf("a request goes to %q", r.URL)
	}
	if got := r.Header.Get("Authorization"); got != "Bearer "+testToken {
		t.Fatalf("token %q", got)
	}
}

// checkShown: an error can be shown to people, and tells a lost write from a refused one.
func checkShown(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("not an Error: %v", err)
	}
	text := err.Error()
	if !utf8.ValidString(text) || strings.Contains(text, testToken) || len(text) > 8*maxMessage ||
		strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Fatalf("shown: %q", text)
	}
	if e.Ambiguous && e.Method == http.MethodGet {
		t.Fatal("a read is never ambiguous")
	}
	return e
}

// checkTravels: what was taken goes through Temporal, as JSON, and comes back the same.
func checkTravels[T any](t *testing.T, taken T) {
	t.Helper()
	data, err := json.Marshal(taken)
	if err != nil {
		t.Fatalf("taken, and it does not travel: %v", err)
	}
	var back T
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(taken, back) {
		t.Fatalf("taken: %+v, and back: %+v (%v)", taken, back, err)
	}
}

// FuzzOneAnswer: whatever a call that is about one thing is answered, what it returns is about that thing and can travel;
// everything else is an error that can be shown, and of a write that was answered 2xx an ambiguous one.
func FuzzOneAnswer(f *testing.F) {
	for _, seed := range []string{
		rowOf(9, 5), `{"snapshot":` + rowOf(9, 5) + `}`, `{"message":"3-10 minutes","snapshot":{"id":9,"name":"snap-9","status":"x"},"server":{"id":5}}`,
		`{"id":9,"ID":8,"server":5,"name":"snap-9","status":"x"}`, `{"id":9,"server":{"id":5},"server_id":6,"name":"snap-9","status":"x"}`,
		`{"id":5,"status":"active","updated_at":"9999-12-31T23:59:59-23:59"}`, `{"server":{"id":5,"name":"w\u001b[2J","status":"stopped","location":{"name":"ams"}}}`,
		`{"status":"success","message":"5-15","snapshot":{"id":9,"created_at":"2025-01-15T18:30:00Z"},"server":{"id":5,"status":"restoring"}}`,
		`{"snapshot":{"id":9},"snapshot":{"id":8}}`, `{"account":{"email":"a@b"},"token":{"name":"` + testToken + `","permissions":{"read":true,"write":false}}}`,
		`{"id":3,"server":{"id":5},"backup_type":"manual","status":"completed","size_mb":5120,"expires_at":null}`, `null`, `{}`, `[]`, "", "\xff",
	} {
		for status := range 3 {
			f.Add(uint16(200+status), []byte(seed))
		}
		f.Add(uint16(400), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status uint16, body []byte) {
		status = 200 + status%400
		c, err := New(Options{BaseURL: "https://api.example/v1", Token: testToken, RateLimit: 1e9,
			Transport: answers(t, int(status), http.Header{}, body)})
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range []func(*testing.T, context.Context, *Client) error{fuzzCreate, fuzzRestore, fuzzServer, fuzzBackup, fuzzAccount} {
			if err := call(t, t.Context(), c); err != nil {
				e := checkShown(t, err)
				if e.Method == http.MethodPost && status < 300 && !(e.Ambiguous && errors.Is(err, ErrMalformed)) {
					t.Fatalf("the API said yes, and it is not ambiguous: %v", err)
				}
			} else if status >= 300 {
				t.Fatalf("taken with status %d", status)
			}
		}
	})
}

func fuzzCreate(t *testing.T, ctx context.Context, c *Client) error {
	s, err := c.CreateSnapshot(ctx, CreateSnapshotOpts{ServerID: 5, Name: "snap-9"})
	if err == nil && (s.ID <= 0 || s.ServerID != 5 || s.Name != "snap-9" || s.Status == "" || s.SizeMB < 0) {
		t.Fatalf("taken: %+v", s)
	}
	checkTravels(t, s)
	return err
}

func fuzzRestore(t *testing.T, ctx context.Context, c *Client) error {
	r, err := c.RestoreSnapshot(ctx, 9)
	if err == nil && r.Snapshot.ID != 0 && r.Snapshot.ID != 9 {
		t.Fatalf("taken: %+v", r)
	}
	if !utf8.ValidString(r.Message) || utf8.RuneCountInString(r.Message) > maxMessage || strings.Contains(r.Message, testToken) {
		t.Fatalf("message %q", r.Message)
	}
	checkTravels(t, r)
	return err
}

func fuzzServer(t *testing.T, ctx context.Context, c *Client) error {
	s, err := c.GetServer(ctx, 5)
	if err == nil && (s.ID != 5 || s.Status == "") {
		t.Fatalf("taken: %+v", s)
	}
	checkTravels(t, s)
	return err
}

func fuzzBackup(t *testing.T, ctx context.Context, c *Client) error {
	b, err := c.CreateBackup(ctx, CreateBackupOpts{ServerID: 5})
	if err == nil && (b.ID <= 0 || b.ServerID != 5 || b.Type != BackupManual || b.SizeMB < 0) {
		t.Fatalf("taken: %+v", b)
	}
	checkTravels(t, b)
	return err
}

func fuzzAccount(t *testing.T, ctx context.Context, c *Client) error {
	a, err := c.Me(ctx)
	for _, text := range append([]string{a.Email, a.TokenName}, a.Permissions...) {
		if strings.Contains(text, testToken) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("shown: %q", text)
		}
	}
	return err
}
