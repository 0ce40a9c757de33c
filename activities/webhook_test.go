package activities

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// sendTo runs the webhook activity once.
func sendTo(t *testing.T, url string, timeout time.Duration) contract.SendWebhookResult {
	t.Helper()
	a, _ := newActivities(&fakeAPI{})
	got, err := execute[contract.SendWebhookResult](t, a, a.SendWebhook, hookInput(url, timeout))
	require.NoError(t, err)
	return got
}

func hookInput(url string, timeout time.Duration) contract.SendWebhookInput {
	return contract.SendWebhookInput{
		Fence: fenced(), URL: url, Timeout: contract.Duration(timeout),
		Body: contract.WebhookBody{WorkflowID: "w", RunID: "r-1", ServerID: testServer, Snapshot: contract.RestorePoint{ID: 1, Name: testName}},
	}
}

func TestAWebhookIsOnePostOfTheChange(t *testing.T) {
	var posts atomic.Int32
	requests := make(chan *http.Request, 4)
	bodies := make(chan []byte, 4)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		posts.Add(1)
		body, _ := io.ReadAll(r.Body)
		requests <- r
		bodies <- body
	}))
	defer hook.Close()
	in := hookInput(hook.URL+"/hook", 10*time.Second)
	got := sendTo(t, in.URL, 10*time.Second)
	assert.Equal(t, contract.ChangeSucceeded, got.Result)
	assert.Equal(t, 200, got.Status)
	require.EqualValues(t, 1, posts.Load())
	r := <-requests
	assert.Equal(t, http.MethodPost, r.Method)
	assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
	assert.Equal(t, "r-1", r.Header.Get("Safepoint-Run-Id"))
	assert.Equal(t, "safepoint", r.UserAgent())
	assert.Empty(t, r.Header.Values("Idempotency-Key"), "net/http takes it for leave to resend")
	assert.True(t, r.Close, "a connection of its own")
	want, err := json.Marshal(in.Body)
	require.NoError(t, err)
	assert.JSONEq(t, string(want), string(<-bodies))
}

func TestTheStatusDecidesHowAChangeEnded(t *testing.T) {
	for status, want := range map[int]contract.ChangeResult{
		200: contract.ChangeSucceeded, 202: contract.ChangeSucceeded, 204: contract.ChangeSucceeded,
		301: contract.ChangeUnknown, 302: contract.ChangeUnknown, 307: contract.ChangeUnknown, 308: contract.ChangeUnknown,
		400: contract.ChangeFailed, 401: contract.ChangeFailed, 404: contract.ChangeFailed, 429: contract.ChangeFailed,
		500: contract.ChangeFailed, 503: contract.ChangeFailed, 999: contract.ChangeUnknown,
	} {
		var posts atomic.Int32
		hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			posts.Add(1)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "secret-of-the-endpoint")
		}))
		got := sendTo(t, hook.URL, 10*time.Second)
		hook.Close()
		assert.Equal(t, want, got.Result, status)
		assert.Equal(t, status, got.Status)
		assert.NotContains(t, got.Detail, "secret-of-the-endpoint")
		assert.EqualValues(t, 1, posts.Load(), "status %d: no redirect is followed and nothing is resent", status)
	}
}

func TestALostAnswerLeavesTheChangeUnknown(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	const unanswered = "no answer in time"
	for name, handle := range map[string]http.HandlerFunc{
		unanswered: func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body) // the server notices a client that left only after the body
			select {
			case <-r.Context().Done():
			case <-release:
			}
		},
		"connection cut": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		},
		"not HTTP": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = conn.Write([]byte("SSH-2.0-secret-of-the-endpoint\r\n\r\n"))
				_ = conn.Close()
			}
		},
		"a yes that is cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		},
	} {
		t.Run(name, func(t *testing.T) {
			var posts atomic.Int32
			hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				posts.Add(1)
				handle(w, r)
			}))
			defer hook.Close()
			within := 10 * time.Second
			if name == unanswered {
				within = 2 * time.Second // waited for in full
			}
			got := sendTo(t, hook.URL, within)
			assert.Equal(t, contract.ChangeUnknown, got.Result, got.Detail)
			assert.NotContains(t, got.Detail, "secret-of-the-endpoint")
			assert.EqualValues(t, 1, posts.Load())
		})
	}
}

func TestWithoutAConnectionTheChangeProvablyDidNotStart(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := closed.Addr().String()
	require.NoError(t, closed.Close())
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = quietLog()
	defer untrusted.Close()
	for name, url := range map[string]string{
		"refused":       "http://user:pw-secret@" + address + "/hook?key=pw-secret",
		"TLS handshake": untrusted.URL,
		"no such name":  "http://host.invalid/",
		"not http":      "ftp://" + address,
		"not a URL":     "::pw-secret",
		"no host":       "http:///pw-secret",
	} {
		t.Run(name, func(t *testing.T) {
			got := sendTo(t, url, 5*time.Second)
			assert.Equal(t, contract.ChangeNotStarted, got.Result, got.Detail)
			assert.False(t, got.LockLost)
			assert.NotContains(t, got.Detail, "pw-secret")
		})
	}
	assert.Equal(t, contract.ChangeNotStarted, sendTo(t, "http://"+address, 0).Result, "without a time-out nothing is sent")
}

func TestAnAnswerWithoutEndIsReadOnlyToItsLimit(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := strings.Repeat("x", 32<<10)
		for {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}))
	defer hook.Close()
	assert.Equal(t, contract.ChangeSucceeded, sendTo(t, hook.URL, 10*time.Second).Result)
}

func TestAWebhookThatOutlivesAStoppingWorkerIsUnknown(t *testing.T) {
	arrived := make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		close(arrived)
		<-r.Context().Done()
	}))
	defer hook.Close()
	a, _ := newActivities(&fakeAPI{})
	env := newEnv(t, a)
	stop := make(chan struct{})
	env.SetWorkerStopChannel(stop)
	go func() {
		<-arrived
		close(stop)
	}()
	got, err := runAs[contract.SendWebhookResult](t, env, a.SendWebhook, hookInput(hook.URL, time.Minute))
	require.NoError(t, err)
	assert.Equal(t, contract.ChangeUnknown, got.Result)
	assert.Contains(t, got.Detail, "worker is stopping")
}

func TestAWebhookThatAnswersAStoppingWorkerInTimeCounts(t *testing.T) {
	stop := make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(stop) }))
	defer hook.Close()
	a, _ := newActivities(&fakeAPI{})
	a.pace.webhookStop = time.Minute
	env := newEnv(t, a)
	env.SetWorkerStopChannel(stop)
	got, err := runAs[contract.SendWebhookResult](t, env, a.SendWebhook, hookInput(hook.URL, time.Minute))
	require.NoError(t, err)
	assert.Equal(t, contract.ChangeSucceeded, got.Result)
}
