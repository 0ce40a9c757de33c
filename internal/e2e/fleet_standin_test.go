package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/activities"
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Servers whose runs never end by themselves: the test terminates them.
const (
	stuckEarly   int64 = 150
	stuckBetween int64 = 160
	stuckLate    int64 = 170
)

// standInFleet is the real fleet and the real activities on a real Temporal, over runs of servers that are made up:
// thousands of real ones would take hours.
type standInFleet struct {
	*rig
	servers int
	// first is the first run; asked is closed when a later one asks about the children that it inherited, and its question
	// waits for proceed.
	first          atomic.Value
	asked, proceed chan struct{}
	once           sync.Once
	// beforeAPI, when set, is called before the API answers.
	beforeAPI atomic.Pointer[func()]
	// runbooks is the worker that runs the workflows, apart from that of the activities.
	runbooks worker.Worker
}

func newStandInFleet(t *testing.T, servers int) *standInFleet {
	t.Helper()
	c, err := stack.Client()
	require.NoError(t, err)
	return newStandInFleetOn(t, c, servers)
}

// newStandInFleetOn is newStandInFleet on a Temporal of the caller's.
func newStandInFleetOn(t *testing.T, c client.Client, servers int) *standInFleet {
	t.Helper()
	fake := vpsfake.New(vpsfake.Options{Speed: fakeSpeed, Settle: lawSettle})
	t.Cleanup(fake.Close)
	for id := range servers {
		fake.AddServer(vpsfake.ServerSpec{ID: int64(id + 1), Name: fmt.Sprintf("web-%05d", id+1)})
	}
	f := &standInFleet{servers: servers, asked: make(chan struct{}), proceed: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before := f.beforeAPI.Load(); before != nil {
			(*before)()
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	api, err := vpsorg.New(vpsorg.Options{BaseURL: server.URL + "/api/v1", Token: vpsfake.DefaultToken, RateLimit: 100})
	require.NoError(t, err)
	number := nextServer.Add(1)
	f.rig = &rig{t: t, server: 1000 + number, api: server.URL, queue: fmt.Sprintf("e2e-fleet-%d", number)}
	f.temp = c
	// The built worker makes them at its start, and here is none.
	require.NoError(t, temporalclient.EnsureSearchAttributes(t.Context(), f.temp.OperatorService(), "default", slog.New(slog.DiscardHandler)))
	f.serve(activities.New(activities.Options{API: api, Gate: activities.NewGate(f.temp), Locks: f.temp}))
	return f
}

// serveRunbooks runs the worker of the workflows.
func (f *standInFleet) serveRunbooks() {
	f.t.Helper()
	f.runbooks = worker.New(f.temp, f.queue, worker.Options{MaxConcurrentWorkflowTaskPollers: 4, LocalActivityWorkerOnly: true})
	f.runbooks.RegisterWorkflowWithOptions(workflows.FleetUpdate, workflow.RegisterOptions{Name: workflows.TypeFleetUpdate})
	f.runbooks.RegisterWorkflowWithOptions(workflows.FleetPage, workflow.RegisterOptions{Name: workflows.TypeFleetPage})
	f.runbooks.RegisterWorkflowWithOptions(madeUpRun, workflow.RegisterOptions{Name: workflows.TypeSnapshotUpdateVerify})
	require.NoError(f.t, f.runbooks.Start())
}

// serve runs the workers of the fleet's queues in this process.
func (f *standInFleet) serve(a *activities.Activities) {
	f.serveRunbooks()
	f.t.Cleanup(func() { f.runbooks.Stop() })
	short := worker.New(f.temp, f.queue, worker.Options{DisableWorkflowWorker: true})
	activities.Register(short, a)
	wait := worker.New(f.temp, contract.WaitTaskQueue(f.queue), worker.Options{DisableWorkflowWorker: true})
	wait.RegisterActivityWithOptions(func(ctx context.Context, in contract.AwaitRunInput) (contract.AwaitRunResult, error) {
		if activity.GetInfo(ctx).WorkflowExecution.RunID != f.first.Load() {
			f.once.Do(func() { close(f.asked) })
			select {
			case <-f.proceed:
			case <-ctx.Done():
			}
		}
		return a.AwaitRun(ctx, in)
	}, activity.RegisterOptions{Name: contract.ActivityAwaitRun})
	for _, w := range []worker.Worker{short, wait} {
		require.NoError(f.t, w.Start())
		f.t.Cleanup(w.Stop)
	}
}

// madeUpEnd is how the run of a server ends.
func madeUpEnd(server int64) (workflows.Outcome, string) {
	switch server % 100 {
	case 7:
		return workflows.OutcomeNotChanged, contract.FailBaseline
	case 13:
		return workflows.OutcomeRolledBack, contract.FailRolledBack
	default:
		return workflows.OutcomeCommitted, ""
	}
}

// madeUpRun stands for the run of one server: it reports at once, as long a report as real ones are.
func madeUpRun(ctx workflow.Context, raw converter.RawValue) (*workflows.Report, error) {
	var in struct {
		ServerID int64 `json:"server_id"`
	}
	if err := json.Unmarshal(raw.Payload().GetData(), &in); err != nil {
		return nil, err
	}
	switch in.ServerID {
	case stuckEarly, stuckBetween, stuckLate:
		return nil, workflow.Await(ctx, func() bool { return false })
	}
	outcome, failure := madeUpEnd(in.ServerID)
	report := workflows.Report{ServerID: in.ServerID, Outcome: outcome, Failure: failure, Summary: strings.Repeat("summary ", 20),
		Notes: []string{strings.Repeat("note ", 400)}, Snapshot: &contract.RestorePoint{ID: 10_000 + in.ServerID}}
	if failure != "" {
		return nil, temporal.NewApplicationErrorWithOptions("it failed", failure,
			temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{report}})
	}
	return &report, nil
}

// expected are the counts that these ends make.
func (f *standInFleet) expected(servers int) workflows.FleetCounts {
	counts := workflows.FleetCounts{Errors: 3} // the terminated ones
	for id := int64(1); id <= int64(servers); id++ {
		switch outcome, _ := madeUpEnd(id); {
		case id == stuckEarly, id == stuckBetween, id == stuckLate:
		case outcome == workflows.OutcomeCommitted:
			counts.Done++
		case outcome == workflows.OutcomeRolledBack:
			counts.RolledBack++
		default:
			counts.Errors++
		}
	}
	return counts
}

// input is that of the fleet; more wins over the defaults.
func (f *standInFleet) input(more map[string]any) map[string]any {
	in := map[string]any{
		"all": true, "max_concurrency": 200, "max_errors": "100%", "max_rollbacks": "100%",
		"template": map[string]any{"update": map[string]any{"kind": "webhook", "url": "https://deploy.example.com/{{.Name}}"},
			"verify": map[string]any{"skip": true}},
	}
	for name, value := range more {
		in[name] = value
	}
	return in
}

// start starts the fleet and returns its first run.
func (f *standInFleet) start(more map[string]any) string {
	f.t.Helper()
	run := f.startOf(workflows.TypeFleetUpdate, f.id(), f.input(more))
	f.first.Store(run.GetRunID())
	return run.GetRunID()
}

// until waits until the fleet's record is as wanted.
func (f *standInFleet) until(id, what string, within time.Duration, ok func(workflows.FleetRecord) bool) {
	f.t.Helper()
	(&fleetRig{rig: f.rig}).until(id, what, within, ok)
}

// terminate ends the run of a server by force, as a person may.
func (f *standInFleet) terminate(server int64) {
	f.t.Helper()
	f.until(f.id(), fmt.Sprint("server ", server, " to be under way"), fleetBar, func(r workflows.FleetRecord) bool {
		for _, run := range r.InFlight {
			if run.ServerID == server {
				require.NoError(f.t, f.temp.TerminateWorkflow(f.t.Context(), run.WorkflowID, run.RunID, "by hand"))
				return true
			}
		}
		return false
	})
}

// pagedResults reads the pages of the results.
func (f *standInFleet) pagedResults(pages []workflows.RunReference) map[int64]workflows.TargetResult {
	f.t.Helper()
	ends := map[int64]workflows.TargetResult{}
	for _, page := range pages {
		var result workflows.FleetPageResult
		require.NoError(f.t, f.temp.GetWorkflow(f.t.Context(), page.WorkflowID, page.RunID).Get(f.t.Context(), &result))
		for _, end := range result.Results {
			ends[end.ServerID] = end
		}
	}
	return ends
}
