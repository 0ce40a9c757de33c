package egress

import "net/netip"

// class is what kind of place an address is.
type class string

const (
	public class = "a public address"
	// The classes that an entry must name.
	private  class = "a private address"
	shared   class = "an address of a provider's shared network (100.64.0.0/10)"
	special  class = "an address outside the public internet"
	loopback class = "a loopback address, the worker itself"
	own      class = "an address of the worker's own machine"
	// The classes that nothing allows.
	linkLocal   class = "a link-local address, where clouds keep their credentials"
	metadata    class = "an address of a cloud's metadata service, which keeps credentials"
	unspecified class = "an unspecified address"
	multicast   class = "a multicast or broadcast address"
	reserved    class = "a reserved address"
	zoned       class = "an address with a zone, which is link-local"
)

// never says whether no setting may allow the class.
func (c class) never() bool {
	switch c {
	case linkLocal, metadata, unspecified, multicast, reserved, zoned:
		return true
	default: // the ones above it, which public and named entries allow
		return false
	}
}

// ofMachine says whether the class is the worker's own machine.
func (c class) ofMachine() bool { return c == loopback || c == own }

type block struct {
	prefix netip.Prefix
	class  class
}

func blocks(c class, prefixes ...string) []block {
	var all []block
	for _, p := range prefixes {
		all = append(all, block{netip.MustParsePrefix(p), c})
	}
	return all
}

// special4 and special6 are IANA's special-purpose registries (RFC 6890 and its updates), the first match counts.
var special4 = join(
	blocks(metadata,
		"169.254.169.254/32", // AWS, Google, Azure, most others
		"100.100.100.200/32", // Alibaba
		"168.63.129.16/32",   // Azure's wire server, in a public block
		"192.0.0.192/32"),    // Oracle
	blocks(unspecified, "0.0.0.0/8"), // "this network"; Linux connects 0.0.0.0 to itself
	blocks(linkLocal, "169.254.0.0/16"),
	blocks(multicast, "224.0.0.0/4", "255.255.255.255/32"),
	blocks(reserved, "240.0.0.0/4"),
	blocks(loopback, "127.0.0.0/8"),
	blocks(private, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
	blocks(shared, "100.64.0.0/10"),
	blocks(special, "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
)

var special6 = join(
	blocks(metadata,
		"fd00:ec2::/32",    // AWS: metadata, pod identity, time, names
		"fd20:ce::254/128", // Google
		"fd00:42::42/128",  // Scaleway
		"fd00:c1::/32"),    // Oracle
	blocks(unspecified, "::/128"),
	blocks(loopback, "::1/128"),
	blocks(linkLocal, "fe80::/10"),
	blocks(multicast, "ff00::/8"),
	blocks(reserved,
		"64:ff9b:1::/48", // a network's own translation to IPv4: where it leads cannot be known (RFC 8215)
		"100::/64"),      // discarded
	blocks(private, "fc00::/7", "fec0::/10"), // unique local, and site-local before it
	blocks(special, "2001:db8::/32", "3fff::/20"),
)

func join(lists ...[]block) []block {
	var all []block
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// The blocks whose addresses carry an IPv4 one.
var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixToFour = netip.MustParsePrefix("2002::/16")    // RFC 3056
	teredo    = netip.MustParsePrefix("2001::/32")    // RFC 4380
	// compatible is the old way to write an IPv4 address as an IPv6 one (RFC 4291, 2.5.5.1).
	compatible = netip.MustParsePrefix("::/96")
	// global is all of IPv6 that is handed out for the public internet.
	global = netip.MustParsePrefix("2000::/3")
	// protocols is set aside in it for protocols, Teredo among them (RFC 2928).
	protocols = netip.MustParsePrefix("2001::/23")
)

// classify says what kind of place an address is. An address that carries IPv4 ones is the worst of all of them.
func classify(ip netip.Addr) class {
	if ip.Zone() != "" {
		return zoned
	}
	ip = ip.Unmap()
	worst := classifyOne(ip)
	for _, inner := range carried(ip) {
		worst = worse(worst, classifyOne(inner))
	}
	return worst
}

// worse returns the class that is harder to be allowed.
func worse(a, b class) class {
	switch {
	case a.never():
		return a
	case b.never(), b.ofMachine(), a == public:
		return b
	default: // b is public or needs to be named, as a does
		return a
	}
}

func classifyOne(ip netip.Addr) class {
	table := special4
	if ip.Is6() {
		table = special6
	}
	for _, b := range table {
		if b.prefix.Contains(ip) {
			return b.class
		}
	}
	switch {
	case ip.Is4(), nat64.Contains(ip), compatible.Contains(ip), teredo.Contains(ip):
		return public // what is carried inside decides
	case protocols.Contains(ip), !global.Contains(ip):
		return special
	default:
		return public
	}
}

// carried returns the IPv4 addresses inside an IPv6 one.
func carried(ip netip.Addr) []netip.Addr {
	if !ip.Is6() {
		return nil
	}
	b := ip.As16()
	v4 := func(at int, flip byte) netip.Addr {
		return netip.AddrFrom4([4]byte{b[at] ^ flip, b[at+1] ^ flip, b[at+2] ^ flip, b[at+3] ^ flip})
	}
	switch {
	case nat64.Contains(ip), compatible.Contains(ip) && ip != netip.IPv6Unspecified() && ip != netip.IPv6Loopback():
		return []netip.Addr{v4(12, 0)}
	case sixToFour.Contains(ip):
		return []netip.Addr{v4(2, 0)}
	case teredo.Contains(ip):
		return []netip.Addr{v4(4, 0), v4(12, 0xff)} // its server, and its client turned over
	default:
		return nil
	}
}

// sameAs returns the addresses under which an entry may name ip: NAT64 is only another way to an IPv4 address.
func sameAs(ip netip.Addr) []netip.Addr {
	ip = ip.Unmap()
	if nat64.Contains(ip) {
		return append(carried(ip), ip)
	}
	return []netip.Addr{ip}
}

// metadataHosts lead to metadata services, wherever their names resolve to.
var metadataHosts = map[string]bool{
	"metadata.google.internal":     true,
	"metadata.goog":                true,
	"instance-data":                true, // AWS
	"instance-data.ec2.internal":   true,
	"metadata.azure.internal":      true,
	"metadata.platformequinix.com": true,
	"metadata.tencentyun.com":      true,
	"rancher-metadata":             true,
}
