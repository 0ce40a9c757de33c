package activities

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// reportOf is a runbook's report as it stands in Temporal.
func reportOf(outcome, failure, summary string) map[string]any {
	return map[string]any{
		"outcome": outcome, "failure": failure, "summary": summary, "server_id": 5,
		"snapshot": map[string]any{"id": 801, "name": "pre-update"}, "phases": []any{},
	}
}

func TestTheEndOfARunIsReadOutOfItsResultOrItsFailure(t *testing.T) {
	end := func(status contract.RunStatus, outcome, failure, summary string) contract.RunEnd {
		return contract.RunEnd{Status: status, ServerID: 5, Outcome: outcome, Failure: failure, Summary: summary, SnapshotID: 801}
	}
	noReport := func(status contract.RunStatus, failure string) contract.RunEnd {
		return contract.RunEnd{Status: status, Failure: failure}
	}
	for name, c := range map[string]struct {
		ending runEnding
		want   contract.RunEnd
	}{
		"completed":                       {runEnding{result: reportOf("committed", "", "fine")}, end(contract.RunCompleted, "committed", "", "fine")},
		"completed without a result":      {runEnding{}, noReport(contract.RunCompleted, "")},
		"completed with another result":   {runEnding{result: "done"}, noReport(contract.RunCompleted, "")},
		"a report of another shape":       {runEnding{result: map[string]any{"outcome": 5}}, noReport(contract.RunCompleted, "")},
		"bytes":                           {runEnding{result: []byte{1, 2}}, noReport(contract.RunCompleted, "")},
		"failed":                          {failedWith(t, "RolledBack", "m", reportOf("rolled_back", "RolledBack", "restored")), end(contract.RunFailed, "rolled_back", "RolledBack", "restored")},
		"failed, no report":               {failedWith(t, "Odd", "it broke"), contract.RunEnd{Status: contract.RunFailed, Failure: "Odd", Summary: "it broke"}},
		"failed with another's details":   {failedWith(t, "Odd", "it broke", "text"), contract.RunEnd{Status: contract.RunFailed, Failure: "Odd", Summary: "it broke"}},
		"panicked":                        {closedWith(t, temporal.NewApplicationError("boom", "PanicError")), contract.RunEnd{Status: contract.RunFailed, Failure: "PanicError", Summary: "The run's code panicked: boom"}},
		"canceled":                        {closedWith(t, temporal.NewCanceledError(reportOf("canceled", "", "stopped"))), end(contract.RunCanceled, "canceled", "", "stopped")},
		"canceled, no report":             {closedWith(t, temporal.NewCanceledError()), noReport(contract.RunCanceled, "")},
		"terminated":                      {terminatedRun(t), noReport(contract.RunTerminated, "")},
		"timed out":                       {timedOutRun(t), noReport(contract.RunTimedOut, "")},
		"a snapshot that is null is none": {runEnding{result: map[string]any{"outcome": "skipped", "snapshot": nil}}, contract.RunEnd{Status: contract.RunCompleted, Outcome: "skipped"}},
	} {
		t.Run(name, func(t *testing.T) {
			a, f := newRuns(t)
			ref := f.ended("child-1", "r1", c.ending)
			got := awaitRuns(t, a, contract.AwaitRunInput{Runs: []contract.RunRef{ref}, Timeout: contract.Duration(time.Minute)})
			assert.Equal(t, contract.AwaitDone, got.State)
			require.Len(t, got.Ended, 1)
			if c.want.Summary == "" {
				got.Ended[0].Summary = ""
			}
			c.want.WorkflowID, c.want.RunID = "child-1", "r1"
			assert.Equal(t, c.want, got.Ended[0])
		})
	}
}

func TestAllRunsThatHaveClosedComeBackTogetherInOrderAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	a, f := newRuns(t)
	a.pace.gather = 3 * time.Second // also a slow machine has looked at all 500 by then
	var runs []contract.RunRef
	for i := range 500 {
		e := never()
		if i%5 == 3 {
			e = runEnding{result: reportOf("committed", "", "")}
		}
		runs = append(runs, f.ended("child-"+strconv.Itoa(i), "r", e))
	}
	got := awaitRuns(t, a, contract.AwaitRunInput{Runs: runs, Timeout: contract.Duration(time.Hour)})
	assert.Equal(t, contract.AwaitDone, got.State)
	require.Len(t, got.Ended, 100)
	for i, e := range got.Ended {
		assert.Equal(t, "child-"+strconv.Itoa(5*i+3), e.WorkflowID)
	}
}

func TestTheWaitEndsWithTheFirstRunThatCloses(t *testing.T) {
	a, f := newRuns(t)
	closed := make(chan struct{})
	runs := []contract.RunRef{f.ended("slow", "r", never()), f.ended("quick", "r", runEnding{result: reportOf("committed", "", ""), after: closed})}
	time.AfterFunc(30*time.Millisecond, func() { close(closed) })
	got := awaitRuns(t, a, contract.AwaitRunInput{Runs: runs, Timeout: contract.Duration(time.Hour)})
	require.Len(t, got.Ended, 1)
	assert.Equal(t, "quick", got.Ended[0].WorkflowID)
}

func TestARunThatTemporalDoesNotKnowIsGoneAndNeverWaitedFor(t *testing.T) {
	a, _ := newRuns(t)
	got := awaitRuns(t, a, contract.AwaitRunInput{Runs: []contract.RunRef{{WorkflowID: "lost", RunID: "r"}}, Timeout: contract.Duration(time.Hour)})
	require.Len(t, got.Ended, 1)
	assert.Equal(t, contract.RunGone, got.Ended[0].Status)
	assert.Empty(t, got.Ended[0].Outcome, "nobody knows how it ended")
}

// A run that somebody else started under the id of a child must neither be waited for nor be read.
func TestARunOfAnotherParentIsForeignAtOnceAndOneOfOursIsReadToItsEnd(t *testing.T) {
	for parent, want := range map[string]contract.RunStatus{"fleet-1": contract.RunCompleted, "fleet-2": contract.RunForeign, "": contract.RunForeign} {
		t.Run("parent "+parent, func(t *testing.T) {
			a, f := newRuns(t)
			e := runEnding{result: reportOf("committed", "", "")}
			if want == contract.RunForeign {
				e = never()
			}
			ref := f.ended("fleet-1/5-00c0ffee", "", e)
			ref.ChildOf = "fleet-1"
			f.endings[contract.RunRef{WorkflowID: ref.WorkflowID}] = e
			f.runs[ref.WorkflowID] = run{workflowID: ref.WorkflowID, runID: "r1", parentID: parent, status: running}
			got := awaitRuns(t, a, contract.AwaitRunInput{Runs: []contract.RunRef{ref}, Timeout: contract.Duration(time.Hour)})
			require.Len(t, got.Ended, 1)
			assert.Equal(t, want, got.Ended[0].Status)
			assert.Equal(t, want == contract.RunForeign, got.Ended[0].Outcome == "")
		})
	}
	a, _ := newRuns(t)
	gone := contract.RunRef{WorkflowID: "fleet-1/6-00c0ffee", ChildOf: "fleet-1"}
	got := awaitRuns(t, a, contract.AwaitRunInput{Runs: []contract.RunRef{gone}, Timeout: contract.Duration(time.Hour)})
	require.Len(t, got.Ended, 1)
	assert.Equal(t, contract.RunGone, got.Ended[0].Status)
}

func TestARunThatWasResetIsFollowedToItsSuccessor(t *testing.T) {
	a, f := newRuns(t)
	ref := f.ended("child-1", "r1", terminatedRun(t))
	f.ended("child-1", "r2", terminatedRun(t)) // reset once more
	f.ended("child-1", "r3", runEnding{result: reportOf("committed", "", "")})
	latest := "r2"
	f.onDescribe = func(n int, f *fakeLocks) {
		if n == 2 {
			latest = "r3"
		}
		f.runs["child-1"] = run{workflowID: "child-1", runID: latest, status: running}
	}
	got := awaitRuns(t, a, contract.AwaitRunInput{Runs: []contract.RunRef{ref}, Timeout: contract.Duration(time.Hour)})
	require.Len(t, got.Ended, 1)
	e := got.Ended[0]
	assert.Equal(t, []string{"r1", "r3", "committed"}, []string{e.RunID, e.LastRunID, e.Outcome})
	assert.Equal(t, contract.RunCompleted, e.Status)
}

func TestATerminatedRunWithoutASuccessorIsTerminated(t *testing.T) {
	for name, ref := range map[string]contract.RunRef{"by run": {WorkflowID: "child-1", RunID: "r1"}, "latest": {WorkflowID: "child-1"}} {
		t.Run(name, func(t *testing.T) {
			a, f := newRuns(t)
			f.ended(ref.WorkflowID, ref.RunID, terminatedRun(t))
			f.runs["child-1"] = run{workflowID: "child-1", runID: "r1", status: terminated}
			got := awaitRuns(t, a, contract.AwaitRunInput{Runs: []contract.RunRef{ref}, Timeout: contract.Duration(time.Hour)})
			require.Len(t, got.Ended, 1)
			assert.Equal(t, contract.RunTerminated, got.Ended[0].Status)
		})
	}
}

func TestAnAnswerThatSaysNothingAboutTheRunIsAskedAgain(t *testing.T) {
	a, f := newRuns(t)
	ref := f.ended("child-1", "r1", runEnding{result: reportOf("committed", "", "")})
	f.trouble = 3
	got := awaitRuns(t, a, contract.AwaitRunInput{Runs: []contract.RunRef{ref}, Timeout: contract.Duration(time.Hour)})
	require.Len(t, got.Ended, 1)
	assert.Equal(t, "committed", got.Ended[0].Outcome)
	assert.Equal(t, 4, f.asked[ref])
}

func TestAWaitForRunsEndsWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	a, f := newRuns(t)
	a.pace.firstLook = waitedOut
	ref := f.ended("child-1", "r1", never())
	got := awaitRuns(t, a, contract.AwaitRunInput{Runs: []contract.RunRef{ref}, Timeout: contract.Duration(20 * time.Millisecond)})
	assert.Equal(t, contract.AwaitRunResult{State: contract.AwaitTimedOut}, got)

	f.trouble = 1 << 30
	a.pace.firstLook = waitedOutAfterALook
	got = awaitRuns(t, a, contract.AwaitRunInput{Runs: []contract.RunRef{ref}, Timeout: contract.Duration(20 * time.Millisecond)})
	assert.Equal(t, contract.AwaitTimedOut, got.State)
	assert.Contains(t, got.Detail, "connection reset")
}

func TestATimeThatWasUsedUpByADeadWorkerStillLeavesOneLook(t *testing.T) {
	a, f := newRuns(t)
	env := newEnv(t, a)
	env.SetHeartbeatDetails(beat[struct{}]{Elapsed: contract.Duration(2 * time.Hour)})
	in := contract.AwaitRunInput{Runs: []contract.RunRef{f.ended("child-1", "r1", runEnding{result: reportOf("committed", "", "")})}, Timeout: contract.Duration(time.Hour)}
	got, err := runAs[contract.AwaitRunResult](t, env, a.AwaitRun, in)
	require.NoError(t, err)
	assert.Equal(t, contract.AwaitDone, got.State)
}

func TestAWorkerThatStopsHandsTheWaitForRunsOver(t *testing.T) {
	a, f := newRuns(t)
	stop := make(chan struct{})
	env := newEnv(t, a)
	env.SetWorkerStopChannel(stop)
	time.AfterFunc(20*time.Millisecond, func() { close(stop) })
	_, err := runAs[contract.AwaitRunResult](t, env, a.AwaitRun,
		contract.AwaitRunInput{Runs: []contract.RunRef{f.ended("child-1", "r1", never())}, Timeout: contract.Duration(time.Hour)})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrWorkerStopping, app.Type())
}

func TestAWaitForNoRunsOrTooManyIsRefused(t *testing.T) {
	a, _ := newRuns(t)
	for _, n := range []int{0, contract.MaxAwaitRuns + 1} {
		_, err := execute[contract.AwaitRunResult](t, a, a.AwaitRun, contract.AwaitRunInput{Runs: make([]contract.RunRef, n)})
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		assert.True(t, app.NonRetryable())
	}
}

func TestALongSummaryIsCut(t *testing.T) {
	a, f := newRuns(t)
	ref := f.ended("child-1", "r1", failedWith(t, strings.Repeat("C", 500), "m", reportOf(strings.Repeat("o", 500), "", strings.Repeat("é\n", 5000))))
	got := awaitRuns(t, a, contract.AwaitRunInput{Runs: []contract.RunRef{ref}, Timeout: contract.Duration(time.Hour)})
	require.Len(t, got.Ended, 1)
	e := got.Ended[0]
	assert.LessOrEqual(t, len(e.Summary), contract.MaxRunSummary)
	assert.NotContains(t, e.Summary, "\n")
	assert.LessOrEqual(t, len(e.Outcome), maxRunWord)
	assert.LessOrEqual(t, len(e.Failure), maxRunWord)
}

func TestTheHolderOfALockIsItsLatestRunsParent(t *testing.T) {
	for name, c := range map[string]struct {
		runs []run
		want contract.LastHolderResult
	}{
		"none":    {nil, contract.LastHolderResult{}},
		"held":    {[]run{lockRun(running)}, contract.LastHolderResult{HolderWorkflowID: holderID, HolderRunID: "h1", Running: true, Found: true}},
		"paused":  {[]run{lockRun(enums.WORKFLOW_EXECUTION_STATUS_PAUSED)}, contract.LastHolderResult{HolderWorkflowID: holderID, HolderRunID: "h1", Running: true, Found: true}},
		"let go":  {[]run{lockRun(completed)}, contract.LastHolderResult{HolderWorkflowID: holderID, HolderRunID: "h1", Found: true}},
		"by hand": {[]run{lockRun(terminated, func(r *run) { r.parentID, r.parentRunID = "", "" })}, contract.LastHolderResult{Found: true}},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := lockWorld(c.runs...)
			got, err := execute[contract.LastHolderResult](t, a, a.LastHolder, contract.LastHolderInput{ServerID: testServer})
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	a, f := lockWorld()
	f.err = context.DeadlineExceeded
	_, err := execute[contract.LastHolderResult](t, a, a.LastHolder, contract.LastHolderInput{ServerID: testServer})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app, "an answer that did not come is never \"no holder\"")
	assert.False(t, app.NonRetryable())
}
