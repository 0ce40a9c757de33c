package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

const (
	address = "127.0.0.1:8080" // never listened on
	baseURL = "http://" + address
)

var errConnection = errors.New("connection reset by peer")

// api is how one process reaches the API. It is the transport of its client.
type api struct{ p *process }

// RoundTrip takes a request to the API and its answer back. Both take time, and in both the process may die.
func (a api) RoundTrip(req *http.Request) (*http.Response, error) {
	w, op := a.p.w, opOf(req)
	n := w.countRequest(op)
	// Not by n: requests that leave in the same moment are counted in any order.
	which := fmt.Sprintf("%s %s number %d", req.Method, req.URL.RequestURI(), w.countPath(req.Method+req.URL.RequestURI()))
	w.happened(onSend, string(op), n, a.p)
	if err := a.travel(req.Context(), "request", which); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	stop := context.AfterFunc(a.p.life, cancel)
	defer stop()
	answer, err := a.serve(req.Clone(ctx))
	w.happened(onAnswer, string(op), n, a.p)
	if err != nil {
		return nil, err
	}
	if err := a.travel(req.Context(), "answer", which); err != nil {
		return nil, err
	}
	answer.Request = req
	return answer, nil
}

// travel is one way through the network.
func (a api) travel(ctx context.Context, what, which string) error {
	if err := a.p.w.wait(ctx, a.p, a.p.w.lag(what+" of "+which, 5*time.Millisecond, 60*time.Millisecond)); err != nil {
		return err
	}
	return a.p.w.throughAPI(ctx, a.p)
}

// serve lets the stand-in answer, as its server would.
func (a api) serve(req *http.Request) (resp *http.Response, err error) {
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	defer func() {
		if cut := recover(); cut != nil {
			if cut != http.ErrAbortHandler { // a panic value, compared as net/http does
				panic(cut)
			}
			resp, err = nil, errConnection
		}
	}()
	if req.Body == nil {
		req.Body = http.NoBody
	}
	req.RequestURI = req.URL.RequestURI()
	a.p.w.fake.ServeHTTP(rec, req)
	if ctx := req.Context(); ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return &http.Response{
		Status: strconv.Itoa(rec.status) + " " + http.StatusText(rec.status), StatusCode: rec.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: rec.header, Body: io.NopCloser(&rec.body), ContentLength: int64(rec.body.Len()),
	}, nil
}

// recorder keeps an answer.
type recorder struct {
	header  http.Header
	status  int
	written bool
	body    bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if !r.written {
		r.status, r.written = status, true
	}
}

func (r *recorder) Write(b []byte) (int, error) { r.written = true; return r.body.Write(b) }

// opOf names a request of the API.
func opOf(req *http.Request) vpsfake.Op {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(req.URL.Path, "/api/v1"), "/"), "/")
	switch last := parts[len(parts)-1]; {
	case parts[0] == "account":
		return vpsfake.OpMe
	case parts[0] == "snapshots" && last == "restore":
		return vpsfake.OpRestoreSnapshot
	case parts[0] == "snapshots" && req.Method == http.MethodDelete:
		return vpsfake.OpDeleteSnapshot
	case parts[0] == "snapshots" && req.Method == http.MethodPost:
		return vpsfake.OpCreateSnapshot
	case parts[0] == "snapshots":
		return vpsfake.OpListSnapshots
	case parts[0] == "backups" && req.Method == http.MethodPost:
		return vpsfake.OpCreateBackup
	case parts[0] == "backups":
		return vpsfake.OpListBackups
	case last == "start":
		return vpsfake.OpStartServer
	case last == "stop":
		return vpsfake.OpStopServer
	case len(parts) == 1:
		return vpsfake.OpListServers
	default:
		return vpsfake.OpGetServer
	}
}

// sites is the network in which the servers' sites and deploy hooks are: connections are pipes to one web server.
type sites struct {
	w      *world
	accept chan net.Conn
	gone   chan struct{}
	server *http.Server
}

func newSites(w *world) *sites {
	s := &sites{w: w, accept: make(chan net.Conn), gone: make(chan struct{})}
	s.server = &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		hook := strings.HasSuffix(r.URL.Path, "/hooks/deploy")
		if hook {
			n := w.countRequest(vpsfake.OpDeployHook)
			p, _ := r.Context().Value(callerKey{}).(*process)
			w.happened(onSend, string(vpsfake.OpDeployHook), n, p)
			defer w.happened(onAnswer, string(vpsfake.OpDeployHook), n, p)
		}
		w.fake.ServeHTTP(rw, r)
	}), ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		if call, ok := c.(*call); ok {
			return context.WithValue(ctx, callerKey{}, call.from)
		}
		return ctx
	}}
	go func() { _ = s.server.Serve(s) }() // ends with the world
	return s
}

// call is a connection at the server's end; from is the process that made it.
type call struct {
	net.Conn
	from *process
}

type callerKey struct{}

func (s *sites) Accept() (net.Conn, error) {
	select {
	case c := <-s.accept:
		return c, nil
	case <-s.gone:
		return nil, net.ErrClosed
	}
}

func (s *sites) Close() error   { close(s.gone); return nil }
func (s *sites) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// dialer connects a process with the sites.
func (s *sites) dialer(p *process) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		if err := s.w.wait(ctx, p, s.w.lag("dial "+strconv.Itoa(s.w.countDial()), time.Millisecond, 20*time.Millisecond)); err != nil {
			return nil, err
		}
		near, far := net.Pipe()
		select {
		case s.accept <- &call{far, p}:
		case <-s.gone:
			return nil, errConnection
		}
		stop := context.AfterFunc(p.life, func() { _ = near.Close() })
		return &wire{near, stop}, nil
	}
}

// wire is a connection that ends with its process.
type wire struct {
	net.Conn
	stop func() bool
}

func (c *wire) Close() error { c.stop(); return c.Conn.Close() }

// RemoteAddr is that of the site: a pipe has none.
func (c *wire) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }
