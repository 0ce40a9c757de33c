package probe

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
)

// progress is the stage a look has come to. The transport may still dial while the look ends, hence the atomic.
type progress struct{ at atomic.Int32 }

func (p *progress) stage() stage  { return stage(p.at.Load()) }
func (p *progress) reach(s stage) { p.at.Store(int32(s)) }

// follow makes the layers below report their progress. Resolving needs its own stage because a resolver that hangs
// ends in the same time-out as a server that hangs.
func (p *progress) follow(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { p.reach(resolving) },
		ConnectStart: func(string, string) { p.reach(dialing) },
		GotConn:      func(httptrace.GotConnInfo) { p.reach(answering) },
	})
}

// dialPlain opens a connection for plain HTTP.
func (p *Prober) dialPlain(ctx context.Context, target *url.URL, network, address string) (net.Conn, error) {
	conn, err := p.dialURL(ctx, target, network, address)
	if err != nil {
		return nil, err
	}
	return newPatientConn(ctx, conn), nil
}

// dialTLS opens a connection for https and agrees on TLS with the host.
func (p *Prober) dialTLS(ctx context.Context, target *url.URL, network, address string, at *progress) (net.Conn, error) {
	conn, err := p.dialURL(ctx, target, network, address)
	if err != nil {
		return nil, err
	}
	at.reach(handshaking)
	secure := tls.Client(conn, &tls.Config{RootCAs: p.roots, ServerName: target.Hostname(), MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error is the finding
		return nil, err
	}
	return newPatientConn(ctx, secure), nil
}

// patientConn reads nothing before something was written. The transport calls an answer that is faster than its
// request a broken connection, and prints the bytes to the standard logger: the first would blame a server that
// answers early, the second would put its words into the worker's log.
type patientConn struct {
	net.Conn
	look  context.Context // ends the patience when the request is never written
	wrote chan struct{}
	once  sync.Once
}

func newPatientConn(look context.Context, conn net.Conn) *patientConn {
	return &patientConn{Conn: conn, look: look, wrote: make(chan struct{})}
}

// Write opens the way for reads, also when it fails: the answer may have come all the same.
func (c *patientConn) Write(b []byte) (int, error) {
	defer c.once.Do(func() { close(c.wrote) })
	return c.Conn.Write(b)
}

// Read waits for the first write or the end of the look.
func (c *patientConn) Read(b []byte) (int, error) {
	select {
	case <-c.wrote:
		return c.Conn.Read(b)
	case <-c.look.Done():
		return 0, c.look.Err()
	}
}
