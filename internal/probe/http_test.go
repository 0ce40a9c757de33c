package probe

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// site answers every request with a status and a body.
func site(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnAnswerIsComparedWithWhatTheCheckExpects(t *testing.T) {
	inReach := strings.Repeat("x", bodyLimit-len("welcome")) + "welcome"
	cases := []struct {
		name   string
		status int
		body   string
		check  contract.Check
		want   contract.Verdict
		words  string
	}{
		{"200 by default", 200, "", contract.Check{}, contract.VerdictPassed, "answered 200"},
		{"wrong status", 503, "", contract.Check{}, contract.VerdictFailed, "answered 503, expected 200"},
		{"other 2xx", 204, "", contract.Check{}, contract.VerdictFailed, "answered 204, expected 200"},
		{"expected error status", 401, "", contract.Check{ExpectStatus: 401}, contract.VerdictPassed, "answered 401"},
		{"text there", 200, "hello, welcome home", contract.Check{ExpectBody: "welcome"}, contract.VerdictPassed, "with the expected text"},
		{"text missing", 200, "maintenance", contract.Check{ExpectBody: "welcome"}, contract.VerdictFailed, "expected text is not in"},
		{"text there, status wrong", 500, "welcome", contract.Check{ExpectBody: "welcome"}, contract.VerdictFailed, "answered 500"},
		{"text at the end of the limit", 200, inReach, contract.Check{ExpectBody: "welcome"}, contract.VerdictPassed, "with the expected text"},
		{"text beyond the limit", 200, "x" + inReach, contract.Check{ExpectBody: "welcome"}, contract.VerdictFailed, "64 KiB"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			check := httpCheck(site(t, c.status, c.body) + "/healthz")
			check.ExpectStatus, check.ExpectBody = c.check.ExpectStatus, c.check.ExpectBody
			requireVerdict(t, c.want, c.words, New(Options{APIReachable: no}).Look(t.Context(), check))
		})
	}
}

func TestARedirectIsAnAnswerAndNeverFollowed(t *testing.T) {
	var followed atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed.Store(true)
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	prober := New(Options{})

	requireVerdict(t, contract.VerdictFailed, "answered 302, expected 200 (redirects are not followed)",
		prober.Look(t.Context(), httpCheck(server.URL)))
	check := httpCheck(server.URL)
	check.ExpectStatus = http.StatusFound
	requireVerdict(t, contract.VerdictPassed, "answered 302", prober.Look(t.Context(), check))
	assert.False(t, followed.Load())
}

func TestAServerThatAnswersWronglyFailed(t *testing.T) {
	cases := []struct {
		name   string
		handle func(net.Conn)
		words  string
	}{
		{"closes at once", func(net.Conn) {}, ""}, // an end of file or a reset, as the kernel likes
		{"closes after the request", answerRaw(""), "closed the connection"},
		{"resets", reset, "cut the connection"},
		{"speaks something else", answerRaw("SSH-2.0-hidden\r\n"), "not HTTP"},
		{"bad status line", answerRaw("HTTP/1.1 abc hidden\r\n\r\n"), "not HTTP"},
		{"cut headers", answerRaw("HTTP/1.1 200 OK\r\nX-Hidden: "), "whole HTTP answer"},
		{"cut body", answerRaw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhidden welcome"), "whole HTTP answer"},
		{"endless headers", answerRaw("HTTP/1.1 200 OK\r\nX-Hidden: " + strings.Repeat("x", headerLimit+8192)), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			check := httpCheck("http://" + rawServer(t, c.handle))
			check.ExpectBody = "welcome"
			got := New(Options{APIReachable: no}).Look(t.Context(), check)
			requireVerdict(t, contract.VerdictFailed, c.words, got)
			assert.NotContains(t, strings.ToLower(got.Detail), "hidden", "what a server sends is not for results")
		})
	}
	t.Run("refuses", func(t *testing.T) {
		got := New(Options{APIReachable: no}).Look(t.Context(), httpCheck("http://"+refusingAddress(t)))
		requireVerdict(t, contract.VerdictFailed, "refused", got)
	})
}

func TestSilenceFailsOnlyAServerThatAWorkingNetworkCannotReach(t *testing.T) {
	t.Parallel()
	hangingBody := func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nwelcome")
		hang(conn)
	}
	cases := []struct {
		name, url string
		words     string
	}{
		{"no answer", "http://" + rawServer(t, hang), "the answer did not come in time"},
		{"no end of the body", "http://" + rawServer(t, hangingBody), "the answer did not come in time"},
		{"no TLS handshake", "https://" + rawServer(t, hang), "TLS handshake did not end in time"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			check := httpCheck(c.url)
			check.Timeout, check.ExpectBody = untilSilent, "welcome"
			got := atOnce(t, check, New(Options{APIReachable: yes}), New(Options{APIReachable: no}), New(Options{}))
			requireVerdict(t, contract.VerdictFailed, c.words, got[0])
			requireVerdict(t, contract.VerdictInconclusive, c.words, got[1])
			requireVerdict(t, contract.VerdictInconclusive, c.words, got[2])
		})
	}
}

func TestTheBodyIsNotAwaitedWhenNothingIsExpectedOfIt(t *testing.T) {
	stream := rawServer(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
		hang(conn)
	})
	requireVerdict(t, contract.VerdictPassed, "answered 200", New(Options{}).Look(t.Context(), httpCheck("http://"+stream)))
}

func TestEveryLookOpensItsOwnConnection(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	prober := New(Options{})
	for range 3 {
		requireVerdict(t, contract.VerdictPassed, "answered 200", prober.Look(t.Context(), httpCheck(server.URL)))
	}
	assert.EqualValues(t, 3, opened.Load())
}

func TestALookIgnoresProxiesAndSaysWhoItIs(t *testing.T) { // the proxy is set in TestMain
	var seen http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header }))
	defer server.Close()
	// A name, because proxies are never used for loopback addresses; the dialer sends it to the local server.
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		assert.Equal(t, "web.example.com:80", address)
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	got := New(Options{DialContext: dial}).Look(t.Context(), httpCheck("http://web.example.com/"))
	requireVerdict(t, contract.VerdictPassed, "answered 200", got)
	assert.Equal(t, userAgent, seen.Get("User-Agent"))
	assert.Empty(t, seen.Get("Accept-Encoding"))
}
