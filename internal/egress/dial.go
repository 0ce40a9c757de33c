package egress

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"time"
)

const (
	// stagger is how long one address may be silent before the next one is tried beside it, as in RFC 8305.
	stagger = 250 * time.Millisecond
	// mostAddresses bounds how many connections a name with a long answer can make the worker open.
	mostAddresses = 8
)

// DialURL connects for a request of target, as the DialContext of a transport that is made for this one request:
// address must be the target's own host and port, so that a redirect cannot lead elsewhere.
func (p *Policy) DialURL(ctx context.Context, target *url.URL, network, address string) (net.Conn, error) {
	e, err := endpointOf(target)
	if err != nil {
		return nil, err
	}
	to, err := parseHostPort(address)
	if err != nil {
		return nil, err
	}
	if to.host.ip != e.host.ip || to.host.name != e.host.name || to.port != e.port {
		return nil, refuse(RuleNever, "", "the connection would go to %s instead of %s: no setting allows it", to, e)
	}
	return p.dial(ctx, &p.urls, e, network)
}

// DialTCP connects for a tcp check.
func (p *Policy) DialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	e, err := parseHostPort(address)
	if err != nil {
		return nil, err
	}
	return p.dial(ctx, &p.urls, e, network)
}

// DialSSH connects for ssh.
func (p *Policy) DialSSH(ctx context.Context, network, address string) (net.Conn, error) {
	e, err := parseHostPort(address)
	if err != nil {
		return nil, err
	}
	return p.dial(ctx, &p.ssh, e, network)
}

// dial resolves, judges and connects, in one go: nothing is resolved again after it was judged.
func (p *Policy) dial(ctx context.Context, l *list, e endpoint, network string) (net.Conn, error) {
	if network != "tcp" {
		return nil, refuse(RuleNever, "", "only tcp connections are allowed")
	}
	addresses, err := p.judged(ctx, l, e)
	if err != nil {
		return nil, err
	}
	return p.race(ctx, e, addresses[:min(len(addresses), mostAddresses)])
}

// attempt is the end of one try to connect.
type attempt struct {
	conn net.Conn
	err  error
}

// race tries the addresses in their order, each a little after the one before it or at once when that one failed, and
// returns the first connection. One that leads nowhere then costs a moment and not the whole time-out: a check that
// blames the server for it would restore it.
func (p *Policy) race(ctx context.Context, e endpoint, addresses []netip.Addr) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the tries that lost
	ends := make(chan attempt, len(addresses))
	begin := func(ip netip.Addr) {
		conn, err := p.connect(ctx, "tcp", e.at(ip))
		ends <- attempt{conn, err}
	}
	var first error
	next, running := 0, 0
	for {
		var wait <-chan time.Time
		if next < len(addresses) {
			go begin(addresses[next])
			next++
			running++
			if next < len(addresses) {
				wait = time.After(stagger)
			}
		}
		select {
		case end := <-ends:
			running--
			if end.err == nil {
				go closeLate(ends, running)
				return end.conn, nil
			}
			if first == nil {
				first = end.err // the address that the resolver prefers says most
			}
			if running == 0 && next == len(addresses) {
				return nil, first
			}
		case <-wait:
		}
	}
}

// closeLate closes connections that came after the first one.
func closeLate(ends <-chan attempt, running int) {
	for range running {
		if end := <-ends; end.err == nil {
			_ = end.conn.Close() // nothing was sent over it
		}
	}
}
