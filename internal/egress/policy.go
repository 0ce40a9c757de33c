package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// lookupWithin bounds the resolution of one name in a check. It is not a refusal when a name does not resolve in time:
// the dial resolves it again.
const lookupWithin = 5 * time.Second

// Resolver finds the addresses of a name. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options make a Policy. The zero value allows URLs at public addresses and no ssh.
type Options struct {
	// URLs are the entries of SAFEPOINT_ALLOW_URLS, SSH those of SAFEPOINT_ALLOW_SSH; see the package comment.
	URLs, SSH []string
	// Resolver resolves names; default the machine's own.
	Resolver Resolver
	// DialContext opens a connection to a judged address, which is a literal one; default a net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// OwnAddresses returns the addresses of this machine; default those of its network interfaces.
	OwnAddresses func() ([]netip.Addr, error)
}

// Policy judges targets and dials those it allows. It is safe for use by many goroutines at once.
type Policy struct {
	urls, ssh list
	resolver  Resolver
	connect   func(ctx context.Context, network, address string) (net.Conn, error)
	own       func() ([]netip.Addr, error)
}

// list is one setting.
type list struct {
	setting string
	rules   []rule
	// off means that the list is empty and that this allows nothing.
	off bool
}

// New reads the entries. Its error names every setting and entry that cannot be used by its number, and never repeats
// an entry: a URL may hold a password.
func New(o Options) (*Policy, error) {
	urls, urlsErr := newList(SettingURLs, o.URLs)
	ssh, sshErr := newList(SettingSSH, o.SSH)
	if urlsErr != nil || sshErr != nil {
		return nil, errors.Join(named(SettingURLs, urlsErr), named(SettingSSH, sshErr))
	}
	if len(urls.rules) == 0 {
		urls.rules = []rule{{any: true}}
	}
	ssh.off = len(ssh.rules) == 0
	p := &Policy{urls: urls, ssh: ssh, resolver: o.Resolver, connect: o.DialContext, own: o.OwnAddresses}
	if p.resolver == nil {
		p.resolver = net.DefaultResolver
	}
	if p.connect == nil {
		p.connect = (&net.Dialer{}).DialContext // whoever calls sets the time-out
	}
	if p.own == nil {
		p.own = interfaceAddresses
	}
	return p, nil
}

// Default is the policy of empty settings: URLs at public addresses, no ssh.
func Default() *Policy {
	p, err := New(Options{})
	if err != nil {
		panic(err) // no entry, nothing to be wrong about
	}
	return p
}

func named(setting string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", setting, err)
}

// Validate says what is wrong with the entries of one setting, SettingURLs or SettingSSH. Nothing is resolved, and no
// entry is repeated.
func Validate(setting string, entries []string) error {
	_, err := newList(setting, entries)
	return err
}

func newList(setting string, entries []string) (list, error) {
	l := list{setting: setting}
	var problems []error
	for i, entry := range entries {
		r, err := parseRule(entry, setting == SettingURLs)
		if err != nil {
			problems = append(problems, fmt.Errorf("entry %d: %w", i+1, err))
			continue
		}
		l.rules = append(l.rules, r)
	}
	return l, errors.Join(problems...)
}

// CheckURL returns a *Refusal when a URL may not be requested. A name that does not resolve is refused only where no
// address could make it right.
func (p *Policy) CheckURL(ctx context.Context, raw string) error {
	e, err := parseURL(raw)
	if err != nil {
		return err
	}
	return p.check(ctx, &p.urls, e)
}

// CheckAddress is CheckURL for the host:port of a tcp check.
func (p *Policy) CheckAddress(ctx context.Context, hostPort string) error {
	e, err := parseHostPort(hostPort)
	if err != nil {
		return err
	}
	return p.check(ctx, &p.urls, e)
}

// CheckSSH is CheckURL for the host:port of ssh.
func (p *Policy) CheckSSH(ctx context.Context, hostPort string) error {
	e, err := parseHostPort(hostPort)
	if err != nil {
		return err
	}
	return p.check(ctx, &p.ssh, e)
}

func (p *Policy) check(ctx context.Context, l *list, e endpoint) error {
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	_, err := p.judged(ctx, l, e)
	if no := Refused(err); no != nil {
		return no
	}
	return nil // not resolved: nothing is known against it, and the dial will judge what it finds
}

// judged returns the addresses of an endpoint when each of them is allowed. One that is not refuses them all: which
// one would be connected to is up to whoever answers for the name.
func (p *Policy) judged(ctx context.Context, l *list, e endpoint) ([]netip.Addr, error) {
	if err := l.beforeLookup(e); err != nil {
		return nil, err
	}
	addresses, err := p.resolve(ctx, e.host)
	if err != nil {
		return nil, err
	}
	machine, err := p.own()
	if err != nil {
		return nil, fmt.Errorf("read this machine's own addresses: %w", err)
	}
	for _, ip := range addresses {
		if err := l.judge(e, ip, machine); err != nil {
			return nil, err
		}
	}
	return addresses, nil
}

// resolve returns at least one address, or an error.
func (p *Policy) resolve(ctx context.Context, h host) ([]netip.Addr, error) {
	if h.ip.IsValid() {
		return []netip.Addr{h.ip}, nil
	}
	if h.isLocalhost() {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	found, err := p.resolver.LookupNetIP(ctx, "ip", h.lookup())
	if err == nil && len(found) == 0 {
		err = &net.DNSError{Err: "no addresses", Name: h.name, IsNotFound: true}
	}
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", show(h.name), err)
	}
	addresses := make([]netip.Addr, len(found))
	for i, ip := range found {
		addresses[i] = ip.Unmap()
	}
	return addresses, nil
}

func interfaceAddresses() ([]netip.Addr, error) {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	for _, a := range found {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				addresses = append(addresses, ip.Unmap())
			}
		}
	}
	return addresses, nil
}
