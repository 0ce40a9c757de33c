package egress

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile are hosts that lead to the worker's own machine or network, or to keys, in every spelling that was tried,
// with the rule that refuses them under empty settings. A URL takes them as they stand.
var hostile = map[string]Rule{
	// The worker itself.
	"127.0.0.1": RulePrivate, "127.1.2.3": RulePrivate, "[::1]": RulePrivate, "localhost": RulePrivate, "LOCALHOST": RulePrivate,
	"localhost.": RulePrivate, "LocalHost.": RulePrivate, "web.localhost": RulePrivate, "127.0.0.1.": RulePrivate, "self.example.com": RulePrivate,
	"0.0.0.0": RuleNever, "0": RuleNever, "0.1.2.3": RuleNever, "[::]": RuleNever, "zero.example.com": RuleNever,
	machine: RulePrivate, "machine.example.com": RulePrivate,
	// Old spellings of 127.0.0.1.
	"2130706433": RulePrivate, "0x7f000001": RulePrivate, "0X7F000001": RulePrivate, "017700000001": RulePrivate, "0177.0.0.1": RulePrivate,
	"0x7f.1": RulePrivate, "127.1": RulePrivate, "127.0.1": RulePrivate, "0x7f.0x0.0x0.0x1": RulePrivate, "00000177.0.0.01": RulePrivate,
	"127.0.0.0x1": RulePrivate,
	// Letters that become others.
	"１２７.０.０.１": RulePrivate, "127。0。0。1": RulePrivate, "①②⑦.0.0.1": RulePrivate, "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ": RulePrivate,
	"local\u00adhost": RulePrivate, "ｌｏｃａｌｈｏｓｔ": RulePrivate, "%E2%93%9Bocalhost": RulePrivate,
	// Its network.
	"10.0.0.5": RulePrivate, "172.16.0.1": RulePrivate, "172.31.255.255": RulePrivate, "192.168.1.1": RulePrivate, "100.64.0.1": RulePrivate,
	"[fd12:3456::1]": RulePrivate, "[fec0::1]": RulePrivate, "db.example.com": RulePrivate, "demo-api": RulePrivate, "167772165": RulePrivate,
	"192.0.2.1": RulePrivate, "198.18.0.1": RulePrivate, "192.0.0.1": RulePrivate, "[2001:db8::1]": RulePrivate, "[4000::1]": RulePrivate,
	"[5f00::1]": RulePrivate, "[2001:10::1]": RulePrivate,
	// IPv4 inside IPv6.
	"[::ffff:127.0.0.1]": RulePrivate, "[::ffff:7f00:1]": RulePrivate, "mapped.example.com": RulePrivate, "[::ffff:10.0.0.5]": RulePrivate,
	"[::127.0.0.1]": RulePrivate, "[64:ff9b::127.0.0.1]": RulePrivate, "[64:ff9b::10.0.0.5]": RulePrivate, "[2002:7f00:1::]": RulePrivate,
	"[2002:a00:5::1]": RulePrivate, "[2001:0:102:304::f5ff:fffa]": RulePrivate, "[2001:0:a00:5::fefd:fcfb]": RulePrivate,
	"[::ffff:169.254.169.254]": RuleNever, "[64:ff9b::169.254.169.254]": RuleNever, "[2002:a9fe:a9fe::]": RuleNever,
	"[2001:0:102:304::5601:5601]": RuleNever, "[::169.254.169.254]": RuleNever, "[64:ff9b:1::1]": RuleNever,
	// Link-local and metadata.
	"169.254.169.254": RuleNever, "169.254.1.1": RuleNever, "2852039166": RuleNever, "0xa9fea9fe": RuleNever, "0251.0376.0251.0376": RuleNever,
	"169.254.43518": RuleNever, "１６９.254.169.254": RuleNever, "[fe80::1]": RuleNever, "[fe80::1%25eth0]": RuleNever, "[::1%25lo]": RuleNever,
	"[febf::1]": RuleNever, "100.100.100.200": RuleNever, "168.63.129.16": RuleNever, "192.0.0.192": RuleNever, "[fd00:ec2::254]": RuleNever,
	"[fd20:ce::254]": RuleNever, "[fd00:c1::a9fe:a9fe]": RuleNever, "[fd00:42::42]": RuleNever, "link.example.com": RuleNever,
	"meta.example.com": RuleNever, "azure.example.com": RuleNever, "metadata.google.internal": RuleNever, "Metadata.Google.Internal.": RuleNever,
	"METADATA.goog": RuleNever, "instance-data": RuleNever,
	// Nobody in particular.
	"224.0.0.1": RuleNever, "[ff02::1]": RuleNever, "255.255.255.255": RuleNever, "240.0.0.1": RuleNever, "[100::1]": RuleNever,
	// A public address beside the worker's own: whoever answers for the name would choose.
	"mixed.example.com": RulePrivate,
	// Not a host at all.
	"127.0.0.1.5": RuleInvalid, "256.1.1.1": RuleInvalid, "1.2.3.4.5": RuleInvalid, "0x100000000": RuleInvalid, "09.1.1.1": RuleInvalid,
	"a..b": RuleInvalid, "web.example.com..": RuleInvalid, "1.2.3.0xg": "", // a name, which does not resolve
}

// rawURL is not read by net/url, because the tests also use what it refuses.
func rawURL(host string) string { return "http://" + host + "/" }

func TestNothingOfTheWorkersOwnIsReachedUnderEmptySettings(t *testing.T) {
	p := policy(t, Options{SSH: []string{"*"}})
	for h, want := range hostile {
		assert.Equal(t, want, ruleOf(p.CheckURL(t.Context(), rawURL(h))), "url %s", h)
		assert.Equal(t, want, ruleOf(p.CheckURL(t.Context(), "https://user:pw@"+h+":8443/x?y=z")), "https %s", h)
		if plain, ok := bare(h); ok {
			assert.Equal(t, want, ruleOf(p.CheckAddress(t.Context(), plain)), "tcp %s", h)
			assert.Equal(t, want, ruleOf(p.CheckSSH(t.Context(), plain)), "ssh %s", h)
		}
	}
}

// bare turns a URL's host into host:port. A host:port has no percent signs.
func bare(h string) (string, bool) {
	if strings.HasPrefix(h, "%") {
		return "", false
	}
	return strings.ReplaceAll(h, "%25", "%") + ":80", true
}

func TestWhatIsAlwaysRefusedIsRefusedWhateverIsListed(t *testing.T) {
	everything := []string{"*", "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "*.example.com", "*.google.internal", "link.example.com",
		"meta.example.com", "http://meta.example.com/", "zero.example.com", "azure.example.com"}
	p := policy(t, Options{URLs: everything, SSH: withoutURLs(everything)})
	for h, want := range hostile {
		if want == RulePrivate {
			want = "" // named by a range
		}
		assert.Equal(t, want, ruleOf(p.CheckURL(t.Context(), rawURL(h))), "url %s", h)
		if plain, ok := bare(h); ok {
			assert.Equal(t, want, ruleOf(p.CheckSSH(t.Context(), plain)), "ssh %s", h)
		}
	}
}

func withoutURLs(entries []string) []string {
	var kept []string
	for _, e := range entries {
		if !strings.Contains(e, "://") {
			kept = append(kept, e)
		}
	}
	return kept
}

func TestOnlyHTTPAndHTTPSURLsWithAHostAreTargets(t *testing.T) {
	p := policy(t, Options{})
	for _, raw := range []string{
		"file:///etc/passwd", "gopher://web.example.com/", "ftp://web.example.com/", "unix:///run/docker.sock", "javascript:alert(1)", "data:,x",
		"//web.example.com/", "/healthz", "", "http:web.example.com", "http:///x", "http://", "https://:443/", "http://web.example.com:0/",
		"http://web.example.com:99999/", "http://web.example.com:http/", "http://web example.com/", "http://web.example.com\\@127.0.0.1/",
		"http://web.example.com\n/", "http://%31%32%37.0.0.1/", "http://[::1/", "http://[::1]x/", "http://\x00/", "http://*/", "http://*.example.com/",
	} {
		assert.Equal(t, RuleInvalid, ruleOf(p.CheckURL(t.Context(), raw)), "%q", raw)
	}
	for _, raw := range []string{"", ":80", "web.example.com", "web.example.com:", "web.example.com:0", "web.example.com:70000", "::1:80", "[::1]", "a b:80", "http://web.example.com:80"} {
		assert.Equal(t, RuleInvalid, ruleOf(p.CheckAddress(t.Context(), raw)), "%q", raw)
	}
	for _, raw := range []string{"http://web.example.com", "HTTPS://WEB.EXAMPLE.COM:8443/x?y", "https://six.example.com/", "http://93.184.216.34/", "http://[2606:2800:220:1::1]/"} {
		assert.NoError(t, p.CheckURL(t.Context(), raw), raw)
	}
}

func TestARefusalNeverRepeatsWhatMayBeASecret(t *testing.T) {
	p := policy(t, Options{URLs: []string{"https://deploy.example.com/hooks/"}})
	for _, raw := range []string{
		"http://user:pw-secret@10.0.0.5/pw-secret?key=pw-secret#pw-secret", "https://deploy.example.com/pw-secret", "ftp://pw-secret@a/pw-secret",
		"http://user:pw-secret@127.0.0.1:x/", "https://user:pw-secret@other.example.net/?pw-secret", "::pw-secret", "http://a b/pw-secret",
	} {
		err := p.CheckURL(t.Context(), raw)
		require.Error(t, err, raw)
		assert.NotContains(t, err.Error(), "pw-secret", raw)
	}
	long := p.CheckURL(t.Context(), "http://"+strings.Repeat("a.", 500)+"\u202e/")
	require.Error(t, long)
	assert.Less(t, len(long.Error()), 300)
}

func TestARefusalSaysWhatWasRefusedAndWhichSettingToChange(t *testing.T) {
	p := policy(t, Options{URLs: []string{"https://deploy.example.com/hooks/"}})
	for raw, want := range map[string]string{
		"http://10.0.0.5/":                   "10.0.0.5 is a private address: list it in the worker's SAFEPOINT_ALLOW_URLS to allow it",
		"https://deploy.example.com/admin":   "the path of the URL at deploy.example.com:443 is not below one that the worker's SAFEPOINT_ALLOW_URLS lists: list it there to allow it",
		"https://other.example.net/":         "other.example.net:443 is not in the worker's SAFEPOINT_ALLOW_URLS: list it there to allow it",
		"http://169.254.169.254/latest/meta": "169.254.169.254 is an address of a cloud's metadata service, which keeps credentials: no setting allows it",
	} {
		assert.EqualError(t, p.CheckURL(t.Context(), raw), want)
	}
	assert.EqualError(t, policy(t, Options{}).CheckAddress(t.Context(), "db.example.com:5432"),
		"db.example.com resolves to 10.0.0.5, a private address: list it in the worker's SAFEPOINT_ALLOW_URLS to allow it")
	assert.EqualError(t, p.CheckSSH(t.Context(), "web.example.com:22"),
		"ssh is off on this worker: list web.example.com in its SAFEPOINT_ALLOW_SSH to turn it on")
}

func TestAnAddressOfEveryFamilyIsPublicOnlyWhereTheInternetIs(t *testing.T) {
	for _, text := range []string{"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.1", "169.253.0.1", "2606::1", "2002:808:808::1", "64:ff9b::8.8.8.8", "2001:200::1"} {
		assert.Equal(t, public, classify(netip.MustParseAddr(text)), text)
	}
}

func TestTheMachinesOwnInterfacesAreReadFromTheSystem(t *testing.T) {
	found, err := interfaceAddresses()
	require.NoError(t, err)
	assert.Contains(t, found, netip.MustParseAddr("127.0.0.1"))
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u
}
