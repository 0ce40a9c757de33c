package vpsfake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	web01   = int64(101)
	web02   = int64(102)
	managed = "managed-by=safepoint run=r1 policy=update"
)

// handClock is a real clock that only the test moves.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// harness is a fake with two servers behind a real HTTP server, and a client that does what it is told and no more.
type harness struct {
	*Fake
	t     *testing.T
	clock *handClock
	base  string
}

func start(t *testing.T, o Options) *harness {
	t.Helper()
	clock := &handClock{now: time.Date(2025, 1, 15, 18, 30, 0, 0, time.UTC)}
	o.Now = clock.Now
	fake := New(o)
	fake.AddServer(ServerSpec{ID: web01, Name: "web01"})
	fake.AddServer(ServerSpec{ID: web02, Name: "web02"})
	server := httptest.NewServer(fake)
	t.Cleanup(func() {
		fake.Close()
		server.Close()
	})
	return &harness{Fake: fake, t: t, clock: clock, base: server.URL}
}

type reply struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

func (h *harness) request(ctx context.Context, method, path, body string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, h.base+path, bytes.NewBufferString(body))
	require.NoError(h.t, err)
	req.Header.Set("Authorization", "Bearer "+DefaultToken)
	return h.do(req)
}

func (h *harness) do(req *http.Request) (reply, error) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	r := reply{status: resp.StatusCode, header: resp.Header, raw: raw}
	_ = json.Unmarshal(raw, &r.body) // some answers are not objects on purpose
	return r, err
}

// call sends a request that must get an answer.
func (h *harness) call(method, path, body string) reply {
	h.t.Helper()
	r, err := h.request(h.t.Context(), method, path, body)
	require.NoError(h.t, err)
	return r
}

// cutOff sends a request that must not get an answer.
func (h *harness) cutOff(method, path, body string) {
	h.t.Helper()
	_, err := h.request(h.t.Context(), method, path, body)
	require.Error(h.t, err)
}

func createBody(server int64, name string) string {
	return fmt.Sprintf(`{"server_id":%d,"name":%q,"description":%q}`, server, name, managed)
}

func (h *harness) create(server int64, name string) int64 {
	h.t.Helper()
	r := h.call("POST", "/api/v1/snapshots/", createBody(server, name))
	require.Equal(h.t, 201, r.status, string(r.raw))
	return int64(r.body["id"].(float64))
}

// ready makes a snapshot and lets it complete; the client has seen it.
func (h *harness) ready(server int64, name string) int64 {
	h.t.Helper()
	id := h.create(server, name)
	h.clock.pass(defaultSnapshotTime)
	require.Equal(h.t, "completed", h.listed(id)["status"])
	return id
}

func (h *harness) rows(path string) []any {
	h.t.Helper()
	r := h.call("GET", path, "")
	require.Equal(h.t, 200, r.status, string(r.raw))
	return r.body["results"].([]any)
}

// listed is the row of a snapshot in the list of the account, or nil.
func (h *harness) listed(id int64) map[string]any {
	h.t.Helper()
	for _, row := range h.rows("/api/v1/snapshots/") {
		if r := row.(map[string]any); int64(r["id"].(float64)) == id {
			return r
		}
	}
	return nil
}

func (h *harness) restore(id int64) reply {
	h.t.Helper()
	return h.call("POST", fmt.Sprintf("/api/v1/snapshots/%d/restore/", id), "")
}

func (h *harness) delete(id int64) reply {
	h.t.Helper()
	return h.call("DELETE", fmt.Sprintf("/api/v1/snapshots/%d/", id), "")
}

func (h *harness) server(id int64) map[string]any {
	h.t.Helper()
	r := h.call("GET", fmt.Sprintf("/api/v1/servers/%d/", id), "")
	require.Equal(h.t, 200, r.status)
	return r.body
}

func (h *harness) status(id int64) string { return h.server(id)["status"].(string) }

// hook calls the deploy webhook with a query.
func (h *harness) hook(id int64, query string) reply {
	h.t.Helper()
	return h.call("POST", fmt.Sprintf("/sites/%d/hooks/deploy?%s", id, query), `{"run":"r1"}`)
}

func (h *harness) lastRequest() Request {
	h.t.Helper()
	all := h.Requests()
	require.NotEmpty(h.t, all)
	return all[len(all)-1]
}

// laws are the numbers of the laws broken so far.
func (h *harness) laws() []int {
	numbers := []int{}
	for _, v := range h.Violations() {
		numbers = append(numbers, v.Law)
	}
	return numbers
}
