package health

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func start(t *testing.T) *Server {
	t.Helper()
	s, err := Start("127.0.0.1:0", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close(context.Background())) })
	return s
}

func get(t *testing.T, s *Server, path string) (int, string) {
	t.Helper()
	response, err := http.Get("http://" + s.Addr() + path)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func healthy(context.Context) error { return nil }

func TestAliveIsNotReady(t *testing.T) {
	s := start(t)
	status, _ := get(t, s, "/healthz")
	assert.Equal(t, 200, status)
	status, body := get(t, s, "/readyz")
	assert.Equal(t, 503, status)
	assert.Contains(t, body, "starting")

	s.NotReady("waiting for Temporal")
	status, body = get(t, s, "/readyz")
	assert.Equal(t, 503, status)
	assert.Contains(t, body, "waiting for Temporal")

	s.Ready(healthy)
	status, _ = get(t, s, "/readyz")
	assert.Equal(t, 200, status)
}

func TestADrainingWorkerIsAliveAndNotReady(t *testing.T) {
	s := start(t)
	s.Ready(healthy)
	s.NotReady("draining")
	status, body := get(t, s, "/readyz")
	assert.Equal(t, 503, status)
	assert.Contains(t, body, "draining")
	status, _ = get(t, s, "/healthz")
	assert.Equal(t, 200, status)
}

func TestAWorkerWhoseTemporalIsGoneIsNotReadyUntilItIsBack(t *testing.T) {
	s := start(t)
	clock := time.Now()
	s.now = func() time.Time { return clock }
	var fail error
	asked := 0
	s.Ready(func(ctx context.Context) error {
		_, bounded := ctx.Deadline()
		assert.True(t, bounded)
		asked++
		return fail
	})
	assert.Empty(t, s.notReady(t.Context()))

	fail = errors.New("vps_secret connection refused")
	assert.Empty(t, s.notReady(t.Context()), "a recent look is repeated")
	assert.Equal(t, 1, asked)
	clock = clock.Add(checkEvery)
	assert.Equal(t, "Temporal does not answer", s.notReady(t.Context()), "without the cause")

	fail = nil
	clock = clock.Add(checkEvery)
	assert.Empty(t, s.notReady(t.Context()))
	assert.Equal(t, 3, asked)
}

func TestAProbeThatHungUpSaysNothingAboutTemporal(t *testing.T) {
	s := start(t)
	s.Ready(func(ctx context.Context) error { return ctx.Err() })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Empty(t, s.notReady(gone))
}

func TestOnlyReadsAndKnownPathsAreAnswered(t *testing.T) {
	s := start(t)
	response, err := http.Post("http://"+s.Addr()+"/readyz", "text/plain", nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, 405, response.StatusCode)
	status, _ := get(t, s, "/debug/pprof/")
	assert.Equal(t, 404, status)
}

func TestAnAddressInUseIsAnErrorThatNamesTheSetting(t *testing.T) {
	s := start(t)
	_, err := Start(s.Addr(), slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "SAFEPOINT_LISTEN")
}

func TestCheckFindsALivingWorkerOnAnyOfItsAddresses(t *testing.T) {
	s := start(t)
	_, port, err := net.SplitHostPort(s.Addr())
	require.NoError(t, err)
	for _, addr := range []string{s.Addr(), ":" + port, "0.0.0.0:" + port} {
		assert.NoError(t, Check(t.Context(), addr), addr)
	}
	assert.Equal(t, "::1", reachable("::"))
}

func TestCheckFailsForAnythingButAYes(t *testing.T) {
	no := httptest.NewServer(http.NotFoundHandler())
	defer no.Close()
	assert.ErrorContains(t, Check(t.Context(), no.Listener.Addr().String()), "404")

	gone := httptest.NewServer(http.NotFoundHandler())
	addr := gone.Listener.Addr().String()
	gone.Close()
	assert.ErrorContains(t, Check(t.Context(), addr), "not alive")
	assert.Error(t, Check(t.Context(), "no port"))
}

func TestCheckIgnoresAProxyOfTheEnvironment(t *testing.T) {
	var used atomic.Bool
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { used.Store(true) }))
	defer proxy.Close()
	t.Setenv("http_proxy", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)
	// Loopback is never proxied by net/http; a name that is not loopback would be.
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	assert.Error(t, Check(ctx, "192.0.2.1:9464"))
	assert.False(t, used.Load())
}
