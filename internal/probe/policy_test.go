package probe

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
)

// answers resolves every name to these addresses.
type answers []netip.Addr

func (a answers) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) { return a, nil }

func addresses(texts ...string) answers {
	var a answers
	for _, text := range texts {
		a = append(a, netip.MustParseAddr(text))
	}
	return a
}

// underPolicy is a prober whose API answers: silence would be the server's fault.
func underPolicy(t *testing.T, o egress.Options) *Prober {
	t.Helper()
	policy, err := egress.New(o)
	require.NoError(t, err)
	return New(Options{APIReachable: yes, DialContext: policy.DialTCP, DialURL: policy.DialURL})
}

func TestALookThatThePolicyRefusesIsInconclusiveInItsWords(t *testing.T) {
	for name, tc := range map[string]struct {
		o     egress.Options
		check contract.Check
		words string
	}{
		"loopback":             {egress.Options{}, httpCheck("http://127.0.0.1:1/"), "127.0.0.1 is a loopback address, the worker itself: list it in the worker's SAFEPOINT_ALLOW_URLS"},
		"https":                {egress.Options{}, httpCheck("https://10.0.0.5/"), "10.0.0.5 is a private address"},
		"tcp":                  {egress.Options{}, tcpCheck("10.0.0.5:5432"), "10.0.0.5 is a private address"},
		"tcp in old spelling":  {egress.Options{}, tcpCheck("0x7f.1:80"), "127.0.0.1 is a loopback address"},
		"metadata":             {egress.Options{URLs: []string{"169.254.0.0/16"}}, httpCheck("http://169.254.169.254/"), "no setting allows it"},
		"metadata in IPv6":     {egress.Options{}, httpCheck("http://[64:ff9b::a9fe:a9fe]/"), "no setting allows it"},
		"a name of metadata":   {egress.Options{Resolver: addresses("169.254.169.254")}, httpCheck("http://web.example.com/"), "web.example.com resolves to 169.254.169.254"},
		"a name of link-local": {egress.Options{Resolver: addresses("fe80::1")}, tcpCheck("web.example.com:80"), "link-local"},
		"public, then private": {egress.Options{Resolver: addresses("93.184.216.34", "127.0.0.1")}, httpCheck("http://web.example.com/"), "resolves to 127.0.0.1"},
		"not listed":           {egress.Options{URLs: []string{"web.example.com"}}, httpCheck("http://other.example.com/"), "other.example.com:80 is not in the worker's SAFEPOINT_ALLOW_URLS"},
		"another path":         {egress.Options{URLs: []string{"http://web.example.com/healthz"}}, httpCheck("http://web.example.com/admin"), "SAFEPOINT_ALLOW_URLS"},
	} {
		t.Run(name, func(t *testing.T) {
			got := underPolicy(t, tc.o).Look(t.Context(), tc.check)
			requireVerdict(t, contract.VerdictInconclusive, "not looked at: ", got)
			assert.Contains(t, got.Detail, tc.words)
		})
	}
}

func TestALookThatThePolicyAllowsIsMade(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	prober := underPolicy(t, egress.Options{URLs: []string{"127.0.0.1"}})
	requireVerdict(t, contract.VerdictPassed, "answered 200", prober.Look(t.Context(), httpCheck(server.URL)))
	requireVerdict(t, contract.VerdictPassed, "connected", prober.Look(t.Context(), tcpCheck(address)))
	requireVerdict(t, contract.VerdictFailed, "refused", prober.Look(t.Context(), tcpCheck(refusingAddress(t))))
}

func TestARedirectToAMetadataAddressIsNotFollowed(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	}))
	defer server.Close()
	got := underPolicy(t, egress.Options{URLs: []string{"127.0.0.1"}}).Look(t.Context(), httpCheck(server.URL))
	requireVerdict(t, contract.VerdictFailed, "answered 302, expected 200 (redirects are not followed)", got)
	assert.EqualValues(t, 1, asked.Load())
}
