package vpsorg

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAListIsFollowedToItsEnd(t *testing.T) {
	s := newScript(t,
		step{want: "GET /snapshots/?server_id=5", answer: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, page(4, "http://"+r.Host+"/snapshots/?page=2&server_id=5", row(1), row(2))) // absolute
		}},
		step{want: "GET /snapshots/?page=2&server_id=5", status: 200, reply: page(4, "?page=3&server_id=5", row(3))}, // relative
		step{want: "GET /snapshots/?page=3&server_id=5", status: 200, reply: page(4, "", row(4))})
	got, err := s.client().ListSnapshots(t.Context(), ListSnapshotsOpts{ServerID: 5})
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 2, 3, 4}, ids(got))
	assert.Equal(t, Snapshot{
		ID: 1, ServerID: 5, ServerName: "web", Name: "snap-1", Status: "completed", Description: "d", SizeMB: 5120,
		CreatedAt: time.Date(2025, 1, 15, 18, 30, 0, 0, time.UTC),
	}, got[0])
}

func TestAnEmptyListIsWhole(t *testing.T) {
	for _, body := range []string{`{"count": 0, "results": []}`, `{"count":0,"results":[],"next":null}`, ` {"count":0,"results":[],"next":""} `} {
		s := newScript(t, step{want: "GET /snapshots/", status: 200, reply: body})
		got, err := s.client().ListSnapshots(t.Context(), ListSnapshotsOpts{})
		require.NoError(t, err)
		assert.Empty(t, got)
	}
}

// Each of these, read kindly, would hide a snapshot.
func TestAListThatIsNotWholeIsAnErrorNeverAbsent(t *testing.T) {
	for name, body := range map[string]string{
		"fewer rows than the count":    page(3, "", row(1), row(2)),
		"more rows than the count":     page(1, "", row(1), row(2)),
		"negative count":               page(-1, ""),
		"count is null":                `{"count": null, "results": []}`,
		"count is missing":             `{"results": []}`,
		"count is text":                `{"count": "0", "results": []}`,
		"count is a fraction":          `{"count": 0.5, "results": []}`,
		"results are null":             `{"count": 0, "results": null}`,
		"results are missing":          `{"count": 0}`,
		"results are an object":        `{"count": 0, "results": {}}`,
		"next is no text":              `{"count": 0, "results": [], "next": 2}`,
		"an empty page with a next":    `{"count": 0, "results": [], "next": "?page=2"}`,
		"double id":                    page(2, "", row(1), row(1)),
		"id is zero":                   page(1, "", row(0)),
		"id is negative":               page(1, "", row(-1)),
		"id is text":                   page(1, "", `{"id": "1", "server": 5, "name": "n", "status": "completed"}`),
		"row is null":                  page(1, "", `null`),
		"row is a list":                page(1, "", `[]`),
		"no server":                    page(1, "", `{"id": 1, "name": "n", "status": "completed"}`),
		"server is null":               page(1, "", `{"id": 1, "server": null, "name": "n", "status": "completed"}`),
		"server id is negative":        page(1, "", `{"id": 1, "server": {"id": -5}, "name": "n", "status": "completed"}`),
		"server is text":               page(1, "", `{"id": 1, "server": "5", "name": "n", "status": "completed"}`),
		"two servers":                  page(1, "", `{"id": 1, "server": {"id": 5}, "server_id": 6, "name": "n", "status": "completed"}`),
		"no name":                      page(1, "", `{"id": 1, "server": 5, "status": "completed"}`),
		"no status":                    page(1, "", `{"id": 1, "server": 5, "name": "n"}`),
		"description is no text":       page(1, "", `{"id": 1, "server": 5, "name": "n", "status": "s", "description": {}}`),
		"time is not RFC 3339":         page(1, "", `{"id": 1, "server": 5, "name": "n", "status": "s", "created_at": "yesterday"}`),
		"time is a number":             page(1, "", `{"id": 1, "server": 5, "name": "n", "status": "s", "created_at": 1736965800}`),
		"bare list":                    `[` + row(1) + `]`,
		"null":                         `null`,
		"nothing":                      ``,
		"HTML":                         `<!DOCTYPE html><html>Sign in</html>`,
		"cut JSON":                     page(1, "", row(1))[:40],
		"text after the JSON":          page(0, "") + "x",
		"a second page in one answer":  page(0, "") + page(1, "", row(1)),
		"next is on another host":      page(2, "https://evil.example/snapshots/?page=2", row(1)),
		"next is on another scheme":    page(2, "https://127.0.0.1/snapshots/?page=2", row(1)),
		"next is on another port":      page(2, "http://127.0.0.1:1/snapshots/?page=2", row(1)),
		"next leaves without a scheme": page(2, "//evil.example/", row(1)),
		"next has a user name":         page(2, "http://a@127.0.0.1/", row(1)),
		"next is no place":             page(2, "javascript:alert(1)", row(1)),
		"next is no URL":               page(2, "http://%zz/", row(1)),
		"next is this page again":      page(2, "?", row(1)),
		"next is this page again (#)":  page(2, "#2", row(1)),
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, step{want: "GET /snapshots/", status: 200, reply: body})
			got, err := s.client().ListSnapshots(t.Context(), ListSnapshotsOpts{})
			e := asError(t, err)
			require.ErrorIs(t, err, ErrNotWhole)
			assert.Nil(t, got)
			assert.Equal(t, 200, e.Status)
			assert.False(t, e.Ambiguous)
			assert.NotContains(t, err.Error(), "evil.example")
		})
	}
}

func TestPagesThatDoNotAddUpAreNotWhole(t *testing.T) {
	for name, pages := range map[string][]string{
		"the count changes":            {page(3, "?page=2", row(1)), page(2, "", row(2))},
		"an id comes on two pages":     {page(2, "?page=2", row(1)), page(2, "", row(1))},
		"a page is missing":            {page(3, "?page=2", row(1)), page(3, "", row(2))},
		"two pages point at the other": {page(9, "?page=2", row(1)), page(9, "/snapshots/", row(2))},
		"a page points at itself":      {page(9, "?page=2", row(1)), page(9, "?page=2", row(2))},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t,
				step{want: "GET /snapshots/", status: 200, reply: pages[0]},
				step{want: "GET /snapshots/?page=2", status: 200, reply: pages[1]})
			_, err := s.client().ListSnapshots(t.Context(), ListSnapshotsOpts{})
			asError(t, err)
			require.ErrorIs(t, err, ErrNotWhole)
			assert.ErrorContains(t, err, "list again")
		})
	}
}

func TestAnErrorOnALaterPageGivesNoRows(t *testing.T) {
	s := newScript(t,
		step{want: "GET /snapshots/", status: 200, reply: page(2, "?page=2", row(1))},
		step{want: "GET /snapshots/?page=2", status: 502, reply: "<html>"})
	got, err := s.client().ListSnapshots(t.Context(), ListSnapshotsOpts{})
	assert.True(t, IsStatus(err, 500, 502))
	assert.Nil(t, got)
}

func TestAListWithoutEndIsGivenUp(t *testing.T) {
	n := 0
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n++
		_, _ = io.WriteString(w, page(1_000_000, fmt.Sprintf("?page=%d", n), row(int64(n))))
	})
	s := newScript(t)
	s.Config.Handler = endless
	_, err := newTestClient(t, Options{BaseURL: s.URL, RateLimit: 1e9}).ListSnapshots(t.Context(), ListSnapshotsOpts{})
	require.ErrorIs(t, asError(t, err), ErrNotWhole)
	assert.Equal(t, maxPages, n)
}

func TestTheMemoryOfAListIsBounded(t *testing.T) {
	c := collector[Snapshot]{decode: decodeSnapshot, seen: map[int64]bool{}, bytes: maxListBytes}
	_, err := c.add([]byte(page(0, "")))
	assert.ErrorContains(t, err, "limit")
}

func TestRowsOfOtherServersAreDroppedOnlyAfterTheListWasSeenWhole(t *testing.T) {
	s := newScript(t,
		step{want: "GET /snapshots/?server_id=5", status: 200, reply: page(3, "", rowOf(1, 5), rowOf(2, 6), rowOf(3, 5))},
		step{want: "GET /snapshots/?server_id=5", status: 200, reply: page(2, "", rowOf(1, 5), rowOf(2, 6), rowOf(3, 5))},
		step{want: "GET /snapshots/?server_id=5", status: 200, reply: page(2, "", rowOf(1, 5), rowOf(1, 6))})
	got, err := s.client().ListSnapshots(t.Context(), ListSnapshotsOpts{ServerID: 5})
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 3}, ids(got))
	for range 2 { // the rows that fit would match the count, or be no double
		_, err = s.client().ListSnapshots(t.Context(), ListSnapshotsOpts{ServerID: 5})
		require.ErrorIs(t, err, ErrNotWhole)
	}
}
