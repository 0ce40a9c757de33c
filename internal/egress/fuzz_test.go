package egress

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzNothingLocalIsEverConnectedTo tries hosts and entries: whatever is listed, nothing that is always refused is
// connected to, and what is private only when an entry other than "*" is there.
func FuzzNothingLocalIsEverConnectedTo(f *testing.F) {
	for h := range hostile {
		f.Add(rawURL(h), h, "*")
	}
	for _, entry := range []string{"10.0.0.0/8", "*.example.com", "https://deploy.example.com/hooks/", "localhost", "[::1]:80", "::/1"} {
		f.Add("http://deploy.example.com/hooks/../x", "db.example.com:80", entry)
	}
	f.Fuzz(func(t *testing.T, raw, hostPort, entry string) {
		var connected []string
		o := Options{
			URLs: []string{entry}, SSH: []string{entry}, Resolver: world(),
			OwnAddresses: func() ([]netip.Addr, error) { return nil, nil },
			DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
				connected = append(connected, address)
				return nil, net.ErrClosed
			},
		}
		p, err := New(o)
		if err != nil {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' && r != '\n' }) || !utf8.ValidString(err.Error()) {
				t.Fatalf("an error that cannot be shown: %q", err)
			}
			return
		}
		if u, err := url.Parse(raw); err == nil {
			port := u.Port()
			if port == "" {
				port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
			}
			_, _ = p.DialURL(t.Context(), u, "tcp", net.JoinHostPort(u.Hostname(), port)) // only where it went matters
		}
		_, _ = p.DialTCP(t.Context(), "tcp", hostPort)
		_, _ = p.DialSSH(t.Context(), "tcp", hostPort)
		for _, address := range connected {
			kind := classify(netip.MustParseAddrPort(address).Addr())
			if kind.never() || kind != public && strings.HasPrefix(strings.TrimSpace(entry), "*") && !strings.HasPrefix(entry, "*.") {
				t.Fatalf("%q with %q led %q and %q to %s", entry, kind, raw, hostPort, address)
			}
		}
	})
}

// FuzzAPathBelowAnEntryStaysBelowIt reads an allowed path as a sloppy server would, twice decoded and cleaned.
func FuzzAPathBelowAnEntryStaysBelowIt(f *testing.F) {
	for _, p := range []string{"/hooks/x", "/hooks/../x", "/hooks/%2e%2e/x", "/hooks/..;/x", "/hooks%2f..%2fx", "/hooks/%252e%252e/x", "//hooks/..", "/hooks/..%5cx"} {
		f.Add(p)
	}
	p, err := New(Options{URLs: []string{"http://93.184.216.34/hooks/"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		target := "http://93.184.216.34" + raw
		if p.CheckURL(t.Context(), target) != nil {
			return
		}
		u, err := url.Parse(target)
		if err != nil {
			t.Fatalf("%q was allowed and is not a URL", target)
		}
		for sloppy, n := u.EscapedPath(), 0; n < 3; n++ {
			var names []string
			for segment := range strings.SplitSeq(strings.ReplaceAll(sloppy, `\`, "/"), "/") {
				name, _, _ := strings.Cut(segment, ";")
				names = append(names, name)
			}
			clean := path.Clean("/" + strings.Join(names, "/"))
			first := slices.DeleteFunc(strings.Split(clean, "/"), func(s string) bool { return s == "" })
			decoded, err := url.PathUnescape(sloppy)
			if n > 0 && (len(first) == 0 || first[0] != "hooks") {
				t.Fatalf("%q was allowed, and is %q to some servers", raw, clean)
			}
			if err != nil {
				return
			}
			sloppy = decoded
		}
	})
}
