package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// callersRetries is a retry policy that a caller might set. Every failed end is non-retryable, so it changes nothing.
var callersRetries = &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, BackoffCoefficient: 1, MaximumAttempts: 5}

// retried starts SnapshotUpdateVerify with a retry policy.
func (r *rig) retried(id string, args ...any) client.WorkflowRun {
	r.t.Helper()
	return r.retriedOf(workflows.TypeSnapshotUpdateVerify, id, args...)
}

// retriedOf starts a runbook with a retry policy.
func (r *rig) retriedOf(runbook, id string, args ...any) client.WorkflowRun {
	r.t.Helper()
	run, err := r.temp.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{
		ID: id, TaskQueue: r.queue, WorkflowExecutionErrorWhenAlreadyStarted: true, RetryPolicy: callersRetries,
	}, runbook, args...)
	require.NoError(r.t, err)
	return run
}

// oneRun fails the test when Temporal began a second run of the id.
func (r *rig) oneRun(run client.WorkflowRun) {
	r.t.Helper()
	d, err := r.temp.DescribeWorkflowExecution(context.Background(), run.GetID(), "")
	require.NoError(r.t, err)
	assert.Equal(r.t, run.GetRunID(), d.GetWorkflowExecutionInfo().GetExecution().GetRunId(), "a second run was begun")
	assert.Equal(r.t, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, d.GetWorkflowExecutionInfo().GetStatus())
	events := r.history(run.GetID()).Events
	failed := events[len(events)-1].GetWorkflowExecutionFailedEventAttributes()
	assert.Empty(r.t, failed.GetNewExecutionRunId())
	assert.Equal(r.t, enumspb.RETRY_STATE_NON_RETRYABLE_FAILURE, failed.GetRetryState())
}

// startsWork are the events by which a run asks the API, starts a run of one server, or waits. How fast a run without any
// of them ends is BenchmarkRefusal's to say.
var startsWork = []enumspb.EventType{
	enumspb.EVENT_TYPE_TIMER_STARTED,
	enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
}

// problemLine is one problem in the message: its path, then what is wrong.
var problemLine = regexp.MustCompile(`(?m)^- (\S+): \S`)

// refused runs one bad input and looks at everything that the caller sees of its end.
func (r *rig) refused(runbook, id string, in badInput) {
	t := r.t
	run := r.retriedOf(runbook, id, in.args...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := run.Get(ctx, nil)
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.FailInvalidInput, app.Type())
	assert.True(t, app.NonRetryable())
	var paths []string
	for _, line := range problemLine.FindAllStringSubmatch(app.Message(), -1) {
		paths = append(paths, line[1])
	}
	assert.ElementsMatch(t, in.want, paths, "every problem by its path, once, in:\n%s", app.Message())
	assert.NotContains(t, app.Message(), "hunter2", "no password of a URL in an error")

	var report workflows.Report
	require.NoError(t, app.Details(&report))
	assert.Equal(t, workflows.OutcomeNotChanged, report.Outcome)
	assert.Equal(t, contract.FailInvalidInput, report.Failure)
	assert.Equal(t, app.Message(), report.Summary)
	assert.NotEmpty(t, report.Next)
	assert.Equal(t, []string{id, run.GetRunID()}, []string{report.WorkflowID, report.RunID})

	events := r.history(id).Events
	for _, e := range events {
		assert.NotContains(t, startsWork, e.GetEventType(), "it asked somebody, started somebody or waited")
	}
	r.oneRun(run)
}

func TestABadInputEndsAtOnceWithEveryProblemByItsPathAndTouchesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// The first task of a new worker pays for its connections; the bar is about inputs.
	_ = r.retried(r.id()+"-warm").Get(t.Context(), nil)
	all := append(inputsThatAreNoObject(r), append(inputsWithBadFields(r), inputsWithBadValues(r)...)...)
	require.GreaterOrEqual(t, len(all), 35)
	for i, in := range all {
		t.Run(in.name, func(t *testing.T) {
			one := *r
			one.t = t
			one.refused(workflows.TypeSnapshotUpdateVerify, fmt.Sprintf("%s-bad-%d", r.id(), i), in)
		})
	}
	r.untouchedByBadInputs()
}

// untouchedByBadInputs says that nobody asked the API about the rig's server, and that it was never locked.
func (r *rig) untouchedByBadInputs() {
	r.t.Helper()
	var requests []vpsfake.Request
	r.control(http.MethodGet, "requests", nil, &requests)
	for _, q := range requests {
		require.NotEqual(r.t, r.server, q.ServerID, "the API was asked about the server: %+v", q)
		require.NotContains(r.t, q.Path, fmt.Sprint(r.server))
	}
	require.Equal(r.t, enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED, r.lockStatus(), "no lock was ever started")
}

func TestACallersRetryPolicyNeverMakesAChangeTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	run := r.retried(r.id(), r.input(false, nil))
	r.rolledBack(r.end(r.id(), patience))
	r.oneRun(run)
	server, _ := r.state()
	require.Equal(t, 1, server.Deploys)
	require.Len(t, r.requests(vpsfake.OpCreateSnapshot), 1)
}

// An input of two arguments: the second would be dropped in silence, and it may be the one that was meant.
func TestTwoInputsAreRefusedBecauseOneOfThemWouldBeDropped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	good := converter.NewRawValue(jsonPayload(fmt.Sprintf(`{"server_id": %d, "update": {"kind": "none"}, "verify": {"skip": true}}`, r.server)))
	run := r.retried(r.id(), good, good)
	err := run.Get(t.Context(), nil)
	var app *temporal.ApplicationError
	require.True(t, errors.As(err, &app), "%v", err)
	require.Equal(t, contract.FailInvalidInput, app.Type())
	require.True(t, strings.Contains(app.Message(), "- input: ") && strings.Contains(app.Message(), "one JSON object"), app.Message())
	r.oneRun(run)
	require.Empty(t, r.requests(vpsfake.OpCreateSnapshot))
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED, r.lockStatus())
}
