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
	"unicode"
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
	f.Add("http://[fe80::1%25\x1b[2J]/", "[fe80::1%\x1b]0;x]:22", "[::1%\x07]:80")
	f.Add("http://h/", "[fe80::1%\x1b]:22", "")
	f.Fuzz(func(t *testing.T, raw, hostPort, entry string) {
		var connected []string
		var entries []string
		if entry != "" {
			entries = []string{entry}
		}
		o := Options{
			URLs: entries, SSH: entries, Resolver: world(),
			OwnAddresses: func() ([]netip.Addr, error) { return nil, nil },
			DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
				connected = append(connected, address)
				return nil, net.ErrClosed
			},
		}
		p, err := New(o)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				checkShown(t, &Refusal{text: line})
			}
			return
		}
		if u, err := url.Parse(raw); err == nil {
			port := u.Port()
			if port == "" {
				port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
			}
			_, err := p.DialURL(t.Context(), u, "tcp", net.JoinHostPort(u.Hostname(), port))
			checkShown(t, err)
		}
		_, err = p.DialTCP(t.Context(), "tcp", hostPort)
		checkShown(t, err)
		_, err = p.DialSSH(t.Context(), "tcp", hostPort)
		checkShown(t, err)
		for _, address := range connected {
			kind := classify(netip.MustParseAddrPort(address).Addr())
			if kind.never() || kind != public && strings.HasPrefix(strings.TrimSpace(entry), "*") && !strings.HasPrefix(entry, "*.") {
				t.Fatalf("%q with %q led %q and %q to %s", entry, kind, raw, hostPort, address)
			}
		}
	})
}

// checkShown: a refusal is one line that can be shown, whatever was refused.
func checkShown(t *testing.T, err error) {
	t.Helper()
	refusal := Refused(err)
	if refusal == nil {
		return
	}
	if text := refusal.Error(); !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Fatalf("a refusal that cannot be shown: %q", text)
	}
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
