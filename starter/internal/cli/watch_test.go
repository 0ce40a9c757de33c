package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// loud is a buffer that is read while it is written.
type loud struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *loud) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *loud) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// watched runs a command line whose standard error is a terminal of so many columns, or none for 0.
func watched(t *testing.T, ctx context.Context, address string, width int, args ...string) (errs *loud, result <-chan outcome) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(config, nil, 0o600))
	errs = &loud{}
	done := make(chan outcome, 1)
	go func() {
		var out bytes.Buffer
		code := Run(ctx, args, World{
			In: strings.NewReader(""), Out: &out, Err: errs, ErrWidth: width, Dial: client.DialContext, Outage: testOutage,
			Environ: []string{"TEMPORAL_ADDRESS=" + address, "TEMPORAL_CONFIG_FILE=" + config, "NO_COLOR=1"},
		})
		done <- outcome{code, out.String(), errs.String()}
	}()
	return errs, done
}

func awaitEnd(t *testing.T, result <-chan outcome) outcome {
	t.Helper()
	select {
	case got := <-result:
		return got
	case <-time.After(waitFor):
		t.Fatal("the command goes on")
		return outcome{}
	}
}

func TestWatchDrawsInPlaceAndEndsWithTheReportAndTheRunsCode(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	errs, result := watched(t, t.Context(), address, 80, "watch", "deploy-1")
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "Ctrl-C stops watching") }, waitFor, tick)
	f.end(failed(t, contract.FailRolledBack, "m", aReport(workflows.OutcomeRolledBack, contract.FailRolledBack)))
	got := awaitEnd(t, result)
	assert.Equal(t, codeRolledBack, got.code)
	assert.Contains(t, got.out, "ROLLED BACK")
	assert.NotContains(t, got.out, "\x1b", "the report has a stream of its own")
	assert.True(t, strings.HasPrefix(got.err, "\x1b[?1049h\x1b[?25l"), "%q", got.err)
	assert.True(t, strings.HasSuffix(got.err, "\x1b[?25h\x1b[?1049l"), "the cursor is there again: %q", got.err)
	assert.NotContains(t, got.err, "\x1b[2J")
	assert.NotRegexp(t, `\x1b\[[0-9;]*m`, got.err, "NO_COLOR is set")
}

func TestWatchWritesLinesWhereThereIsNoTerminal(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	errs, result := watched(t, t.Context(), address, 0, "watch", "deploy-1", "-o", "json")
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "waiting for the report") }, waitFor, tick)
	f.mu.Lock()
	f.status = &workflows.Status{ServerID: 7, Phase: workflows.PhaseVerify, WaitingFor: "the checks", Since: time.Now()}
	f.mu.Unlock()
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "waiting for the checks") }, waitFor, tick)
	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	got := awaitEnd(t, result)
	assert.Equal(t, codeOK, got.code)
	assert.Contains(t, got.out, `"outcome": "committed"`)
	assert.NotContains(t, got.err, "\x1b")
	assert.Equal(t, 1, strings.Count(got.err, "waiting for the report"), "a line when something changes, and only then: %s", got.err)
}

func TestCtrlCOnlyStopsWatching(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	ctx, cancel := context.WithCancel(t.Context())
	errs, result := watched(t, ctx, address, 80, "watch", "deploy-1")
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "deploy-1") }, waitFor, tick)
	cancel()
	got := awaitEnd(t, result)
	assert.Equal(t, codeDetached, got.code)
	assert.Contains(t, got.err, "\x1b[?1049l")
	assert.Contains(t, got.err[strings.Index(got.err, "\x1b[?1049l"):], "the run goes on", "said where it stays to be read")
	assert.Empty(t, f.listing.cancels)
}

func TestWatchTakesTheNewestRunOfAServer(t *testing.T) {
	f, address := newFrontend(t)
	l := &f.listing
	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	got := safepoint(t, address, "watch", "--server", "7")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "there is no run of server 7 in namespace default, neither open nor ended")

	l.closed = append(l.closed, ended(aRun(t, "old", 0, nil), time.Minute, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED),
		ended(aRun(t, "newest-ended", 10, nil), time.Minute, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED))
	got = safepoint(t, address, "watch", "--server", "7")
	assert.Equal(t, codeOK, got.code)
	assert.Contains(t, got.err, "no run of server 7 goes on: this is how the newest one ended")

	l.open = append(l.open, aRun(t, "first", 1, nil), aRun(t, "second", 5, nil))
	f.mu.Lock()
	f.closed, f.missing = nil, true // so that the id that is looked at is named
	f.mu.Unlock()
	assert.Contains(t, safepoint(t, address, "watch", "--server", "7").err, "there is no run second")
	got = safepoint(t, address, "watch")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "2 runs go on: say which one")
	l.open = l.open[:1]
	assert.Contains(t, safepoint(t, address, "watch").err, "there is no run first", "the only one that goes on")
	l.open = nil
	assert.Contains(t, safepoint(t, address, "watch").err, "no run goes on")
}

func TestWatchWantsOneRun(t *testing.T) {
	for _, args := range [][]string{{"a", "b"}, {""}, {"a", "--server", "7"}, {"--server", "0"}, {"--server="}, {"a", "-o", "markdown"}} {
		assert.Equal(t, codeUsage, safepoint(t, unreachable, append([]string{"watch"}, args...)...).code, args)
	}
}
