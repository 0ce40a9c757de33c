package workflows

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func withBackup(wait, required bool) func(*SnapshotUpdateVerifyInput) {
	return func(in *SnapshotUpdateVerifyInput) {
		in.Backup = BackupInput{Create: true, Wait: wait, Required: required, Timeout: Duration(2 * time.Hour)}
	}
}

func fullOfBackups() step {
	return step{reply: contract.FindBackupResult{RunID: testRunID, Count: contract.MaxManualBackups}}
}

func TestABackupIsBegunBesideTheSnapshotAndWaitedForWhenAsked(t *testing.T) {
	e := newHarness(t, withBackup(false, false)).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.EqualValues(t, testBackupID, e.report.Backup.ID)
	assert.Empty(t, e.callsOf(contract.ActivityAwaitBackup))

	e = newHarness(t, withBackup(true, false)).run()
	assert.Equal(t, "completed", e.report.Backup.Status)
	names := e.names()
	assert.Less(t, slices.Index(names, contract.ActivityAwaitBackup), slices.Index(names, contract.ActivitySendWebhook), "the change waits for it")
}

func TestAFullBackupQuotaIsANoteUnlessTheBackupIsRequired(t *testing.T) {
	e := newHarness(t, withBackup(false, false)).on(contract.ActivityFindBackup, fullOfBackups()).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Contains(t, e.report.Notes[0], "no backup was made: the server has 10 manual backups")

	e = newHarness(t, withBackup(false, true)).on(contract.ActivityFindBackup, fullOfBackups()).run()
	assert.Equal(t, contract.FailSnapshot, e.failure)
	assert.Contains(t, e.err.Error(), "The server was not changed")
	assert.Empty(t, e.callsOf(contract.ActivitySendWebhook))
}

func TestLaw1ABackupWhoseAnswerWasLostIsLookedForBeforeASecondRequest(t *testing.T) {
	lost := step{reply: contract.CreateBackupResult{Answer: write(contract.WriteAmbiguous, 502)}}
	found := step{reply: contract.FindBackupResult{RunID: testRunID, Ours: []contract.Backup{{ID: 77, Status: contract.BackupInProgress}}}}
	h := newHarness(t, withBackup(false, true)).on(contract.ActivityCreateBackup, lost).on(contract.ActivityFindBackup, step{}, found)
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.EqualValues(t, 77, e.report.Backup.ID)
	assert.Len(t, e.callsOf(contract.ActivityCreateBackup), 1, "it was adopted")
	assert.True(t, inputs[contract.FindBackupInput](h, contract.ActivityFindBackup)[1].Settle)
}

func frozenAlways(in *SnapshotUpdateVerifyInput) {
	in.NotDuring = []FreezeWindow{{Start: testStart.Add(-time.Hour), End: testStart.Add(time.Hour), Reason: "the sale"}}
}

func TestAServerInAFreezeWindowIsNotTouched(t *testing.T) {
	e := newHarness(t, frozenAlways).run()
	assert.Equal(t, contract.FailPreflight, e.failure)
	assert.Contains(t, e.err.Error(), "server 12345 must not be changed until 2026-03-01 13:00 UTC (the sale). The server was not changed.")
	assert.Empty(t, e.callsOf(contract.ActivityCreateSnapshot))
}

func TestAFreezeWindowThatBeginsDuringTheSnapshotStopsTheChange(t *testing.T) {
	for _, change := range []func(*SnapshotUpdateVerifyInput){nil, external} {
		h := newHarness(t, func(in *SnapshotUpdateVerifyInput) {
			if change != nil {
				change(in)
			}
			in.NotDuring = []FreezeWindow{{Start: testStart.Add(5 * time.Minute), End: testStart.Add(5 * time.Hour)}}
		})
		e := h.on(contract.ActivityAwaitSnapshot, step{takes: 10 * time.Minute}).run()
		assert.Equal(t, contract.FailChangeNotStarted, e.failure)
		assert.Contains(t, e.err.Error(), "A freeze window began before the change")
	}
}

func TestAFreezeWindowThatBeginsBeforeTheRunnerRefusesIt(t *testing.T) {
	h := newHarness(t, external, func(in *SnapshotUpdateVerifyInput) {
		in.NotDuring = []FreezeWindow{{Start: testStart.Add(5 * time.Minute), End: testStart.Add(5 * time.Hour)}}
	})
	var answer *answerOf
	h.at(10*time.Minute, func() { answer = h.update(UpdateBegin, BeginRequest{Runner: testRunner}) })
	e := h.run()
	assert.Equal(t, contract.FailChangeNotStarted, e.failure)
	require.True(t, answer.done)
	assert.False(t, answer.value.(BeginAnswer).Granted)
}

func TestAnotherServersFreezeWindowDoesNotCount(t *testing.T) {
	e := newHarness(t, frozenAlways, func(in *SnapshotUpdateVerifyInput) { in.NotDuring[0].Servers = []int64{7} }).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
}

func notified(h *harness) []contract.NotifyEvent {
	var events []contract.NotifyEvent
	for _, in := range inputs[contract.NotifyInput](h, contract.ActivityNotify) {
		events = append(events, in.Message.Event)
	}
	return events
}

func withNotify(on ...contract.NotifyEvent) func(*SnapshotUpdateVerifyInput) {
	return func(in *SnapshotUpdateVerifyInput) {
		in.Notify = []NotifyTarget{{URL: "https://chat.example.com/hooks/1", On: on}}
	}
}

func TestARunTellsItsStartItsHoldsAndItsEnd(t *testing.T) {
	h := newHarness(t, withNotify()).on(contract.ActivityAwaitSnapshot, step{takes: time.Minute}) // nothing orders what is told in one moment
	h.run()
	assert.Equal(t, []contract.NotifyEvent{contract.NotifyStarted, contract.NotifyCommitted}, notified(h))

	h = newHarness(t, withNotify(contract.NotifyHeld, contract.NotifyRolledBack))
	h.on(verify, verified(contract.VerdictPassed), verified(contract.VerdictInconclusive), verified(contract.VerdictPassed))
	h.at(time.Hour, func() { h.update(UpdateDecide, DecideRequest{Decision: DecideRollback, By: "ana"}) })
	e := h.run()
	assert.Equal(t, []contract.NotifyEvent{contract.NotifyHeld, contract.NotifyRolledBack}, notified(h), "only what was asked for")
	held := inputs[contract.NotifyInput](h, contract.ActivityNotify)[0].Message
	const id = "default-test-workflow-id"
	assert.Equal(t, "safepoint commit "+id+", or safepoint rollback "+id+", or safepoint extend "+id, held.Next, "each can be pasted by itself")
	last := inputs[contract.NotifyInput](h, contract.ActivityNotify)[1].Message
	assert.Equal(t, e.report.Summary, last.Summary)
	assert.Equal(t, contract.FailRolledBack, last.Failure)
}

func TestANotificationThatCannotBeSentNeitherBlocksNorFailsTheRun(t *testing.T) {
	h := newHarness(t, withNotify())
	e := h.on(contract.ActivityNotify, apiError(contract.ErrNotifyRefused)).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
}

func TestADryRunTellsNobody(t *testing.T) {
	h := newHarness(t, withNotify(), func(in *SnapshotUpdateVerifyInput) { in.DryRun = true })
	h.run()
	assert.Empty(t, notified(h))
}

func TestThePreflightIsToldEverythingThatTheWorkerWouldConnectTo(t *testing.T) {
	h := newHarness(t, withNotify(), func(in *SnapshotUpdateVerifyInput) {
		in.Verify.Checks = append(in.Verify.Checks,
			contract.Check{Name: "db", Kind: contract.CheckTCP, Address: "db01:5432"},
			contract.Check{Name: "up", Kind: contract.CheckSSH, Address: "web01:22", Command: "true"})
	})
	h.run()
	assert.Equal(t, []contract.EgressTarget{
		{Path: "update.url", Kind: contract.EgressURL, Target: "https://deploy.example.com/hooks/web"},
		{Path: "verify.checks[0].url", Kind: contract.EgressURL, Target: "https://web01.example.com/"},
		{Path: "verify.checks[1].address", Kind: contract.EgressTCP, Target: "db01:5432"},
		{Path: "verify.checks[2].address", Kind: contract.EgressSSH, Target: "web01:22"},
		{Path: "notify[0].url", Kind: contract.EgressURL, Target: "https://chat.example.com/hooks/1"},
	}, inputs[contract.PreflightInput](h, contract.ActivityPreflight)[0].Egress)
}
