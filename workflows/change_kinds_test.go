package workflows

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

const userWorkflow = "MigrateDatabase"

func sshChange(in *SnapshotUpdateVerifyInput) {
	in.Update.Kind, in.Update.URL = UpdateSSH, ""
	in.Update.Address, in.Update.Command = "web01.example.com:22", "./deploy.sh 2.14.0"
}

func workflowChange(in *SnapshotUpdateVerifyInput) {
	in.Update.Kind, in.Update.URL = UpdateWorkflow, ""
	in.Update.Type, in.Update.TaskQueue, in.Update.Input = userWorkflow, "migrations", []byte(`{"to": "2.14.0"}`)
}

func ran(result contract.ChangeResult, code int) step {
	return step{reply: contract.RunSSHResult{Result: result, ExitCode: &code, Output: "the last words", OutputCut: true, Detail: "it ended"}}
}

func TestAnSSHChangeDecidesByItsExitCodeAndKeepsItsOutput(t *testing.T) {
	for result, want := range map[contract.ChangeResult]Outcome{
		contract.ChangeSucceeded: OutcomeCommitted,
		contract.ChangeFailed:    OutcomeRolledBack,
	} {
		h := newHarness(t, sshChange)
		e := h.on(contract.ActivityRunSSH, ran(result, 7)).run()
		assert.Equal(t, want, e.report.Outcome)
		assert.Equal(t, 7, *e.report.Change.ExitCode)
		assert.Equal(t, "the last words", e.report.Change.Output)
		assert.True(t, e.report.Change.OutputCut)
		sent := inputs[contract.RunSSHInput](h, contract.ActivityRunSSH)
		require.Len(t, sent, 1, "a change is made at most once")
		assert.Equal(t, "./deploy.sh 2.14.0", sent[0].Command)
		assert.NotEmpty(t, sent[0].Fence.LockRunID, "it goes through the fence like every write")
	}
}

func TestAnSSHChangeWhoseEndNobodyKnowsIsVerifiedAndHeld(t *testing.T) {
	for name, answer := range map[string]step{"cut connection": ran(contract.ChangeUnknown, 0), "worker killed": workerKilled()} {
		h := newHarness(t, sshChange)
		h.on(contract.ActivityRunSSH, answer).at(2*time.Hour, func() { h.update(UpdateDecide, DecideRequest{Decision: DecideCommit, By: "ana"}) })
		e := h.run()
		assert.Equal(t, OutcomeCommitted, e.report.Outcome, name)
		assert.Equal(t, contract.ChangeUnknown, e.report.Change.Result, name)
		assert.Len(t, e.report.Decisions, 1, "%s: green is no proof that the change was made", name)
	}
}

func TestAnSSHChangeThatWasNotSentLeavesTheServerUnchanged(t *testing.T) {
	h := newHarness(t, sshChange)
	e := h.on(contract.ActivityRunSSH, step{reply: contract.RunSSHResult{Result: contract.ChangeNotStarted, Detail: "the host key is not known"}}).run()
	assert.Equal(t, contract.FailChangeNotStarted, e.failure)
	assert.Contains(t, e.err.Error(), "The command was not run: the host key is not known. The server was not changed. Next: mend update.address")
}

// childThat registers the user's workflow and returns what it was given.
func (h *harness) childThat(ends func(ctx workflow.Context) error) *map[string]string {
	given := &map[string]string{}
	h.env.RegisterWorkflowWithOptions(func(ctx workflow.Context, in map[string]string) error {
		*given = in
		return ends(ctx)
	}, workflow.RegisterOptions{Name: userWorkflow})
	return given
}

func TestAWorkflowChangeGetsItsInputAndDecidesByItsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		ends func(workflow.Context) error
		want Outcome
	}{
		"completed": {func(workflow.Context) error { return nil }, OutcomeCommitted},
		"failed": {func(workflow.Context) error {
			return temporal.NewNonRetryableApplicationError("step 3 went wrong", "Migration", nil)
		}, OutcomeRolledBack},
	} {
		h := newHarness(t, workflowChange)
		given := h.childThat(c.ends)
		e := h.run()
		assert.Equal(t, c.want, e.report.Outcome, name)
		assert.Equal(t, map[string]string{"to": "2.14.0"}, *given, name)
		assert.Contains(t, e.report.Change.WorkflowID, "/change-", name)
	}
}

func TestOnlyTheChildsOwnWordDecidesAboutAWorkflowChange(t *testing.T) {
	for want, err := range map[contract.ChangeResult][]error{
		contract.ChangeSucceeded: {nil},
		contract.ChangeFailed:    {temporal.NewApplicationError("no", "Migration"), fmt.Errorf("child: %w", temporal.NewApplicationError("no", "Migration"))},
		// Temporal ended it, or somebody else did: it may have been in the middle.
		contract.ChangeUnknown: {temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil), temporal.NewCanceledError(), &temporal.TerminatedError{}},
	} {
		for _, err := range err {
			result, detail := childResult(err)
			assert.Equal(t, want, result, "%v", err)
			assert.NotEmpty(t, detail)
		}
	}
}

func TestLaw9ACancelDuringAWorkflowChangeWaitsForItsEndAndRollsBack(t *testing.T) {
	h := newHarness(t, workflowChange)
	var ended time.Time
	h.childThat(func(ctx workflow.Context) error {
		err := workflow.Sleep(ctx, 20*time.Minute)
		clean, _ := workflow.NewDisconnectedContext(ctx)
		_ = workflow.Sleep(clean, time.Minute) // the child cleans up
		ended = workflow.Now(clean)
		return err
	})
	h.at(5*time.Minute, func() { h.env.CancelWorkflow() })
	e := h.run()
	assert.Equal(t, OutcomeRolledBack, e.report.Outcome)
	restore := h.callsOf(contract.ActivityRestoreSnapshot)
	require.Len(t, restore, 1)
	assert.False(t, restore[0].at.Before(ended), "nothing is restored under a change that goes on")
}

func TestLaw1AWorkflowChangeThatAnEarlierRunStartedIsAwaitedAndNotStartedAgain(t *testing.T) {
	for status, want := range map[contract.RunStatus]contract.ChangeResult{
		// Completed is not known to be there still: the run before may have rolled it back.
		contract.RunCompleted: contract.ChangeUnknown, contract.RunFailed: contract.ChangeFailed, contract.RunTerminated: contract.ChangeUnknown,
	} {
		h := newHarness(t, workflowChange)
		h.taken = []string{userWorkflow}
		h.on(contract.ActivityAwaitRun, step{reply: contract.AwaitRunResult{State: contract.AwaitDone, Ended: []contract.RunEnd{{Status: status}}}})
		h.at(5*time.Hour, func() { h.update(UpdateDecide, DecideRequest{Decision: DecideCommit, By: "ana"}) })
		assert.Equal(t, want, h.run().report.Change.Result, status)
	}
}

func TestTheLockOutlivesAChangeThatMayGoOnWithoutTheRun(t *testing.T) {
	assert.Equal(t, changeDeadline(30*time.Minute), UpdateInput{Kind: UpdateSSH, Timeout: Duration(30 * time.Minute)}.grace())
	assert.Equal(t, 30*time.Minute, UpdateInput{Kind: UpdateWorkflow, Timeout: Duration(30 * time.Minute)}.grace())
}
