package workflows

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// manyRotations runs a rotation of many servers, whose own runs end as the test says.
type manyRotations struct {
	mu     sync.Mutex
	inputs map[int64]SnapshotRotationInput
	asked  []contract.SelectServersInput
	end    func(id int64) (*Report, error)
}

// scriptedChildren lets the runs of single servers end as the test says.
type scriptedChildren struct {
	interceptor.WorkerInterceptorBase
	many *manyRotations
}

func (s *scriptedChildren) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &scriptedChild{many: s.many}
	in.Next = next
	return in
}

type scriptedChild struct {
	interceptor.WorkflowInboundInterceptorBase
	many *manyRotations
}

func (s *scriptedChild) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	info := workflow.GetInfo(ctx)
	if info.ParentWorkflowExecution == nil || info.WorkflowType.Name != TypeSnapshotRotation {
		return s.Next.ExecuteWorkflow(ctx, in)
	}
	child, err := decodeSnapshotRotation(in.Args[0].(converter.RawValue))
	if err != nil {
		return nil, err
	}
	s.many.mu.Lock()
	s.many.inputs[child.Servers[0]] = child
	s.many.mu.Unlock()
	return s.many.end(child.Servers[0])
}

// rotates runs the input against an account of these servers.
func rotates(t *testing.T, in string, servers []int64, end func(id int64) (*Report, error)) (*manyRotations, Report, error) {
	t.Helper()
	m := &manyRotations{inputs: map[int64]SnapshotRotationInput{}, end: end}
	env := quietSuite().NewTestWorkflowEnvironment()
	env.SetTestTimeout(30 * time.Second)
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second, Interceptors: []interceptor.WorkerInterceptor{&scriptedChildren{many: m}}})
	Register(env)
	env.RegisterActivityWithOptions(func(in contract.SelectServersInput) (contract.SelectServersResult, error) {
		m.asked = append(m.asked, in)
		return selected(in, servers), nil
	}, activity.RegisterOptions{Name: contract.ActivitySelectServers})
	env.ExecuteWorkflow(TypeSnapshotRotation, jsonInput(in))
	require.True(t, env.IsWorkflowCompleted())
	var report Report
	err := env.GetWorkflowError()
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		require.NoError(t, app.Details(&report))
		assert.True(t, app.NonRetryable())
		assert.Equal(t, report.Failure, app.Type())
	} else {
		require.NoError(t, err)
		require.NoError(t, env.GetWorkflowResult(&report))
	}
	return m, report, err
}

// selected is the page of an account in which every server that is asked for by id, or any other way, is chosen.
func selected(in contract.SelectServersInput, servers []int64) contract.SelectServersResult {
	var page contract.SelectServersResult
	there := map[int64]bool{}
	for _, id := range servers {
		there[id] = true
		page.Servers = append(page.Servers, contract.Server{ID: id, Name: "web"})
	}
	for _, id := range in.Selector.Servers {
		if !there[id] {
			page.Missing = append(page.Missing, id)
		}
	}
	page.Total = len(servers)
	return page
}

func endsAs(outcome Outcome, failure string) (*Report, error) {
	report := Report{Outcome: outcome, Failure: failure, Summary: "it ended as " + string(outcome)}
	return (&ending{outcome: outcome, failure: failure, summary: report.Summary}).result(&report)
}

func TestEachOfManyServersHasARunOfItsOwn(t *testing.T) {
	const in = `{"all": true, "policy": {"name": "nightly", "keep_daily": 3}, "create": false, "notify": [{"url": "https://chat.example.com/"}],
		"not_during": [{"from": "01:00", "to": "02:00", "servers": [1, 2]}, {"from": "03:00", "to": "04:00", "servers": [2]}, {"from": "05:00", "to": "06:00"}]}`
	m, report, err := rotates(t, in, []int64{1, 2, 3}, func(int64) (*Report, error) { return endsAs(OutcomeRotated, "") })
	require.NoError(t, err)
	assert.Equal(t, OutcomeRotated, report.Outcome)
	assert.Equal(t, 3, report.Fleet.Counts.Done)
	require.Len(t, m.inputs, 3)
	for id, child := range m.inputs {
		assert.Equal(t, []int64{id}, child.Servers)
		assert.False(t, child.All)
		assert.False(t, child.Create, "what was said for all holds for each")
		assert.Equal(t, "nightly", child.Policy.Name)
		assert.Equal(t, "nightly", child.Snapshot.NamePrefix)
		assert.Empty(t, child.Notify, "told once, for all")
	}
	assert.Len(t, m.inputs[1].NotDuring, 2)
	assert.Len(t, m.inputs[2].NotDuring, 3)
	assert.Len(t, m.inputs[3].NotDuring, 1)
	assert.Equal(t, contract.Selector{All: true}, m.asked[0].Selector)
}

func TestOneServersFailureNeverStopsTheOthers(t *testing.T) {
	_, report, err := rotates(t, `{"servers": [1, 2, 3, 4, 9], "policy": {"keep_last": 2}, "max_concurrency": 1}`, []int64{1, 2, 3, 4}, func(id int64) (*Report, error) {
		switch id {
		case 1:
			return endsAs(OutcomeNotChanged, contract.FailSnapshotLimit)
		case 2:
			return endsAs(OutcomeSkipped, "")
		case 3:
			return nil, temporal.NewNonRetryableApplicationError("no report", "SomeError", nil)
		default:
			return endsAs(OutcomeRotated, "")
		}
	})
	require.Error(t, err)
	assert.Equal(t, contract.FailRotation, report.Failure)
	assert.Equal(t, OutcomeIncomplete, report.Outcome)
	assert.Equal(t, FleetCounts{Done: 1, Skipped: 1, Errors: 3}, report.Fleet.Counts, "server 9 does not exist")
	assert.Len(t, report.Fleet.Targets, 5, "the result lists each")
	for _, say := range []string{"5 servers: 1 rotated, 1 skipped, 3 failed", "1 web: SnapshotLimit", "3 web: SomeError", "9: PreflightFailed"} {
		assert.Contains(t, report.Summary, say)
	}
}

func TestServersThatAreAllBusyAreASkippedRotation(t *testing.T) {
	_, report, err := rotates(t, `{"selector": {"name": "web*"}, "policy": {"keep_last": 2}}`, []int64{1, 2}, func(int64) (*Report, error) { return endsAs(OutcomeSkipped, "") })
	require.NoError(t, err)
	assert.Equal(t, OutcomeSkipped, report.Outcome)
}

func TestASelectionOfNothingIsNothingToDo(t *testing.T) {
	_, report, err := rotates(t, `{"selector": {"name": "web*"}, "policy": {"keep_last": 2}}`, nil, func(int64) (*Report, error) { return nil, nil })
	require.NoError(t, err)
	assert.Equal(t, OutcomeSkipped, report.Outcome)
	assert.Contains(t, report.Summary, "no server of the account is selected")
}

func TestADryRotationOfManyPlansEach(t *testing.T) {
	m, report, err := rotates(t, `{"all": true, "policy": {"keep_last": 2}, "dry_run": true}`, []int64{1, 2}, func(int64) (*Report, error) { return endsAs(OutcomePlanned, "") })
	require.NoError(t, err)
	assert.Equal(t, OutcomePlanned, report.Outcome)
	assert.True(t, m.inputs[1].DryRun)
}

// The input of one server's run is read strictly like any other: what the run of many writes must pass.
func TestTheInputOfOneServersRunIsValid(t *testing.T) {
	in, err := decodeSnapshotRotation(jsonInput(`{"all": true, "reason": "nightly", "max_concurrency": "10%", "lock": {"on_busy": "wait", "timeout": "1h"},
		"snapshot": {"description": "by schedule", "stop_server": true, "ready_timeout": "1h"},
		"policy": {"name": "n", "keep_last": 1, "keep_within": "7d", "expire_after": "30d", "min_count": 2, "protect": ["n-keep*"]}}`))
	require.NoError(t, err)
	data, err := json.Marshal(in.ofServer(7))
	require.NoError(t, err)
	child, err := decodeSnapshotRotation(jsonInput(string(data)))
	require.NoError(t, err)
	assert.Equal(t, in.ofServer(7), child)
	assert.True(t, child.oneServer())
}
