package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
)

const (
	// longestNotifyWait is how long a notification lets an endpoint put it off: later it helps nobody.
	longestNotifyWait = 10 * time.Minute
	// googleChat refuses a body with any field that it does not know (400, "Unknown name"); the other chat tools ignore
	// them.
	googleChat = "chat.googleapis.com"
)

// Notify sends one notification: one POST, judged by its status alone. It is no write, so it asks for no lock and no fence,
// and a second attempt may send it twice. Nothing of the answer is kept but its status and its Retry-After.
func (a *Activities) Notify(ctx context.Context, in contract.NotifyInput) error {
	if err := fitURL(in.URL); err != nil {
		return notifyRefused("nothing was sent: %v", err)
	}
	body, err := notifyBody(in)
	if err != nil {
		return notifyRefused("nothing was sent: the message cannot be written as JSON: %v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, contract.NotifyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, in.URL, bytes.NewReader(body))
	if err != nil {
		return notifyRefused("nothing was sent: the request could not be built") // the error may repeat the URL
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "safepoint")

	client := webhookClient(a.egress, req.URL)
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return notifyNoAnswer(ctx, err)
	}
	_ = resp.Body.Close() // unread: the status says it all
	return notifyAnswer(resp)
}

// notifyBody writes the text where the runbook left it to us, and only the text where more of it is refused.
func notifyBody(in contract.NotifyInput) ([]byte, error) {
	m := in.Message
	if m.Text == "" {
		m.Text = contract.NotifyText(m)
	}
	if u, err := url.Parse(in.URL); err == nil && strings.EqualFold(u.Hostname(), googleChat) {
		return json.Marshal(map[string]string{"text": m.Text})
	}
	return json.Marshal(m)
}

// notifyAnswer judges by the status: 2xx is a yes, 429 and 5xx may be better later, and anything else is a no.
func notifyAnswer(resp *http.Response) error {
	status := resp.StatusCode
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests, status >= 500 && status < 600:
		return temporal.NewApplicationErrorWithOptions(
			fmt.Sprintf("the notification's endpoint answered %d", status), contract.ErrNotifyFailed,
			temporal.ApplicationErrorOptions{NextRetryDelay: notifyWait(resp.Header)})
	case status >= 300 && status < 400:
		return notifyRefused("the notification's endpoint answered %d; redirects are not followed, give the final URL", status)
	default: // 4xx, 1xx such as a switch of protocols, or no HTTP status at all
		return notifyRefused("the notification's endpoint answered %d; check its URL and what it accepts", status)
	}
}

// notifyNoAnswer is for a notification without an answer. What the worker's own policy refuses stays refused.
func notifyNoAnswer(ctx context.Context, err error) error {
	if refused := egress.Refused(err); refused != nil {
		return temporal.NewNonRetryableApplicationError("nothing was sent: "+short(refused.Error()), contract.ErrNotAllowed, nil)
	}
	why := "it took longer than " + contract.Duration(contract.NotifyTimeout).String()
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // the wrapper repeats the URL
		}
		why = ending(ctx, err)
	}
	return temporal.NewApplicationError(short("the notification got no answer: "+why), contract.ErrNotifyFailed)
}

func notifyRefused(format string, args ...any) error {
	return temporal.NewNonRetryableApplicationError(short(fmt.Sprintf(format, args...)), contract.ErrNotifyRefused, nil)
}

// notifyWait reads Retry-After: seconds, or a date. A date is measured from the answer's own Date, because the clocks of two
// machines are never compared. Zero leaves the wait to the retry policy.
func notifyWait(h http.Header) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, longestNotifyWait)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), longestNotifyWait)
}
