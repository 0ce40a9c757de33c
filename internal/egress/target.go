package egress

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// endpoint is one thing to connect to.
type endpoint struct {
	host host
	port uint16
	// scheme is http or https; empty for a bare host:port.
	scheme string
	// segments are those of the URL's path, decoded. plain is false when a server could read the path as another one.
	segments []string
	plain    bool
}

// String is what a refusal names, and what an entry could be: no user information, path or query.
func (e endpoint) String() string {
	return show(net.JoinHostPort(e.host.String(), strconv.Itoa(int(e.port))))
}

// at returns an address of the endpoint.
func (e endpoint) at(ip netip.Addr) string { return netip.AddrPortFrom(ip, e.port).String() }

// parseURL never repeats the URL in its error: it may hold a password or a key.
func parseURL(raw string) (endpoint, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return endpoint{}, refuse(RuleInvalid, "", "it is not a URL: write http://host/path or https://host/path")
	}
	return endpointOf(u)
}

func endpointOf(u *url.URL) (endpoint, error) {
	scheme := strings.ToLower(u.Scheme)
	standard := uint16(443)
	switch scheme {
	case "http":
		standard = 80
	case "https":
	default: // file, gopher, ftp, unix and whatever else a client may learn one day
		return endpoint{}, refuse(RuleInvalid, "", "its scheme is not allowed: only http and https are")
	}
	if u.Opaque != "" || u.Hostname() == "" {
		return endpoint{}, refuse(RuleInvalid, "", "it names no host: write http://host/path or https://host/path")
	}
	h, err := parseHost(u.Hostname())
	if err != nil {
		return endpoint{}, refuse(RuleInvalid, "", "%q is not a host name or an address", show(u.Hostname()))
	}
	port := standard
	if u.Port() != "" {
		if port, err = parsePort(u.Port()); err != nil {
			return endpoint{}, err
		}
	}
	segments, plain := splitPath(u)
	return endpoint{host: h, port: port, scheme: scheme, segments: segments, plain: plain}, nil
}

func parseHostPort(raw string) (endpoint, error) {
	name, digits, err := net.SplitHostPort(raw)
	if err != nil || name == "" {
		return endpoint{}, refuse(RuleInvalid, "", "%q is not a host and a port: write host:port", show(raw))
	}
	port, err := parsePort(digits)
	if err != nil {
		return endpoint{}, err
	}
	h, err := parseHost(name)
	if err != nil {
		return endpoint{}, refuse(RuleInvalid, "", "%q is not a host name or an address", show(name))
	}
	return endpoint{host: h, port: port}, nil
}

func parsePort(digits string) (uint16, error) {
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || port == 0 {
		return 0, refuse(RuleInvalid, "", "%q is not a port: write a number from 1 to 65535", show(digits))
	}
	return uint16(port), nil
}

// splitPath returns the decoded segments of a URL's path, without an empty one at its end. plain is false when a
// segment holds what some servers take for a step up or for a separator: "..", "..;x" (a path parameter), an encoded
// slash or backslash, something encoded twice, or bytes that are no text ("%c0%ae" was a dot to old servers).
func splitPath(u *url.URL) (segments []string, plain bool) {
	plain = true
	path := strings.TrimSuffix(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	if path == "" {
		return nil, true
	}
	for escaped := range strings.SplitSeq(path, "/") {
		segment, err := url.PathUnescape(escaped)
		name, _, _ := strings.Cut(segment, ";")
		if err != nil || name == "." || name == ".." || !utf8.ValidString(segment) ||
			strings.ContainsAny(segment, `/\%`) || strings.ContainsFunc(segment, isControl) {
			plain = false
		}
		segments = append(segments, segment)
	}
	return segments, plain
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
