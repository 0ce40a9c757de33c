package probe

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

const (
	// short is the timeout of looks that are meant to run into it.
	short = contract.Duration(100 * time.Millisecond)
	// untilSilent is the timeout of looks that must first get as far as the silence that they are meant to run into.
	untilSilent = contract.Duration(2 * time.Second)
	// roomy is the timeout of looks that must not run into it, however slow the machine.
	roomy = contract.Duration(30 * time.Second)
)

// TestMain sets a proxy that nobody may use, before net/http reads the environment for its only time.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		if err := os.Setenv(name, "http://proxy.invalid:3128"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func yes(context.Context) bool { return true }
func no(context.Context) bool  { return false }

// httpCheck is the plainest http check of a URL.
func httpCheck(url string) contract.Check {
	return contract.Check{Name: "home", Kind: contract.CheckHTTP, URL: url, Timeout: roomy}
}

func tcpCheck(address string) contract.Check {
	return contract.Check{Name: "port", Kind: contract.CheckTCP, Address: address, Timeout: roomy}
}

// requireVerdict compares the verdict and wants the words in the detail.
func requireVerdict(t *testing.T, want contract.Verdict, words string, got contract.CheckResult) {
	t.Helper()
	require.Equal(t, want, got.Verdict, got.Detail)
	assert.Contains(t, got.Detail, words)
	assert.LessOrEqual(t, len(got.Detail), detailLimit)
}

// rawServer serves every connection with handle, in TCP and nothing above it, and returns its host:port.
func rawServer(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				handle(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// answerRaw reads the request's first bytes, sends text and hangs up.
func answerRaw(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, text)
	}
}

// atOnce makes the look of each prober at the same time: all of them wait out the timeout.
func atOnce(t *testing.T, check contract.Check, probers ...*Prober) []contract.CheckResult {
	t.Helper()
	results := make([]contract.CheckResult, len(probers))
	var looks sync.WaitGroup
	for i, p := range probers {
		looks.Go(func() { results[i] = p.Look(t.Context(), check) })
	}
	looks.Wait()
	return results
}

// hang reads until the client gives up, and answers nothing.
func hang(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// reset hangs up with a reset, not with an end of file.
func reset(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 4096))
	_ = conn.(*net.TCPConn).SetLinger(0)
}

// refusingAddress is a local port that nobody listens on.
func refusingAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// dialFails is a dialer whose every attempt ends in err.
func dialFails(err error) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return nil, err }
}

// dialHangs is a dialer that waits like one whose packets are dropped.
func dialHangs(ctx context.Context, network, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
}

// counter counts how often the API was asked.
type counter struct {
	asked  atomic.Int32
	answer bool
}

func (c *counter) reachable(context.Context) bool {
	c.asked.Add(1)
	return c.answer
}
