package activities

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	failure "go.temporal.io/api/failure/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// runEnding is what Temporal says when it is asked how a run ended.
type runEnding struct {
	result any
	err    error
	// after closes when the run does; nil is a run that is closed already.
	after <-chan struct{}
}

// fakeRuns is a Temporal whose runs end, beside what fakeLocks knows of them.
type fakeRuns struct {
	*fakeLocks
	endMu   sync.Mutex
	endings map[contract.RunRef]runEnding
	asked   map[contract.RunRef]int
	// trouble is how many questions about a run's end fail first.
	trouble int
}

func newRuns(t *testing.T) (*Activities, *fakeRuns) {
	t.Helper()
	f := &fakeRuns{fakeLocks: &fakeLocks{runs: map[string]run{}}, endings: map[contract.RunRef]runEnding{}, asked: map[contract.RunRef]int{}}
	a, _ := newActivities(&fakeAPI{})
	a.locks = f
	return a, f
}

// ended makes a run's end known and returns its name.
func (f *fakeRuns) ended(id, runID string, e runEnding) contract.RunRef {
	ref := contract.RunRef{WorkflowID: id, RunID: runID}
	f.endings[ref] = e
	return ref
}

func (f *fakeRuns) GetWorkflow(_ context.Context, workflowID, runID string) client.WorkflowRun {
	return endingRun{f: f, ref: contract.RunRef{WorkflowID: workflowID, RunID: runID}}
}

type endingRun struct {
	client.WorkflowRun
	f   *fakeRuns
	ref contract.RunRef
}

var errBroken = errors.New("connection reset")

func (r endingRun) Get(ctx context.Context, into any) error {
	r.f.endMu.Lock()
	r.f.asked[r.ref]++
	e, known := r.f.endings[r.ref]
	broken := r.f.trouble > 0
	r.f.trouble--
	r.f.endMu.Unlock()
	if broken {
		return errBroken
	}
	if !known {
		return serviceerror.NewNotFound("no such workflow")
	}
	if e.after != nil {
		select {
		case <-e.after:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if e.err != nil || e.result == nil {
		return e.err
	}
	return converter.GetDefaultDataConverter().FromPayload(payload(e.result), into)
}

// never is the end of a run that goes on.
func never() runEnding { return runEnding{after: make(chan struct{})} }

// closedWith is a run that closed with an error, as it comes out of Temporal.
func closedWith(t *testing.T, err error) runEnding {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	env := suite.NewTestWorkflowEnvironment()
	converter := temporal.GetDefaultFailureConverter() // the environment leaves details as they were given
	err = converter.FailureToError(converter.ErrorToFailure(err))
	env.ExecuteWorkflow(func(workflow.Context) error { return err })
	var execution *temporal.WorkflowExecutionError
	require.ErrorAs(t, env.GetWorkflowError(), &execution)
	return runEnding{err: execution}
}

// failedWith is a run that failed with details.
func failedWith(t *testing.T, class, message string, details ...any) runEnding {
	t.Helper()
	return closedWith(t, temporal.NewNonRetryableApplicationError(message, class, nil, details...))
}

func terminatedRun(t *testing.T) runEnding {
	t.Helper()
	return closedWith(t, temporal.GetDefaultFailureConverter().FailureToError(
		&failure.Failure{FailureInfo: &failure.Failure_TerminatedFailureInfo{TerminatedFailureInfo: &failure.TerminatedFailureInfo{}}}))
}

func timedOutRun(t *testing.T) runEnding {
	t.Helper()
	return closedWith(t, temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil))
}

// awaitRuns waits for the runs.
func awaitRuns(t *testing.T, a *Activities, in contract.AwaitRunInput) contract.AwaitRunResult {
	t.Helper()
	got, err := execute[contract.AwaitRunResult](t, a, a.AwaitRun, in)
	require.NoError(t, err)
	return got
}
