package e2e

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// All runs of a cron schedule have the same first run. Each must do the work anew all the same, and not take what the run
// before has done for its own.
func TestEachRunOfAFleetUnderACronScheduleRunsItsOwnServers(t *testing.T) {
	t.Parallel()
	f := newStandInFleet(t, 3)
	close(f.proceed)
	run, err := f.temp.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: f.id(), TaskQueue: f.queue, CronSchedule: "@every 3s"},
		workflows.TypeFleetUpdate, f.input(nil))
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, f.temp.TerminateWorkflow(context.Background(), f.id(), "", "the test is over"))
	})
	first := run.GetRunID()
	before := f.reportOf(first)
	second := f.latest(f.id()) // it exists as soon as the first has ended, and waits for its time
	require.NotEqual(t, first, second)
	after := f.reportOf(second)
	for _, report := range []workflows.Report{before, after} {
		require.Equal(t, workflows.FleetCounts{Done: 3}, report.Fleet.Counts, "%s", report.Summary)
	}
	for _, was := range before.Fleet.Targets {
		now := resultIn(t, after.Fleet, was.ServerID)
		assert.NotEqual(t, was.WorkflowID, now.WorkflowID)
		child, err := f.temp.DescribeWorkflowExecution(t.Context(), now.WorkflowID, now.RunID)
		require.NoError(t, err)
		assert.Equal(t, second, child.GetWorkflowExecutionInfo().GetParentExecution().GetRunId(), "the second run has started it")
	}
}

// reportOf is the result of one run that another one follows. Whoever waits for its end by a handle is sent on to that.
func (f *standInFleet) reportOf(runID string) (report workflows.Report) {
	f.t.Helper()
	f.eventually(fleetBar, "the next run", func() bool { return f.latest(f.id()) != runID })
	one := *f.rig
	one.temp = oneRun{Client: f.temp, runID: runID}
	events := one.history(f.id()).Events
	completed := events[len(events)-1].GetWorkflowExecutionCompletedEventAttributes()
	require.NotNil(f.t, completed, "%v", events[len(events)-1])
	require.NoError(f.t, converter.GetDefaultDataConverter().FromPayloads(completed.GetResult(), &report))
	return report
}

// Temporal does not carry a cancel over a continue-as-new. One that arrives with the very news that makes the run hand
// over, as after an outage of the worker, must not get lost.
func TestACancelThatComesWithTheHandoverIsNotLost(t *testing.T) {
	t.Parallel()
	const servers = 20
	f := newStandInFleetOn(t, impatientTemporal(t, 5), servers)
	close(f.proceed)
	asked, answer := make(chan struct{}), make(chan struct{})
	var once sync.Once
	hold := func() {
		once.Do(func() { close(asked) })
		<-answer
	}
	f.beforeAPI.Store(&hold)
	first := f.start(nil)
	<-asked
	f.runbooks.Stop()
	require.NoError(t, f.temp.CancelWorkflow(t.Context(), f.id(), ""))
	close(answer)
	f.eventually(fleetBar, "the list of servers", func() bool {
		completed := f.completed(f.id(), contract.ActivitySelectServers)
		for _, event := range f.history(f.id()).Events {
			if event.GetActivityTaskCompletedEventAttributes() != nil && completed(event) {
				return true
			}
		}
		return false
	})
	f.serveRunbooks()
	report := f.end(f.id(), fleetBar)
	assert.NotEqual(t, first, f.latest(f.id()), "without a handover this proves nothing")
	assert.Equal(t, workflows.OutcomeCanceled, report.Outcome, "%s", report.Summary)
	assert.Zero(t, report.Fleet.Started)
	assert.Len(t, report.Fleet.NotStarted, servers)
}
