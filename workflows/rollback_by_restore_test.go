package workflows

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

const (
	// testAfterRun held the server's lock last.
	testAfterRun = "deploy-41"
	// loss is what a restore of snapshot 801 costs in these tests.
	loss = "the disk goes back to 2026-02-21 05:00 UTC, 37 minutes of writes since are lost"
)

// newRestore is a run of RollbackByRestore that restores snapshot 801. Its input can be changed until it runs.
func newRestore(t *testing.T, change ...func(*RollbackByRestoreInput)) *harness {
	h := newHarness(t)
	in := defaultRollbackByRestoreInput()
	in.ServerID, in.Snapshot, in.Reason, in.Verify.Checks = testServerID, SnapshotChoice{ID: 801}, "undo web 2.14.0", h.in.Verify.Checks
	for _, f := range change {
		f(&in)
	}
	h.runbook, h.input = TypeRollbackByRestore, in
	h.existing = []contract.Snapshot{listed(801)}
	h.on(contract.ActivityPreflight, step{reply: h.preflighted})
	h.on(readServer, step{reply: func(contract.ServerInput) contract.ReadServerResult {
		return contract.ReadServerResult{Server: h.server, Snapshots: h.existing, RunID: testRunID}
	}})
	h.on(contract.ActivityAwaitSnapshot, step{reply: func(in contract.AwaitSnapshotInput) contract.AwaitSnapshotResult {
		s := listed(in.ID, named(in.Own.Name))
		s.Description, s.CreatedAt = safetyMarker(in.Own.RunID).Describe(""), testTakenAt
		return contract.AwaitSnapshotResult{State: contract.AwaitDone, Snapshot: s, All: append(h.existing[:len(h.existing):len(h.existing)], s)}
	}})
	return h
}

// preflighted is the happy preflight, 37 minutes after the snapshot by the API's clock.
func (h *harness) preflighted(contract.PreflightInput) contract.PreflightResult {
	return contract.PreflightResult{Server: h.server, Snapshots: h.existing, RunID: testRunID, Now: listed(801).CreatedAt.Add(37 * time.Minute)}
}

func skipsChecks(in *RollbackByRestoreInput) { in.Verify.Skip, in.Verify.Checks = true, nil }

func TestARestoreThatWasAskedForIsDoneVerifiedAndCompletes(t *testing.T) {
	e := newRestore(t).run()
	require.NoError(t, e.err)
	assert.Equal(t, OutcomeRestored, e.report.Outcome)
	assert.Equal(t, []string{contract.ActivityPreflight, readServer, restore, awaitRestore, verify}, e.names())
	assert.Equal(t, `The server was restored to snapshot 801 "pre-update-12345-x" and verified: `+loss+".", e.report.Summary)
	assert.Equal(t, loss, e.report.Loss)
	assert.Equal(t, int64(801), e.report.Snapshot.ID)
	assert.Nil(t, e.report.SafetySnapshot)
	assert.Equal(t, "asked for: undo web 2.14.0", e.report.Rollback.Cause)
	assert.Equal(t, 1, e.report.Rollback.Posts)
	assert.True(t, e.report.Rollback.LostFrom.Equal(listed(801).CreatedAt), "the API's own time is all that is known")
	assert.Equal(t, VerifiedRestore, e.report.Verifications[0].Of)
	assert.True(t, e.entered(PhaseRestore))
	assert.False(t, e.entered(PhaseRollback), "nothing of this run is rolled back")
	assert.Empty(t, e.report.Notes)
	assert.Equal(t, []error{nil}, e.lockEnds)
}

func TestAServerThatCannotBeRestoredIsRefused(t *testing.T) {
	cases := map[string]struct {
		set func(h *harness)
		say []string
	}{
		"suspended":   {func(h *harness) { h.server.Status = contract.ServerSuspended }, []string{`The server is "suspended"`, "active or stopped", "unsuspended"}},
		"restoring":   {func(h *harness) { h.server.Status = contract.ServerRestoring }, []string{`The server is "restoring"`, "wait for the action under way to end"}},
		"no snapshot": {func(h *harness) { h.existing = nil }, []string{"server 12345 has no snapshot 801; it has none"}},
		"not completed": {func(h *harness) { h.existing = []contract.Snapshot{listed(801, status("in_progress")), listed(800)} },
			[]string{"is in_progress, not completed; it has: 801", "800 ", "with the id of one that is completed"}},
		"a bad token": {func(h *harness) { h.on(contract.ActivityPreflight, apiError(contract.ErrUnauthorized)) }, []string{"Preflight failed", "VPS_API_TOKEN"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t)
			c.set(h)
			e := h.run()
			assert.Equal(t, contract.FailPreflight, e.failure)
			assert.Equal(t, OutcomeNotChanged, e.report.Outcome)
			assert.Empty(t, e.wrote())
			for _, say := range c.say {
				assert.ErrorContains(t, e.err, say)
			}
			assert.NotContains(t, e.err.Error(), "the change")
		})
	}
}

func TestLaw3ARestoreIsSentAgainOnlyAfterALookThatSaysItDidNotBegin(t *testing.T) {
	ambiguous := restored(write(contract.WriteAmbiguous, 0))
	refused := restored(write(contract.WriteRefused, 400))
	once := []string{readServer, restore, awaitRestore}
	cases := map[string]struct {
		restore, await, checks []step
		outcome                Outcome
		calls                  []string
	}{
		"seen after a lost answer":              {[]step{ambiguous}, nil, nil, OutcomeRestored, append(once, verify)},
		"a killed worker is a lost answer":      {[]step{workerKilled()}, nil, nil, OutcomeRestored, append(once, verify)},
		"unseen and red is sent once more":      {[]step{ambiguous, {}}, []step{unclearRestore(), {}}, []step{red, passed}, OutcomeRestored, append(once, verify, restore, awaitRestore, verify)},
		"unseen and red twice is held":          {[]step{ambiguous}, []step{unclearRestore()}, []step{red}, OutcomeRollbackFailed, append(once, verify, restore, awaitRestore, verify)},
		"unseen and green is held":              {[]step{ambiguous}, []step{unclearRestore()}, []step{passed}, OutcomeRollbackFailed, append(once, verify)},
		"unseen and inconclusive is held":       {[]step{ambiguous}, []step{unclearRestore()}, []step{inconclusive}, OutcomeRollbackFailed, append(once, verify)},
		"somebody else restores":                {[]step{refused}, nil, nil, OutcomeRollbackFailed, []string{readServer, restore, readServer}},
		"not sent is sent again":                {[]step{restored(write(contract.WriteNotSent, 429)), {}}, nil, nil, OutcomeRestored, []string{readServer, restore, readServer, restore, awaitRestore, verify}},
		"a token that is mended goes on":        {[]step{restored(write(contract.WriteUnauthorized, 401)), {}}, nil, nil, OutcomeRestored, []string{readServer, restore, contract.ActivityAwaitAccess, readServer, restore, awaitRestore, verify}},
		"restored and red ends unverified":      {nil, nil, []step{red}, OutcomeRolledBackUnverified, append(once, verify)},
		"restored and inconclusive: unverified": {nil, nil, []step{inconclusive}, OutcomeRolledBackUnverified, append(once, verify)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t).on(restore, c.restore...).on(awaitRestore, c.await...).on(verify, c.checks...)
			e := h.run()
			assert.Equal(t, c.outcome, e.report.Outcome)
			assert.Equal(t, c.calls, e.names()[1:])
			assert.NotContains(t, e.report.Summary, "the change")
			assert.NotContains(t, e.report.Summary, "bad change")
		})
	}
}

func TestTheEndsOfARestoreSayWhatBecameOfTheServer(t *testing.T) {
	gone := restored(write(contract.WriteRefused, 404))
	cases := map[string]struct {
		set  func(h *harness)
		say  []string
		fail string
	}{
		"unhealthy": {func(h *harness) { h.on(verify, red) },
			[]string{`The server was restored to snapshot 801 "pre-update-12345-x", but is not healthy: home is failed`, "the snapshot is kept"}, contract.FailRolledBackUnverified},
		"gone at the last moment": {func(h *harness) { h.on(restore, gone) },
			[]string{"The restore failed: snapshot 801 cannot be restored", "The API took no request: nothing was restored by this run", "snapshots/801/restore/"}, contract.FailRollback},
		"never finished": {func(h *harness) {
			h.on(awaitRestore, step{reply: contract.AwaitRestoreResult{RunID: testRunID, State: contract.AwaitTimedOut, Detail: "it is still restoring"}})
		}, []string{"The restore failed: the restore had not finished", "The server may be half restored"}, contract.FailRollback},
		"nobody decides": {func(h *harness) { h.on(restore, restored(write(contract.WriteRefused, 400))) },
			[]string{"somebody else may be restoring the server; nobody decided within rollback.hold_timeout (24h)", "nothing was restored by this run"}, contract.FailRollback},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t)
			c.set(h)
			e := h.run()
			assert.Equal(t, c.fail, e.failure)
			for _, say := range c.say {
				assert.ErrorContains(t, e.err, say)
			}
			assert.NotContains(t, e.err.Error(), "change")
		})
	}
}

func TestAHeldRestoreIsDecidedByAPerson(t *testing.T) {
	refused := restored(write(contract.WriteRefused, 400))
	cases := map[string]struct {
		restore  []step
		await    []step
		decision Decision
		outcome  Outcome
		failure  string
		say      string
	}{
		"once more":              {[]step{refused, {}}, nil, DecideRollback, OutcomeRestored, "", "and verified"},
		"given up, nothing sent": {[]step{refused}, nil, DecideCommit, OutcomeNotChanged, contract.FailNotApproved, `decided by "ana" ("looked at it")`},
		"given up, one may be sent": {[]step{restored(write(contract.WriteAmbiguous, 0))}, []step{unclearRestore()}, DecideCommit, OutcomeChangeUnknown, contract.FailChangeUnknown,
			"Nobody knows whether the restore took effect"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t).on(restore, c.restore...).on(awaitRestore, c.await...)
			var a *answerOf
			h.at(time.Hour, func() { a = h.decide(c.decision) })
			e := h.run()
			assert.Equal(t, c.outcome, e.report.Outcome)
			assert.Equal(t, c.failure, e.failure)
			assert.Contains(t, e.report.Summary, c.say)
			assert.NotContains(t, a.value.(DecideAnswer).Detail, "change")
		})
	}
}

func TestLaw7ALockLostBeforeTheRestoreStopsAndOneLostLaterIsTakenAgain(t *testing.T) {
	h := newRestore(t)
	h.on(contract.ActivityPreflight, step{reply: h.preflighted, during: h.endLock, takes: time.Minute})
	e := h.run()
	assert.Equal(t, contract.FailLockLost, e.failure)
	assert.Empty(t, e.wrote())

	h = newRestore(t)
	h.on(awaitRestore, step{during: h.endLock, takes: 10 * time.Minute})
	e = h.run()
	assert.Equal(t, OutcomeRestored, e.report.Outcome)
	assert.Contains(t, e.report.Notes, "the lock was taken again")
	assert.Len(t, e.locks, 2)
}

func TestLaw11AServerThatComesBackStoppedIsStarted(t *testing.T) {
	stopped := contract.Server{ID: testServerID, Status: contract.ServerStopped}
	down := step{reply: contract.AwaitRestoreResult{RunID: testRunID, State: contract.AwaitDone, Server: stopped, SeenRestoring: true}}
	cases := map[string]struct {
		before contract.ServerStatus
		skip   bool
		starts int
	}{
		"it ran before":                            {contract.ServerActive, false, 1},
		"it ran before, no checks":                 {contract.ServerActive, true, 1},
		"it was stopped before, and is verified":   {contract.ServerStopped, false, 1},
		"it was stopped before, and nothing looks": {contract.ServerStopped, true, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t, func(in *RollbackByRestoreInput) {
				if c.skip {
					skipsChecks(in)
				}
			}).on(awaitRestore, down)
			h.server.Status = c.before
			e := h.run()
			assert.Equal(t, OutcomeRestored, e.report.Outcome)
			assert.Equal(t, c.starts, e.count(contract.ActivityStartServer))
			assert.Equal(t, c.starts == 1, e.report.Rollback.StartedServer)
			if c.starts == 0 {
				assert.Contains(t, e.report.Notes[0], "left stopped")
			}
		})
	}
}

func TestAStoppedServersRedChecksAreNoReasonForASecondRestore(t *testing.T) {
	h := newRestore(t).on(restore, restored(write(contract.WriteAmbiguous, 0))).on(awaitRestore, unclearRestore()).on(verify, red)
	h.server.Status = contract.ServerStopped
	e := h.run()
	assert.Equal(t, contract.FailRollback, e.failure)
	assert.Equal(t, 1, e.count(restore))
	assert.Zero(t, e.count(verify))
}

func TestARunThatWasResetLooksBeforeItsFirstRestore(t *testing.T) {
	h := newRestore(t)
	h.originalRunID = "the-run-before"
	h.on(restore, restored(write(contract.WriteAmbiguous, 0)))
	e := h.run()
	assert.Equal(t, OutcomeRestored, e.report.Outcome)
	posts := inputs[contract.RestoreSnapshotInput](h, restore)
	require.Len(t, posts, 1)
	assert.Equal(t, "the-run-before", posts[0].Fence.OriginalRunID)
	assert.Empty(t, posts[0].Fence.LookedRunID, "nobody has looked: the activity must not send")
}

func TestASecondAttemptOfARollbackRestoresNothing(t *testing.T) {
	h := newRestore(t)
	h.attempt = 2
	raw, err := json.Marshal(h.input)
	require.NoError(t, err)
	h.env.ExecuteWorkflow(TypeRollbackByRestore, rawJSON(raw))
	var app *temporal.ApplicationError
	require.ErrorAs(t, h.env.GetWorkflowError(), &app)
	assert.Equal(t, contract.FailChangeUnknown, app.Type())
	assert.Empty(t, h.names())
}

func TestBadInputOfARollbackAnswersUpdatesAndContactsNobody(t *testing.T) {
	h := newRestore(t, func(in *RollbackByRestoreInput) { in.Snapshot = SnapshotChoice{} })
	e := h.run()
	assert.Equal(t, contract.FailInvalidInput, e.failure)
	assert.ErrorContains(t, e.err, "- snapshot: ")
	assert.Empty(t, e.names())
	var app *temporal.ApplicationError
	require.ErrorAs(t, e.err, &app)
	assert.True(t, app.NonRetryable())
}
