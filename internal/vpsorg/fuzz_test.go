package vpsorg

import (
	"encoding/json"
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
		snapshots := collector[Snapshot]{decode: decodeSnapshot, seen: map[int64]bool{}}
		if next, err := snapshots.add(body); err == nil && next == "" && snapshots.finish() == nil {
			checkWhole(t, body, len(snapshots.rows))
			seen := map[int64]bool{}
			for _, s := range snapshots.rows {
				if s.ID <= 0 || s.ServerID <= 0 || s.Status == "" || s.SizeMB < 0 || seen[s.ID] {
					t.Fatalf("taken: %+v", s)
				}
				seen[s.ID] = true
			}
		}
	})
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
		servers := collector[Server]{decode: decodeServer, seen: map[int64]bool{}}
		if next, err := servers.add(body); err == nil && next == "" && servers.finish() == nil {
			checkWhole(t, body, len(servers.rows))
			for _, s := range servers.rows {
				if s.ID <= 0 || s.Status == "" {
					t.Fatalf("taken: %+v", s)
				}
			}
		}
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
		Results []any
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
