package egress

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// names is a resolver with the answers of a table. A name with several answers gives one of them each time it is asked,
// and the last one from then on.
type names struct {
	mu      sync.Mutex
	answers map[string][]string // each answer is a list of addresses with commas
	asked   []string
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, host)
	host = strings.TrimSuffix(host, ".") // it only says that no search domain is wanted
	answers := n.answers[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(answers) > 1 {
		n.answers[host] = answers[1:]
	}
	var found []netip.Addr
	for text := range strings.SplitSeq(answers[0], ",") {
		found = append(found, netip.MustParseAddr(text))
	}
	return found, nil
}

// world are the names that the tests know.
func world() *names {
	return &names{answers: map[string][]string{
		"web.example.com":          {"93.184.216.34"},
		"six.example.com":          {"2606:2800:220:1::1"},
		"deploy.example.com":       {"93.184.216.35"},
		"other.example.net":        {"93.184.216.36"},
		"a.b.example.com":          {"93.184.216.37"},
		"example.com":              {"93.184.216.38"},
		"db.example.com":           {"10.0.0.5"},
		"self.example.com":         {"127.0.0.1"},
		"localhost":                {"127.0.0.1,::1"},
		"demo-api":                 {"172.18.0.3"},
		"link.example.com":         {"169.254.10.10"},
		"meta.example.com":         {"169.254.169.254"},
		"azure.example.com":        {"168.63.129.16"},
		"mapped.example.com":       {"::ffff:127.0.0.1"},
		"mixed.example.com":        {"93.184.216.34,127.0.0.1"},
		"zero.example.com":         {"0.0.0.0"},
		"machine.example.com":      {"93.184.216.99"},
		"metadata.google.internal": {"93.184.216.39"}, // as if a name server had been told to hide it
		"rebind.example.com":       {"93.184.216.34", "127.0.0.1"},
	}}
}

// machine is the address of the tests' own machine.
const machine = "93.184.216.99"

// policy makes one in the tests' world, which cannot connect to anything.
func policy(t *testing.T, o Options) *Policy {
	t.Helper()
	if o.Resolver == nil {
		o.Resolver = world()
	}
	if o.DialContext == nil {
		o.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
			t.Errorf("connected to %s", address)
			return nil, net.ErrClosed
		}
	}
	o.OwnAddresses = func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr(machine)}, nil }
	p, err := New(o)
	require.NoError(t, err)
	return p
}

// ruleOf is the rule of the refusal, or nothing when there is none.
func ruleOf(err error) Rule {
	if no := Refused(err); no != nil {
		return no.Rule
	}
	return ""
}
