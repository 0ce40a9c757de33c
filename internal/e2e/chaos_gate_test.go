package e2e

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// inFlightMost is the longest that a gate holds a write back on either side of the API: a crash then finds it before or
// after its effect.
const inFlightMost = 200 * time.Millisecond

// gate is one worker's way to the API. It can be shut, and it says when a write passes.
type gate struct {
	url  string
	shut atomic.Bool
	// writes gets a word for each write that comes in, when somebody listens.
	writes chan struct{}
	dice   *dice
}

func newGate(t *testing.T, api string, d *dice) *gate {
	t.Helper()
	target, err := url.Parse(api)
	require.NoError(t, err)
	g := &gate{writes: make(chan struct{}), dice: d}
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: log.New(io.Discard, "", 0), // a killed worker is a cut connection, again and again
		ModifyResponse: func(resp *http.Response) error {
			if resp.Request.Method != http.MethodGet {
				g.linger(resp.Request)
			}
			if g.shut.Load() {
				return http.ErrAbortHandler // the answer of what took effect is lost too
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if g.shut.Load() {
			panic(http.ErrAbortHandler) // cut without a word
		}
		if r.Method != http.MethodGet {
			select {
			case g.writes <- struct{}{}:
			default: // nobody aims
			}
			g.linger(r)
		}
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// linger is the time of a write on its way, in which its sender may die.
func (g *gate) linger(r *http.Request) {
	select {
	case <-time.After(g.dice.between(0, inFlightMost)):
	case <-r.Context().Done():
	}
}
