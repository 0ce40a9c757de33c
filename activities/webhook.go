package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
)

const (
	// maxWebhookAnswer is how much of an answer is read to see that it is whole. What it says is never kept.
	maxWebhookAnswer = 64 << 10
	// runIDHeader lets an endpoint tell runs apart. It is not called Idempotency-Key, because net/http takes that for
	// leave to resend a POST by itself.
	runIDHeader = "Safepoint-Run-Id"
	// webhookDialWithin bounds the look-up of the host and the connection to it.
	webhookDialWithin = 10 * time.Second
)

// errWorkerStops is why a webhook is given up when its worker stops.
var errWorkerStops = errors.New("the worker is stopping")

// SendWebhook makes the change: one POST to the user's URL, sent at most once in the life of a runbook.
func (a *Activities) SendWebhook(ctx context.Context, in contract.SendWebhookInput) (contract.SendWebhookResult, error) {
	w := a.begin(ctx, in.Fence)
	if no := w.again(); no != nil {
		return unsentWebhook(*no), nil
	}
	body, err := json.Marshal(in.Body)
	if err != nil {
		return notStarted("nothing was sent: the body cannot be written as JSON: %v", err), nil
	}
	if err := fitURL(in.URL); err != nil {
		return notStarted("nothing was sent: %v", err), nil
	}
	if in.Timeout <= 0 {
		return notStarted("nothing was sent: the webhook has no time-out"), nil
	}
	if no := w.admit(ctx); no != nil {
		return unsentWebhook(*no), nil
	}
	ctx, cancel := context.WithTimeout(ctx, in.Timeout.Std())
	defer cancel()
	ctx, release := a.untilStopped(ctx)
	defer release()
	return a.post(ctx, in, body), nil
}

// unsentWebhook says in a change's words why the fence did not let it pass.
func unsentWebhook(no contract.WriteAnswer) contract.SendWebhookResult {
	if no.Outcome == contract.WriteAmbiguous {
		return contract.SendWebhookResult{Result: contract.ChangeUnknown, Detail: no.Detail, EarlierRun: true}
	}
	return contract.SendWebhookResult{
		Result: contract.ChangeNotStarted, Detail: no.Detail, LockLost: no.Outcome == contract.WriteLockLost,
	}
}

func notStarted(format string, args ...any) contract.SendWebhookResult {
	return contract.SendWebhookResult{Result: contract.ChangeNotStarted, Detail: short(fmt.Sprintf(format, args...))}
}

// fitURL refuses what cannot be posted to. Its errors never repeat the URL: it may hold a password or a key.
func fitURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("the webhook's URL is not an absolute http or https URL")
	}
	return nil
}

// untilStopped ends the context some time after the worker began to stop: long enough for most changes to answer, and
// short enough to still report that this one did not.
func (a *Activities) untilStopped(ctx context.Context) (context.Context, func()) {
	stop := activity.GetWorkerStopChannel(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-stop:
		case <-ctx.Done():
			return
		}
		grace := time.NewTimer(a.pace.webhookStop)
		defer grace.Stop()
		select {
		case <-grace.C:
			cancel(errWorkerStops)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// post sends the change and says how it ended.
func (a *Activities) post(ctx context.Context, in contract.SendWebhookInput, body []byte) contract.SendWebhookResult {
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req, err := http.NewRequestWithContext(traced, http.MethodPost, in.URL, bytes.NewReader(body))
	if err != nil {
		return notStarted("nothing was sent: the request could not be built")
	}
	req.GetBody = nil // nothing can rewind and resend it
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "safepoint")
	req.Header.Set(runIDHeader, in.Body.RunID)

	client := webhookClient(a.egress, req.URL)
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return noWebhookAnswer(ctx, connected.Load(), err)
	}
	defer func() { _ = resp.Body.Close() }() // the result is decided by then
	return webhookAnswer(ctx, resp)
}

// webhookClient sends exactly once: a connection of its own and HTTP/1 only, because net/http resends by itself on a
// pooled connection and over HTTP/2. It follows no redirect, which could make a GET of the change or send it twice, and
// uses no proxy, which could answer for the endpoint. It is made for one URL: the worker's policy judges the addresses
// of its host right before it connects, and lets it connect to nothing else.
func webhookClient(policy *egress.Policy, target *url.URL) *http.Client {
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, webhookDialWithin)
			defer cancel()
			return policy.DialURL(ctx, target, network, address)
		},
		TLSHandshakeTimeout:    10 * time.Second,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// noWebhookAnswer tells "provably nothing was sent" from "nobody knows". Without a connection nothing can have been
// sent; with one, bytes may be on their way whatever the error says.
func noWebhookAnswer(ctx context.Context, connected bool, err error) contract.SendWebhookResult {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // the wrapper repeats the URL
	}
	if refusal := egress.Refused(err); refusal != nil {
		return notStarted("nothing was sent: %v", refusal)
	}
	if !connected {
		return notStarted("nothing was sent: no connection to the webhook's host: %s", ending(ctx, err))
	}
	return contract.SendWebhookResult{
		Result: contract.ChangeUnknown, Detail: short("the webhook was sent, but no answer came: " + ending(ctx, err)),
	}
}

// ending says why a request ended, without the words of the other side: net/http repeats what a broken server sent.
func ending(ctx context.Context, err error) string {
	var (
		name *net.DNSError
		op   *net.OpError
	)
	switch {
	case errors.Is(context.Cause(ctx), errWorkerStops):
		return errWorkerStops.Error()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "the time-out of the change is over"
	case ctx.Err() != nil:
		return "it was given up"
	case errors.As(err, &name):
		return "the name of the host does not resolve"
	case errors.As(err, &op):
		return op.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	default:
		return "the connection or its TLS handshake failed, or the answer is not HTTP"
	}
}

// webhookAnswer judges by the status alone; the body is read only to see whether a yes arrived whole.
func webhookAnswer(ctx context.Context, resp *http.Response) contract.SendWebhookResult {
	status := resp.StatusCode
	result := contract.SendWebhookResult{Result: contract.ChangeUnknown, Status: status}
	switch {
	case status >= 200 && status < 300:
		if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxWebhookAnswer)); err != nil {
			result.Detail = short(fmt.Sprintf("the webhook answered %d, but the answer was cut: %s", status, ending(ctx, err)))
			return result
		}
		result.Result, result.Detail = contract.ChangeSucceeded, fmt.Sprintf("the webhook answered %d", status)
	case status >= 400 && status < 600:
		result.Result, result.Detail = contract.ChangeFailed, fmt.Sprintf("the webhook answered %d, a clear no", status)
	case status >= 300 && status < 400:
		result.Detail = fmt.Sprintf("the webhook answered %d; redirects are not followed, give the final URL", status)
	default: // 1xx, such as a switch of protocols, or no HTTP status at all
		result.Detail = fmt.Sprintf("the webhook answered %d, which says neither yes nor no", status)
	}
	return result
}
