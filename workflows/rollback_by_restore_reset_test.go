package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// newResetRestore is a run that was reset while its restore was under way.
func newResetRestore(t *testing.T, change ...func(*RollbackByRestoreInput)) *harness {
	h := newRestore(t, change...)
	h.originalRunID = "the-run-before"
	h.server.Status = contract.ServerRestoring
	return h
}

func TestLaw3ARestoreThatARunBeforeTheResetBeganIsFollowedNotRefused(t *testing.T) {
	cases := map[string]struct {
		change []func(*RollbackByRestoreInput)
		set    func(h *harness)
		note   string
	}{
		"plain":    {},
		"approved": {change: []func(*RollbackByRestoreInput){asksFirst}, set: func(h *harness) { h.at(time.Hour, func() { h.decide(DecideApprove) }) }},
		"with a safety snapshot that nobody took": {change: []func(*RollbackByRestoreInput){copiesFirst},
			note: "no safety snapshot was taken: the server is being restored"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newResetRestore(t, c.change...)
			if c.set != nil {
				c.set(h)
			}
			e := h.run()
			assert.Equal(t, OutcomeRestored, e.report.Outcome, "%v", e.err)
			assert.Empty(t, e.wrote(), "it was sent before the reset")
			assert.Equal(t, 1, e.count(awaitRestore))
			assert.Equal(t, VerifiedRestore, e.report.Verifications[0].Of)
			assert.Contains(t, strings.Join(e.report.Notes, "\n"), c.note)
		})
	}
}

func TestAfterAResetARestoreThatNobodyCanVouchForIsHeldOrNoted(t *testing.T) {
	h := newResetRestore(t)
	e := h.run()
	assert.Equal(t, OutcomeRestored, e.report.Outcome, "%v", e.err)
	assert.Contains(t, strings.Join(e.report.Notes, "\n"), "a restore that this run did not send has finished")

	h = newResetRestore(t, func(in *RollbackByRestoreInput) { in.Verify.Skip, in.Verify.Checks = true, nil })
	var asked Status
	h.at(time.Hour, func() { asked = h.status(); h.decide(DecideCommit) })
	e = h.run()
	require.NotNil(t, asked.Hold)
	assert.Contains(t, asked.Hold.Why, "nobody can say of which snapshot, and there are no checks to tell")
	assert.NotEqual(t, OutcomeRestored, e.report.Outcome)
	assert.Empty(t, e.wrote())
}

// A look that was made before the reset is replayed after it: what it decided then, it must decide now.
func TestALookOfTheRunBeforeTheResetStillRefusesARestoringServer(t *testing.T) {
	h := newResetRestore(t)
	h.on(contract.ActivityPreflight, step{reply: contract.PreflightResult{Server: h.server, Snapshots: h.existing, RunID: "the-run-before"}})
	e := h.run()
	assert.Equal(t, contract.FailPreflight, e.failure)
	assert.Empty(t, e.wrote())
}
