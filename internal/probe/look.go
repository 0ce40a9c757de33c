package probe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

const (
	// bodyLimit is how much of a body is searched for the expected text, in bytes (contract.Check.ExpectBody).
	bodyLimit = 64 << 10
	// headerLimit bounds what a hostile server can make the worker hold, in bytes; real headers are far smaller.
	headerLimit = 256 << 10
	// targetLimit bounds the part of a detail that names what was looked at, in bytes.
	targetLimit = 120
	// userAgent lets the owner of a server tell these requests apart in its logs.
	userAgent = "safepoint-check"
)

// lookHTTP makes one GET on a fresh connection and judges the answer.
func (p *Prober) lookHTTP(ctx context.Context, check contract.Check) finding {
	target, err := url.Parse(check.URL)
	// The parse error is not shown: it can repeat a password that was written in the wrong place.
	if err != nil || (target.Scheme != "http" && target.Scheme != "https") || target.Hostname() == "" {
		return finding{unsure, "the url of the check is not valid: write http://host/path or https://host/path"}
	}
	name := "GET " + bounded(shown(target), targetLimit) + ": "

	var at progress
	resp, err := p.get(ctx, target, &at)
	if err != nil {
		return explain(ctx, at.stage(), err).about(name)
	}
	defer func() { _ = resp.Body.Close() }() // nothing was promised by the rest of the body

	return judgeAnswer(ctx, check, resp).about(name)
}

// judgeAnswer compares an answer with what the check expects. The body is read only if the check asks for a text in
// it, so an endpoint whose answer never ends (an event stream) can still be checked by its status.
func judgeAnswer(ctx context.Context, check contract.Check, resp *http.Response) finding {
	expect := check.ExpectStatus
	if expect == 0 {
		expect = http.StatusOK
	}
	if resp.StatusCode != expect {
		words := fmt.Sprintf("answered %d, expected %d", resp.StatusCode, expect)
		if resp.StatusCode/100 == 3 {
			words += " (redirects are not followed)"
		}
		return finding{broken, words}
	}
	if check.ExpectBody == "" {
		return finding{healthy, fmt.Sprintf("answered %d", expect)}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	if err != nil { // even if the text was in what arrived: an answer cut short is a wrong answer
		return explain(ctx, answering, err)
	}
	if !bytes.Contains(body, []byte(check.ExpectBody)) {
		return finding{broken, fmt.Sprintf("answered %d, but the expected text is not in the first 64 KiB", expect)}
	}
	return finding{healthy, fmt.Sprintf("answered %d with the expected text", expect)}
}

// get sends the request. The transport is made for this one look: no connection of an earlier look can answer for a
// server that has gone since.
func (p *Prober) get(ctx context.Context, target *url.URL, at *progress) (*http.Response, error) {
	ctx = at.follow(ctx)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // one connection, one answer; every web server speaks it
	client := http.Client{
		Transport: &http.Transport{
			// No proxy, whatever the environment says: a proxy's error page is not the server's answer.
			Proxy:                  nil,
			DisableKeepAlives:      true,
			DisableCompression:     true, // the expected text is looked for in the bytes as they come
			MaxResponseHeaderBytes: headerLimit,
			Protocols:              protocols,
			// The transport hands in contexts that outlive the request; the look's own ends with the look.
			DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
				return p.dialPlain(ctx, target, network, address)
			},
			DialTLSContext: func(_ context.Context, network, address string) (net.Conn, error) {
				return p.dialTLS(ctx, target, network, address, at)
			},
		},
		// A redirect is an answer: where it leads is another server's health.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	return client.Do(req)
}

// lookTCP opens a connection and closes it again. Being let in is the pass: nothing is read, because many services
// wait for the client to speak first.
func (p *Prober) lookTCP(ctx context.Context, check contract.Check) finding {
	host, port, err := net.SplitHostPort(check.Address)
	number, portErr := strconv.ParseUint(port, 10, 16)
	// Without a host the dialer would look at the worker itself, and pass.
	if err != nil || portErr != nil || host == "" || number == 0 {
		return finding{unsure, "the address of the check is not valid: write host:port with a port from 1 to 65535"}
	}
	name := "connect to " + bounded(check.Address, targetLimit) + ": "
	var at progress
	conn, err := p.dial(at.follow(ctx), "tcp", check.Address)
	if err != nil {
		return explain(ctx, at.stage(), err).about(name)
	}
	_ = conn.Close() // the look is over; nothing was sent
	return finding{healthy, name + "connected"}
}

// about puts what was looked at in front of the words.
func (f finding) about(name string) finding {
	f.words = name + f.words
	return f
}

// shown is the URL without user information, query and fragment: all of them can hold secrets.
func shown(u *url.URL) string {
	s := u.Scheme + "://" + u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		s += "?..."
	}
	return strings.ToValidUTF8(s, "?")
}
