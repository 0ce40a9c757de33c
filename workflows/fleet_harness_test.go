package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/target"
)

const (
	testFirstRun  = "first-run-of-the-chain"
	megabyte      = 1 << 20
	testFleetStep = time.Minute // how long a child takes by default
)

// childEnd is how the run of one server ends in a test. The zero value is a commit after testFleetStep.
type childEnd struct {
	outcome Outcome
	failure string
	takes   time.Duration
	// taken: the id is taken (an earlier run of this history started it); terminated: somebody ended it by hand; lost: its
	// end is told to nobody, as that of a child of the run before a reset.
	taken, terminated, lost bool
}

// started is one child as it was started.
type started struct {
	workflowType, workflowID string
	serverID                 int64
	at                       time.Time
	input                    map[string]any
}

// fleetHarness runs one run of a fleet against scripted children and a scripted account.
type fleetHarness struct {
	t       *testing.T
	env     *testsuite.TestWorkflowEnvironment
	in      FleetUpdateInput
	servers []contract.Server
	ends    map[int64]childEnd
	undos   map[int64]childEnd
	// awaited are the ends that AwaitRun tells, by server id; nothing means committed.
	awaited map[int64]contract.RunEnd
	// selectErrs are the errors of the next reads of the servers.
	selectErrs []error
	retry      []int64
	retryErr   error
	// awaitDetails are the troubles of the next waits for runs: nothing is known then.
	awaitDetails []string
	// awaitErrs come before these: each is how the next wait fails, nil how one is over without news.
	awaitErrs []error
	// unstorable, when set, says whether a page's try of this number fails.
	unstorable func(try int) bool
	pageTries  int
	// spoil changes the answers about servers.
	spoil func(*contract.SelectServersResult)
	// originalRun, when set, is the original run id of the run.
	originalRun string
	// second is the state that a run before handed over.
	second *commonpb.Payload
	// fake makes children of futures only: thousands of them are quick then.
	fake bool
	// events is how long the history of the run would be at the most, when counting.
	events   int
	counting bool
	// longID, when set, is the fleet's workflow id.
	longID string

	mu sync.Mutex
	// over is true once the run has ended: an activity that it left behind must not disturb what is asserted.
	over   bool
	starts []started
	flying map[int64]bool
	most   int
	pages  map[string]FleetPageResult
	asked  []string // runs that were asked to cancel
	// selections are the selectors that the account was asked for.
	selections []contract.Selector
	awaits     []contract.AwaitRunInput
	biggest    int // the longest payload that the environment saw
}

func newFleet(t *testing.T, servers int, change ...func(*FleetUpdateInput)) *fleetHarness {
	t.Helper()
	h := &fleetHarness{t: t, ends: map[int64]childEnd{}, undos: map[int64]childEnd{}, awaited: map[int64]contract.RunEnd{}, pages: map[string]FleetPageResult{}, flying: map[int64]bool{}, in: defaultFleetUpdateInput()}
	h.in.All = true
	h.in.Template = json.RawMessage(`{"update": {"kind": "webhook", "url": "https://deploy.example.com/{{.Name}}"},
		"verify": {"baseline": true, "checks": [{"kind": "http", "url": "https://{{.Hostname}}/"}]}, "rollback": {"restore_timeout": "20m"}}`)
	for i := range servers {
		h.servers = append(h.servers, contract.Server{ID: int64(i + 1), Name: fmt.Sprintf("web-%d", i+1),
			Hostname: fmt.Sprintf("web%d.example.com", i+1), IPAddress: "192.0.2.7", Status: contract.ServerActive})
	}
	for _, f := range change {
		f(&h.in)
	}
	h.env = quietSuite().NewTestWorkflowEnvironment()
	h.env.SetStartTime(testStart)
	h.env.SetTestTimeout(60 * time.Second)
	h.env.SetDataConverter(measuring{DataConverter: converter.GetDefaultDataConverter(), h: h})
	h.env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second, Interceptors: []interceptor.WorkerInterceptor{&fleetSpy{h: h}}})
	h.register()
	return h
}

func (h *fleetHarness) register() {
	h.env.RegisterWorkflowWithOptions(FleetUpdate, workflow.RegisterOptions{Name: TypeFleetUpdate})
	h.env.RegisterWorkflowWithOptions(FleetPage, workflow.RegisterOptions{Name: TypeFleetPage})
	h.env.RegisterWorkflowWithOptions(h.child(func(id int64) childEnd { return h.ends[id] }, OutcomeCommitted), workflow.RegisterOptions{Name: TypeSnapshotUpdateVerify})
	h.env.RegisterWorkflowWithOptions(h.child(func(id int64) childEnd { return h.undos[id] }, OutcomeRestored), workflow.RegisterOptions{Name: TypeRollbackByRestore})
	h.env.RegisterActivityWithOptions(h.selectServers, activity.RegisterOptions{Name: contract.ActivitySelectServers})
	h.env.RegisterActivityWithOptions(h.awaitRun, activity.RegisterOptions{Name: contract.ActivityAwaitRun})
	h.env.RegisterActivityWithOptions(func(_ context.Context, in contract.FailedTargetsInput) (contract.FailedTargetsResult, error) {
		return contract.FailedTargetsResult{ServerIDs: h.retry, RunID: "run-of-" + in.WorkflowID}, h.retryErr
	}, activity.RegisterOptions{Name: contract.ActivityFailedTargets})
}

// child is the run of one server as its script says.
func (h *fleetHarness) child(script func(int64) childEnd, good Outcome) func(workflow.Context, converter.RawValue) (*Report, error) {
	return func(ctx workflow.Context, raw converter.RawValue) (*Report, error) {
		var in struct {
			ServerID int64 `json:"server_id"`
			DryRun   bool  `json:"dry_run"`
		}
		if err := json.Unmarshal(raw.Payload().GetData(), &in); err != nil {
			return nil, err
		}
		end := script(in.ServerID)
		h.fly(in.ServerID, true)
		defer h.fly(in.ServerID, false)
		takes := testFleetStep
		if end.takes > 0 {
			takes = end.takes
		}
		report := Report{ServerID: in.ServerID, Outcome: end.outcome, Failure: end.failure, Summary: "the scripted end",
			Snapshot: &contract.RestorePoint{ID: 1000 + in.ServerID}}
		if err := workflow.Sleep(ctx, takes); err != nil {
			report.Outcome = OutcomeCanceled
			return nil, temporal.NewCanceledError(report)
		}
		if report.Outcome == "" {
			report.Outcome = good
			if in.DryRun {
				report.Outcome = OutcomePlanned
			}
		}
		if end.failure != "" {
			return nil, temporal.NewApplicationErrorWithOptions("it failed", end.failure, temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{report}})
		}
		return &report, nil
	}
}

// locked changes the script while a run is under way.
func (h *fleetHarness) locked(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

func (h *fleetHarness) fly(id int64, flying bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return
	}
	if !flying {
		delete(h.flying, id)
		return
	}
	h.flying[id] = true
	h.most = max(h.most, len(h.flying))
}

func (h *fleetHarness) selectServers(_ context.Context, in contract.SelectServersInput) (contract.SelectServersResult, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.selectErrs) > 0 {
		err := h.selectErrs[0]
		h.selectErrs = h.selectErrs[1:]
		return contract.SelectServersResult{}, err
	}
	if problems := target.Validate(in.Selector); len(problems) > 0 {
		return contract.SelectServersResult{}, temporal.NewNonRetryableApplicationError(problems[0].Message, contract.ErrRefused, nil)
	}
	chosen, missing := target.Match(in.Selector, h.servers)
	result := contract.SelectServersResult{Total: len(chosen), Missing: missing}
	h.selections = append(h.selections, in.Selector)
	for _, s := range chosen {
		if len(result.Servers) < in.Limit {
			result.Servers = append(result.Servers, s)
		} else {
			result.Rest = append(result.Rest, s.ID)
		}
	}
	if h.spoil != nil {
		h.spoil(&result)
	}
	return result, nil
}

// fleetEnd is how one run of a fleet ended.
type fleetEnd struct {
	*fleetHarness
	report  Report
	failure string
	// next are the inputs of the next run, when this one continued as new.
	next []*commonpb.Payload
}

func (e fleetEnd) fleet() *FleetRecord { return e.report.Fleet }

// run executes one run and checks what must hold for every one of them.
func (h *fleetHarness) run() fleetEnd {
	h.t.Helper()
	raw, err := json.Marshal(h.in)
	require.NoError(h.t, err)
	args := []any{rawJSON(raw)}
	if h.second != nil {
		h.env.SetContinuedExecutionRunID("the-run-before")
		args = append(args, converter.NewRawValue(h.second))
	}
	if h.longID != "" {
		h.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: h.longID, TaskQueue: "safepoint"})
	}
	h.env.ExecuteWorkflow(TypeFleetUpdate, args...)
	require.True(h.t, h.env.IsWorkflowCompleted())
	h.locked(func() { h.over = true })
	e := fleetEnd{fleetHarness: h}
	err = h.env.GetWorkflowError()
	var app *temporal.ApplicationError
	var canceled *temporal.CanceledError
	var again *workflow.ContinueAsNewError
	switch {
	case err == nil:
		require.NoError(h.t, h.env.GetWorkflowResult(&e.report))
	case errors.As(err, &again):
		e.next = again.Input.GetPayloads()
	case errors.As(err, &app):
		require.NoError(h.t, app.Details(&e.report), "%v", err)
		require.True(h.t, app.NonRetryable())
		e.failure = app.Type()
	case errors.As(err, &canceled):
		require.NoError(h.t, canceled.Details(&e.report))
	default:
		require.FailNow(h.t, "the run ended with an error that carries no report", "%v", err)
	}
	e.checkEveryFleet()
	return e
}

// checkEveryFleet holds for every run whatever happens in it.
func (e fleetEnd) checkEveryFleet() {
	e.t.Helper()
	assert.Less(e.t, e.biggest, megabyte, "no payload is longer than a megabyte")
	assert.LessOrEqual(e.t, e.most, maxInFlight)
	seen := map[string]bool{}
	for _, s := range e.starts {
		assert.False(e.t, seen[s.workflowID], "%s was started twice", s.workflowID)
		seen[s.workflowID] = true
	}
	if f := e.fleet(); f != nil && e.next == nil && e.report.Failure != contract.FailPreflight {
		c := f.Counts
		assert.LessOrEqual(e.t, c.ended(), f.Total)
		assert.Equal(e.t, PhaseDone, e.report.Phases[len(e.report.Phases)-1].Phase)
		assert.NotEmpty(e.t, e.report.Summary)
	}
}
