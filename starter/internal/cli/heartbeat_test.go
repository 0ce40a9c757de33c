package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func (f *frontend) signalled() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.signals)
}

func TestAHeartbeatTellsARunnerWhenToStop(t *testing.T) {
	verify, reported := changing("r1"), changing("r1")
	verify.Phase = workflows.PhaseVerify
	reported.Change.Result = contract.ChangeUnknown
	for name, tc := range map[string]struct {
		prepare func(*frontend)
		code    int
		says    string
	}{
		"still waited for":  {func(f *frontend) { f.status = changing("r1") }, codeOK, "waits for this runner"},
		"another runner":    {func(f *frontend) { f.status = changing("r2") }, codePerson, "not granted to this runner"},
		"nobody began":      {func(f *frontend) { f.status = &workflows.Status{Phase: workflows.PhaseSnapshot} }, codePerson, "not granted to this runner"},
		"run went on":       {func(f *frontend) { f.status = verify }, codePerson, "in phase verify"},
		"given up":          {func(f *frontend) { f.status = reported }, codePerson, "no longer waits"},
		"canceled":          {func(f *frontend) { f.status, f.cancelRequested = changing("r1"), true }, codePerson, "the run was canceled"},
		"ended":             {func(f *frontend) { f.closed = terminated() }, codePerson, "has ended"},
		"unknown run":       {func(f *frontend) { f.missing = true }, codePerson, "has ended or does not exist"},
		"no worker answers": {func(*frontend) {}, codePerson, "not confirmed"},
	} {
		t.Run(name, func(t *testing.T) {
			f, address := newFrontend(t)
			tc.prepare(f)
			got := safepoint(t, address, "heartbeat", "deploy-1", "--runner=r1", "--once")
			assert.Equal(t, tc.code, got.code, got.err)
			assert.Contains(t, got.err, tc.says)
		})
	}
}

func TestHeartbeatsGoOnUntilTheRunNoLongerWaits(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	done := make(chan outcome)
	go func() {
		done <- safepoint(t, address, "heartbeat", "deploy-1", "--runner=r1", "--every=20ms", "--heartbeat-timeout=1m")
	}()
	require.Eventually(t, func() bool { return f.signalled() >= 3 }, waitFor, tick)
	f.end(terminated())
	assert.Equal(t, codePerson, (<-done).code)
	assert.Equal(t, workflows.SignalHeartbeat, f.signals[0].GetSignalName())
	assert.JSONEq(t, `{"runner": "r1"}`, string(f.signals[0].GetInput().GetPayloads()[0].GetData()))
}

func TestARunnerStopsBeforeTheRunGivesItUpWhenNobodyAnswers(t *testing.T) {
	t.Parallel()                     // it waits most of its time
	_, address := newFrontend(t)     // no worker: the status is never known
	const silence = 30 * time.Second // a fifth of it, 6 s, is room for a slow machine
	began := time.Now()
	got := safepoint(t, address, "heartbeat", "deploy-1", "--runner=r1", "--every=100ms", "--heartbeat-timeout="+silence.String())
	assert.Equal(t, codePerson, got.code)
	assert.Contains(t, got.err, "stop your work: no heartbeat was confirmed in time")
	assert.Less(t, time.Since(began), silence)
}

func TestHeartbeatsThatAreTooRareAreRefused(t *testing.T) {
	got := safepoint(t, unreachable, "heartbeat", "deploy-1", "--runner=r1", "--every=61s", "--heartbeat-timeout=2m")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "give 1m or less")
	assert.Equal(t, codeUsage, safepoint(t, unreachable, "heartbeat", "deploy-1").code, "no runner")
}

func TestAnInterruptedHeartbeatIsNotAStop(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		for f.signalled() < 2 && ctx.Err() == nil {
			time.Sleep(tick) // polls: the test's own bound ends it
		}
	}()
	got := safepointIn(t, ctx, address, "", "heartbeat", "deploy-1", "--runner=r1", "--every=20ms")
	assert.Equal(t, codeDetached, got.code)
}

func TestAHeartbeatTakesTheRunsOwnSilence(t *testing.T) {
	t.Parallel() // it waits most of its time
	f, address := newFrontend(t)
	f.status = changing("r1")
	f.status.Change.HeartbeatTimeout = workflows.Duration(12 * time.Second)
	got := safepoint(t, address, "heartbeat", "deploy-1", "--runner=r1", "--every=30s")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "too long for a heartbeat timeout of 12s")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan outcome)
	go func() { done <- safepointIn(t, ctx, address, "", "heartbeat", "deploy-1", "--runner=r1") }()
	before := f.signalled()
	require.Eventually(t, func() bool { return f.signalled() >= before+3 }, waitFor, tick, "without --every it goes on, and often enough for 12s")
	f.mu.Lock()
	f.status = nil // no worker answers any more
	f.mu.Unlock()
	got = <-done
	assert.Equal(t, codePerson, got.code)
	assert.Contains(t, got.err, "no heartbeat was confirmed in time", "given up within 12s, not within the 2m of the default")
}

func TestThePaceOfHeartbeatsFitsEverySilence(t *testing.T) {
	for silence, want := range map[time.Duration]time.Duration{
		0: 30 * time.Second, 4 * time.Second: time.Second, 2 * time.Minute: 30 * time.Second, 20 * time.Minute: 30 * time.Second,
	} {
		o := heartbeatOptions{runner: "r", silence: silence}
		assert.Equal(t, want, o.pace(), "%s", silence)
		assert.NoError(t, o.checkPace())
	}
}

func TestTheHeartbeatThatBeginPrintsWorksForEverySilence(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	for _, silence := range []time.Duration{8 * time.Second, 2 * time.Minute, 20 * time.Minute, 24 * time.Hour} {
		answer := grant()
		answer.HeartbeatTimeout = workflows.Duration(silence)
		f.answers[workflows.UpdateBegin] = answer
		input, err := json.Marshal(map[string]any{"server_id": 7, "update": map[string]any{"kind": "external", "heartbeat_timeout": workflows.Duration(silence)}})
		require.NoError(t, err)
		got := safepointIn(t, t.Context(), address, string(input), "begin", "deploy-1", "--runner=r1", "-f", "-")
		require.Equal(t, codeOK, got.code, got.err)
		_, line, found := strings.Cut(got.out, "heartbeat      safepoint ")
		require.True(t, found, got.out)
		line, _, _ = strings.Cut(line, "\n")
		got = safepoint(t, address, append(strings.Fields(line), "--once")...)
		assert.Equal(t, codeOK, got.code, "%s: %s", line, got.err)
	}
}
