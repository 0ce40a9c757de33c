package vpsfake

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fetch reads a control endpoint into a value.
func fetch[T any](h *harness, path string) T {
	h.t.Helper()
	r := h.call("GET", path, "")
	require.Equal(h.t, 200, r.status)
	var v T
	require.NoError(h.t, json.Unmarshal(r.raw, &v))
	return v
}

func TestTheControlShowsEverything(t *testing.T) {
	h := start(t, Options{})
	assert.Equal(t, 200, h.call("GET", "/fake/healthz", "").status)
	id := h.create(web01, "a")
	h.delete(id)
	state := fetch[State](h, "/fake/state")
	require.Len(t, state.Servers, 2)
	assert.Equal(t, "web01", state.Servers[0].Name)
	assert.Equal(t, "a", state.Snapshots[0].Name)
	assert.Len(t, state.Violations, 1)
	assert.Equal(t, 4, fetch[[]Violation](h, "/fake/violations")[0].Law)
	assert.Len(t, fetch[[]Request](h, "/fake/requests"), 2, "the control's own calls are not logged")
	assert.Equal(t, 404, h.call("GET", "/fake/other", "").status)
	assert.Equal(t, 404, h.call("PUT", "/fake/faults", "").status)
}

func TestTheControlShowsWhatIsAboutOneServer(t *testing.T) {
	h := start(t, Options{})
	mine, theirs := h.create(web01, "a"), h.create(web02, "b")
	h.delete(theirs) // in progress: law 4
	h.call("GET", "/api/v1/account/me/", "")
	one := fetch[[]Request](h, "/fake/requests?server_id=101")
	require.Len(t, one, 1)
	assert.Equal(t, mine, one[0].SnapshotID)
	assert.Len(t, fetch[[]Request](h, "/fake/requests?server_id=102"), 2, "a delete is about its snapshot's server")
	deletes := fetch[[]Request](h, "/fake/requests?op=delete_snapshot")
	require.Len(t, deletes, 1)
	assert.Equal(t, deletes, fetch[[]Request](h, "/fake/requests?op=delete_snapshot&server_id=102"))
	assert.Equal(t, "[]\n", string(h.call("GET", "/fake/requests?op=delete_snapshot&server_id=101", "").raw))
	assert.Len(t, fetch[[]Request](h, "/fake/requests"), 4)

	assert.Empty(t, fetch[[]Violation](h, "/fake/violations?server_id=101"))
	broken := fetch[[]Violation](h, "/fake/violations?server_id=102")
	require.Len(t, broken, 1)
	assert.Equal(t, deletes[0].Seq, broken[0].Request)

	state := fetch[State](h, "/fake/state?server_id=101")
	require.Len(t, state.Servers, 1)
	assert.Equal(t, web01, state.Servers[0].ID)
	assert.Equal(t, h.Snapshots(web01), state.Snapshots)
	assert.Empty(t, state.Violations)
	assert.Len(t, fetch[State](h, "/fake/state?server_id=102").Violations, 1)
	assert.Empty(t, fetch[State](h, "/fake/state?server_id=999").Servers, "there is no such server")
}

// What is left over when the traffic has ended: see LeftDown and Duplicates.
func TestTheControlShowsWhatIsLeftOverOfOneServer(t *testing.T) {
	h := start(t, Options{})
	h.create(web02, "a")
	h.create(web02, "a")
	backup := `{"server_id":102,"description":"managed-by=safepoint run=r1"}`
	h.call("POST", "/api/v1/backups/", backup)
	h.call("POST", "/api/v1/backups/", backup)
	h.call("POST", "/api/v1/servers/102/stop/", "")
	h.clock.pass(time.Hour)
	left := fetch[State](h, "/fake/state?server_id=102")
	assert.Equal(t, []int64{web02}, left.LeftDown)
	assert.Len(t, left.Duplicates, 1)
	assert.Len(t, left.Backups, 2)
	assert.Len(t, left.DuplicateBackups, 1)
	other := fetch[State](h, "/fake/state?server_id=101")
	assert.Empty(t, other.LeftDown)
	assert.Empty(t, other.Duplicates)
	assert.Empty(t, other.Backups)
	assert.Empty(t, other.DuplicateBackups)
}

func TestAQuestionThatTheControlDoesNotUnderstandIsRefusedAndSaysWhatThereIs(t *testing.T) {
	h := start(t, Options{})
	for query, says := range map[string]string{
		"requests?server=101":                   "there is server_id and op",
		"requests?server_id=":                   "positive number",
		"requests?server_id=-1":                 "positive number",
		"requests?server_id=0":                  "positive number",
		"requests?server_id=web01":              "positive number",
		"requests?server_id=101&server_id=102":  "give it once",
		"requests?op=":                          "create_snapshot",
		"requests?op=any_write":                 "create_snapshot",
		"requests?op=site":                      "create_snapshot",
		"requests?op=create_snapshot;server=10": "the query",
		"violations?op=create_snapshot":         "there is server_id",
		"state?op=create_snapshot":              "there is server_id",
		"state?id=101":                          "there is server_id",
	} {
		r := h.call("GET", "/fake/"+query, "")
		assert.Equal(t, 400, r.status, query)
		assert.Contains(t, r.body["detail"], says, query)
	}
	assert.Contains(t, h.call("GET", "/fake/other", "").body["detail"], "requests[?server_id=&op=]")
}

func TestFaultsAreSetAndRemovedOverHTTP(t *testing.T) {
	h := start(t, Options{})
	r := h.call("POST", "/fake/faults", `{"kind":"list_lags","op":"list_snapshots","duration":"5s"}`)
	assert.Equal(t, 201, r.status)
	id := r.body["id"].(string)
	set := fetch[[]Fault](h, "/fake/faults")
	require.Len(t, set, 1)
	assert.Equal(t, Fault{ID: id, Kind: ListLags, Op: OpListSnapshots, Duration: 5 * time.Second}, set[0])
	assert.Equal(t, 204, h.call("DELETE", "/fake/faults/"+id, "").status)
	assert.Empty(t, h.Faults())
	h.SetFault(Fault{Kind: Hang, Op: OpMe})
	h.SetFault(Fault{Kind: Hang, Op: OpMe})
	assert.Equal(t, 204, h.call("DELETE", "/fake/faults", "").status)
	assert.Empty(t, h.Faults())
	for _, bad := range []string{`{"kind":"typo"}`, `{"knd":"hang"}`, `nonsense`, `{"kind":"hang"} {}`, `{"kind":"foreign_restore","server_id":999}`} {
		assert.Equal(t, 400, h.call("POST", "/fake/faults", bad).status, bad)
	}
}

func TestServersAndDeploysAreMadeOverHTTP(t *testing.T) {
	h := start(t, Options{})
	assert.Equal(t, 201, h.call("POST", "/fake/servers", `{"id":103,"name":"db","status":"stopped","version":"9"}`).status)
	assert.Equal(t, "stopped", h.status(103))
	assert.Equal(t, 200, h.call("POST", "/fake/deploys", `{"server_id":103,"version":"10","healthy":false}`).status)
	assert.Equal(t, "10", h.Server(103).Version)
	assert.False(t, h.Server(103).Healthy)
	assert.Equal(t, 0, h.Deploys(103))
	assert.Equal(t, 201, h.call("POST", "/fake/snapshots", `{"server_id":103,"name":"by-hand","created_at":"2025-01-14T03:00:00Z"}`).status)
	assert.Equal(t, "by-hand", h.Snapshots(103)[0].Name)
	assert.Equal(t, 400, h.call("POST", "/fake/snapshots", `{"server_id":999,"name":"x"}`).status)
	assert.Equal(t, 400, h.call("POST", "/fake/servers", `{"id":0}`).status)
	assert.Equal(t, 400, h.call("POST", "/fake/deploys", `{"server_id":999,"version":"1"}`).status)
	assert.Panics(t, func() { h.Deploy(999, "1", true) })
}

func TestWebPagesAreRefused(t *testing.T) {
	h := start(t, Options{})
	for _, path := range []string{"/fake/faults", "/sites/101/hooks/deploy?version=6"} {
		for name, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"} {
			req, err := http.NewRequestWithContext(t.Context(), "POST", h.base+path, strings.NewReader(`{"kind":"hang"}`))
			require.NoError(t, err)
			req.Header.Set(name, value)
			r, err := h.do(req)
			require.NoError(t, err)
			assert.Equal(t, 403, r.status)
		}
	}
	assert.Empty(t, h.Faults())
	assert.Equal(t, "1.0.0", h.Server(web01).Version)
}

// The race detector is what makes this a test; the end state shows that no request was lost.
func TestConcurrentRequestsLeaveAConsistentState(t *testing.T) {
	h := start(t, Options{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, c := range [][3]string{
				{"POST", "/api/v1/snapshots/", createBody(web01, "a")}, {"GET", "/api/v1/snapshots/", ""}, {"GET", "/fake/state", ""},
				{"GET", "/api/v1/servers/101/", ""}, {"POST", "/api/v1/servers/102/stop/", ""}, {"GET", "/sites/101/", ""},
				{"POST", "/fake/faults", `{"kind":"paged","page_size":2,"times":1}`}, {"POST", "/sites/101/hooks/deploy?version=2", ""},
			} {
				_, err := h.request(t.Context(), c[0], c[1], c[2])
				assert.NoError(t, err)
			}
			h.clock.pass(time.Millisecond)
		})
	}
	all.Wait()
	assert.Len(t, h.Snapshots(web01), maxSnapshots, "eight creates, five places")
	assert.Equal(t, 1, h.Server(web02).Stops)
	assert.Equal(t, 8, h.Deploys(web01))
	assert.Len(t, h.Requests(), 8*5)
}
