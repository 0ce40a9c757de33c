package temporalclient

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// logBuffer is a log that tests may read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// frontend is a Temporal server that knows one namespace, and not at first.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	mu       sync.Mutex
	unknown  int // how many more times the namespace is not found
	deny     error
	describe int
}

func (f *frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (f *frontend) DescribeNamespace(_ context.Context, in *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.describe++; f.describe <= f.unknown {
		return nil, serviceerror.ToStatus(serviceerror.NewNamespaceNotFound(in.GetNamespace())).Err()
	}
	return &workflowservice.DescribeNamespaceResponse{}, f.deny
}

// serve runs f on a listener until the test ends.
func serve(t *testing.T, f *frontend, listener net.Listener) {
	t.Helper()
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
}

func TestDialWaitsForAServerThatStartsLaterAndSaysSoOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())

	var log logBuffer
	dialed := make(chan error, 1)
	go func() {
		c, err := Dial(t.Context(), client.Options{HostPort: addr, Namespace: "ops"}, log.logger())
		if err == nil {
			c.Close()
		}
		dialed <- err
	}()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "waiting for Temporal") }, 10*time.Second, 10*time.Millisecond)
	listener, err = net.Listen("tcp", addr)
	require.NoError(t, err)
	serve(t, &frontend{unknown: 2}, listener)

	select {
	case err := <-dialed:
		require.NoError(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("Dial did not notice the server: " + log.String())
	}
	assert.Equal(t, 1, strings.Count(log.String(), `msg="waiting for Temporal`))
	assert.Contains(t, log.String(), "temporal operator namespace create --namespace ops")
}

func TestDialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := Dial(ctx, client.Options{HostPort: "127.0.0.1:1"}, slog.New(slog.DiscardHandler))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestDialEndsAtOnceWhereWaitingCannotHelp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	serve(t, &frontend{deny: status.Error(codes.PermissionDenied, "no")}, listener)
	_, err = Dial(t.Context(), client.Options{HostPort: listener.Addr().String(), Namespace: "ops"}, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "TEMPORAL_API_KEY")

	_, err = Dial(t.Context(), client.Options{HostPort: "bad\x7fhost:1"}, slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "TEMPORAL_*")
}

func TestRetryBacksOffToFiveSecondsAndRemindsOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logBuffer
		var at []time.Duration
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		err := retry(ctx, log.logger(), "waiting for a test", func(context.Context) error {
			at = append(at, time.Since(start))
			return serviceerror.NewUnavailable("no")
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Duration(0), at[0])
		assert.LessOrEqual(t, at[1], firstPause)
		for i := 1; i < len(at); i++ {
			assert.LessOrEqual(t, at[i]-at[i-1], longestPause)
		}
		assert.GreaterOrEqual(t, at[len(at)-1]-at[len(at)-2], longestPause/2, "it backs off")
		assert.Equal(t, 2, strings.Count(log.String(), "waiting for a test"), log.String())
	})
}

func TestRetryLogsANewKindOfFailureAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logBuffer
		failures := []error{serviceerror.NewUnavailable("a"), serviceerror.NewUnavailable("b"), serviceerror.NewNotFound("c"), nil}
		err := retry(t.Context(), log.logger(), "waiting for a test", func(context.Context) error {
			err := failures[0]
			failures = failures[1:]
			return err
		})
		require.NoError(t, err)
		assert.Equal(t, 2, strings.Count(log.String(), `msg="waiting for a test"`))
		assert.Contains(t, log.String(), "the wait is over")
	})
}

func TestAPermanentErrorEndsARetryAtOnce(t *testing.T) {
	cause := errors.New("no")
	tries := 0
	err := retry(t.Context(), slog.New(slog.DiscardHandler), "x", func(context.Context) error {
		tries++
		return permanent{cause}
	})
	assert.ErrorIs(t, err, cause)
	assert.Equal(t, 1, tries)
}
