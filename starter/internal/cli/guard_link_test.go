package cli

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// attending is a guard that waits for something.
func attending(t *testing.T) (*guarded, *frontend, chan<- os.Signal) {
	t.Helper()
	f, address := newFrontend(t)
	c, err := client.Dial(client.Options{HostPort: address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	signals := make(chan os.Signal, 8)
	return &guarded{app: newApp(World{Outage: testOutage}), c: c, o: guardOptions{beginOptions: beginOptions{id: "deploy-1"}}, signals: signals}, f, signals
}

func untilCanceled(ctx context.Context) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func TestASignalEndsAWaitAtOnceUnlessItMayGoOn(t *testing.T) {
	g, _, signals := attending(t)
	signals <- syscall.SIGTERM
	got := attend(g, t.Context(), 0, untilCanceled)
	assert.ErrorIs(t, got.err, context.Canceled)
	assert.Equal(t, syscall.SIGTERM, got.signal)

	signals <- syscall.SIGTERM
	got = attend(g, t.Context(), time.Hour, func(ctx context.Context) (int, error) {
		for len(signals) > 0 { // polls: the test's own bound ends it
			time.Sleep(tick)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(10 * tick):
			return 7, nil
		}
	})
	require.NoError(t, got.err, "what is nearly done gets its time")
	assert.Equal(t, 7, got.value)
	assert.NotNil(t, got.signal)

	signals <- syscall.SIGINT
	signals <- syscall.SIGTERM
	got = attend(g, t.Context(), time.Hour, untilCanceled)
	assert.ErrorIs(t, got.err, context.Canceled, "the second one ends it")

	signals <- syscall.SIGINT
	got = attend(g, t.Context(), tick, untilCanceled)
	assert.ErrorIs(t, got.err, context.Canceled, "and so does the end of its time")
	assert.Equal(t, 5, g.interrupts)
}

// A long poll that hears nothing cannot tell no news from no network.
func TestAWaitEndsWhenTemporalIsAwayForTheOutage(t *testing.T) {
	g, f, _ := attending(t)
	f.mu.Lock()
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/DescribeWorkflowExecution") {
			return serviceerror.NewUnavailable("no route")
		}
		return nil
	}
	f.mu.Unlock()
	got := attend(g, t.Context(), 0, untilCanceled)
	assert.ErrorIs(t, got.err, errAway)

	f.mu.Lock()
	f.fails, f.missing = nil, true
	f.mu.Unlock()
	got = attend(g, t.Context(), 0, func(ctx context.Context) (int, error) {
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(2 * testOutage):
			return 7, nil
		}
	})
	assert.NoError(t, got.err, "a run that is not there is an answer too")
}

func TestAHeartbeatThatTemporalHasTakenCountsAlthoughNoWorkerAnswers(t *testing.T) {
	g, f, _ := attending(t)
	link := &guardLink{app: g.app, c: g.c, id: "deploy-1", runner: "r1"}
	pulse := link.Beat(t.Context())
	assert.True(t, pulse.Acknowledged)
	assert.False(t, pulse.Wanted)
	assert.Empty(t, pulse.Unwanted)
	assert.Error(t, pulse.Trouble)

	f.mu.Lock()
	f.status = changing("r1")
	f.mu.Unlock()
	assert.True(t, link.Beat(t.Context()).Wanted)

	f.mu.Lock()
	f.cancelRequested = true
	f.mu.Unlock()
	assert.Equal(t, "the run was canceled", link.Beat(t.Context()).Unwanted)

	f.mu.Lock()
	f.missing = true
	f.mu.Unlock()
	pulse = link.Beat(t.Context())
	assert.False(t, pulse.Acknowledged)
	assert.NotEmpty(t, pulse.Unwanted)
}
