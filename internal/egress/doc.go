// Package egress decides what the runbooks of a worker may connect to, and opens the connections that it allowed.
//
// A workflow's input is written by whoever may start workflows, and the worker stands where they may not stand: beside
// databases, admin pages and the cloud's metadata service, which hands out keys. So every address in an input is judged
// here by the operator's settings, when a runbook begins and again whenever it connects. At that moment the name is
// resolved, each of its addresses is judged, and only a judged address is connected to: a name that resolves to
// something else a second later, or a redirect, gains nothing.
//
// # Entries
//
// SAFEPOINT_ALLOW_URLS (checks, webhooks, notifications) and SAFEPOINT_ALLOW_SSH are comma lists of:
//
//   - a host or host:port: "web01.example.com", "db.internal:5432". Without a port every port is allowed.
//   - a glob of one label: "*.example.com" is "a.example.com", but neither "example.com" nor "a.b.example.com". A glob
//     for a whole public suffix such as "*.com" is refused.
//   - an address or a range: "10.0.0.5", "10.0.0.5:8080", "[fd00::5]:22", "10.0.0.0/24", whatever name leads there.
//   - "*", every public address, also with a port: "*:443".
//   - for URLs only, the start of one: "https://deploy.example.com/hooks/". Scheme, host, port and the segments of the
//     path must match; a path that a server could read in two ways does not. It allows http requests, no tcp checks.
//
// An empty SAFEPOINT_ALLOW_URLS is "*". An empty SAFEPOINT_ALLOW_SSH turns ssh off.
//
// # Addresses
//
// Private, shared (100.64.0.0/10), unique local and other addresses that are not of the public internet need an entry
// that names the host or the address; "*" does not. A glob names its hosts, because only the operator writes names
// below the operator's domain. Loopback and the addresses of the worker's own machine need the host's full name or the
// address: no glob names them.
//
// Link-local addresses, cloud metadata services, multicast, broadcast and reserved addresses are refused whatever the
// settings say. An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4, Teredo) is judged by both.
//
// The package must never repeat a URL's user information, path or query in an error, and never connect to an address
// that it has not judged itself.
package egress
