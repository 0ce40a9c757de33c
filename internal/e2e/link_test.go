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

	"github.com/stretchr/testify/require"
)

// link is one worker's way to Temporal. It holds what Temporal says from a moment on, so that a worker can be frozen with a
// task on its way to it: handed out by Temporal, and not yet read.
type link struct {
	address string

	mu    sync.Mutex // guards what follows
	far   []net.Conn
	from  func() bool   // see holdFrom; nil lets everything through
	held  chan struct{} // closed when something is held
	freed chan struct{} // closed when nothing is held any more
}

// newLink listens for a worker and forwards to Temporal.
func newLink(t *testing.T) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &link{address: listener.Addr().String(), held: make(chan struct{}), freed: make(chan struct{})}
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
			go l.deliver(near, far)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		l.release()
		l.cut()
	})
	return l
}

// forward copies one direction until either side ends.
func forward(to, from net.Conn) {
	_, _ = io.Copy(to, from) // an end is an end, however it came
	_ = to.Close()
}

// holdFrom holds every word of Temporal's that comes when the moment is there, and all that come after it, until release.
// The moment is asked about after a word has come and before it goes on, so no word that was said in it slips through,
// however slow the asking is. The channel is closed when something is held.
func (l *link) holdFrom(moment func() bool) (held <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from = moment
	return l.held
}

// release lets everything through again, what was held first.
func (l *link) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.freed:
	default:
		close(l.freed)
	}
}

// pass waits until a word that has come may go on.
func (l *link) pass() {
	l.mu.Lock()
	from := l.from
	l.mu.Unlock()
	if from == nil || !l.holds(from) {
		return
	}
	<-l.freed
}

// holds says whether words are held now.
func (l *link) holds(from func() bool) bool {
	select {
	case <-l.freed:
		return false
	case <-l.held:
		return true
	default:
	}
	if !from() {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.held: // another connection's word was faster
	default:
		close(l.held)
	}
	return true
}

// deliver copies Temporal's words. They are taken from it whether they may go on or not, so that a cut loses none.
func (l *link) deliver(near, far net.Conn) {
	queue := make(chan []byte, 1024)
	go func() {
		defer func() { _ = near.Close() }()
		for words := range queue {
			l.pass()
			if _, err := near.Write(words); err != nil {
				return
			}
		}
	}()
	defer close(queue)
	for {
		buffer := make([]byte, 64<<10)
		n, err := far.Read(buffer)
		if n > 0 {
			queue <- buffer[:n]
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
