package activities

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
)

func notice(url string) contract.NotifyInput {
	return contract.NotifyInput{URL: url, Message: contract.NotifyMessage{
		Event: contract.NotifyStarted, Runbook: "SnapshotUpdateVerify", WorkflowID: "w", RunID: "r-1", ServerID: testServer, Reason: "<!here>",
	}}
}

// notify runs the activity once and returns its error in Temporal's own type; nil when it went well.
func notify(t *testing.T, a *Activities, in contract.NotifyInput) *temporal.ApplicationError {
	t.Helper()
	_, err := newEnv(t, a).ExecuteActivity(a.Notify, in)
	if err == nil {
		return nil
	}
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.NotContains(t, err.Error(), "secret")
	return app
}

// endpoint is a server that counts what comes.
func endpoint(t *testing.T, answer http.HandlerFunc) (url string, posts *atomic.Int32) {
	t.Helper()
	posts = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posts.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/hook?key=secret", posts
}

func TestANotificationIsOnePostOfTheMessageWithItsText(t *testing.T) {
	requests, bodies := make(chan *http.Request, 1), make(chan []byte, 1)
	url, posts := endpoint(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- r
		bodies <- body
	})
	a, gate := newActivities(&fakeAPI{})
	in := notice(url)
	require.Nil(t, notify(t, a, in))
	assert.EqualValues(t, 1, posts.Load())
	assert.Empty(t, gate.asked, "it is no write: no lock and no fence")
	r := <-requests
	assert.Equal(t, http.MethodPost, r.Method)
	assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
	assert.Equal(t, "safepoint", r.UserAgent())
	assert.Empty(t, r.Header.Get("Authorization"))
	assert.True(t, r.Close, "a connection of its own")
	var got contract.NotifyMessage
	require.NoError(t, json.Unmarshal(<-bodies, &got))
	in.Message.Text = contract.NotifyText(in.Message)
	assert.Equal(t, in.Message, got)
	assert.Contains(t, got.Text, "&lt;!here&gt;")
}

func TestATextOfTheRunbooksOwnIsKeptAndGoogleChatGetsItAlone(t *testing.T) {
	in := notice("https://chat.example.com/hook")
	in.Message.Text = "mine"
	body, err := notifyBody(in)
	require.NoError(t, err)
	assert.Contains(t, string(body), `"text":"mine"`)
	assert.Contains(t, string(body), `"event":"started"`)

	in.URL = "https://Chat.GoogleAPIs.com/v1/spaces/A/messages?key=k"
	body, err = notifyBody(in)
	require.NoError(t, err)
	assert.JSONEq(t, `{"text": "mine"}`, string(body))
}

func TestTheStatusDecidesWhetherANotificationIsSentAgain(t *testing.T) {
	const again, never = contract.ErrNotifyFailed, contract.ErrNotifyRefused
	for status, class := range map[int]string{
		200: "", 201: "", 204: "", 301: never, 302: never, 307: never, 308: never, 400: never, 401: never, 403: never, 404: never,
		410: never, 429: again, 500: again, 502: again, 503: again, 599: again, 600: never, 999: never,
	} {
		url, posts := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "secret-of-the-endpoint")
		})
		a, _ := newActivities(&fakeAPI{})
		err := notify(t, a, notice(url))
		assert.EqualValues(t, 1, posts.Load(), "status %d: no redirect is followed and nothing is resent", status)
		if class == "" {
			assert.Nil(t, err, status)
			continue
		}
		require.NotNil(t, err, status)
		assert.Equal(t, class, err.Type(), status)
		assert.Equal(t, class == never, err.NonRetryable(), status)
	}
}

func TestANotificationIsPutOffAsLongAsItsEndpointAsks(t *testing.T) {
	const date = "Wed, 15 Jan 2025 18:30:00 GMT"
	for name, c := range map[string]struct {
		after, date string
		want        time.Duration
	}{
		"seconds":             {"30", date, 30 * time.Second},
		"a date":              {"Wed, 15 Jan 2025 18:31:00 GMT", date, time.Minute},
		"a date in the past":  {"Wed, 15 Jan 2025 18:29:00 GMT", date, 0},
		"a date by no clock":  {"Wed, 15 Jan 2025 18:31:00 GMT", "", 0},
		"nothing":             {"", date, 0},
		"nonsense":            {"soon", date, 0},
		"before now":          {"-5", date, 0},
		"a year":              {"31536000", date, longestNotifyWait},
		"more than a counter": {"99999999999999999999", date, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, status := range []int{429, 503} {
				url, _ := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header()["Date"] = []string{c.date}
					w.Header().Set("Retry-After", c.after)
					w.WriteHeader(status)
				})
				a, _ := newActivities(&fakeAPI{})
				err := notify(t, a, notice(url))
				require.NotNil(t, err)
				assert.Equal(t, c.want, err.NextRetryDelay())
			}
		})
	}
}

func TestANotificationWithoutAnAnswerIsSentAgain(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	cut, _ := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = conn.Write([]byte("SSH-2.0-secret-of-the-endpoint\r\n\r\n"))
			_ = conn.Close()
		}
	})
	for name, url := range map[string]string{
		"refused": "http://user:secret@" + closed.Addr().String() + "/hook?key=secret", "no HTTP": cut,
	} {
		a, _ := newActivities(&fakeAPI{})
		err := notify(t, a, notice(url))
		require.NotNil(t, err, name)
		assert.Equal(t, contract.ErrNotifyFailed, err.Type(), name)
		assert.False(t, err.NonRetryable(), name)
		assert.Zero(t, err.NextRetryDelay(), name)
	}
}

func TestANotificationThatTakesTooLongSaysSoAndIsSentAgain(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	err := notifyNoAnswer(ctx, &url.Error{Op: "Post", URL: "http://127.0.0.1:1/?key=secret", Err: ctx.Err()})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrNotifyFailed, app.Type())
	assert.False(t, app.NonRetryable())
	assert.Contains(t, app.Message(), contract.Duration(contract.NotifyTimeout).String())
	assert.NotContains(t, app.Message(), "secret")
}

func TestANotificationThatCannotBePostedIsRefusedWithoutItsURL(t *testing.T) {
	for _, url := range []string{"", "::secret", "ftp://secret.example.com/", "http:///secret", "/secret", "mailto:secret@example.com"} {
		a, _ := newActivities(&fakeAPI{})
		err := notify(t, a, notice(url))
		require.NotNil(t, err, url)
		assert.Equal(t, contract.ErrNotifyRefused, err.Type(), url)
		assert.True(t, err.NonRetryable(), url)
	}
}

func TestANotificationThatTheWorkersPolicyRefusesIsNeverSent(t *testing.T) {
	url, posts := endpoint(t, func(http.ResponseWriter, *http.Request) {})
	for _, url := range []string{url, "http://169.254.169.254/latest/meta-data/?secret", "http://[::1]:1/", "http://10.0.0.1/"} {
		a, _ := newActivities(&fakeAPI{})
		a.egress = egress.Default()
		err := notify(t, a, notice(url))
		require.NotNil(t, err, url)
		assert.Equal(t, contract.ErrNotAllowed, err.Type(), url)
		assert.True(t, err.NonRetryable(), url)
		assert.True(t, strings.HasPrefix(err.Message(), "nothing was sent"), err.Message())
	}
	assert.Zero(t, posts.Load())
}
