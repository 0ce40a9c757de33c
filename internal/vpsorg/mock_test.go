package vpsorg

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testToken = "vps_TopSecret-0123456789"

// step is one request that must come, and its answer.
type step struct {
	want   string // method and URI: "GET /snapshots/?server_id=5"
	body   string // JSON that must come with it; empty for none
	status int
	header map[string]string
	reply  string
	// answer replaces status, header and reply.
	answer http.HandlerFunc
}

// script is a server that expects exactly these requests, in this order.
type script struct {
	*httptest.Server
	t     *testing.T
	mu    sync.Mutex
	steps []step
	next  int
}

func newScript(t *testing.T, steps ...step) *script {
	t.Helper()
	s := &script{t: t, steps: steps}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		s.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		assert.Equal(t, len(s.steps), s.next, "requests that came")
	})
	return s
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	i := s.next
	s.next++
	s.mu.Unlock()
	if i >= len(s.steps) {
		s.t.Errorf("request %d was not expected: %s %s", i+1, r.Method, r.RequestURI)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	step := s.steps[i]
	assert.Equal(s.t, step.want, r.Method+" "+r.RequestURI)
	assert.Equal(s.t, "Bearer "+testToken, r.Header.Get("Authorization"))
	assert.Empty(s.t, r.Header.Get("Idempotency-Key"))
	body, err := io.ReadAll(r.Body)
	assert.NoError(s.t, err)
	if step.body == "" {
		assert.Empty(s.t, string(body))
	} else {
		assert.JSONEq(s.t, step.body, string(body))
		assert.Equal(s.t, "application/json", r.Header.Get("Content-Type"))
	}
	if step.answer != nil {
		step.answer(w, r)
		return
	}
	for name, value := range step.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(step.status)
	_, _ = io.WriteString(w, step.reply)
}

// client talks to the script as fast as it can.
func (s *script) client() *Client { return newTestClient(s.t, Options{BaseURL: s.URL}) }

func newTestClient(t *testing.T, o Options) *Client {
	t.Helper()
	o.Token = testToken
	if o.RateLimit == 0 {
		o.RateLimit = 10000
	}
	c, err := New(o)
	require.NoError(t, err)
	return c
}

// asError checks what holds for every error of the package, and returns it.
func asError(t *testing.T, err error) *Error {
	t.Helper()
	require.Error(t, err)
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.NotEmpty(t, e.Op)
	assert.False(t, e.NotSent && e.Ambiguous, "not sent and maybe done exclude each other")
	assert.Equal(t, e.Status != 0, Answered(err))
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), e.Message, e.Path} {
		assert.NotContains(t, text, testToken)
	}
	for cause := error(e); cause != nil; {
		assert.NotContains(t, fmt.Sprintf("%v %+v", cause, cause), testToken)
		unwrapper, ok := cause.(interface{ Unwrap() error })
		if !ok {
			break
		}
		cause = unwrapper.Unwrap()
	}
	return e
}

// row is a snapshot of server 5 as the API lists it.
func row(id int64) string { return rowOf(id, 5) }

func rowOf(id, server int64) string {
	return fmt.Sprintf(`{"id": %d, "server": {"id": %d, "name": "web"}, "name": "snap-%d", "status": "completed",
		"size_mb": 5120, "created_at": "2025-01-15T18:30:00Z", "description": "d"}`, id, server, id)
}

func page(count int, next string, rows ...string) string {
	results := make([]json.RawMessage, 0, len(rows))
	for _, r := range rows {
		results = append(results, json.RawMessage(r))
	}
	envelope := map[string]any{"count": count, "results": results}
	if next != "" {
		envelope["next"] = next
	}
	b, err := json.Marshal(envelope)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// cut sends raw bytes instead of an answer and closes the connection.
func cut(t *testing.T, raw string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		_, _ = io.WriteString(conn, raw)
		_ = conn.Close()
	}
}

// refusedURL is a loopback address where nobody listens.
func refusedURL(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return "http://" + l.Addr().String()
}

func ids(snapshots []Snapshot) []int64 {
	out := []int64{}
	for _, s := range snapshots {
		out = append(out, s.ID)
	}
	return out
}
