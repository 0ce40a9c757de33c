package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/workflows"
)

// hangs lets no call of a name be answered. The channel says that one has come.
func (f *frontend) hangs(t *testing.T, name string) <-chan struct{} {
	t.Helper()
	came, release := make(chan struct{}, 1), make(chan struct{})
	t.Cleanup(func() { close(release) }) // before the server stops
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slow = func(method string) {
		if strings.HasSuffix(method, "/"+name) {
			select {
			case came <- struct{}{}:
			default: // not the first
			}
			<-release
		}
	}
	return came
}

// A request that was sent stays at Temporal: no worker is needed for that, and no command that waits.
func TestAnInterruptedRequestIsNotTakenForOneThatWasNeverMade(t *testing.T) {
	for name, c := range map[string]struct {
		kind, call string
		args       []string
	}{
		"decision": {workflows.TypeSnapshotUpdateVerify, "UpdateWorkflowExecution", []string{"rollback", "deploy-1", "--by=ann", "--yes"}},
		"pause":    {workflows.TypeFleetUpdate, "UpdateWorkflowExecution", []string{"pause", "deploy-1", "--by=ann"}},
		"cancel":   {workflows.TypeSnapshotUpdateVerify, "RequestCancelWorkflowExecution", []string{"abort", "deploy-1", "--by=ann", "--yes"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, address := newFrontend(t)
			f.workflowType = c.kind
			f.status = holding(c.kind)
			came := f.hangs(t, c.call)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, result := watched(t, ctx, address, 0, c.args...)
			<-came
			cancel()
			got := awaitEnd(t, result)
			assert.Equal(t, codeDetached, got.code)
			assert.Contains(t, got.err, "interrupted: the request may still be carried out, at once or when a worker is back")
			assert.Contains(t, got.err, "safepoint status deploy-1")
			assert.NotContains(t, got.err, "detached")
		})
	}
}

func TestARequestThatNobodyAnswersSaysWhileItWaitsThatItWillBeCarriedOut(t *testing.T) {
	for name, width := range map[string]int{"log": 0, "terminal": 80} {
		t.Run(name, func(t *testing.T) {
			f, address := deciding(t, workflows.TypeSnapshotUpdateVerify)
			f.status = nil // no worker
			f.hangs(t, "UpdateWorkflowExecution")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			errs, result := watched(t, ctx, address, width, "rollback", "deploy-1", "--by=ann", "--yes")
			words := func() string { return strings.Join(strings.Fields(errs.String()), " ") }
			require.Eventually(t, func() bool { return strings.Contains(words(), "as soon as a worker takes it") }, waitFor, tick)
			cancel()
			got := awaitEnd(t, result)
			assert.Equal(t, 1, strings.Count(got.err, "has not answered yet"), "said once")
		})
	}
}

func TestARequestThatIsAnsweredSaysNothingOfWaiting(t *testing.T) {
	_, address := deciding(t, workflows.TypeSnapshotUpdateVerify)
	got := safepoint(t, address, "rollback", "deploy-1", "--by=ann", "--yes")
	assert.Equal(t, codeOK, got.code, got.err)
	assert.NotContains(t, got.err, "has not answered yet")
}

func TestWhatIsInterruptedBeforeItWasSentWasNotDone(t *testing.T) {
	for _, args := range [][]string{{"rollback", "deploy-1", "--by=ann", "--yes"}, {"pause", "deploy-1", "--by=ann"}, {"abort", "deploy-1", "--by=ann", "--yes"}} {
		f, address := deciding(t, workflows.TypeFleetUpdate)
		came := f.hangs(t, "DescribeWorkflowExecution")
		ctx, cancel := context.WithCancel(t.Context())
		_, result := watched(t, ctx, address, 0, args...)
		<-came
		cancel()
		got := awaitEnd(t, result)
		assert.Equal(t, codeDetached, got.code)
		assert.Contains(t, got.err, "interrupted: nothing was done", args)
		assert.Empty(t, f.decisions(t))
	}
}
