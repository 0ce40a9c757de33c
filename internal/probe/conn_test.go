package probe

import (
	"context"
	"io"
	"net"
	"net/http/httptrace"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestAnInterruptedLookIsInconclusive(t *testing.T) {
	address := rawServer(t, hang)
	for name, check := range map[string]contract.Check{
		"http": httpCheck("http://" + address), "https": httpCheck("https://" + address),
	} {
		t.Run(name+" canceled", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			requireVerdict(t, contract.VerdictInconclusive, "interrupted", New(Options{APIReachable: yes}).Look(ctx, check))
		})
		t.Run(name+" by an earlier deadline", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			requireVerdict(t, contract.VerdictInconclusive, "interrupted", New(Options{APIReachable: yes}).Look(ctx, check))
		})
	}
	t.Run("while the API is asked", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		asked := func(context.Context) bool { cancel(); return true }
		check := httpCheck("http://" + address)
		check.Timeout = short
		got := New(Options{APIReachable: asked}).Look(ctx, check)
		require.Equal(t, contract.VerdictInconclusive, got.Verdict, got.Detail)
	})
	t.Run("with an error of the network", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		api := &counter{answer: true}
		prober := New(Options{DialContext: dialFails(errno("connect", syscall.EHOSTUNREACH)), APIReachable: api.reachable})
		requireVerdict(t, contract.VerdictInconclusive, "interrupted", prober.Look(ctx, tcpCheck("web.example.com:80")))
		assert.Zero(t, api.asked.Load())
	})
	t.Run("by an earlier deadline that the network noticed first", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		check := tcpCheck("web.example.com:80")
		check.Timeout = contract.Duration(2 * time.Hour)
		prober := New(Options{DialContext: dialFails(os.ErrDeadlineExceeded), APIReachable: yes})
		requireVerdict(t, contract.VerdictInconclusive, "interrupted", prober.Look(ctx, check))
	})
}

func TestAnAnswerThatIsFasterThanItsRequestIsAnAnswer(t *testing.T) {
	eager := rawServer(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome")
		hang(conn)
	})
	// Between the connection and the request, time enough for the transport to read what nobody asked for yet.
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { <-time.After(100 * time.Millisecond) },
	})
	check := httpCheck("http://" + eager)
	check.ExpectBody = "welcome"
	requireVerdict(t, contract.VerdictPassed, "with the expected text", New(Options{}).Look(ctx, check))
}

func TestAReadThatAwaitsAWriteEndsWithTheLook(t *testing.T) {
	ours, theirs := net.Pipe()
	defer func() { _, _ = ours.Close(), theirs.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err := newPatientConn(ctx, ours).Read(make([]byte, 1))
	require.ErrorIs(t, err, context.Canceled)
}

func TestALookLeavesNothingRunning(t *testing.T) {
	silentServer, wrongServer, goodServer := rawServer(t, hang), rawServer(t, answerRaw("garbage")), site(t, 200, "welcome")
	before := runtime.NumGoroutine() // the servers' own included
	prober := New(Options{APIReachable: yes})
	for range 5 {
		for _, url := range []string{"http://" + silentServer, "https://" + silentServer, "http://" + wrongServer, "https://" + wrongServer, goodServer} {
			check := httpCheck(url)
			check.Timeout, check.ExpectBody = short, "welcome"
			prober.Look(t.Context(), check)
		}
	}
	const asker = 1 // the goroutine that asks this
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+asker }, 10*time.Second, 10*time.Millisecond)
}
