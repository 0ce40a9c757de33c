package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// badChange is a run whose baseline is green and whose change is red; more says what the checks see after that.
func badChange(t *testing.T, more ...step) *harness {
	if len(more) == 0 {
		more = []step{verified(contract.VerdictPassed)}
	}
	return newHarness(t).on(contract.ActivityVerify, append([]step{verified(contract.VerdictPassed), verified(contract.VerdictFailed)}, more...)...)
}

// afterChange are the activities called after the change was verified.
func (e ended) afterChange() []string {
	names := e.names()
	for i, name := range names {
		if name == contract.ActivitySendWebhook {
			return names[i+2:]
		}
	}
	return nil
}

var (
	passed       = verified(contract.VerdictPassed)
	red          = verified(contract.VerdictFailed)
	inconclusive = verified(contract.VerdictInconclusive)

	readServer, restore, awaitRestore, verify = contract.ActivityReadServer, contract.ActivityRestoreSnapshot, contract.ActivityAwaitRestore, contract.ActivityVerify
)

func TestABadChangeIsRolledBackAndVerified(t *testing.T) {
	h := badChange(t).on(restore, step{takes: 10 * time.Second})
	e := h.run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Equal(t, OutcomeRolledBack, e.report.Outcome)
	assert.Equal(t, []string{readServer, restore, awaitRestore, verify}, e.afterChange())
	r := e.report.Rollback
	require.NotNil(t, r)
	assert.Equal(t, 1, r.Posts)
	assert.True(t, r.SeenRestoring)
	assert.Contains(t, r.Cause, "home is failed")
	assert.True(t, r.LostFrom.Equal(testStart), "the data window begins with the request for the snapshot, by Temporal's clock")
	assert.True(t, r.LostUntil.After(r.LostFrom) || !r.LostUntil.IsZero())
	assert.Contains(t, e.report.Summary, "2026-03-01 12:00:00 UTC is lost")
	assert.Equal(t, VerifiedRestore, e.report.Verifications[2].Of)
	assert.Equal(t, h.server, inputs[contract.AwaitRestoreInput](h, awaitRestore)[0].Before)
	assert.Equal(t, []error{nil}, e.lockEnds)
	assert.Zero(t, e.count(contract.ActivityDeleteSnapshot), "a rollback deletes nothing")
}

func TestTheRestoreProtocol(t *testing.T) {
	ambiguous := restored(write(contract.WriteAmbiguous, 0))
	refused := restored(write(contract.WriteRefused, 400))
	restoring := step{reply: contract.ReadServerResult{RunID: testRunID, Server: contract.Server{ID: testServerID, Status: contract.ServerRestoring}}}
	passing := step{reply: contract.ReadServerResult{RunID: testRunID, Server: contract.Server{ID: testServerID, Status: "starting"}}}
	gone := restored(write(contract.WriteRefused, 404))
	unseenStopped := step{reply: contract.AwaitRestoreResult{RunID: testRunID, State: contract.AwaitDone, Unclear: true,
		Server: contract.Server{ID: testServerID, Status: contract.ServerStopped}}}
	cases := []struct {
		name    string
		restore []step
		await   []step
		read    []step
		checks  []step
		failure string
		calls   []string
		note    string
	}{
		{name: "an unclear answer is looked at, and seen to have taken effect", restore: []step{ambiguous},
			failure: contract.FailRolledBack, calls: []string{readServer, restore, awaitRestore, verify}},
		{name: "a killed worker is an unclear answer", restore: []step{workerKilled()},
			failure: contract.FailRolledBack, calls: []string{readServer, restore, awaitRestore, verify}},
		{name: "a word not known is an unclear answer", restore: []step{restored(write("later", 0))},
			failure: contract.FailRolledBack, calls: []string{readServer, restore, awaitRestore, verify}},
		{name: "unclear and green ends rolled back with a note", restore: []step{ambiguous}, await: []step{unclearRestore()},
			failure: contract.FailRolledBack, calls: []string{readServer, restore, awaitRestore, verify}, note: "taken as restored"},
		{name: "unclear and red allows one more request", restore: []step{ambiguous, {}}, await: []step{unclearRestore(), {}}, checks: []step{red, passed},
			failure: contract.FailRolledBack, calls: []string{readServer, restore, awaitRestore, verify, restore, awaitRestore, verify}},
		{name: "accepted but never seen counts as unclear too", await: []step{unclearRestore(), {}}, checks: []step{red, passed},
			failure: contract.FailRolledBack, calls: []string{readServer, restore, awaitRestore, verify, restore, awaitRestore, verify}},
		{name: "unclear and red twice holds", restore: []step{ambiguous}, await: []step{unclearRestore()}, checks: []step{red},
			failure: contract.FailRollback, calls: []string{readServer, restore, awaitRestore, verify, restore, awaitRestore, verify}},
		{name: "unclear and inconclusive holds (law 6)", restore: []step{ambiguous}, await: []step{unclearRestore()}, checks: []step{inconclusive},
			failure: contract.FailRollback, calls: []string{readServer, restore, awaitRestore, verify}},
		{name: "unclear and checks that cannot be made holds", restore: []step{ambiguous}, await: []step{unclearRestore()}, checks: []step{apiError("Broken")},
			failure: contract.FailRollback, calls: []string{readServer, restore, awaitRestore, verify}},
		{name: "a 400 to the first request holds", restore: []step{refused},
			failure: contract.FailRollback, calls: []string{readServer, restore, readServer}},
		{name: "a 400 after an unclear one is ours when the server is restoring", restore: []step{ambiguous, refused}, await: []step{unclearRestore(), {}},
			read: []step{{}, restoring}, checks: []step{red, passed},
			failure: contract.FailRolledBack, calls: []string{readServer, restore, awaitRestore, verify, restore, readServer, awaitRestore, verify}},
		{name: "a 400 after an unclear one holds when the server is not restoring", restore: []step{ambiguous, refused}, await: []step{unclearRestore()}, checks: []step{red},
			failure: contract.FailRollback, calls: []string{readServer, restore, awaitRestore, verify, restore, readServer}},
		{name: "a 400 after an accepted one is somebody else's", restore: []step{{}, refused}, await: []step{unclearRestore()}, checks: []step{red}, read: []step{{}, restoring},
			failure: contract.FailRollback, calls: []string{readServer, restore, awaitRestore, verify, restore, readServer}},
		{name: "a 400 in passing is tried again", restore: []step{refused, {}}, read: []step{{}, passing, {}},
			failure: contract.FailRolledBack, calls: []string{readServer, restore, readServer, readServer, restore, awaitRestore, verify}},
		{name: "one 404 of the request is a list that lags", restore: []step{gone, {}},
			failure: contract.FailRolledBack, calls: []string{readServer, restore, contract.ActivityFindSnapshot, readServer, restore, awaitRestore, verify}},
		{name: "one 404 of the server is not its end", read: []step{apiError(contract.ErrNotFound), {}},
			failure: contract.FailRolledBack, calls: []string{readServer, readServer, restore, awaitRestore, verify}},
		{name: "a restore that left the server down unseen is started, not sent again (law 3, 11)", await: []step{unseenStopped}, checks: []step{passed},
			failure: contract.FailRolledBack, calls: []string{readServer, restore, awaitRestore, start, awaitServer, verify}},
		{name: "a restore of somebody else seen before holds", read: []step{restoring},
			failure: contract.FailRollback, calls: []string{readServer}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := badChange(t, c.checks...).on(restore, c.restore...).on(awaitRestore, c.await...).on(readServer, c.read...)
			e := h.run()
			assert.Equal(t, c.failure, e.failure)
			assert.Equal(t, c.calls, e.afterChange())
			assert.Equal(t, c.failure == contract.FailRollback, e.entered(PhaseHold), "what cannot be told is held")
			if c.note != "" {
				assert.Contains(t, e.report.Notes[len(e.report.Notes)-1], c.note)
			}
		})
	}
}

func TestARollbackThatFailsSaysTheNextCommand(t *testing.T) {
	cases := map[string]func(h *harness){
		"the snapshot is not fit": func(h *harness) {
			h.on(restore, step{reply: contract.RestoreSnapshotResult{Unfit: "it is of another server"}})
		},
		"the snapshot is gone": func(h *harness) { h.on(restore, restored(write(contract.WriteRefused, 404))) },
		"the restore does not finish": func(h *harness) {
			h.on(awaitRestore, step{reply: contract.AwaitRestoreResult{RunID: testRunID, State: contract.AwaitTimedOut, Server: contract.Server{Status: contract.ServerRestoring}}})
		},
		"the wait errs":      func(h *harness) { h.on(awaitRestore, apiError(contract.ErrUnauthorized)) },
		"the server is gone": func(h *harness) { h.on(readServer, apiError(contract.ErrNotFound)) },
		"the API stays down": func(h *harness) { h.on(readServer, apiError(contract.ErrUnavailable)) },
		"it is never sent":   func(h *harness) { h.on(restore, restored(write(contract.WriteNotSent, 429))) },
		"no token in the end": func(h *harness) {
			h.on(restore, restored(write(contract.WriteUnauthorized, 401))).on(contract.ActivityAwaitAccess, noAccess)
		},
		"no token for a read": func(h *harness) {
			h.on(readServer, apiError(contract.ErrUnauthorized)).on(contract.ActivityAwaitAccess, noAccess)
		},
		"it cannot be started": func(h *harness) {
			h.on(awaitRestore, leftStopped).on(contract.ActivityStartServer, powered(write(contract.WriteRefused, 400))).
				on(contract.ActivityAwaitServer, step{reply: contract.AwaitServerResult{State: contract.AwaitTimedOut}})
		},
	}
	for name, script := range cases {
		t.Run(name, func(t *testing.T) {
			h := badChange(t)
			script(h)
			e := h.run()
			assert.Equal(t, contract.FailRollback, e.failure)
			assert.Contains(t, e.err.Error(), "/snapshots/900/restore/")
			assert.LessOrEqual(t, h.env.Now().Sub(testStart), 2*time.Hour, "restore_timeout ends it (law 8)")
			assert.Less(t, len(e.calls), 200, "a wait must not fill the history")
		})
	}
}

var (
	noAccess    = step{reply: contract.AwaitAccessResult{State: contract.AwaitTimedOut}, takes: 45 * time.Minute}
	leftStopped = step{reply: contract.AwaitRestoreResult{RunID: testRunID, State: contract.AwaitDone, SeenRestoring: true, Server: contract.Server{ID: testServerID, Status: contract.ServerStopped}}}
)

func TestABadTokenAfterTheChangeWaitsForAMendedOne(t *testing.T) {
	h := badChange(t).on(restore, restored(write(contract.WriteUnauthorized, 401)), step{}).on(contract.ActivityAwaitAccess, step{takes: 20 * time.Minute})
	e := h.run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Equal(t, []string{readServer, restore, contract.ActivityAwaitAccess, readServer, restore, awaitRestore, verify}, e.afterChange())

	e = badChange(t).on(readServer, apiError(contract.ErrUnauthorized), step{}).on(contract.ActivityAwaitAccess, step{takes: 20 * time.Minute}).run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
}

// A token may be good for the account and lack the permission to restore: then AwaitAccess always says done.
func TestATokenWithoutThePermissionIsNotAskedInAHotLoop(t *testing.T) {
	for name, script := range map[string]func(h *harness){
		"restore": func(h *harness) { h.on(restore, restored(write(contract.WriteUnauthorized, 403))) },
		"read":    func(h *harness) { h.on(readServer, apiError(contract.ErrUnauthorized)) },
	} {
		t.Run(name, func(t *testing.T) {
			h := badChange(t)
			script(h)
			// An answer takes a moment, so that a loop without a pause ends after restore_timeout instead of never.
			h.on(contract.ActivityAwaitAccess, step{takes: time.Second})
			e := h.run()
			assert.Equal(t, contract.FailRollback, e.failure)
			assert.Less(t, e.count(contract.ActivityAwaitAccess), 100, "one try a minute, not one a second")
		})
	}
}

func TestARestoreThatLeftTheServerStoppedStartsItThenVerifies(t *testing.T) {
	e := badChange(t).on(awaitRestore, leftStopped).run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Equal(t, []string{readServer, restore, awaitRestore, contract.ActivityStartServer, contract.ActivityAwaitServer, verify}, e.afterChange())
	assert.True(t, e.report.Rollback.StartedServer)
}

func TestARestoredServerThatIsNotHealthyIsSaidSo(t *testing.T) {
	for name, checks := range map[string]step{"red": red, "inconclusive": inconclusive, "no verdict": apiError("Broken")} {
		t.Run(name, func(t *testing.T) {
			e := badChange(t, checks).run()
			assert.Equal(t, contract.FailRolledBackUnverified, e.failure)
			assert.Equal(t, OutcomeRolledBackUnverified, e.report.Outcome)
			assert.Equal(t, 1, e.count(restore), "red after a finished restore restores nothing more")
			assert.NotEmpty(t, e.report.Next)
		})
	}
}

func TestARestoreThatWasNotSentIsSentAgainAndCountedOnce(t *testing.T) {
	e := badChange(t).on(restore, restored(write(contract.WriteNotSent, 429)), step{}).run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Equal(t, 1, e.report.Rollback.Posts)
}

func TestWithoutChecksOnlyAFinishedRestoreEndsRolledBack(t *testing.T) {
	skip := func(in *SnapshotUpdateVerifyInput) { in.Verify.Skip, in.Verify.Checks = true, nil }
	e := newHarness(t, skip).on(contract.ActivitySendWebhook, changed(contract.ChangeFailed)).run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Contains(t, e.report.Summary, "not verified")
	assert.Zero(t, e.count(verify))

	e = newHarness(t, skip).on(contract.ActivitySendWebhook, changed(contract.ChangeFailed)).on(awaitRestore, unclearRestore()).run()
	assert.Equal(t, contract.FailRollback, e.failure)
	assert.True(t, e.entered(PhaseHold))
}

// A change that failed by its own word is rolled back without a look at the checks: they may have been green all along.
func TestLaw3GreenChecksProveAnUnseenRestoreOnlyAfterRedOnes(t *testing.T) {
	unseen := func(checks ...step) ended {
		return newHarness(t).on(contract.ActivitySendWebhook, changed(contract.ChangeFailed)).on(verify, append([]step{passed}, checks...)...).
			on(restore, workerKilled()).on(awaitRestore, unclearRestore()).run()
	}
	e := unseen(passed)
	assert.Equal(t, contract.FailRollback, e.failure)
	assert.True(t, e.entered(PhaseHold), "a person must say whether the restore took effect")
	assert.Contains(t, e.report.Summary, "not seen red before")

	e = unseen(red, passed)
	assert.Equal(t, contract.FailRolledBack, e.failure, "red after the first request, green after the second")
	assert.Equal(t, 2, e.count(restore))
}

func TestARestoreThatAnEarlierRunMayHaveBegunIsFollowedNotPosted(t *testing.T) {
	h := badChange(t).on(readServer, step{reply: contract.ReadServerResult{RunID: testRunID, Server: contract.Server{ID: testServerID, Status: contract.ServerRestoring}}})
	h.originalRunID = "the-run-before-the-reset"
	e := h.run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Equal(t, []string{contract.ActivityLastHolder, readServer, readServer, awaitRestore, verify}, e.afterChange(),
		"first it is asked whether another run has had the server since")
	assert.Zero(t, e.report.Rollback.Posts)
}

func TestTheFirstRestoreOfAResetRunIsNotMarkedAsLookedFor(t *testing.T) {
	h := badChange(t, red, passed).on(restore, restored(write(contract.WriteAmbiguous, 0)), step{}).on(awaitRestore, unclearRestore(), step{})
	h.originalRunID = "the-run-before-the-reset"
	h.run()
	posts := inputs[contract.RestoreSnapshotInput](h, restore)
	require.Len(t, posts, 2)
	assert.Empty(t, posts[0].Fence.LookedRunID, "its activity must take it for ambiguous")
	assert.NotEmpty(t, posts[1].Fence.LookedRunID)
}

// A restore that was accepted in the last minute takes as long as any other.
func TestARestoreIsFollowedForTheWholeTimeoutFromItsAcceptance(t *testing.T) {
	h := badChange(t).on(restore, restored(write(contract.WriteUnauthorized, 401)), step{}).on(contract.ActivityAwaitAccess, step{takes: 44 * time.Minute})
	e := h.run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Equal(t, 45*time.Minute, inputs[contract.AwaitRestoreInput](h, awaitRestore)[0].Timeout.Std())
}

// The API may ask for an hour; the rollback has 45 minutes, and its last try comes at their end.
func TestALongRetryAfterDoesNotEndARollbackBeforeItsTime(t *testing.T) {
	asked := write(contract.WriteNotSent, 429)
	asked.RetryAfter = Duration(time.Hour)
	e := badChange(t).on(restore, restored(asked), step{}).run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Equal(t, 2, e.count(restore))
}
