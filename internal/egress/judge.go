package egress

import (
	"net/netip"
	"slices"
)

// beforeLookup refuses what no address can make right, so that no name server is asked about it.
func (l *list) beforeLookup(e endpoint) error {
	switch {
	case l.off:
		return refuse(RuleOff, l.setting, "ssh is off on this worker: list %s in its %s to turn it on", e.host, l.setting)
	case metadataHosts[e.host.name]:
		return refuse(RuleNever, "", "%s is a cloud's metadata service, which keeps credentials: no setting allows it", e.host)
	case e.host.ip.IsValid():
		return nil
	}
	// A range can fit whatever the name.
	possible := slices.ContainsFunc(l.rules, func(r rule) bool {
		return r.holds(e) && (r.prefix.IsValid() || r.fits(e, netip.Addr{}) != noGrant)
	})
	if !possible {
		return l.notListed(e, netip.Addr{})
	}
	return nil
}

// judge returns a refusal when the endpoint may not be reached at one of its addresses.
func (l *list) judge(e endpoint, ip netip.Addr, machine []netip.Addr) error {
	kind := classify(ip)
	if !kind.never() && kind != loopback && slices.Contains(machine, ip) {
		kind = own
	}
	if kind.never() {
		return refuse(RuleNever, "", "%s%s: no setting allows it", about(e, ip), kind)
	}
	best := l.best(e, ip)
	switch {
	case best == byName, best == byGlob && !kind.ofMachine(), best == byAny && kind == public:
		return nil
	case kind == public, l.otherPath(e, ip):
		return l.notListed(e, ip)
	default:
		return refuse(RulePrivate, l.setting, "%s%s: list it in the worker's %s to allow it", about(e, ip), kind, l.setting)
	}
}

// best is the closest grant of all entries that fit, path included.
func (l *list) best(e endpoint, ip netip.Addr) grant {
	best := noGrant
	for _, r := range l.rules {
		if r.holds(e) {
			best = max(best, r.fits(e, ip))
		}
	}
	return best
}

// otherPath says whether an entry fits apart from its path.
func (l *list) otherPath(e endpoint, ip netip.Addr) bool {
	return slices.ContainsFunc(l.rules, func(r rule) bool { return r.fits(e, ip) != noGrant && !r.holds(e) })
}

// notListed tells a path apart, because the operator then sees the host in the list.
func (l *list) notListed(e endpoint, ip netip.Addr) error {
	if l.otherPath(e, ip) {
		return refuse(RuleNotListed, l.setting,
			"the path of the URL at %s is not below one that the worker's %s lists: list it there to allow it", e, l.setting)
	}
	return refuse(RuleNotListed, l.setting, "%s is not in the worker's %s: list it there to allow it", e, l.setting)
}

// about begins a refusal of one address: "10.0.0.5 is " or "db.example.com resolves to 10.0.0.5, ".
func about(e endpoint, ip netip.Addr) string {
	if e.host.ip.IsValid() {
		return show(ip.String()) + " is "
	}
	return show(e.host.name) + " resolves to " + show(ip.String()) + ", "
}
