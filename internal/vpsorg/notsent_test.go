package vpsorg

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

func requireNotSent(t *testing.T, err error) *Error {
	t.Helper()
	e := asError(t, err)
	require.True(t, IsNotSent(err), "%v", err)
	assert.False(t, IsAmbiguous(err))
	assert.False(t, Answered(err))
	assert.ErrorContains(t, err, "nothing was sent")
	return e
}

func TestARequestThatNeverHadAConnectionWasNotSent(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of each handshake
	untrusted.StartTLS()
	defer untrusted.Close()
	noName := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "admin.vps.org", IsNotFound: true}
	}}
	for name, o := range map[string]Options{
		"refused":               {BaseURL: refusedURL(t)},
		"name does not resolve": {BaseURL: "https://admin.vps.org", Transport: noName},
		"no TLS on the port":    {BaseURL: strings.Replace(plain.URL, "http:", "https:", 1)},
		"certificate":           {BaseURL: untrusted.URL},
	} {
		for _, op := range append(writes(), reads()...) {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				e := requireNotSent(t, op.call(t.Context(), newTestClient(t, o)))
				assert.Contains(t, e.Message, "check VPS_API_URL")
				assert.Error(t, e.Err)
			})
		}
	}
	var dns *net.DNSError
	err := newTestClient(t, Options{BaseURL: "https://h", Transport: noName}).DeleteSnapshot(t.Context(), 1)
	require.ErrorAs(t, err, &dns, "the cause stays within reach")
}

func TestATimeoutInTheConnectWasNotSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never says a word of TLS
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	c := newTestClient(t, Options{BaseURL: "https://" + l.Addr().String(), RequestTimeout: 50 * time.Millisecond})
	err = c.DeleteSnapshot(t.Context(), 1)
	requireNotSent(t, err)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestAContextThatIsOverSendsNothing(t *testing.T) {
	s := newScript(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, op := range append(writes(), reads()...) {
		err := op.call(ctx, s.client())
		requireNotSent(t, err)
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestArgumentsThatCannotBeMeantSendNothing(t *testing.T) {
	c, ctx := newScript(t).client(), t.Context()
	_, list := c.ListSnapshots(ctx, ListSnapshotsOpts{ServerID: -1})
	_, get := c.GetServer(ctx, 0)
	_, restore := c.RestoreSnapshot(ctx, 0)
	_, server := c.CreateSnapshot(ctx, CreateSnapshotOpts{Name: "a"})
	errs := []error{list, get, restore, server, c.DeleteSnapshot(ctx, -1), c.StartServer(ctx, 0), c.StopServer(ctx, -5)}
	for _, name := range []string{"", "a b", "a/b", "ä", "a\n", "a.b"} {
		_, err := c.CreateSnapshot(ctx, CreateSnapshotOpts{ServerID: 5, Name: name})
		errs = append(errs, err)
	}
	for _, err := range errs {
		requireNotSent(t, err)
		require.ErrorIs(t, err, ErrInvalidArgument)
	}
}

// roundTrip is a transport that tells httptrace nothing.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestATransportThatTracesNothingProvesNothing(t *testing.T) {
	silent := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("something broke") })
	err := newTestClient(t, Options{BaseURL: "https://h", Transport: silent}).DeleteSnapshot(t.Context(), 1)
	asError(t, err)
	assert.False(t, IsNotSent(err))
	assert.True(t, IsAmbiguous(err))

	wrapped := roundTrip(new(http.Transport).RoundTrip)
	requireNotSent(t, newTestClient(t, Options{BaseURL: refusedURL(t), Transport: wrapped}).DeleteSnapshot(t.Context(), 1))
}

func TestTheRateLimitIsSharedByAllCallsOfAClient(t *testing.T) {
	s := newScript(t,
		step{want: "DELETE /snapshots/1/", status: 204},
		step{want: "GET /snapshots/", status: 200, reply: page(2, "?page=2", row(1))})
	c := newTestClient(t, Options{BaseURL: s.URL, RateLimit: 1})
	c.limiter = rate.NewLimiter(0.001, 2) // two at once, the next in 1000 seconds
	require.NoError(t, c.DeleteSnapshot(t.Context(), 1))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	start := time.Now()
	_, err := c.ListSnapshots(ctx, ListSnapshotsOpts{}) // a page is a request
	requireNotSent(t, err)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "VPS_RATE_LIMIT")
	assert.Less(t, time.Since(start), 30*time.Second, "gives up at once")
}

func TestACancelEndsTheWaitForTheRateLimit(t *testing.T) {
	s := newScript(t, step{want: "DELETE /snapshots/1/", status: 204})
	c := newTestClient(t, Options{BaseURL: s.URL, RateLimit: 0.001})
	require.NoError(t, c.DeleteSnapshot(t.Context(), 1))
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { failed <- c.DeleteSnapshot(ctx, 2) }()
	require.Eventually(t, func() bool { return c.limiter.Tokens() < 0 }, 30*time.Second, time.Millisecond, "it waits")
	cancel()
	err := <-failed
	requireNotSent(t, err)
	require.ErrorIs(t, err, context.Canceled)
}

func TestTheBurstIsSmallAndNeverZero(t *testing.T) {
	for limit, burst := range map[float64]int{0: 5, 0.1: 1, 1: 1, 3.7: 3, 5: 5, 1e300: 5} {
		c, err := New(Options{BaseURL: "https://h", Token: testToken, RateLimit: limit})
		require.NoError(t, err)
		assert.Equal(t, burst, c.limiter.Burst(), "%v", limit)
	}
}
