package egress

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnEntryAllowsWhatItNamesAndNothingElse(t *testing.T) {
	for _, tc := range []struct {
		entry   string
		allowed []string
		refused []string
	}{
		{"*", []string{"http://web.example.com/", "https://other.example.net:8443/"}, []string{"http://10.0.0.5/", "http://db.example.com/", "http://self.example.com/", "http://localhost/"}},
		{"*:443", []string{"https://web.example.com/", "http://web.example.com:443/"}, []string{"http://web.example.com/"}},
		{"web.example.com", []string{"http://web.example.com/", "https://WEB.example.com.:8443/x"}, []string{"http://other.example.net/", "http://a.web.example.com/", "http://93.184.216.34/"}},
		{"WEB.example.com.:443", []string{"https://web.example.com/"}, []string{"http://web.example.com/", "https://web.example.com:8443/"}},
		{"db.example.com", []string{"http://db.example.com/"}, []string{"http://10.0.0.5/", "http://web.example.com/"}},
		{"demo-api", []string{"http://demo-api:8090/"}, []string{"http://172.18.0.3:8090/"}},
		{"localhost", []string{"http://localhost:1/", "http://LOCALHOST./"}, []string{"http://127.0.0.1/", "http://self.example.com/"}},
		{"machine.example.com", []string{"http://machine.example.com/"}, []string{"http://" + machine + "/"}},
		{"*.example.com", []string{"http://web.example.com/", "http://db.example.com/", "http://six.example.com/"},
			[]string{"http://example.com/", "http://a.b.example.com/", "http://other.example.net/", "http://self.example.com/", "http://machine.example.com/", "http://.example.com/"}},
		{"*.b.example.com:80", []string{"http://a.b.example.com/"}, []string{"https://a.b.example.com/"}},
		{"10.0.0.5", []string{"http://10.0.0.5/", "http://167772165/", "http://[::ffff:10.0.0.5]/", "http://db.example.com:5432/", "http://[64:ff9b::10.0.0.5]/"}, []string{"http://10.0.0.6/", "http://[2002:a00:5::1]/"}},
		{"10.0.0.5:80", []string{"http://db.example.com/"}, []string{"https://db.example.com/"}},
		{"10.0.0.0/29", []string{"http://10.0.0.7/"}, []string{"http://10.0.0.8/"}},
		{"10.0.0.3/29", []string{"http://10.0.0.7/"}, []string{"http://10.0.0.8/"}},
		{"127.0.0.1", []string{"http://127.0.0.1:1/", "http://self.example.com/", "http://2130706433/"}, []string{"http://127.0.0.2/", "http://localhost/", "http://mixed.example.com/"}},
		{"fd00::5", []string{"http://[fd00::5]/", "http://[fd00:0::0:5]:1/"}, []string{"http://[fd00::6]/"}},
		{"[fd00::5]:80", []string{"http://[fd00::5]/"}, []string{"https://[fd00::5]/"}},
		{"[fd00::5]", []string{"http://[fd00::5]/"}, nil},
		{"fd00::/64", []string{"http://[fd00::6]/"}, []string{"http://[fd00:0:0:1::6]/"}},
		{"93.184.216.0/27", nil, []string{"http://web.example.com/"}},
		{"93.184.216.32/30", []string{"http://web.example.com/", "http://deploy.example.com/"}, []string{"http://other.example.net/"}},
		{"bücher.example", nil, []string{"http://xn--bcher-kva.example.com/"}},
	} {
		p := policy(t, Options{URLs: []string{tc.entry}})
		for _, raw := range tc.allowed {
			assert.NoError(t, p.CheckURL(t.Context(), raw), "%s allows %s", tc.entry, raw)
		}
		for _, raw := range tc.refused {
			assert.NotEmpty(t, ruleOf(p.CheckURL(t.Context(), raw)), "%s refuses %s", tc.entry, raw)
		}
	}
}

func TestAURLEntryHoldsTheSchemeThePortAndTheSegmentsOfThePath(t *testing.T) {
	p := policy(t, Options{URLs: []string{"https://deploy.example.com/hooks/", "http://*.example.com:8080", "https://10.0.0.5/a%20b"}})
	for _, raw := range []string{
		"https://deploy.example.com/hooks/", "https://deploy.example.com/hooks", "https://deploy.example.com:443/hooks/web?x=../..#/../",
		"HTTPS://DEPLOY.example.com./hooks/a/b", "https://deploy.example.com/%68ooks/x", "https://deploy.example.com/hooks/a..b/.well-known",
		"http://db.example.com:8080/any/../thing", "https://10.0.0.5/a%20b/c", "https://deploy.example.com/hooks//x",
	} {
		assert.NoError(t, p.CheckURL(t.Context(), raw), raw)
	}
	for _, raw := range []string{
		"http://deploy.example.com/hooks/", "https://deploy.example.com:8443/hooks/", "https://deploy.example.com/", "https://deploy.example.com",
		"https://deploy.example.com/hooksx", "https://deploy.example.com/Hooks/x", "https://deploy.example.com/x/hooks/", "https://deploy.example.com//hooks/x",
		"https://deploy.example.com/hooks/../admin", "https://deploy.example.com/hooks/%2e%2e/admin", "https://deploy.example.com/hooks/.%2E/admin",
		"https://deploy.example.com/hooks/..%2fadmin", "https://deploy.example.com/hooks%2f..%2fadmin", "https://deploy.example.com/hooks%2fweb",
		"https://deploy.example.com/hooks/..%5cadmin", "https://deploy.example.com/hooks/%252e%252e/admin", "https://deploy.example.com/hooks/..;/admin",
		"https://deploy.example.com/hooks/..;x=1/admin", "https://deploy.example.com/hooks/%c0%ae%c0%ae/admin", "https://deploy.example.com/hooks/./x",
		"https://deploy.example.com/hooks/%00", "https://deploy.example.com/hooks/..", "https://deploy.example.com/./hooks/x",
		"https://user@other.example.net/hooks/", "https://other.example.net/deploy.example.com/hooks/", "https://deploy.example.com.other.example.net/hooks/",
		"http://web.example.com:8081/", "http://self.example.com:8080/", "https://10.0.0.5/a", "https://10.0.0.5:444/a%20b",
	} {
		assert.NotEmpty(t, ruleOf(p.CheckURL(t.Context(), raw)), raw)
	}
	assert.Equal(t, RuleNotListed, ruleOf(p.CheckAddress(t.Context(), "deploy.example.com:443")), "a URL's start allows requests below it, not a bare connection")
}

func TestTheListOfURLsDoesNotAllowSSHNorTheOtherWayRound(t *testing.T) {
	p := policy(t, Options{URLs: []string{"web.example.com"}, SSH: []string{"db.example.com:22"}})
	assert.NoError(t, p.CheckAddress(t.Context(), "web.example.com:22"))
	assert.Equal(t, RuleNotListed, ruleOf(p.CheckSSH(t.Context(), "web.example.com:22")))
	assert.NoError(t, p.CheckSSH(t.Context(), "db.example.com:22"))
	assert.Equal(t, RuleNotListed, ruleOf(p.CheckSSH(t.Context(), "db.example.com:2222")))
	assert.Equal(t, RuleNotListed, ruleOf(p.CheckAddress(t.Context(), "db.example.com:22")), "a private name that nobody lists is not even looked up")
	assert.Equal(t, RuleOff, ruleOf(Default().CheckSSH(t.Context(), "web.example.com:22")))
}

func TestANameThatDoesNotResolveIsNotRefusedWhereAnAddressCouldMakeItRight(t *testing.T) {
	for _, entries := range [][]string{nil, {"gone.example.com"}, {"10.0.0.0/8"}, {"*"}, {"*.example.com"}} {
		assert.NoError(t, policy(t, Options{URLs: entries}).CheckURL(t.Context(), "http://gone.example.com/"), "%v", entries)
	}
	resolver := world()
	p := policy(t, Options{URLs: []string{"web.example.com"}, Resolver: resolver})
	assert.Equal(t, RuleNotListed, ruleOf(p.CheckURL(t.Context(), "http://gone.example.com/")))
	assert.Empty(t, resolver.asked, "a name that is not listed is not looked up: a look-up can carry data out")
}

func TestAnEntryThatCannotBeUsedIsNamedByItsNumberAndNotRepeated(t *testing.T) {
	for entry, want := range map[string]string{
		"0.0.0.0/0": "write *", "::/0": "write *", "169.254.169.254": "no setting allows it", "fe80::1": "no setting allows it", "::1%lo": "no setting allows it",
		"metadata.google.internal": "no setting allows it", "*.com": "below your own domain", "*.co.uk": "below your own domain", "*.github.io": "below your own domain",
		"*.10.0.0.5": "before a domain", "a*.example.com": "not a host name", "*.*.example.com": "not a host name", "**": "not a host name", "": "not a host name",
		"10.0.0.0/33": "not a range", "example.com/hooks": "not a range", "::ffff:10.0.0.0/104": "IPv4", "2130706433": "write the address as 127.0.0.1",
		"web:0": "not a port", "web:": "not a port", "web:http": "not a port", ":80": "not a host name", "[fd00::1]x": "not a host and a port", "[web]:80": "not a host name",
		"ftp://web/": "scheme", "https://user:pw-secret@web/": "user name", "https://web/?pw-secret": "query", "https://web/#pw-secret": "fragment", "https://": "not a URL",
		"https://web/a/../b": "two ways", "https://web/a//b": "two ways", "https://*.com/": "below your own domain", "https://169.254.169.254/": "no setting allows it",
		"a b": "not a host name", "web;x": "not a host name",
	} {
		_, err := New(Options{URLs: []string{"good.example.com", entry}})
		require.Error(t, err, entry)
		assert.Contains(t, err.Error(), "SAFEPOINT_ALLOW_URLS: entry 2: ", entry)
		assert.Contains(t, err.Error(), want, entry)
		assert.NotContains(t, err.Error(), "pw-secret")
	}
	_, err := New(Options{URLs: []string{"a b"}, SSH: []string{"ok", "https://web/"}})
	assert.ErrorContains(t, err, "SAFEPOINT_ALLOW_URLS: entry 1")
	assert.ErrorContains(t, err, "SAFEPOINT_ALLOW_SSH: entry 2: a URL is no ssh host")
	assert.NoError(t, Validate(SettingURLs, []string{"*.internal", "*.lan:80", "*.svc.cluster.local", "my_service", "10.0.0.1", "*:443", "https://*.example.com/x"}))
	assert.ErrorContains(t, Validate(SettingSSH, []string{"*.com"}), "entry 1")
}
