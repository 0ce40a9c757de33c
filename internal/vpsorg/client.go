package vpsorg

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// maxBurst is how many requests may leave at once after a quiet time: one second's worth, and never many.
const maxBurst = 5

// Client talks to one account of the API. It is safe for concurrent use; share one, because the rate limit is its own.
type Client struct {
	base      *url.URL // no slash at the end of its path
	timeout   time.Duration
	powerPath string
	userAgent string
	limiter   *rate.Limiter
	// Bare transports: an http.Client would follow redirects and add headers of its own.
	reads  http.RoundTripper
	writes http.RoundTripper
	// tracedAlways says that the transports are net/http's own, so that a missing trace event is a proof. See sent.
	tracedAlways bool
	// clock is the last reading of the API's clock; nil before the first. See Now.
	clock *atomic.Pointer[reading]
	// authorize and redact hold the token. It is in no field, so no printer can show it.
	authorize func(http.Header)
	redact    func(string) string
}

// New checks the options and makes a client. It sends nothing. The error joins every problem there is.
func New(o Options) (*Client, error) {
	o = o.withDefaults()
	base, err := o.check()
	if err != nil {
		return nil, err
	}
	token := o.Token
	c := &Client{
		base:      base,
		timeout:   o.RequestTimeout,
		powerPath: o.PowerPath,
		userAgent: o.UserAgent,
		limiter:   rate.NewLimiter(rate.Limit(o.RateLimit), int(min(max(o.RateLimit, 1), maxBurst))),
		authorize: func(h http.Header) { h.Set("Authorization", "Bearer "+token) },
		redact:    newRedactor(token),
		clock:     new(atomic.Pointer[reading]),
	}
	c.reads, c.writes, c.tracedAlways = transports(o.Transport)
	return c, nil
}

// String names the API the client talks to.
func (c *Client) String() string {
	return fmt.Sprintf("vpsorg.Client{%s}", c.redact(c.base.String()))
}

// GoString is String: %#v must not walk over the fields.
func (c *Client) GoString() string { return c.String() }

// Format makes every verb print String.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue names the API the client talks to.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// transports returns the one for reads, the one for writes, and whether both report every connection to httptrace.
func transports(given http.RoundTripper) (reads, writes http.RoundTripper, traced bool) {
	switch given := given.(type) {
	case nil:
		return newTransport(), writesOnly(newTransport()), true
	case *http.Transport:
		return given.Clone(), writesOnly(given.Clone()), true
	default:
		return given, given, false
	}
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  onlyTLS(http.ProxyFromEnvironment),
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// writesOnly makes net/http send each write exactly once. On a connection from the pool it resends by itself when it
// believes that the server never saw the request, and over HTTP/2 also when the server says so; a snapshot or a restore
// must not hang on that belief. A fresh connection for each write over HTTP/1 leaves it no reason to. Nor is there an
// Idempotency-Key header: the API knows none, and to net/http it would be leave to resend a POST.
func writesOnly(t *http.Transport) *http.Transport {
	t.DisableKeepAlives = true
	t.ForceAttemptHTTP2 = false
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.TLSNextProto = nil
	if t.TLSClientConfig != nil {
		t.TLSClientConfig.NextProtos = nil // a copied transport may still offer h2
	}
	return t
}

// onlyTLS keeps a plain http request, which carries the token in clear text, away from any proxy.
func onlyTLS(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		if r.URL.Scheme != "https" {
			return nil, nil
		}
		return proxy(r)
	}
}

// endpoint is the URL of a path below the base URL. The path starts and ends with a slash: without the last one the API
// may redirect, and a redirected POST can lose its body.
func (c *Client) endpoint(path string, query url.Values) *url.URL {
	u := *c.base
	u.Path += path
	u.RawQuery = query.Encode()
	return &u
}

// sameOrigin says whether a URL may be sent the token: scheme, host and port are the base URL's own.
func (c *Client) sameOrigin(u *url.URL) bool {
	return u.Opaque == "" && u.User == nil && u.Scheme == c.base.Scheme &&
		strings.EqualFold(u.Hostname(), c.base.Hostname()) && portOf(u) == portOf(c.base)
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	default: // http: no other scheme passes the check of the base URL
		return "80"
	}
}
