package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func asksFirst(in *RollbackByRestoreInput) { in.Approval.Required = true }

// nothingRestored checks what every end before the restore has in common.
func (e ended) nothingRestored() {
	e.t.Helper()
	assert.Zero(e.t, e.count(restore))
	assert.Nil(e.t, e.report.Rollback)
	assert.Equal(e.t, []error{nil}, e.lockEnds, "the lock is released")
}

func TestAnApprovalShowsWhatIsLostAndIsAnsweredInTheWordsOfEitherRunbook(t *testing.T) {
	for word, approved := range map[Decision]bool{DecideApprove: true, DecideRollback: true, DecideDeny: false, DecideCommit: false} {
		t.Run(string(word), func(t *testing.T) {
			h := newRestore(t, asksFirst)
			var asked Status
			var a *answerOf
			h.at(time.Hour, func() { asked, a = h.status(), h.decide(word) })
			e := h.run()
			assert.Equal(t, `restore snapshot 801 "pre-update-12345-x": `+loss, asked.Hold.Why)
			assert.Equal(t, []Decision{DecideApprove, DecideDeny, DecideExtend}, asked.Hold.Decisions)
			assert.Equal(t, loss, asked.Loss)
			assert.Equal(t, []string{"safepoint approve default-test-workflow-id", "safepoint deny default-test-workflow-id", "safepoint extend default-test-workflow-id"}, asked.CanDo)
			assert.True(t, a.value.(DecideAnswer).Accepted)
			require.Len(t, e.report.Decisions, 1)
			if approved {
				assert.Equal(t, OutcomeRestored, e.report.Outcome)
				assert.Equal(t, DecideApprove, e.report.Decisions[0].Decision)
				assert.Contains(t, e.report.Loss, "1 hour and 37 minutes", "the clock goes on while a person thinks")
				return
			}
			assert.Equal(t, DecideDeny, e.report.Decisions[0].Decision)
			assert.Equal(t, contract.FailNotApproved, e.failure)
			assert.Equal(t, OutcomeNotChanged, e.report.Outcome)
			assert.Equal(t, `The restore was denied by "ana" ("looked at it"). The server was not changed.`, e.report.Summary)
			e.nothingRestored()
		})
	}
}

func TestAnApprovalThatNobodyGivesEndsTheRun(t *testing.T) {
	h := newRestore(t, asksFirst)
	h.at(20*time.Hour, func() { h.decide(DecideExtend) })
	e := h.run()
	assert.Equal(t, contract.FailNotApproved, e.failure)
	assert.Contains(t, e.report.Summary, "Nobody approved the restore within approval.timeout (24h)")
	assert.True(t, e.report.EndedAt.Equal(testStart.Add(44*time.Hour)), "extend starts the time over")
	e.nothingRestored()
}

func TestAfterAnApprovalTheServerIsReadAgain(t *testing.T) {
	later := testStart.Add(30 * time.Minute)
	seen := func(server contract.Server, snapshots ...contract.Snapshot) step {
		return step{reply: contract.ReadServerResult{Server: server, Snapshots: snapshots, RunID: testRunID}}
	}
	server := func(word contract.ServerStatus) contract.Server {
		return contract.Server{ID: testServerID, Name: "web-server-01", Status: word, UpdatedAt: later}
	}
	cases := map[string]struct {
		look    step
		failure string
		say     string
	}{
		"it changed":                      {seen(server(contract.ServerStopped), listed(801)), "", `the server changed while the run was held: it was "active" (updated 2026-03-01 12:00 UTC), then "stopped" (updated 2026-03-01 12:30 UTC)`},
		"the snapshot is gone":            {seen(server(contract.ServerActive), listed(802)), contract.FailPreflight, "server 12345 has no snapshot 801; it has: 802"},
		"the snapshot is not whole":       {seen(server(contract.ServerActive), listed(801, status("failed"))), contract.FailPreflight, "is failed, not completed"},
		"somebody restores":               {seen(server(contract.ServerRestoring), listed(801)), contract.FailPreflight, `The server is "restoring"`},
		"the API cannot be asked":         {apiError(contract.ErrUnavailable), contract.FailPreflight, "could not be read again"},
		"a newer one is not restored now": {seen(contract.Server{ID: testServerID, Status: contract.ServerActive, UpdatedAt: testStart}, listed(801), listed(802)), "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t, asksFirst, func(in *RollbackByRestoreInput) { in.Snapshot = SnapshotChoice{Latest: LatestSnapshot} }).on(readServer, c.look)
			h.at(time.Hour, func() { h.decide(DecideApprove) })
			e := h.run()
			assert.Equal(t, c.failure, e.failure)
			if c.failure == "" {
				assert.Equal(t, int64(801), inputs[contract.RestoreSnapshotInput](h, restore)[0].SnapshotID, "what was approved is restored")
				assert.Contains(t, append(e.report.Notes, ""), c.say)
				return
			}
			assert.Contains(t, e.report.Summary, c.say)
			e.nothingRestored()
		})
	}
}

func TestADecisionThatIsNotAskedForIsRefused(t *testing.T) {
	h := newRestore(t, asksFirst)
	h.on(contract.ActivityPreflight, step{reply: h.preflighted, takes: 10 * time.Minute})
	var early, odd *answerOf
	h.at(5*time.Minute, func() { early = h.decide(DecideApprove) })
	h.at(time.Hour, func() { odd = h.decide("yes") })
	h.at(2*time.Hour, func() { h.decide(DecideDeny) })
	h.run()
	assert.ErrorContains(t, early.refused, "nothing is to be decided: the run is in phase preflight")
	assert.ErrorContains(t, odd.refused, `decision must be one of approve, deny, extend; got "yes"`)
}
