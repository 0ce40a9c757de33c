package vpsorg

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	maxPageBytes  = 8 << 20  // one page of a list
	maxBodyBytes  = 1 << 20  // any other answer
	maxErrorBytes = 64 << 10 // what is read of an error's body to find its message
	maxRedirects  = 3        // of one read
)

// call is one thing asked of the API: what it is named in errors, and how its answer is read.
type call struct {
	op, method, path string
	body             []byte // JSON; nil for none
	maxBytes         int64  // of a 2xx answer; 0 leaves the body unread
	list             bool   // a 2xx answer that cannot be used is also a list that is not whole
}

func (k call) isWrite() bool { return k.method != http.MethodGet }

// answer is what came back for a request: its body is whole.
type answer struct {
	status int
	header http.Header
	body   []byte
	url    *url.URL // that answered; relative links start here
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

func (a answer) redirect() bool { return a.status >= 300 && a.status < 400 }

// read sends a GET and returns a 2xx answer. It follows redirects, but never to another origin: the token would go there.
func (c *Client) read(ctx context.Context, k call, u *url.URL) (answer, error) {
	for followed := 0; ; followed++ {
		a, err := c.exchange(ctx, k, u)
		if err != nil || a.ok() {
			return a, err
		}
		location := a.header.Get("Location")
		if !a.redirect() || location == "" {
			return answer{}, c.statusError(k, a)
		}
		next, err := a.url.Parse(location)
		if err != nil || !c.sameOrigin(next) {
			return answer{}, c.fail(k, Error{Status: a.status,
				Message: "the API redirects to another origin, which must not get the token; check VPS_API_URL"})
		}
		if followed == maxRedirects {
			return answer{}, c.fail(k, Error{Status: a.status,
				Message: fmt.Sprintf("the API redirects more than %d times; check VPS_API_URL", maxRedirects)})
		}
		next.Fragment, next.RawFragment = "", ""
		u = next
	}
}

// write sends a request once and returns a 2xx answer. A redirect is an error: whether the write happened before it is
// unknown, and following would send it a second time.
func (c *Client) write(ctx context.Context, k call) (answer, error) {
	a, err := c.exchange(ctx, k, c.endpoint(k.path, nil))
	switch {
	case err != nil || a.ok():
		return a, err
	case a.redirect():
		return answer{}, c.fail(k, Error{Status: a.status, Message: "the API redirected a write, which is never followed; check VPS_API_URL"})
	default:
		return answer{}, c.statusError(k, a)
	}
}

// exchange sends one request and reads its answer, whatever the status. An error means no answer, or a 2xx whose body
// did not arrive whole.
func (c *Client) exchange(ctx context.Context, k call, u *url.URL) (answer, error) {
	if err := c.waitForTurn(ctx); err != nil {
		return answer{}, c.fail(k, Error{NotSent: true, Message: "the request was given up before it was sent", Err: err})
	}
	requestCtx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var seen sent
	req, err := c.newRequest(httptrace.WithClientTrace(requestCtx, seen.trace()), k, u)
	if err != nil {
		return answer{}, c.fail(k, Error{NotSent: true, Message: "the request could not be built", Err: err})
	}
	transport := c.reads
	if k.isWrite() {
		transport = c.writes
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return answer{}, c.noAnswer(ctx, k, seen.nothing(c.tracedAlways), err)
	}
	defer func() { _ = resp.Body.Close() }() // the answer is decided by then
	c.setClock(resp.Header)
	a := answer{status: resp.StatusCode, header: resp.Header, url: u}
	if a.status < 200 {
		return a, nil // 101 hands over the bare connection: its "body" may never end, not even with the context
	}
	if !a.ok() {
		// The status says it all; a message that does not arrive is only missing.
		a.body, _ = io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
		return a, nil
	}
	if k.maxBytes == 0 {
		return a, nil
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, k.maxBytes+1))
	if err != nil {
		return answer{}, c.malformed(k, a.status, fmt.Errorf("its body did not arrive whole: %w", c.cleanError(err)))
	}
	if int64(len(a.body)) > k.maxBytes {
		return answer{}, c.malformed(k, a.status, fmt.Errorf("its body is over the limit of %d bytes", k.maxBytes))
	}
	if err := checkFields(a.body); err != nil {
		return answer{}, c.malformed(k, a.status, err)
	}
	return a, nil
}

// waitForTurn takes one request from the shared limit. It gives up at once when the context would end first.
func (c *Client) waitForTurn(ctx context.Context) error {
	err := c.limiter.Wait(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// A process that was frozen while it waited may wake before the context's own timer has fired.
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	if err != nil {
		return fmt.Errorf("the rate limit (VPS_RATE_LIMIT) leaves no turn in time: %w", context.DeadlineExceeded)
	}
	return nil
}

func (c *Client) newRequest(ctx context.Context, k call, u *url.URL) (*http.Request, error) {
	var body io.Reader
	if k.body != nil {
		body = bytes.NewReader(k.body)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, u.String(), body)
	if err != nil {
		return nil, err
	}
	if k.isWrite() {
		req.GetBody = nil // nothing can rewind and resend it
	}
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	c.authorize(req.Header)
	return req, nil
}

// noAnswer explains a request that got no HTTP answer. ctx is the caller's, without the request's own time-out.
func (c *Client) noAnswer(ctx context.Context, k call, notSent bool, err error) error {
	e := Error{NotSent: notSent, Err: err}
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		e.Message = "the API's certificate is not trusted; check VPS_API_URL and the CA certificates here"
	case ctx.Err() != nil:
		e.Message = "the call was given up before an answer came"
	case notSent:
		e.Message = "the API could not be reached; check VPS_API_URL and the network"
	case errors.Is(err, context.DeadlineExceeded):
		e.Message = fmt.Sprintf("no answer within %s", c.timeout.Round(time.Millisecond))
	default: // cut, reset, or not HTTP
		e.Message = "the connection ended without an answer"
	}
	return c.fail(k, e)
}

// statusError is for an answer that is not 2xx.
func (c *Client) statusError(k call, a answer) error {
	message := cmp.Or(c.cleanText(messageOf(a.body)), http.StatusText(a.status), "the API gave no reason")
	return c.fail(k, Error{Status: a.status, Message: message, RetryAfter: retryAfter(a.header)})
}

// malformed is for a 2xx answer that cannot be used; for a write the work may well be done.
func (c *Client) malformed(k call, status int, why error) error {
	kind := ErrMalformed
	if k.list {
		kind = fmt.Errorf("%w: %w", ErrNotWhole, ErrMalformed)
	}
	return c.fail(k, Error{Status: status, Err: fmt.Errorf("%w: %w", kind, why)})
}

// sent watches a request through httptrace to prove that nothing of it left.
//
// Only the missing connection is a proof. WroteHeaders and WroteRequest come from another goroutine and after a buffer:
// when the call returns without them, bytes may still be on their way.
type sent struct{ asked, got atomic.Bool }

func (s *sent) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { s.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { s.got.Store(true) },
	}
}

// nothing says whether provably nothing was sent. A transport that is not net/http's may report nothing at all: its
// silence is a proof only after it asked for a connection.
func (s *sent) nothing(tracedAlways bool) bool {
	return !s.got.Load() && (tracedAlways || s.asked.Load())
}
