package e2e

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// link is one worker's way to Temporal. What Temporal says arrives late when it is told to, so that a worker can be
// frozen with a task on its way to it: handed out by Temporal, and not yet read.
type link struct {
	address string
	late    atomic.Int64 // how late, a time.Duration
	mu      sync.Mutex   // guards far
	far     []net.Conn
}

// newLink listens for a worker and forwards to Temporal.
func newLink(t *testing.T) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &link{address: listener.Addr().String()}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", stack.TemporalAddress)
			if err != nil {
				_ = near.Close()
				continue
			}
			l.mu.Lock()
			l.far = append(l.far, far)
			l.mu.Unlock()
			go forward(far, near)
			go l.deliverLate(near, far)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		l.cut()
	})
	return l
}

// forward copies one direction until either side ends.
func forward(to, from net.Conn) {
	_, _ = io.Copy(to, from) // an end is an end, however it came
	_ = to.Close()
}

// deliverLate copies Temporal's words, each a while after it came.
func (l *link) deliverLate(near, far net.Conn) {
	type words struct {
		at   time.Time
		text []byte
	}
	queue := make(chan words, 1024)
	go func() {
		defer func() { _ = near.Close() }()
		for w := range queue {
			time.Sleep(time.Until(w.at)) // the link's own delay
			if _, err := near.Write(w.text); err != nil {
				return
			}
		}
	}()
	defer close(queue)
	for {
		buffer := make([]byte, 64<<10)
		n, err := far.Read(buffer)
		if n > 0 {
			queue <- words{time.Now().Add(time.Duration(l.late.Load())), buffer[:n]}
		}
		if err != nil {
			return
		}
	}
}

// cut ends Temporal's side of every connection: a frozen worker's polls would otherwise go on taking tasks. What is on
// its way still arrives, and a new connection is forwarded again.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, far := range l.far {
		_ = far.Close()
	}
	l.far = nil
}

// gateway is one worker's own way to the API, which tells its writes from those of other workers.
type gateway struct {
	url  string
	sent atomic.Int64
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	target, err := url.Parse(stack.FakeURL)
	require.NoError(t, err)
	g := &gateway{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ErrorLog: log.New(io.Discard, "", 0)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			g.sent.Add(1)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL + "/api/v1"
	return g
}
