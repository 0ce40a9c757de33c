package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// The world of every test: one server, one snapshot that the run makes.
const (
	testServerID   = 12345
	testSnapshotID = 900
	testBackupID   = 9001
	testRunner     = "runner-a"
	// testRunID is what the test environment calls its only run.
	testRunID = "default-test-run-id"
)

var (
	testStart   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	testTakenAt = testStart.Add(time.Minute)
)

// step is one scripted answer of an activity. The zero step is the happy answer at once.
type step struct {
	// reply is the result, a function of the input, or nil for the happy answer.
	reply any
	err   error
	// during runs in the workflow's own loop while the activity is under way, before its answer arrives.
	during func()
	// takes is how long the activity needs, on the workflow's clock.
	takes time.Duration
	// never is an activity that answers only when it is cancelled.
	never bool
}

// call is one activity call as the double saw it.
type call struct {
	name string
	at   time.Time // the workflow's clock
	in   any
	out  any
	err  error
}

// harness runs one runbook against a scripted double of every activity. Nothing scripted means the happy path.
type harness struct {
	t   *testing.T
	env *testsuite.TestWorkflowEnvironment
	in  SnapshotUpdateVerifyInput
	// runbook and input, when set, are run instead of SnapshotUpdateVerify with in.
	runbook string
	input   any
	// existing are the snapshots that the server has before the run makes its own.
	existing []contract.Snapshot
	// server is what every look at the server shows.
	server contract.Server
	// originalRunID is the run that this one was reset from; by default it was not.
	originalRunID string
	// attempt is what Temporal counts when a caller's retry policy starts a run again.
	attempt int32
	// busy is how many starts of the lock find it taken; the test environment cannot do that by itself.
	busy int
	// taken are child workflow types whose start finds the id taken.
	taken []string

	mu       sync.Mutex
	script   map[string][]step
	calls    []call
	inFlight map[string]int
	upserts  []map[string]any
	locks    []contract.LockRequest
	lockEnds []error
	// endedAt is how many calls had been made, and leftWrites which writes were under way, when the run ended.
	endedAt    int
	leftWrites []string
}

func newHarness(t *testing.T, change ...func(*SnapshotUpdateVerifyInput)) *harness {
	t.Helper()
	h := &harness{
		t: t, originalRunID: testRunID, script: map[string][]step{}, inFlight: map[string]int{},
		server: contract.Server{ID: testServerID, Name: "web-server-01", Status: contract.ServerActive, UpdatedAt: testStart},
		in:     defaultSnapshotUpdateVerifyInput(),
	}
	h.in.ServerID = testServerID
	h.in.Reason = "deploy web 2.14.0"
	h.in.Update.Kind, h.in.Update.URL = UpdateWebhook, "https://deploy.example.com/hooks/web"
	h.in.Verify.Checks = []contract.Check{{Name: "home", Kind: contract.CheckHTTP, URL: "https://web01.example.com/", ExpectStatus: 200, Timeout: Duration(10 * time.Second)}}
	for _, f := range change {
		f(&h.in)
	}
	h.env = quietSuite().NewTestWorkflowEnvironment()
	h.env.SetStartTime(testStart)
	// Both are wall clock: a loaded machine must not fail a test, a stuck workflow still must.
	h.env.SetTestTimeout(30 * time.Second)
	h.env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second, Interceptors: []interceptor.WorkerInterceptor{&spy{h: h}}})
	Register(h.env)
	h.registerDoubles()
	return h
}

func quietSuite() *testsuite.WorkflowTestSuite {
	suite := &testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	return suite
}

// on scripts the answers of one activity, in order; the last one stays.
func (h *harness) on(name string, steps ...step) *harness {
	h.script[name] = steps
	return h
}

// at runs f in the workflow's loop after d of the workflow's time.
func (h *harness) at(d time.Duration, f func()) *harness {
	h.env.RegisterDelayedCallback(f, d)
	return h
}

// next takes the activity's next scripted step and records the call.
func (h *harness) next(name string, in any) (s step, at int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if steps := h.script[name]; len(steps) > 0 {
		s = steps[0]
		if len(steps) > 1 {
			h.script[name] = steps[1:]
		}
	}
	h.calls = append(h.calls, call{name: name, at: h.env.Now(), in: in})
	h.inFlight[name]++
	return s, len(h.calls) - 1
}

// answered completes the record of a call.
func (h *harness) answered(at int, out any, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[at].out, h.calls[at].err = out, err
	h.inFlight[h.calls[at].name]--
}

// double registers one activity; happy is its answer when nothing is scripted.
func double[I, O any](h *harness, name string, happy func(in I) O) {
	h.env.RegisterActivityWithOptions(func(ctx context.Context, in I) (O, error) {
		var none O
		s, at := h.next(name, in)
		if s.during != nil {
			h.env.RegisterDelayedCallback(s.during, 0)
		}
		if s.never {
			return none, activity.ErrResultPending
		}
		out, err := happy(in), s.err
		switch reply := s.reply.(type) {
		case nil:
		case O:
			out = reply
		case func(I) O:
			out = reply(in)
		default:
			err = temporal.NewNonRetryableApplicationError("the script's reply has the wrong type for "+name, "BadScript", nil)
			h.t.Errorf("%s cannot answer %T", name, reply)
		}
		if s.takes == 0 {
			h.answered(at, out, err)
			return out, err
		}
		token := activity.GetInfo(ctx).TaskToken
		h.env.RegisterDelayedCallback(func() {
			h.answered(at, out, err)
			if err := h.env.CompleteActivity(token, out, err); err != nil {
				h.t.Errorf("complete %s: %v", name, err)
			}
		}, s.takes)
		return none, activity.ErrResultPending
	}, activity.RegisterOptions{Name: name})
}

// ended is one finished run.
type ended struct {
	*harness
	report  Report
	err     error
	failure string // the failure class; empty when the run completed or was canceled
}

// run executes the runbook, and checks what must hold for every run whatever happened in it.
func (h *harness) run() ended {
	h.t.Helper()
	runbook, input := TypeSnapshotUpdateVerify, any(h.in)
	if h.runbook != "" {
		runbook, input = h.runbook, h.input
	}
	raw, err := json.Marshal(input)
	require.NoError(h.t, err)
	h.env.ExecuteWorkflow(runbook, rawJSON(raw))
	require.True(h.t, h.env.IsWorkflowCompleted())
	e := ended{harness: h, err: h.env.GetWorkflowError()}
	var app *temporal.ApplicationError
	var canceled *temporal.CanceledError
	switch {
	case e.err == nil:
		require.NoError(h.t, h.env.GetWorkflowResult(&e.report))
	case errors.As(e.err, &app):
		require.NoError(h.t, app.Details(&e.report), "%v", e.err)
		e.failure = app.Type()
	case errors.As(e.err, &canceled):
		require.NoError(h.t, canceled.Details(&e.report))
	default:
		require.FailNow(h.t, "the run ended with an error that carries no report", "%v", e.err)
	}
	e.checkEveryRun()
	return e
}

func rawJSON(data []byte) converter.RawValue {
	return converter.NewRawValue(&commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)}, Data: data})
}
