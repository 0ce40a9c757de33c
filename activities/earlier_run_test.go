package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

const fleetID = "fleet-1"

type object = map[string]any

func results(pairs ...any) []any {
	list := []any{}
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, object{"server_id": pairs[i], "outcome": pairs[i+1], "more": "x"})
	}
	return list
}

// fleetWorld has one run f1 of a fleet, closed with the status.
func fleetWorld(t *testing.T, status enums.WorkflowExecutionStatus, e runEnding) (*Activities, *fakeRuns) {
	t.Helper()
	a, f := newRuns(t)
	f.runs[fleetID] = run{workflowID: fleetID, runID: "f1", kind: typeFleetUpdate, status: status}
	f.ended(fleetID, "f1", e)
	return a, f
}

func failedTargets(t *testing.T, a *Activities, runID string) (contract.FailedTargetsResult, error) {
	t.Helper()
	return execute[contract.FailedTargetsResult](t, a, a.FailedTargets, contract.FailedTargetsInput{WorkflowID: fleetID, RunID: runID})
}

func TestTheServersThatAFleetDidNotGetDoneAreThoseToTryAgain(t *testing.T) {
	report := object{"outcome": "failed", "fleet": object{
		"pages":       []any{object{"workflow_id": "page-1", "run_id": "p1"}, object{"workflow_id": "page-2", "run_id": "p2"}},
		"targets":     results(30, "committed", 9, "rolled_back", 31, "skipped", 32, "planned", 33, ""),
		"not_started": []any{50, 40, 9},
		"reverted":    []any{30}, // committed, and undone by on_stop
	}}
	page1 := runEnding{result: object{"results": results(1, "committed", 2, "change_failed", 3, "a-word-of-later")}}
	page2 := runEnding{result: object{"results": []any{}}}
	for name, c := range map[string]struct {
		status enums.WorkflowExecutionStatus
		ending runEnding
	}{
		"completed": {completed, runEnding{result: report}},
		"failed":    {failedRun, failedWith(t, "FleetStopped", "m", report)},
		"canceled":  {canceled, closedWith(t, temporal.NewCanceledError(report))},
	} {
		for _, runID := range []string{"", "f1"} {
			t.Run(name+" "+runID, func(t *testing.T) {
				a, f := fleetWorld(t, c.status, c.ending)
				f.ended("page-1", "p1", page1)
				f.ended("page-2", "p2", page2)
				got, err := failedTargets(t, a, runID)
				require.NoError(t, err)
				assert.Equal(t, contract.FailedTargetsResult{ServerIDs: []int64{2, 3, 9, 30, 31, 33, 40, 50}, RunID: "f1"}, got)
			})
		}
	}
}

func TestAFleetThatGotEverythingDoneHasNothingToTryAgain(t *testing.T) {
	a, _ := fleetWorld(t, completed, runEnding{result: object{"fleet": object{"targets": results(1, "committed")}}})
	got, err := failedTargets(t, a, "")
	require.NoError(t, err)
	assert.NotNil(t, got.ServerIDs)
	assert.Empty(t, got.ServerIDs)
}

func TestAnEarlierRunThatIsNoEndedFleetIsRefusedInClearWords(t *testing.T) {
	paged := runEnding{result: object{"fleet": object{"pages": []any{object{"workflow_id": "page-1", "run_id": "p1"}}}}}
	tooMany := []any{}
	for id := range contract.MaxFailedTargets + 1 {
		tooMany = append(tooMany, id+1)
	}
	for name, c := range map[string]struct {
		change func(*fakeRuns)
		status enums.WorkflowExecutionStatus
		ending runEnding
		want   string
	}{
		"not there":             {change: func(f *fakeRuns) { delete(f.runs, fleetID) }, want: "there is no run"},
		"running":               {status: running, ending: never(), want: "still running"},
		"of another type":       {change: func(f *fakeRuns) { f.runs[fleetID] = run{runID: "f1", kind: "SnapshotRotation", status: completed} }, want: "SnapshotRotation"},
		"terminated":            {status: terminated, ending: terminatedRun(t), want: "left no report"},
		"timed out":             {status: enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, ending: timedOutRun(t), want: "left no report"},
		"invalid input":         {status: failedRun, ending: failedWith(t, "InvalidInput", "m", object{"outcome": "not_changed", "failure": "InvalidInput"}), want: "no server was changed"},
		"a second attempt":      {status: failedRun, ending: failedWith(t, "ChangeUnknown", "m", object{"outcome": "change_unknown", "failure": "ChangeUnknown"}), want: "nobody knows which servers"},
		"gone in between":       {change: func(f *fakeRuns) { delete(f.endings, contract.RunRef{WorkflowID: fleetID, RunID: "f1"}) }, status: completed, want: "left no report"},
		"unknown which":         {status: failedRun, ending: failedWith(t, "FleetStopped", "m", object{"fleet": object{"not_started": []any{4}, "not_started_unknown": true}}), want: "did not learn which"},
		"a page is gone":        {status: completed, ending: paged, want: "page 1 of 1"},
		"a page that failed":    {change: func(f *fakeRuns) { f.ended("page-1", "p1", terminatedRun(t)) }, status: completed, ending: paged, want: "page 1 of 1"},
		"a page without list":   {change: func(f *fakeRuns) { f.ended("page-1", "p1", runEnding{result: object{}}) }, status: completed, ending: paged, want: "page 1 of 1"},
		"too many":              {status: completed, ending: runEnding{result: object{"fleet": object{"not_started": tooMany}}}, want: "10001"},
		"a server that is none": {status: completed, ending: runEnding{result: object{"fleet": object{"not_started": []any{0, 5}}}}, want: "server 0"},
	} {
		t.Run(name, func(t *testing.T) {
			a, f := fleetWorld(t, c.status, c.ending)
			if c.change != nil {
				c.change(f)
			}
			_, err := failedTargets(t, a, "")
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			assert.True(t, app.NonRetryable())
			assert.Equal(t, contract.ErrRefused, app.Type())
			assert.Contains(t, app.Message(), c.want)
		})
	}
}

// Temporal's UI proposes the workflow id of the run that one looks at for the new one.
func TestAFleetThatNamesItselfIsNotToldToAbortItself(t *testing.T) {
	const self = "default-test-workflow-id" // of the workflow that asks
	a, f := newRuns(t)
	f.runs[self] = run{workflowID: self, runID: "f2", kind: typeFleetUpdate, status: running}
	_, err := execute[contract.FailedTargetsResult](t, a, a.FailedTargets, contract.FailedTargetsInput{WorkflowID: self})
	require.ErrorContains(t, err, "names this very run")
	assert.NotContains(t, err.Error(), "abort")
}

func TestAFleetThatWasResetIsReadFromItsSuccessor(t *testing.T) {
	report := runEnding{result: object{"fleet": object{"not_started": []any{8}}}}
	a, f := fleetWorld(t, terminated, terminatedRun(t))
	f.ended(fleetID, "f2", report)
	f.onDescribe = func(n int, f *fakeLocks) {
		if n == 2 { // the question for the latest run
			f.runs[fleetID] = run{workflowID: fleetID, runID: "f2", kind: typeFleetUpdate, status: completed}
		}
	}
	got, err := failedTargets(t, a, "f1")
	require.NoError(t, err)
	assert.Equal(t, contract.FailedTargetsResult{ServerIDs: []int64{8}, RunID: "f2"}, got)
}

func TestWhatTemporalDoesNotAnswerIsAskedAgainLater(t *testing.T) {
	retried := func(a *Activities) {
		t.Helper()
		_, err := failedTargets(t, a, "f1")
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		assert.False(t, app.NonRetryable())
		assert.Equal(t, contract.ErrUnavailable, app.Type())
	}
	a, f := fleetWorld(t, completed, runEnding{})
	f.err = errTemporalDown
	retried(a)
	a, f = fleetWorld(t, completed, runEnding{})
	f.trouble = 1
	retried(a)
	// The chain of runs that this one continued as goes on.
	a, _ = fleetWorld(t, enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, never())
	a.pace.call = 20 * time.Millisecond
	retried(a)
}
