package vpsorg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operation is one exported call, with an answer that it accepts.
type operation struct {
	name, want, good string
	call             func(context.Context, *Client) error
}

func writes() []operation {
	return []operation{
		{"create", "POST /snapshots/", rowOf(9, 5), func(ctx context.Context, c *Client) error {
			_, err := c.CreateSnapshot(ctx, CreateSnapshotOpts{ServerID: 5, Name: "snap-9"})
			return err
		}},
		{"restore", "POST /snapshots/9/restore/", `{"status": "success"}`, func(ctx context.Context, c *Client) error {
			_, err := c.RestoreSnapshot(ctx, 9)
			return err
		}},
		{"delete", "DELETE /snapshots/9/", "", func(ctx context.Context, c *Client) error { return c.DeleteSnapshot(ctx, 9) }},
		{"start", "POST /servers/5/start/", "", func(ctx context.Context, c *Client) error { return c.StartServer(ctx, 5) }},
		{"stop", "POST /servers/5/stop/", "", func(ctx context.Context, c *Client) error { return c.StopServer(ctx, 5) }},
	}
}

func reads() []operation {
	return []operation{
		{"snapshots", "GET /snapshots/", page(0, ""), func(ctx context.Context, c *Client) error {
			_, err := c.ListSnapshots(ctx, ListSnapshotsOpts{})
			return err
		}},
		{"servers", "GET /servers/", page(0, ""), func(ctx context.Context, c *Client) error {
			_, err := c.ListServers(ctx, ListServersOpts{})
			return err
		}},
		{"server", "GET /servers/5/", `{"id": 5, "status": "active"}`, func(ctx context.Context, c *Client) error {
			_, err := c.GetServer(ctx, 5)
			return err
		}},
		{"account", "GET /account/me/", `{"account": {}}`, func(ctx context.Context, c *Client) error {
			_, err := c.Me(ctx)
			return err
		}},
	}
}

// answered runs an operation against one scripted answer.
func answered(t *testing.T, op operation, answer http.HandlerFunc) error {
	t.Helper()
	body := ""
	if op.name == "create" {
		body = `{"server_id": 5, "name": "snap-9"}`
	}
	s := newScript(t, step{want: op.want, body: body, answer: answer})
	return op.call(t.Context(), s.client())
}

func withStatus(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if status >= 300 && status < 400 {
			w.Header().Set("Location", "/elsewhere/")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestOnlyAClearNoProvesThatAWriteDidNotHappen(t *testing.T) {
	for status, ambiguous := range map[int]bool{
		300: true, 301: true, 302: true, 303: true, 304: true, 307: true, 308: true,
		400: false, 401: false, 403: false, 404: false, 405: false, 408: true, 409: false, 422: false, 425: false, 429: false, 499: false,
		500: true, 501: true, 502: true, 503: true, 504: true, 520: true, 599: true,
	} {
		for _, op := range writes() {
			err := answered(t, op, withStatus(status, ""))
			e := asError(t, err)
			assert.Equal(t, ambiguous, IsAmbiguous(err), "%s: %d", op.name, status)
			assert.True(t, IsStatus(err, 1, status))
			assert.False(t, IsNotSent(err))
			assert.Equal(t, op.want, e.Method+" "+e.Path)
			assert.NotEmpty(t, e.Message)
		}
	}
}

func TestReadsAreNeverAmbiguous(t *testing.T) {
	for _, status := range []int{304, 400, 401, 404, 408, 429, 500, 502, 503} {
		for _, op := range reads() {
			err := answered(t, op, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
			asError(t, err)
			assert.False(t, IsAmbiguous(err), "%s: %d", op.name, status)
			assert.True(t, IsStatus(err, status))
		}
	}
	for _, op := range reads() {
		err := answered(t, op, cut(t, ""))
		asError(t, err)
		assert.False(t, IsAmbiguous(err) || IsNotSent(err) || Answered(err), op.name)
	}
}

func TestAnySuccessIsASuccess(t *testing.T) {
	for _, status := range []int{200, 201, 202} {
		for _, op := range append(writes(), reads()...) {
			assert.NoError(t, answered(t, op, withStatus(status, op.good)), "%s: %d", op.name, status)
		}
	}
}

// A write whose answer is lost may have happened, however little of the answer came.
func TestAWriteWithoutAReadableAnswerMayHaveHappened(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing":          "",
		"half a status":    "HTTP/1.1 20",
		"not HTTP":         "SSH-2.0-OpenSSH_9.6\r\n",
		"half the headers": "HTTP/1.1 201 Created\r\nContent-Le",
		"informational":    "HTTP/1.1 100 Continue\r\n\r\n",
		"another protocol": "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
		"headers too long": "HTTP/1.1 201 Created\r\nX: " + strings.Repeat("x", 128<<10) + "\r\n\r\n",
	} {
		for _, op := range writes() {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				err := answered(t, op, cut(t, raw))
				asError(t, err)
				assert.True(t, IsAmbiguous(err))
				assert.False(t, IsNotSent(err))
			})
		}
	}
}

// The write happened, the answer says so, and still it is unknown what was made.
func TestAWriteWithAnUnusableAnswerMayHaveHappened(t *testing.T) {
	bodies := map[string]string{
		"cut":        "HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"id\": 9",
		"cut chunks": "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
	}
	for name, body := range map[string]string{
		"empty": "", "null": "null", "list": "[]", "HTML": "<html>", "text": "ok", "half": `{"id": 9`, "garbage after it": rowOf(9, 5) + "x",
		"no snapshot": `{"status": 5}`, "too large": `{"status": "` + strings.Repeat("x", maxBodyBytes) + `"}`,
		"another snapshot": `{"id": 9, "name": "other", "status": "in_progress", "server": 5, "snapshot": {"id": 8}}`,
		"another server":   `{"id": 9, "name": "snap-9", "status": "in_progress", "server": {"id": 6}, "snapshot": {"id": -9}}`,
		"odd shapes":       `{"id": 9.5, "snapshot": [], "server": true}`,
	} {
		bodies[name] = fmt.Sprintf("HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	for name, raw := range bodies {
		for _, op := range writes()[:2] { // the two whose answer is read
			t.Run(name+"/"+op.name, func(t *testing.T) {
				err := answered(t, op, cut(t, raw))
				e := asError(t, err)
				require.ErrorIs(t, err, ErrMalformed)
				assert.True(t, e.Ambiguous)
				assert.Equal(t, 201, e.Status)
			})
		}
		for _, op := range writes()[2:] { // a yes is a yes: nothing in the body could make it a no
			assert.NoError(t, answered(t, op, cut(t, raw)), "%s: %s", op.name, name)
		}
	}
}

func TestAnAnswerOverTheSizeLimitIsAnError(t *testing.T) {
	filler := strings.Repeat(" ", maxBodyBytes)
	for _, op := range reads() {
		err := answered(t, op, func(w http.ResponseWriter, _ *http.Request) { // lists have a larger limit
			_, _ = io.WriteString(w, strings.Repeat(filler, 8)+op.good)
		})
		e := asError(t, err)
		require.ErrorIs(t, err, ErrMalformed, op.name)
		assert.Equal(t, strings.HasPrefix(e.Op, "list"), strings.Contains(err.Error(), "8388608"), err)
		assert.Equal(t, strings.HasPrefix(e.Op, "list"), errors.Is(err, ErrNotWhole))
	}
	assert.NoError(t, answered(t, reads()[0], withStatus(200, filler+page(0, ""))))
}

func TestTheTimeoutOfARequestMakesAWriteAmbiguous(t *testing.T) {
	for name, early := range map[string]string{
		"no answer":   "",
		"half a body": "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the time is waited for, and the connection counts, too
			done := make(chan struct{})
			s := newScript(t, step{want: "POST /snapshots/9/restore/", answer: func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if assert.NoError(t, err) {
					_, _ = io.WriteString(conn, early)
					<-done
					_ = conn.Close()
				}
			}})
			defer close(done)
			_, err := newTestClient(t, Options{BaseURL: s.URL, RequestTimeout: 5 * time.Second}).RestoreSnapshot(t.Context(), 9)
			asError(t, err)
			assert.True(t, IsAmbiguous(err))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, early == "", strings.Contains(err.Error(), "no answer within 5s"))
		})
	}
}

// A 101 hands over the bare connection, which no context ends: whoever reads from it may wait for ever.
func TestAnAnswerThatChangesTheProtocolDoesNotHangACall(t *testing.T) {
	for _, op := range append(writes()[1:], reads()...) {
		done, ended := make(chan struct{}), make(chan error, 1)
		s := newScript(t, step{want: op.want, answer: func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if assert.NoError(t, err) {
				_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
				<-done
				_ = conn.Close()
			}
		}})
		go func() { ended <- op.call(t.Context(), s.client()) }()
		select {
		case err := <-ended:
			assert.Equal(t, asError(t, err).Method != http.MethodGet, IsAmbiguous(err))
			assert.True(t, IsStatus(err, 101))
		case <-time.After(soon):
			t.Error("the call hangs")
		}
		close(done)
	}
}

func TestACancelAfterSendingIsAmbiguous(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newScript(t, step{want: "DELETE /snapshots/9/", answer: func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}})
	err := s.client().DeleteSnapshot(ctx, 9)
	asError(t, err)
	assert.True(t, IsAmbiguous(err))
	require.ErrorIs(t, err, context.Canceled)
}

func TestTheHelpersAnswerForErrorsOfOthers(t *testing.T) {
	other := io.ErrUnexpectedEOF
	assert.False(t, IsStatus(nil, 0) || IsStatus(other, 0) || IsStatus(&Error{}, 0) || IsStatus(&Error{Status: 404}))
	assert.False(t, IsAmbiguous(nil) || IsAmbiguous(other) || IsNotSent(nil) || IsNotSent(other))
	assert.True(t, Answered(nil))
	assert.False(t, Answered(other))
	assert.True(t, Answered(fmt.Errorf("wrapped: %w", &Error{Status: 503})))
}
