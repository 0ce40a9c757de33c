package workflows

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestARunWhoseIDLeavesNoRoomForItsChildrenIsRefused(t *testing.T) {
	for runbook, h := range map[string]*harness{TypeSnapshotUpdateVerify: newHarness(t), TypeRollbackByRestore: newRestore(t)} {
		h.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: strings.Repeat("x", maxRunID+1)})
		e := h.run()
		assert.Equal(t, contract.FailInvalidInput, e.failure, runbook)
		assert.Contains(t, e.err.Error(), "workflow id: must have at most 900 bytes, has 901", runbook)
		assert.Empty(t, e.names(), "%s: nothing was contacted", runbook)
	}
}

func TestAQueueThatTemporalKeepsForItselfIsRefused(t *testing.T) {
	for _, queue := range []string{"/_sys/x", strings.Repeat("ü", 600)} {
		h := newHarness(t, workflowChange, func(in *SnapshotUpdateVerifyInput) { in.Update.TaskQueue = queue })
		e := h.run()
		assert.Equal(t, contract.FailInvalidInput, e.failure, queue)
		assert.Contains(t, e.err.Error(), "update.task_queue: must ")
	}
}

// Temporal may have forgotten the child that an earlier run started: its id says nothing then.
func TestAResetRunNeverStartsTheUsersWorkflow(t *testing.T) {
	h := newHarness(t, workflowChange)
	h.originalRunID = "the-run-before-the-reset"
	started := 0
	h.childThat(func(workflow.Context) error { started++; return nil })
	h.on(contract.ActivityAwaitRun, step{reply: func(in contract.AwaitRunInput) contract.AwaitRunResult {
		return contract.AwaitRunResult{Ended: []contract.RunEnd{{WorkflowID: in.Runs[0].WorkflowID, Status: contract.RunGone}}}
	}})
	e := h.run()
	assert.Zero(t, started)
	assert.Equal(t, contract.ChangeUnknown, e.report.Change.Result)
	assert.Equal(t, contract.FailChangeUnknown, e.failure, "green and unknown holds; nobody decides")
}

func TestADecisionThatIsOddOrAboutAnotherRunIsRefused(t *testing.T) {
	for say, request := range map[string]DecideRequest{
		"the decision is about run before-the-reset": {Decision: DecideApprove, RunID: "before-the-reset"},
		"by and note must be one line of printable":  {Decision: DecideApprove, Note: "yes\x1b[2J"},
		"by is at most 128":                          {Decision: DecideApprove, By: strings.Repeat("x", 129)},
	} {
		h := newRestore(t, asksFirst)
		var a, good *answerOf
		h.at(time.Minute, func() { a = h.update(UpdateDecide, request) })
		h.at(time.Hour, func() { good = h.update(UpdateDecide, DecideRequest{Decision: DecideDeny, RunID: h.status().RunID}) })
		h.run()
		require.Error(t, a.refused, say)
		assert.ErrorContains(t, a.refused, say)
		require.NoError(t, good.refused)
	}
}

// Every decision stays in the report, and a report that Temporal does not take would leave a run that cannot end.
func TestAHoldCannotBeExtendedWithoutEnd(t *testing.T) {
	h := newRestore(t, asksFirst)
	answers := make([]*answerOf, maxDecisions+1)
	for i := range answers {
		h.at(time.Duration(i+1)*time.Minute, func() { answers[i] = h.decide(DecideExtend) })
	}
	e := h.run()
	assert.Len(t, e.report.Decisions, maxDecisions)
	for i, a := range answers {
		if i < maxDecisions {
			require.NoError(t, a.refused)
		}
	}
	assert.ErrorContains(t, answers[maxDecisions].refused, fmt.Sprintf("the hold was extended %d times: decide", maxDecisions))
}

func TestWhatAPersonPastesIntoAShellRunsNothingElse(t *testing.T) {
	h := newHarness(t)
	h.attempt = 2
	h.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "deploy-$(reboot)"})
	raw, err := json.Marshal(h.in)
	require.NoError(t, err)
	h.env.ExecuteWorkflow(TypeSnapshotUpdateVerify, rawJSON(raw))
	assert.ErrorContains(t, h.env.GetWorkflowError(), "temporal workflow show -w 'deploy-$(reboot)'")
}

func TestAHolderWithAnOddNameIsQuoted(t *testing.T) {
	holder := &contract.LockHolder{WorkflowID: "a\n\x1b[2J", Type: "SnapshotUpdateVerify", Phase: "change"}
	assert.Equal(t, `SnapshotUpdateVerify "a\n\x1b[2J" (phase change)`, describeHolder(holder))
	assert.NotContains(t, codeSpan("a\u202eb\u009bc\x7f"), "\u202e")
}
