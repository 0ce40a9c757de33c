package egress

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// host is a host as it is really connected to: in small ASCII letters, without the dot at its end.
type host struct {
	// name is empty for a literal address.
	name string
	// ip is set for a literal address, however it was spelt. An IPv4 address in an IPv6 one is unwrapped: both lead to
	// the same place.
	ip netip.Addr
	// absolute is a name that ended in a dot: no search domain is tried for it.
	absolute bool
}

// String is the host as an entry of a setting would name it, and fit to be shown: the zone of an address may hold anything.
func (h host) String() string {
	if h.ip.IsValid() {
		return show(h.ip.String())
	}
	return h.name
}

// lookup is what the resolver is asked.
func (h host) lookup() string {
	if h.absolute {
		return h.name + "."
	}
	return h.name
}

// isLocalhost is about the names that are the machine itself whatever a resolver says of them, RFC 6761, section 6.3.
// Some resolvers know "localhost" and not "localhost.", so that a refusal would hang on a dot.
func (h host) isLocalhost() bool {
	return h.name == "localhost" || strings.HasSuffix(h.name, ".localhost")
}

var errHost = errors.New("it is not a host name or an address")

// parseHost reads a host as connecting programs do, in every spelling that some of them understand: "2130706433",
// "0x7f.1", "0177.0.0.1" and "１２７.0.0.1" are all 127.0.0.1. raw has no brackets and no port.
func parseHost(raw string) (host, error) {
	if strings.Contains(raw, ":") {
		ip, err := netip.ParseAddr(raw)
		if err != nil {
			return host{}, errHost
		}
		return host{ip: ip.Unmap()}, nil // keeps a zone, which is refused later with a better word
	}
	name := raw
	if !isASCII(name) {
		var err error
		if name, err = idna.Lookup.ToASCII(name); err != nil { // as net/http does before it connects
			return host{}, errHost
		}
	}
	name = strings.ToLower(name)
	name, absolute := strings.CutSuffix(name, ".")
	if endsInNumber(name) {
		ip, err := parseIPv4(name)
		return host{ip: ip}, err
	}
	if !isName(name) {
		return host{}, errHost
	}
	return host{name: name, absolute: absolute}, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// isName allows underscores, which the names of services in containers have.
func isName(name string) bool {
	const longestName, longestLabel = 253, 63 // of the DNS, RFC 1035
	if len(name) > longestName {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > longestLabel {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return true
}

// endsInNumber says whether a host is an IPv4 address in one of its old spellings. The rule is the URL standard's
// (url.spec.whatwg.org, "ends in a number"): no name of the DNS has a last label of that form.
func endsInNumber(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if last == "" {
		return false
	}
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	hex, ok := strings.CutPrefix(last, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}

// parseIPv4 reads one to four numbers, decimal, octal (0177) or hexadecimal (0x7f), of which the last one fills the
// bytes that are left, as inet_aton does.
func parseIPv4(name string) (netip.Addr, error) {
	parts := strings.Split(name, ".")
	if len(parts) > 4 {
		return netip.Addr{}, errHost
	}
	var value uint64
	for i, part := range parts {
		number, err := parseNumber(part)
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		if err != nil || number >= 1<<bits {
			return netip.Addr{}, errHost
		}
		value = value<<bits | number
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}), nil
}

func parseNumber(part string) (uint64, error) {
	switch hex, ok := strings.CutPrefix(part, "0x"); {
	case ok && hex == "":
		return 0, nil // "0x" is 0 to browsers and to some C libraries
	case ok:
		return strconv.ParseUint(hex, 16, 64)
	case len(part) > 1 && part[0] == '0':
		return strconv.ParseUint(part, 8, 64)
	default:
		return strconv.ParseUint(part, 10, 64)
	}
}
