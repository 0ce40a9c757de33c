package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

var testLock = contract.LockRequest{ServerID: testServerID, HolderWorkflowID: "deploy-41", HolderRunID: "r41", Runbook: TypeSnapshotUpdateVerify,
	WriteGrace: Duration(45 * time.Second), ChangeGrace: Duration(30 * time.Minute)}

// lockRun runs a lock by itself and says how long it kept the server closed.
func (h *harness) lockRun(t *testing.T) (held time.Duration, err error) {
	t.Helper()
	h.env.ExecuteWorkflow(TypeServerLock, testLock)
	require.True(t, h.env.IsWorkflowCompleted())
	return h.env.Now().Sub(testStart), h.env.GetWorkflowError()
}

func (h *harness) release() { h.env.SignalWorkflow(SignalRelease, nil) }

func TestAReleasedLockEndsAtOnceAndWell(t *testing.T) {
	h := newHarness(t)
	h.at(time.Hour, h.release)
	held, err := h.lockRun(t)
	assert.NoError(t, err)
	assert.Equal(t, time.Hour, held)
	assert.Empty(t, h.calls)
}

func TestACanceledLockKeepsTheServerClosedForTheGrace(t *testing.T) {
	h := newHarness(t).on(contract.ActivityLockGrace, step{reply: contract.LockGraceResult{Grace: Duration(90 * time.Second)}})
	h.at(time.Hour, h.env.CancelWorkflow)
	held, err := h.lockRun(t)
	assert.True(t, temporal.IsCanceledError(err), "%v", err)
	assert.Equal(t, time.Hour+90*time.Second, held)
	assert.Equal(t, contract.LockGraceInput{HolderWorkflowID: "deploy-41", HolderRunID: "r41", WriteGrace: testLock.WriteGrace, ChangeGrace: testLock.ChangeGrace},
		inputs[contract.LockGraceInput](h, contract.ActivityLockGrace)[0])
}

func TestAReleaseDuringTheGraceEndsIt(t *testing.T) {
	h := newHarness(t)
	h.at(time.Hour, h.env.CancelWorkflow).at(time.Hour+10*time.Second, h.release)
	held, err := h.lockRun(t)
	assert.NoError(t, err)
	assert.Equal(t, time.Hour+10*time.Second, held)
}

func TestAReleaseWinsOverACancelInTheSameTask(t *testing.T) {
	h := newHarness(t)
	h.at(time.Hour, func() {
		h.env.SignalWorkflowSkippingWorkflowTask(SignalRelease, nil)
		h.env.CancelWorkflow()
	})
	held, err := h.lockRun(t)
	assert.NoError(t, err)
	assert.Equal(t, time.Hour, held)
	assert.Empty(t, h.calls, "no grace is asked for")
}

func TestAGraceThatIsNotKnownIsTheLongerOne(t *testing.T) {
	h := newHarness(t).on(contract.ActivityLockGrace, apiError("Broken"))
	h.at(time.Hour, h.env.CancelWorkflow)
	held, err := h.lockRun(t)
	assert.True(t, temporal.IsCanceledError(err), "%v", err)
	assert.Equal(t, time.Hour+30*time.Minute, held)
}

func TestTheLocksDetailsNameTheHolderAndNeverBecomeMarkdown(t *testing.T) {
	h := newHarness(t)
	hostile := testLock
	hostile.HolderWorkflowID = "a` **b** [c](https://evil.example)"
	var details string
	h.at(time.Minute, func() { details = h.details() })
	h.at(time.Hour, h.release)
	h.env.ExecuteWorkflow(TypeServerLock, hostile)
	assert.Equal(t, "Held by `a' **b** [c](https://evil.example)`.", details)
}

// details are the current details as the UI shows them; only from within the workflow's loop.
func (h *harness) details() string {
	var metadata sdkpb.WorkflowMetadata
	value, err := h.env.QueryWorkflow("__temporal_workflow_metadata")
	if err == nil {
		err = value.Get(&metadata)
	}
	if err != nil {
		h.t.Errorf("query the metadata: %v", err)
	}
	return metadata.GetCurrentDetails()
}
