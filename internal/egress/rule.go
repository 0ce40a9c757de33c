package egress

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// rule is one entry of a setting.
type rule struct {
	// Exactly one of these says where: every public address, a name, the hosts below a domain, or addresses.
	any    bool
	name   string
	domain string // with its dot in front
	prefix netip.Prefix

	port uint16 // 0 is every port
	// scheme is set for the start of a URL; then the port and the segments of the path count too.
	scheme   string
	segments []string
}

// grant is how closely an entry fits. The order counts: a higher one allows what a lower one does.
type grant int

const (
	noGrant grant = iota
	// byAny, "*", allows public addresses only.
	byAny
	// byGlob names the host, but not the worker's own machine.
	byGlob
	// byName names the host or the address itself.
	byName
)

// fits says how closely the rule fits an endpoint at one of its addresses, apart from the path.
func (r rule) fits(e endpoint, ip netip.Addr) grant {
	if r.port != 0 && r.port != e.port || r.scheme != "" && r.scheme != e.scheme {
		return noGrant
	}
	switch {
	case r.any:
		return byAny
	case r.prefix.IsValid():
		if slices.ContainsFunc(sameAs(ip), r.prefix.Contains) {
			return byName
		}
	case r.name != "":
		if e.host.name == r.name {
			return byName
		}
	case r.domain != "":
		label, ok := strings.CutSuffix(e.host.name, r.domain)
		if ok && label != "" && !strings.Contains(label, ".") {
			return byGlob
		}
	}
	return noGrant
}

// holds says whether the URL's path is below the rule's.
func (r rule) holds(e endpoint) bool {
	if len(r.segments) == 0 {
		return true
	}
	return e.plain && len(e.segments) >= len(r.segments) && slices.Equal(e.segments[:len(r.segments)], r.segments)
}

// parseRule reads an entry. Its error does not repeat it: a URL may hold a password.
func parseRule(entry string, urls bool) (rule, error) {
	switch {
	case strings.Contains(entry, "://"):
		if !urls {
			return rule{}, errors.New("a URL is no ssh host; write a host or host:port")
		}
		return parseURLRule(entry)
	case strings.Contains(entry, "/"):
		return parsePrefix(entry)
	default:
		return parseHostRule(entry)
	}
}

// parsePrefix reads a range of addresses.
func parsePrefix(entry string) (rule, error) {
	p, err := netip.ParsePrefix(entry)
	switch {
	case err != nil:
		return rule{}, errors.New("it is not a range of addresses; write one such as 10.0.0.0/24, or a whole URL such as https://example.com/hooks/")
	case p.Addr().Is4In6():
		return rule{}, errors.New("write the range as IPv4")
	case p.Bits() == 0:
		return rule{}, errors.New("it is every address, the worker's own too; write * for every public one")
	default:
		return rule{prefix: p.Masked()}, nil
	}
}

// parseHostRule reads "*", a name, a glob or an address, each with a port or without.
func parseHostRule(entry string) (rule, error) {
	name, port := entry, uint16(0)
	_, addrErr := netip.ParseAddr(entry)
	if addrErr != nil && strings.Contains(entry, ":") || strings.HasPrefix(entry, "[") {
		h, digits, err := net.SplitHostPort(entry)
		if inner, ok := bracketed(entry); ok {
			h, digits, err = inner, "", nil
		}
		if err != nil {
			return rule{}, errors.New("it is not a host and a port; write host:port")
		}
		if strings.HasPrefix(entry, "[") && !strings.Contains(h, ":") {
			return rule{}, errors.New("it is not a host name or an address; brackets are for IPv6 addresses")
		}
		if digits != "" || !strings.HasPrefix(entry, "[") {
			if port, err = parsePort(digits); err != nil {
				return rule{}, err
			}
		}
		name = h
	}
	r, err := parsePlace(name)
	r.port = port
	return r, err
}

// bracketed takes the brackets off an address without a port: "[fd00::5]".
func bracketed(entry string) (string, bool) {
	inner, ok := strings.CutPrefix(entry, "[")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(inner, "]")
}

// parsePlace reads an entry's host.
func parsePlace(raw string) (rule, error) {
	if raw == "*" {
		return rule{any: true}, nil
	}
	below, glob := strings.CutPrefix(raw, "*.")
	h, err := parseHost(below)
	switch {
	case err != nil:
		return rule{}, errors.New("it is not a host name, an address or a glob such as *.example.com")
	case h.ip.IsValid() && glob:
		return rule{}, errors.New("a glob stands before a domain, not before an address; write a range such as 10.0.0.0/24")
	case h.ip.IsValid():
		if c := classify(h.ip); c.never() {
			return rule{}, fmt.Errorf("%s is %s: no setting allows it", h, c)
		}
		if _, err := netip.ParseAddr(raw); err != nil {
			return rule{}, fmt.Errorf("write the address as %s", h)
		}
		return rule{prefix: netip.PrefixFrom(h.ip, h.ip.BitLen())}, nil
	case metadataHosts[h.name]:
		return rule{}, fmt.Errorf("%s is a cloud's metadata service: no setting allows it", h.name)
	case glob && !ownDomain(h.name):
		return rule{}, fmt.Errorf("everybody may have a name below %s; write a glob below your own domain", h.name)
	case glob:
		return rule{domain: "." + h.name}, nil
	default:
		return rule{name: h.name}, nil
	}
}

// ownDomain says whether one owner can hold the names below a domain: not below "com" or "co.uk". A last label that
// the public suffix list does not know ("internal", "lan") is of the operator's own network.
func ownDomain(domain string) bool {
	suffix, icann := publicsuffix.PublicSuffix(domain)
	return suffix != domain || !icann && !strings.Contains(suffix, ".")
}

// parseURLRule reads the start of a URL.
func parseURLRule(entry string) (rule, error) {
	const example = "write one such as https://deploy.example.com/hooks/"
	u, err := url.Parse(entry)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return rule{}, errors.New("it is not a URL; " + example)
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(entry, "#") {
		return rule{}, errors.New("take the user name, the query and the fragment out; " + example)
	}
	// A URL's parser wants a host where a glob may stand: look at the rest with one that is sure to be good.
	rest := *u
	rest.Host = "localhost"
	if u.Port() != "" {
		rest.Host += ":" + u.Port()
	}
	e, err := endpointOf(&rest)
	if err != nil {
		return rule{}, err
	}
	if !e.plain || slices.Contains(e.segments, "") {
		return rule{}, errors.New("its path can be read in two ways; " + example)
	}
	r, err := parsePlace(u.Hostname())
	r.scheme, r.port, r.segments = e.scheme, e.port, e.segments
	return r, err
}
