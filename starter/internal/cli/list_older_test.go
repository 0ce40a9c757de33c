package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// again is a line of the list of an id that has more than one run.
func again(t *testing.T, run string, minutes int, result workflows.Outcome) *workflowpb.WorkflowExecutionInfo {
	t.Helper()
	line := ended(aRun(t, "deploy-1", minutes, map[string]any{"SafepointServerId": 7, "SafepointOutcome": result}), time.Minute, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)
	line.Execution.RunId = run
	return line
}

func TestRunsOfOneIDAreLinesOfTheirOwnAndOnlyAResetIsNot(t *testing.T) {
	f, address := newFrontend(t)
	f.firsts = map[string]string{"new": "new", "reset": "old", "old": "old"} // old was reset, and then the id was used again
	f.listing.closed = append(f.listing.closed, again(t, "new", 30, workflows.OutcomeCommitted),
		again(t, "old", 10, ""), again(t, "reset", 20, workflows.OutcomeRolledBack))
	got := safepoint(t, address, "list", "-o", "json")
	require.Equal(t, codeOK, got.code, got.err)
	var runs []render.ListedRun
	require.NoError(t, json.Unmarshal([]byte(got.out), &runs))
	require.Len(t, runs, 2, "%s", got.out)
	assert.Equal(t, []string{"new", "reset"}, []string{runs[0].RunID, runs[1].RunID})
	assert.Equal(t, []bool{false, true}, []bool{runs[0].Older, runs[1].Older})

	got = safepoint(t, address, "list")
	assert.Contains(t, got.out, "deploy-1 --run-id reset\n", "as report and status take it")
	assert.NotContains(t, got.out, "--run-id new")
}

// A Temporal that does not say the first run of a chain must not make runs disappear.
func TestARunWhoseChainIsNotKnownKeepsItsLine(t *testing.T) {
	f, address := newFrontend(t)
	f.listing.closed = append(f.listing.closed, again(t, "new", 30, workflows.OutcomeCommitted), again(t, "old", 10, workflows.OutcomeRolledBack))
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/DescribeWorkflowExecution") {
			return serviceerror.NewNotFound("kept no longer")
		}
		return nil
	}
	got := safepoint(t, address, "list")
	assert.Equal(t, 3, strings.Count(got.out, "\n"), "titles and two runs: %s", got.out)
}

func TestAnOlderRunIsShownByItsRunID(t *testing.T) {
	f, address := newFrontend(t)
	f.endsOf = map[string]*historypb.HistoryEvent{
		testRunID: completed(t, aReport(workflows.OutcomeCommitted, "")),
		"old":     failed(t, contract.FailRolledBack, "m", aReport(workflows.OutcomeRolledBack, contract.FailRolledBack)),
		"cut":     terminated(),
	}
	f.firsts = map[string]string{"cut": testRunID}
	assert.Contains(t, safepoint(t, address, "report", "deploy-1", "-o", "text").out, "COMMITTED")
	got := safepoint(t, address, "report", "deploy-1", "-o", "text", "--run-id", "old")
	assert.Equal(t, codeOK, got.code, got.err)
	assert.Contains(t, got.out, "ROLLED BACK")
	got = safepoint(t, address, "status", "deploy-1", "--run-id=old")
	assert.Equal(t, codeRolledBack, got.code, got.err)
	got = safepoint(t, address, "report", "deploy-1", "-o", "text", "--run-id=cut")
	assert.Equal(t, codePerson, got.code, "how this run ended, although a reset made another one of it")
	assert.Contains(t, got.out, "ended from outside")

	got = safepoint(t, unreachable, "report", "deploy-1", "--runner=r", "--result=failed", "--run-id=old")
	assert.Equal(t, codeUsage, got.code)
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/DescribeWorkflowExecution") {
			return serviceerror.NewInvalidArgument("Invalid RunId.")
		}
		return nil
	}
	got = safepoint(t, address, "status", "deploy-1", "--run-id=old")
	assert.Equal(t, codeUsage, got.code)
}

func TestAListThatCannotBeAskedForHasACodeOfItsOwnAndNamesNoRun(t *testing.T) {
	t.Parallel() // it waits most of its time
	for _, args := range [][]string{{"list"}, {"snapshots"}, {"schedule", "list"}, {"schedule", "describe", "x"}, {"schedule", "apply", "-f", write(t, nightly)},
		{"schedule", "pause", "x"}, {"schedule", "resume", "x"}, {"schedule", "trigger", "x"}, {"schedule", "delete", "x", "--yes"}} {
		got := safepoint(t, unreachable, args...)
		assert.Equal(t, codeNotChanged, got.code, args)
		assert.Contains(t, got.err, "Nothing was asked.", args)
		assert.NotContains(t, got.err, "run", args)
	}
	got := safepoint(t, unreachable, "watch", "--server=7")
	assert.Equal(t, codePerson, got.code, "a run of that server may go on")
	assert.Contains(t, got.err, "a run may go on")

	f, address := newFrontend(t)
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/ListWorkflowExecutions") {
			return serviceerror.NewUnimplemented("no lists today")
		}
		return nil
	}
	assert.Equal(t, codeNotChanged, safepoint(t, address, "list").code)
	assert.Equal(t, codePerson, safepoint(t, address, "watch", "--server=7").code)
	help := safepoint(t, unreachable, "list", "--help").out
	assert.Contains(t, help, "1 could not be listed: Temporal cannot be reached")
}
