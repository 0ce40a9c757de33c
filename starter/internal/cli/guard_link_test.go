package cli

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/guard"
	"github.com/safepoint-dev/safepoint/workflows"
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
	t.Parallel() // it waits most of its time
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
	link := &guardLink{app: g.app, c: g.c, id: "deploy-1", runner: "r1", silence: 4 * time.Minute}
	taken := 0
	beat := func() guard.Pulse {
		t.Helper()
		return link.Beat(t.Context(), func() { taken++ })
	}
	pulse := beat()
	assert.True(t, pulse.Acknowledged)
	assert.False(t, pulse.Wanted)
	assert.False(t, pulse.Likely, "nothing says in which phase it is")
	assert.Empty(t, pulse.Unwanted)
	assert.Error(t, pulse.Trouble)
	assert.Equal(t, 1, taken)

	f.mu.Lock()
	f.status = changing("r1")
	f.mu.Unlock()
	assert.True(t, beat().Wanted)

	f.mu.Lock()
	f.cancelRequested = true
	f.mu.Unlock()
	assert.Equal(t, "the run was canceled", beat().Unwanted)

	f.mu.Lock()
	f.missing = true
	f.mu.Unlock()
	pulse = beat()
	assert.False(t, pulse.Acknowledged)
	assert.NotEmpty(t, pulse.Unwanted)
	assert.Equal(t, 3, taken, "not the last one")
}

func TestARunThatCannotBeAskedIsJudgedByWhatTemporalKnows(t *testing.T) {
	for name, tc := range map[string]struct {
		seen    seen
		granted string
		likely  bool
	}{
		"in its change":                      {seen{phase: "change", runID: "run-1"}, "run-1", true},
		"given up":                           {seen{phase: "verify", runID: "run-1"}, "run-1", false},
		"ends":                               {seen{phase: "prune", runID: "run-1"}, "run-1", false},
		"deciding":                           {seen{phase: "change", runID: "run-1", deciding: true}, "run-1", false},
		"reset, or another run under its id": {seen{phase: "change", runID: "run-2"}, "run-1", false},
		"nobody knows which run granted it":  {seen{phase: "change", runID: "run-1"}, "", false},
		"unknown":                            {seen{runID: "run-1"}, "run-1", false},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.likely, tc.seen.waitsUnasked(tc.granted)) })
	}
	g, f, _ := attending(t)
	link := &guardLink{app: g.app, c: g.c, id: "deploy-1", runID: testRunID, runner: "r1", silence: time.Minute}
	phase := func(name string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.attributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{workflows.SearchAttributePhase: payloads(t, name).GetPayloads()[0]}}
	}
	phase("change")
	assert.True(t, link.Beat(t.Context(), func() {}).Likely)
	phase("rollback")
	pulse := link.Beat(t.Context(), func() {})
	assert.False(t, pulse.Likely, "nothing is started in it")
	assert.Empty(t, pulse.Unwanted, "and nothing stopped")
}

// A look that hangs must not keep the news of its heartbeat back.
func TestAHeartbeatIsHandedOverBeforeTheLookAndTheLookIsCutShort(t *testing.T) {
	g, f, _ := attending(t)
	hangs := make(chan struct{})
	t.Cleanup(func() { close(hangs) })
	f.mu.Lock()
	f.slow = func(method string) {
		if strings.HasSuffix(method, "/DescribeWorkflowExecution") {
			<-hangs
		}
	}
	f.mu.Unlock()
	link := &guardLink{app: g.app, c: g.c, id: "deploy-1", runner: "r1", silence: 4 * time.Second}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var handedOver time.Time
	pulse := link.Beat(ctx, func() { handedOver = time.Now() })
	assert.False(t, handedOver.IsZero())
	assert.True(t, pulse.Acknowledged)
	assert.Error(t, pulse.Trouble)
	assert.NoError(t, ctx.Err(), "the look ended by itself")
}

// One look may be slow by itself.
func TestTemporalIsAwayOnlyAfterTwoLooks(t *testing.T) {
	g, f, _ := attending(t)
	var looks atomic.Int32
	release := make(chan struct{})
	defer close(release)
	f.mu.Lock()
	f.slow = func(string) {
		if looks.Add(1) == 1 {
			<-release // longer than the whole patience
		}
	}
	f.mu.Unlock()
	got := attend(g, t.Context(), 0, func(ctx context.Context) (int, error) {
		for { // polls: the test's own bound ends it
			if looks.Load() > 2 || ctx.Err() != nil {
				return 7, context.Cause(ctx)
			}
			time.Sleep(tick)
		}
	})
	assert.NoError(t, got.err)
}
