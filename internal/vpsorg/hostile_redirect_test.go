package vpsorg

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stranger is a server that no request must reach. It takes anything that is a connection for one.
type stranger struct {
	mu      sync.Mutex
	arrived []string
	port    string
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &stranger{}
	_, s.port, err = net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			s.note("%s %s %v %s", r.Method, r.RequestURI, r.Header, body)
			_, _ = io.WriteString(w, page(0, ""))
		}),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.note("a connection")
			}
		},
	}
	go func() { _ = server.Serve(listener) }() // it ends with the test
	t.Cleanup(func() { _ = server.Close() })
	return s
}

func (s *stranger) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived = append(s.arrived, fmt.Sprintf(format, args...))
}

func (s *stranger) requireAlone(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Empty(t, s.arrived, "a request, and maybe the token with it, reached another origin")
}

// TestTheStrangerWouldNotice keeps the tests below from passing because nobody looks.
func TestTheStrangerWouldNotice(t *testing.T) {
	s := newStranger(t)
	_, err := newTestClient(t, Options{BaseURL: "http://localhost:" + s.port}).ListSnapshots(t.Context(), ListSnapshotsOpts{})
	require.NoError(t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Len(t, s.arrived, 2)
	assert.Contains(t, s.arrived[1], testToken)
}

// elsewhere are places that really answer and are not the API's origin, as seen from the host and port of the API.
func elsewhere(s *stranger, host, port string) map[string]string {
	return map[string]string{
		"another port":                 "http://127.0.0.1:" + s.port + "/snapshots/",
		"another name":                 "http://localhost:" + s.port + "/snapshots/",
		"no scheme":                    "//127.0.0.1:" + s.port + "/",
		"backslashes":                  "\\\\127.0.0.1:" + s.port + "\\",
		"the other scheme":             "https://127.0.0.1:" + s.port + "/",
		"a user of another":            "http://" + host + ":" + port + "@127.0.0.1:" + s.port + "/",
		"a user and a password at it":  "http://vps:secret@" + host + ":" + port + "/snapshots/",
		"only a user at it":            "http://vps@" + host + ":" + port + "/snapshots/",
		"a blank in front":             " http://127.0.0.1:" + s.port + "/",
		"the address in another shape": "http://2130706433:" + s.port + "/",
		"IPv6 that is the same":        "http://[::ffff:127.0.0.1]:" + s.port + "/",
		"capitals":                     "HTTP://LOCALHOST:" + s.port + "/",
		"a port of no number":          "http://127.0.0.1:" + s.port + "x/",
	}
}

func TestNoRedirectTakesARequestToAnotherOrigin(t *testing.T) {
	other := newStranger(t)
	for _, status := range []int{300, 301, 302, 303, 305, 307, 308} {
		var location string
		var requests atomic.Int64
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			w.Header().Set("Refresh", "0;url="+location)
			w.Header().Set("Content-Location", location)
			w.Header().Set("Link", "<"+location+">; rel=\"next\"")
			w.Header().Set("Alt-Svc", `h2="127.0.0.1:`+other.port+`"`)
			redirectTo(status, location)(w, nil)
		}))
		host, port, err := net.SplitHostPort(strings.TrimPrefix(api.URL, "http://"))
		require.NoError(t, err)
		for name, place := range elsewhere(other, host, port) {
			location = place
			for _, op := range operations() {
				requests.Store(0)
				err := op.call(t.Context(), newTestClient(t, Options{BaseURL: api.URL}))
				e := asError(t, err)
				assert.Equal(t, int64(1), requests.Load(), "%d to %s: %s was sent on", status, name, op.name)
				checkShown(t, err)
				assert.Equal(t, e.Method != http.MethodGet, e.Ambiguous, "%d to %s: %s", status, name, op.name)
				assert.NotContains(t, err.Error(), "secret")
			}
		}
		api.Close()
	}
	other.requireAlone(t)
}

// A read may be sent on within the origin; what is found there must not lead out of it either.
func TestNoChainOfRedirectsOrPagesLeavesTheOrigin(t *testing.T) {
	other := newStranger(t)
	out := "http://localhost:" + other.port + "/snapshots/?page=2"
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/in/"):
			redirectTo(307, out)(w, r)
		case r.URL.Query().Get("page") == "2":
			redirectTo(308, out)(w, r)
		case strings.HasPrefix(r.URL.Path, "/snapshots/"):
			_, _ = io.WriteString(w, page(2, "/snapshots/?page=2", row(1)))
		case strings.HasPrefix(r.URL.Path, "/backups/"):
			_, _ = io.WriteString(w, page(2, out, `{"id": 3, "server": 5, "backup_type": "manual", "status": "completed"}`))
		default:
			redirectTo(307, "/in/")(w, r)
		}
	}))
	defer api.Close()
	for _, op := range operations() {
		err := op.call(t.Context(), newTestClient(t, Options{BaseURL: api.URL}))
		if strings.HasPrefix(op.want, http.MethodGet) { // the writes are answered at once, with a page
			asError(t, err)
		}
	}
	other.requireAlone(t)
}

func TestNoRedirectTakesTheTokenFromHTTPSToHTTP(t *testing.T) {
	other := newStranger(t)
	var api *httptest.Server
	location := ""
	api = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { redirectTo(308, location)(w, r) }))
	api.EnableHTTP2 = true
	api.StartTLS()
	defer api.Close()
	for _, place := range []string{"http://127.0.0.1:" + other.port + "/", strings.Replace(api.URL, "https:", "http:", 1) + "/snapshots/", "http:/snapshots/"} {
		location = place
		for _, op := range operations() {
			err := op.call(t.Context(), newTestClient(t, Options{BaseURL: api.URL, Transport: api.Client().Transport}))
			assert.Equal(t, 308, asError(t, err).Status, "%s to %s", op.name, place)
		}
	}
	other.requireAlone(t)
}

// Each answer leads somewhere new, so that no place comes twice.
func TestRedirectsWithoutEndEnd(t *testing.T) {
	var requests atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		redirectTo(307, fmt.Sprintf("/snapshots/?n=%d", requests.Add(1)))(w, r)
	}))
	defer api.Close()
	for _, op := range operations() {
		requests.Store(0)
		_, err := ended(t, op, newTestClient(t, Options{BaseURL: api.URL}))
		assert.True(t, IsStatus(err, 307))
		if strings.HasPrefix(op.want, http.MethodGet) {
			assert.Equal(t, int64(maxRedirects+1), requests.Load(), op.name)
		} else {
			assert.Equal(t, int64(1), requests.Load(), op.name)
		}
	}
}
