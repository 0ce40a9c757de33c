package vpsorg

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzDecodeSnapshotList: whatever arrives, a list that is taken holds exactly count rows, each with its own id and a server.
func FuzzDecodeSnapshotList(f *testing.F) {
	for _, seed := range []string{
		page(0, ""), page(1, "", row(1)), page(2, "?page=2", row(1), row(2)), page(2, "", row(1), row(1)), page(1, "", `null`),
		`{"count": 1, "results": null}`, `{"COUNT": 1, "count": 0, "results": [], "Results": [{}]}`, `null`, `[]`, ``, `{`, `<html>`,
		page(1, "", `{"id": 1, "server": 5, "server_id": 5, "name": "n", "status": "s", "size_mb": 1e308, "created_at": ""}`),
		page(1, "", `{"id": 9223372036854775807, "server": {"id": 1e2}, "name": "\ud800", "status": "s"}`),
		strings.Repeat("[", 10_000), page(0, "") + "x",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := clientOf(t, body).ListSnapshots(t.Context(), ListSnapshotsOpts{})
		if err != nil {
			checkList(t, list, err)
			return
		}
		checkWhole(t, body, len(list))
		seen, ofFive := map[int64]bool{}, 0
		for _, s := range list {
			if s.ID <= 0 || s.ServerID <= 0 || s.Status == "" || s.SizeMB < 0 || seen[s.ID] || max(len(s.Name), len(s.Status)) > maxText {
				t.Fatalf("taken: %+v", s)
			}
			seen[s.ID] = true
			if s.ServerID == 5 {
				ofFive++
			}
		}
		checkTravels(t, list)
		filtered, err := clientOf(t, body).ListSnapshots(t.Context(), ListSnapshotsOpts{ServerID: 5})
		if err != nil || len(filtered) != ofFive {
			t.Fatalf("%d of %d are of server 5, got %v (%v)", ofFive, len(list), filtered, err)
		}
	})
}

// clientOf is a client whose every request is answered with this body.
func clientOf(t *testing.T, body []byte) *Client {
	t.Helper()
	c, err := New(Options{BaseURL: "https://api.example/v1", Token: testToken, RateLimit: 1e9, Transport: answers(t, 200, http.Header{}, body)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkList: a list that is not taken gives nothing, and says that it proves nothing.
func checkList[T any](t *testing.T, list []T, err error) {
	t.Helper()
	if checkShown(t, err); list != nil || !errors.Is(err, ErrNotWhole) {
		t.Fatalf("%v with %v", err, list)
	}
}

// FuzzDecodeServerList is the same for servers.
func FuzzDecodeServerList(f *testing.F) {
	for _, seed := range []string{
		page(0, ""), page(1, "", `{"id": 5, "status": "active", "location": {"name": "x"}, "updated_at": "2025-01-15T18:30:00Z"}`),
		page(1, "", `{"id": 5, "status": "active", "updated_at": 5}`), page(2, "", `{"id": 5, "status": "a"}`, `{"id": 5, "status": "a"}`),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := clientOf(t, body).ListServers(t.Context(), ListServersOpts{})
		if err != nil {
			checkList(t, list, err)
			return
		}
		checkWhole(t, body, len(list))
		for _, s := range list {
			if s.ID <= 0 || s.Status == "" || max(len(s.Name), len(s.Hostname), len(s.Location), len(s.Status)) > maxText {
				t.Fatalf("taken: %+v", s)
			}
		}
		checkTravels(t, list)
	})
}

// FuzzDecodeBackupList is the same for backups.
func FuzzDecodeBackupList(f *testing.F) {
	for _, seed := range []string{
		page(0, ""), page(1, "", `{"id": 3, "server": {"id": 5}, "backup_type": "manual", "status": "completed", "size_mb": 5120, "expires_at": null}`),
		page(2, "", `{"id": 3, "server_id": 5, "backup_type": "automatic", "status": "x", "expires_at": "2025-01-15T18:30:00Z"}`, `{"id": 3}`),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := clientOf(t, body).ListBackups(t.Context(), ListBackupsOpts{})
		if err != nil {
			checkList(t, list, err)
			return
		}
		checkWhole(t, body, len(list))
		for _, b := range list {
			if b.ID <= 0 || b.ServerID <= 0 || b.Type == "" || b.Status == "" || b.SizeMB < 0 {
				t.Fatalf("taken: %+v", b)
			}
		}
		checkTravels(t, list)
	})
}

// checkWhole reads the envelope a second time, in another way.
func checkWhole(t *testing.T, body []byte, rows int) {
	t.Helper()
	if !json.Valid(body) {
		t.Fatal("taken, and it is not one JSON value")
	}
	var envelope struct {
		Count   json.Number
		Results []json.RawMessage // not []any: a number of the API may be too large for any of Go's
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		t.Fatalf("taken, and it does not decode: %v", err)
	}
	if count, err := envelope.Count.Int64(); err != nil || int(count) != rows || len(envelope.Results) != rows {
		t.Fatalf("count %s, %d results, %d rows taken", envelope.Count, len(envelope.Results), rows)
	}
}

// FuzzDecodeErrorBody: whatever an error's body holds, the message is short, one clean line, and without the token.
func FuzzDecodeErrorBody(f *testing.F) {
	for _, seed := range []string{
		``, `{"detail": "no"}`, `{"error": {"message": ["a", 1, null]}}`, `{"name": ["x"], "b": {"c": ["d"]}}`, `<html>`, `"x"`, `[[[[["x"]]]]]`,
		testToken, `{"detail": "` + testToken + `"}`, "vps_\x00" + testToken[4:], "vps_\u200b" + testToken[4:], strings.Repeat("語", 1000), "\xff\xfe",
	} {
		f.Add([]byte(seed), "17", "Fri, 31 Dec 1999 23:59:59 GMT")
	}
	f.Add([]byte("x"), "Fri, 31 Dec 1999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT")
	c, err := New(Options{BaseURL: "https://h", Token: testToken})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, after, date string) {
		h := http.Header{"Retry-After": {after}, "Date": {date}}
		err := c.statusError(call{op: "delete snapshot", method: http.MethodDelete}, answer{status: 429, header: h, body: body})
		e := asError(t, err)
		if e.RetryAfter < 0 || e.RetryAfter > maxRetryAfter {
			t.Fatalf("wait %s", e.RetryAfter)
		}
		if e.Message == "" || !utf8.ValidString(e.Message) || utf8.RuneCountInString(e.Message) > maxMessage {
			t.Fatalf("message %q", e.Message)
		}
		if strings.ContainsFunc(e.Message, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Fatalf("message %q", e.Message)
		}
	})
}
