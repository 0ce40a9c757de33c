package egress

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wire remembers what was connected to and answers with pipes.
type wire struct {
	mu    sync.Mutex
	to    []string
	fails map[string]error
	hangs map[string]bool
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	w.to = append(w.to, network+" "+address)
	err, hangs := w.fails[address], w.hangs[address]
	w.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	_ = theirs.Close() // the caller sees a connection that ends
	return ours, nil
}

func (w *wire) connected() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.to...)
}

// dialers reach the same host and port in each of the three ways.
func dialers(t *testing.T, p *Policy) map[string]func(ctx context.Context, host string) (net.Conn, error) {
	return map[string]func(ctx context.Context, host string) (net.Conn, error){
		"url": func(ctx context.Context, host string) (net.Conn, error) {
			return p.DialURL(ctx, mustURL(t, "http://"+host+"/x"), "tcp", host+":80")
		},
		"tcp": func(ctx context.Context, host string) (net.Conn, error) { return p.DialTCP(ctx, "tcp", host+":80") },
		"ssh": func(ctx context.Context, host string) (net.Conn, error) { return p.DialSSH(ctx, "tcp", host+":80") },
	}
}

func TestADialConnectsToTheJudgedAddressAndToNothingElse(t *testing.T) {
	w := &wire{}
	p := policy(t, Options{SSH: []string{"*"}, DialContext: w.dial})
	for name, dial := range dialers(t, p) {
		conn, err := dial(t.Context(), "web.example.com")
		require.NoError(t, err, name)
		require.NoError(t, conn.Close())
	}
	assert.Equal(t, []string{"tcp 93.184.216.34:80", "tcp 93.184.216.34:80", "tcp 93.184.216.34:80"}, w.connected())
}

func TestNoDialConnectsToAnythingHostile(t *testing.T) {
	w := &wire{}
	p := policy(t, Options{SSH: []string{"*"}, DialContext: w.dial})
	for h, rule := range hostile {
		if rule == "" {
			continue
		}
		if u, err := url.Parse(rawURL(h)); err == nil {
			_, err := p.DialURL(t.Context(), u, "tcp", net.JoinHostPort(u.Hostname(), "80"))
			assert.Equal(t, rule, ruleOf(err), "url %s", h)
		}
		if address, ok := bare(h); ok {
			_, err := p.DialTCP(t.Context(), "tcp", address)
			assert.Equal(t, rule, ruleOf(err), "tcp %s", h)
			_, err = p.DialSSH(t.Context(), "tcp", address)
			assert.Equal(t, rule, ruleOf(err), "ssh %s", h)
		}
	}
	assert.Empty(t, w.connected())
}

func TestANameThatResolvesToSomethingElseAfterTheCheckIsRefusedAtTheDial(t *testing.T) {
	for _, kind := range []string{"url", "tcp", "ssh"} {
		w := &wire{}
		p := policy(t, Options{SSH: []string{"*"}, DialContext: w.dial})
		require.NoError(t, p.CheckURL(t.Context(), "http://rebind.example.com/"), "the first answer is a public address")
		_, err := dialers(t, p)[kind](t.Context(), "rebind.example.com")
		assert.Equal(t, RulePrivate, ruleOf(err), kind)
		assert.Empty(t, w.connected(), kind)
	}
}

func TestTheNameIsResolvedOnceForADial(t *testing.T) {
	resolver := world()
	p := policy(t, Options{Resolver: resolver, DialContext: (&wire{}).dial})
	conn, err := p.DialTCP(t.Context(), "tcp", "rebind.example.com:80")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	assert.Len(t, resolver.asked, 1, "what is connected to is what was judged")
}

func TestTheConnectionOfAURLLeadsToItsOwnHostAndPortOnly(t *testing.T) {
	w := &wire{}
	p := policy(t, Options{URLs: []string{"*", "127.0.0.1", "db.example.com"}, DialContext: w.dial})
	target := mustURL(t, "https://web.example.com/")
	for _, address := range []string{"db.example.com:443", "web.example.com:80", "127.0.0.1:443", "93.184.216.34:443", "169.254.169.254:443"} {
		_, err := p.DialURL(t.Context(), target, "tcp", address)
		assert.Equal(t, RuleNever, ruleOf(err), address)
	}
	_, err := p.DialURL(t.Context(), target, "udp", "web.example.com:443")
	assert.Equal(t, RuleNever, ruleOf(err))
	assert.Empty(t, w.connected())
	limited := policy(t, Options{URLs: []string{"https://web.example.com/hooks/"}, DialContext: w.dial})
	_, err = limited.DialURL(t.Context(), target, "tcp", "web.example.com:443")
	assert.Equal(t, RuleNotListed, ruleOf(err), "the path is judged at the dial too")
}

func TestARedirectToAMetadataAddressIsNotFollowedEvenByAClientThatWould(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254"+r.URL.Path, http.StatusFound)
	}))
	defer server.Close()
	p, err := New(Options{URLs: []string{"127.0.0.1", "0.0.0.0/1", "128.0.0.0/1"}})
	require.NoError(t, err)
	first := mustURL(t, server.URL)
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return p.DialURL(ctx, first, network, address)
	}}}
	_, err = client.Get(server.URL)
	assert.Equal(t, RuleNever, ruleOf(err))
	_, err = p.DialTCP(t.Context(), "tcp", "169.254.169.254:80")
	assert.Equal(t, RuleNever, ruleOf(err))
}

func TestATLSServerIsReachedByTheNameOfTheURL(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	at := netip.MustParseAddrPort(server.Listener.Addr().String())
	resolver := &names{answers: map[string][]string{"example.com": {at.Addr().String()}}} // the certificate's own name
	p, err := New(Options{URLs: []string{"example.com"}, Resolver: resolver})
	require.NoError(t, err)
	target := mustURL(t, "https://example.com:"+mustURL(t, server.URL).Port()+"/")
	transport := server.Client().Transport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return p.DialURL(ctx, target, network, address)
	}
	resp, err := (&http.Client{Transport: transport}).Get(target.String())
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestAnAddressThatDoesNotAnswerDoesNotHoldUpTheNextOne(t *testing.T) {
	resolver := &names{answers: map[string][]string{"two.example.com": {"2606::1,93.184.216.34"}}}
	for name, w := range map[string]*wire{
		"silent": {hangs: map[string]bool{"[2606::1]:80": true}},
		"failed": {fails: map[string]error{"[2606::1]:80": syscall.ENETUNREACH}},
	} {
		p := policy(t, Options{Resolver: resolver, DialContext: w.dial})
		began := time.Now()
		conn, err := p.DialTCP(t.Context(), "tcp", "two.example.com:80")
		require.NoError(t, err, name)
		require.NoError(t, conn.Close())
		assert.Less(t, time.Since(began), 10*time.Second, name)
		assert.Equal(t, []string{"tcp [2606::1]:80", "tcp 93.184.216.34:80"}, w.connected(), name)
	}
}

func TestWhenNoAddressAnswersTheErrorIsThatOfTheFirst(t *testing.T) {
	resolver := &names{answers: map[string][]string{"two.example.com": {"2606::1,93.184.216.34"}}}
	w := &wire{fails: map[string]error{"[2606::1]:80": syscall.ECONNREFUSED, "93.184.216.34:80": syscall.ENETUNREACH}}
	_, err := policy(t, Options{Resolver: resolver, DialContext: w.dial}).DialTCP(t.Context(), "tcp", "two.example.com:80")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Nil(t, Refused(err))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent := &wire{hangs: map[string]bool{"[2606::1]:80": true, "93.184.216.34:80": true}}
	_, err = policy(t, Options{Resolver: resolver, DialContext: silent.dial}).DialTCP(ctx, "tcp", "two.example.com:80")
	require.ErrorIs(t, err, context.Canceled)
}

func TestANameThatDoesNotResolveIsNoRefusalAtTheDial(t *testing.T) {
	_, err := policy(t, Options{}).DialTCP(t.Context(), "tcp", "gone.example.com:80")
	var dns *net.DNSError
	require.ErrorAs(t, err, &dns)
	assert.Nil(t, Refused(err))
	broken := policy(t, Options{})
	broken.own = func() ([]netip.Addr, error) { return nil, errors.New("no netlink") }
	_, err = broken.DialTCP(t.Context(), "tcp", "web.example.com:80")
	require.ErrorContains(t, err, "no netlink")
}
