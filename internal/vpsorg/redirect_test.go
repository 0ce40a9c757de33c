package vpsorg

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func redirectTo(status int, location string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Location"] = []string{location}
		w.WriteHeader(status)
	}
}

func TestAReadFollowsARedirectOnTheSameOrigin(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := newScript(t,
			step{want: "GET /snapshots/", answer: redirectTo(status, "/v2/snapshots/#top")},
			step{want: "GET /v2/snapshots/", status: 200, reply: page(2, "?page=2", row(1))},
			step{want: "GET /v2/snapshots/?page=2", status: 200, reply: page(2, "", row(2))})
		got, err := s.client().ListSnapshots(t.Context(), ListSnapshotsOpts{})
		require.NoError(t, err)
		assert.Equal(t, []int64{1, 2}, ids(got))
	}
}

func TestTheTokenNeverGoesToAnotherOrigin(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("a request came: %s %s, token %q", r.Method, r.RequestURI, r.Header.Get("Authorization"))
	}))
	defer other.Close()
	for _, location := range []string{other.URL + "/snapshots/", other.URL[len("http:"):] + "/", "https://127.0.0.1/",
		"http://user:pass@127.0.0.1/", "file:///etc/passwd", "http://%zz/", "http://127.0.0.1.example.com/"} {
		for _, op := range append(writes(), reads()...) {
			err := answered(t, op, redirectTo(307, location))
			e := asError(t, err)
			assert.Equal(t, 307, e.Status)
			assert.Contains(t, e.Message, "check VPS_API_URL")
			assert.NotContains(t, err.Error(), "pass")
		}
		s := newScript(t, step{want: "GET /snapshots/", status: 200, reply: page(2, location, row(1))})
		_, err := s.client().ListSnapshots(t.Context(), ListSnapshotsOpts{})
		asError(t, err)
		require.ErrorIs(t, err, ErrNotWhole)
	}
}

func TestAWriteFollowsNoRedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, op := range writes() {
			err := answered(t, op, redirectTo(status, "/snapshots/")) // the script fails on a second request
			assert.True(t, IsAmbiguous(err))
			assert.ErrorContains(t, err, "never followed")
		}
	}
}

func TestRedirectsInACircleEnd(t *testing.T) {
	steps := make([]step, maxRedirects+1)
	for i := range steps {
		steps[i] = step{want: "GET /account/me/", answer: redirectTo(302, "/account/me/")}
	}
	_, err := newScript(t, steps...).client().Me(t.Context())
	assert.True(t, IsStatus(err, 302))
	assert.ErrorContains(t, err, "more than 3 times")
}

func TestARedirectWithoutAPlaceIsAnError(t *testing.T) {
	for _, op := range reads() {
		assert.True(t, IsStatus(answered(t, op, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) }), 302))
	}
}

func TestDefaultPortsAreTheSameOrigin(t *testing.T) {
	c := newTestClient(t, Options{BaseURL: "https://Admin.VPS.org/api/v1"})
	for link, same := range map[string]bool{
		"https://admin.vps.org:443/x": true, "https://ADMIN.vps.org/": true, "//admin.vps.org/": true, "/x": true,
		"http://admin.vps.org/": false, "http://admin.vps.org:443/": false, "https://admin.vps.org:80/": false,
		"https://admin.vps.org./": false, "https://xadmin.vps.org/": false, "https://admin.vps.org@evil/": false,
	} {
		u, err := c.base.Parse(link)
		require.NoError(t, err)
		assert.Equal(t, same, c.sameOrigin(u), link)
	}
}

func TestTheDefaultPortOfPlainHTTPIs80(t *testing.T) {
	c := newTestClient(t, Options{BaseURL: "http://localhost"})
	u, err := c.base.Parse("http://localhost:80/")
	require.NoError(t, err)
	assert.True(t, c.sameOrigin(u))
}

// net/http resends by itself only on a connection from the pool, or over HTTP/2.
func TestEveryWriteHasItsOwnConnectionAndIsHTTP1(t *testing.T) {
	var mu sync.Mutex
	connections := map[string]int{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodGet {
			assert.Equal(t, "HTTP/2.0", r.Proto, "the server offers it")
			_, _ = io.WriteString(w, page(0, ""))
			return
		}
		assert.Equal(t, "HTTP/1.1", r.Proto)
		connections[r.RemoteAddr]++
		w.WriteHeader(http.StatusNoContent)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	c := newTestClient(t, Options{BaseURL: server.URL, Transport: server.Client().Transport})
	for i := range 5 {
		_, err := c.ListServers(t.Context(), ListServersOpts{})
		require.NoError(t, err)
		require.NoError(t, c.DeleteSnapshot(t.Context(), int64(i+1)))
	}
	mu.Lock()
	defer mu.Unlock()
	assert.Len(t, connections, 5)
	for _, requests := range connections {
		assert.Equal(t, 1, requests)
	}
}

func TestTheClientsOwnTransportsKeepThatPromise(t *testing.T) {
	reads, writes, traced := transports(nil)
	assert.True(t, traced)
	assert.False(t, reads.(*http.Transport).DisableKeepAlives)
	assert.True(t, writes.(*http.Transport).DisableKeepAlives)
	assert.False(t, writes.(*http.Transport).Protocols.HTTP2())

	c := newTestClient(t, Options{BaseURL: "https://h"})
	req, err := c.newRequest(t.Context(), call{method: http.MethodPost, body: []byte("{}")}, c.endpoint("/snapshots/", nil))
	require.NoError(t, err)
	assert.Nil(t, req.GetBody, "nothing can rewind the body")
}
