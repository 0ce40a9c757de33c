package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestAGreenChangeIsCommittedInTheOrderOfTheRunbook(t *testing.T) {
	e := newHarness(t).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, []string{contract.ActivityPreflight, verify, contract.ActivityCreateSnapshot, contract.ActivityAwaitSnapshot, contract.ActivitySendWebhook, verify}, e.names())
	assert.Equal(t, []error{nil}, e.lockEnds, "the lock is released by signal")
}

func TestTheWebhookIsToldTheRunAndItsSnapshot(t *testing.T) {
	h := newHarness(t)
	e := h.run()
	in := inputs[contract.SendWebhookInput](h, contract.ActivitySendWebhook)[0]
	assert.Equal(t, contract.WebhookBody{WorkflowID: e.report.WorkflowID, RunID: testRunID, ServerID: testServerID,
		Reason: "deploy web 2.14.0", Snapshot: *e.report.Snapshot}, in.Body)
	assert.Empty(t, in.Fence.LookedRunID, "after a reset the change counts as made, never as not done")
}

func TestADryRunWritesNothingAndTakesNoLock(t *testing.T) {
	h := newHarness(t, func(in *SnapshotUpdateVerifyInput) {
		in.DryRun, in.Snapshot.StopServer, in.Retention.KeepLast = true, true, 1
	})
	h.existing = []contract.Snapshot{olderSnapshot(801), olderSnapshot(802), olderSnapshot(803), olderSnapshot(804), olderSnapshot(805)}
	e := h.run()
	require.NoError(t, e.err)
	assert.Equal(t, OutcomePlanned, e.report.Outcome)
	assert.Empty(t, e.wrote())
	assert.Empty(t, h.locks)
	require.NotEmpty(t, e.report.Plan)
	assert.Contains(t, e.report.Plan[0], "delete snapshot 801")
	assert.Contains(t, e.report.Plan[1], "stop the server")
}

func TestADryRunFailsWhereARealRunWouldFail(t *testing.T) {
	dry := func(in *SnapshotUpdateVerifyInput) { in.DryRun = true }
	assert.Equal(t, contract.FailPreflight, newHarness(t, dry).on(contract.ActivityPreflight, apiError(contract.ErrNotFound)).run().failure)
	assert.Equal(t, contract.FailBaseline, newHarness(t, dry).on(verify, red).run().failure)
}

func TestASkippedVerificationCommitsWithoutALook(t *testing.T) {
	e := newHarness(t, func(in *SnapshotUpdateVerifyInput) { in.Verify.Skip, in.Verify.Checks = true, nil }).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Zero(t, e.count(verify))
	assert.Contains(t, e.report.Summary, "verification was skipped")
}

func TestASkippedVerificationDoesNotMakeAnUnknownChangeGood(t *testing.T) {
	e := newHarness(t, func(in *SnapshotUpdateVerifyInput) { in.Verify.Skip, in.Verify.Checks = true, nil }).
		on(contract.ActivitySendWebhook, workerKilled()).run()
	assert.Equal(t, contract.FailChangeUnknown, e.failure)
}

func TestAKilledWorkerLeavesTheChangeUnknownAndNeverRepeatsIt(t *testing.T) {
	e := newHarness(t).on(contract.ActivitySendWebhook, workerKilled()).run()
	assert.Equal(t, contract.FailChangeUnknown, e.failure)
	assert.Equal(t, 1, e.count(contract.ActivitySendWebhook))
	assert.Equal(t, contract.ChangeUnknown, e.report.Change.Result)
}

func TestNoChangeVerifiesAndCommits(t *testing.T) {
	e := newHarness(t, func(in *SnapshotUpdateVerifyInput) { in.Update.Kind, in.Update.URL = UpdateNone, "" }).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Zero(t, e.count(contract.ActivitySendWebhook))
	assert.Equal(t, contract.ChangeSucceeded, e.report.Change.Result)
}

func TestACommitPrunesByThePolicyAndNothingElse(t *testing.T) {
	h := newHarness(t)
	rotation, protected := olderSnapshot(801), olderSnapshot(802)
	rotation.Description = contract.Marker{RunID: "x", Policy: "rotation"}.Describe("")
	protected.Description = contract.Marker{RunID: "x", Policy: contract.PolicyUpdate, Protected: true}.Describe("")
	h.existing = []contract.Snapshot{rotation, protected, olderSnapshot(803), olderSnapshot(804)} // keep_last 2: 900 and 804 stay
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	deletes := inputs[contract.DeleteSnapshotInput](h, contract.ActivityDeleteSnapshot)
	require.Len(t, deletes, 1)
	assert.Equal(t, int64(803), deletes[0].SnapshotID)
	assert.Equal(t, []int64{testSnapshotID}, deletes[0].RestorePoints, "law 4")
	assert.Equal(t, "pre-update", deletes[0].NamePrefix)
	require.Len(t, e.report.Pruned, 1)
	assert.True(t, e.report.Pruned[0].Deleted)
	assert.Contains(t, e.report.Pruned[0].Reason, "newest 2 of policy update", "what was pruned and why")
}

func TestAPruneThatFailsStillCommits(t *testing.T) {
	for name, s := range map[string]step{
		"refused by the guard": deleted(write(contract.WriteRefused, 0), false),
		"bad token":            deleted(write(contract.WriteUnauthorized, 401), false),
		"never sent":           deleted(write(contract.WriteNotSent, 429), false),
		"worker killed":        workerKilled(),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t).on(contract.ActivityDeleteSnapshot, s)
			h.existing = []contract.Snapshot{olderSnapshot(801), olderSnapshot(802), olderSnapshot(803)}
			e := h.run()
			assert.Equal(t, OutcomeCommitted, e.report.Outcome)
			require.Len(t, e.report.Pruned, 2)
			assert.False(t, e.report.Pruned[0].Deleted)
			assert.NotEmpty(t, e.report.Pruned[0].Detail)
			assert.LessOrEqual(t, e.count(contract.ActivityDeleteSnapshot), 2*deleteTries)
		})
	}
}

func TestAListThatIsNotOneServersIsNotPrunedByAndStillCommits(t *testing.T) {
	foreign := olderSnapshot(801)
	foreign.ServerID = 999
	h := newHarness(t)
	h.on(contract.ActivityAwaitSnapshot, step{reply: contract.AwaitSnapshotResult{State: contract.AwaitDone,
		Snapshot: ownSnapshot(testSnapshotID, contract.SnapshotCompleted), All: []contract.Snapshot{foreign, ownSnapshot(testSnapshotID, contract.SnapshotCompleted)}}})
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Empty(t, e.report.Pruned)
	assert.Contains(t, e.report.Notes[0], "not pruned")
}

func TestRoomIsMadeByWhatThePolicyWouldDeleteAnyway(t *testing.T) {
	h := newHarness(t)
	h.existing = []contract.Snapshot{handMade(801), handMade(802), olderSnapshot(803), olderSnapshot(804), olderSnapshot(805)}
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	wrote := e.wrote()
	assert.Equal(t, []string{contract.ActivityDeleteSnapshot, contract.ActivityCreateSnapshot}, wrote[:2])
	assert.Equal(t, int64(803), inputs[contract.DeleteSnapshotInput](h, contract.ActivityDeleteSnapshot)[0].SnapshotID)

	h = newHarness(t).on(contract.ActivityDeleteSnapshot, deleted(write(contract.WriteRefused, 0), false))
	h.existing = []contract.Snapshot{handMade(801), handMade(802), olderSnapshot(803), olderSnapshot(804), olderSnapshot(805)}
	e = h.run()
	assert.Equal(t, contract.FailSnapshotLimit, e.failure)
	assert.Zero(t, e.count(contract.ActivityCreateSnapshot))
}

func TestADeleteWhoseAnswerWasLostIsRepeated(t *testing.T) {
	h := newHarness(t).on(contract.ActivityDeleteSnapshot, workerKilled(), deleted(write(contract.WriteAmbiguous, 502), false), step{takes: time.Second})
	h.existing = []contract.Snapshot{olderSnapshot(801), olderSnapshot(802)}
	e := h.run()
	assert.Equal(t, 3, e.count(contract.ActivityDeleteSnapshot))
	assert.True(t, e.report.Pruned[0].Deleted, "already gone is success, so a repeat is safe")
}
