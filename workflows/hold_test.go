package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// heldRun is a run that holds because its checks cannot judge the change; it is held from the start of its clock on.
func heldRun(t *testing.T, more ...step) *harness {
	return newHarness(t).on(verify, append([]step{passed, inconclusive}, more...)...)
}

func (h *harness) decide(decision Decision) *answerOf {
	return h.update(UpdateDecide, DecideRequest{Decision: decision, By: "ana", Note: "looked at it"})
}

func TestAPersonDecidesAHold(t *testing.T) {
	cases := []struct {
		decision Decision
		failure  string
		outcome  Outcome
	}{
		{DecideCommit, "", OutcomeCommitted},
		{DecideRollback, contract.FailRolledBack, OutcomeRolledBack},
	}
	for _, c := range cases {
		t.Run(string(c.decision), func(t *testing.T) {
			h := heldRun(t, passed)
			var a *answerOf
			h.at(time.Hour, func() { a = h.decide(c.decision) })
			e := h.run()
			assert.Equal(t, c.failure, e.failure)
			assert.Equal(t, c.outcome, e.report.Outcome)
			assert.True(t, a.done)
			assert.True(t, a.value.(DecideAnswer).Accepted)
			require.Len(t, e.report.Decisions, 1)
			d := e.report.Decisions[0]
			assert.Equal(t, DecisionRecord{Decision: c.decision, By: "ana", Note: "looked at it", At: d.At}, d)
			assert.True(t, d.At.Equal(testStart.Add(time.Hour)), "who and when")
		})
	}
}

func TestAnExtendedHoldStartsItsTimeOver(t *testing.T) {
	h := heldRun(t)
	var until []time.Time
	look := func() { until = append(until, h.status().Hold.Until) }
	h.at(time.Hour, look)
	h.at(20*time.Hour, func() { h.decide(DecideExtend) })
	h.at(30*time.Hour, look) // past the first end
	h.at(40*time.Hour, func() { h.decide(DecideCommit) })
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	require.Len(t, until, 2)
	assert.True(t, until[0].Equal(testStart.Add(24*time.Hour)))
	assert.True(t, until[1].Equal(testStart.Add(44*time.Hour)))
	assert.Len(t, e.report.Decisions, 2)
}

func TestAHoldThatNobodyDecidesRunsOut(t *testing.T) {
	e := heldRun(t).run()
	assert.Equal(t, contract.FailChange, e.failure)
	assert.Contains(t, e.report.Summary, "Nobody decided")
	assert.Contains(t, e.report.Next, "snapshot 900")
	assert.True(t, e.report.EndedAt.Equal(testStart.Add(24*time.Hour)))
	assert.Zero(t, e.count(restore))
}

func TestACanceledHoldRestoresNothing(t *testing.T) {
	for _, policy := range []OnFailure{FailureRestore, FailureHold} {
		h := heldRun(t)
		h.in.Rollback.OnFailure = policy
		h.at(time.Hour, h.env.CancelWorkflow)
		e := h.run()
		assert.Equal(t, contract.FailChange, e.failure)
		assert.Zero(t, e.count(restore))
		assert.Equal(t, []error{nil}, e.lockEnds)
	}
}

func TestOnFailureHoldAsksAPersonBeforeTheRestore(t *testing.T) {
	for decision, failure := range map[Decision]string{DecideCommit: "", DecideRollback: contract.FailRolledBack} {
		h := badChange(t)
		h.in.Rollback.OnFailure = FailureHold
		h.at(time.Hour, func() { h.decide(decision) })
		e := h.run()
		assert.Equal(t, failure, e.failure)
		assert.True(t, e.entered(PhaseHold))
	}
}

func TestAHeldRollbackIsDecidedByAPersonAndNotByACancel(t *testing.T) {
	cases := map[Decision]string{DecideCommit: "", DecideRollback: contract.FailRolledBack}
	for decision, failure := range cases {
		t.Run(string(decision), func(t *testing.T) {
			h := badChange(t).on(restore, restored(write(contract.WriteRefused, 400)), step{})
			h.at(time.Hour, h.env.CancelWorkflow)
			h.at(2*time.Hour, func() { h.decide(decision) })
			e := h.run()
			assert.Equal(t, failure, e.failure)
			if decision == DecideRollback {
				posts := inputs[contract.RestoreSnapshotInput](h, restore)
				assert.Len(t, posts, 2, "each decision has one restore of its own")
			}
		})
	}
}

func TestADecisionIsRefusedWithTheReason(t *testing.T) {
	h := heldRun(t)
	h.on(contract.ActivityAwaitSnapshot, step{takes: 10 * time.Minute})
	answers := map[string]*answerOf{}
	h.at(5*time.Minute, func() { answers["the run is in phase snapshot"] = h.decide(DecideCommit) })
	h.at(time.Hour, func() { answers["must be one of commit, rollback, extend"] = h.decide("undo") })
	h.at(2*time.Hour, func() {
		answers["by is at most"] = h.update(UpdateDecide, DecideRequest{Decision: DecideCommit, By: string(make([]byte, 200))})
	})
	h.at(3*time.Hour, func() { h.decide(DecideCommit) })
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	require.Len(t, answers, 3)
	for reason, a := range answers {
		assert.ErrorContains(t, a.refused, reason)
		assert.False(t, a.accepted, "a refusal writes no event")
	}
	assert.Len(t, e.report.Decisions, 1)
}

func TestAnEndedOrDecidedRunTakesNoDecision(t *testing.T) {
	over := &serverRun{ended: true, report: Report{Outcome: OutcomeRolledBack}}
	assert.ErrorContains(t, over.checkDecision(DecideRequest{Decision: DecideCommit}), "ended as rolled_back")
	decided := &serverRun{hold: &holdState{question: question{allowed: verdictDecisions}, decided: &DecisionRecord{Decision: DecideRollback, By: "ana"}}}
	assert.ErrorContains(t, decided.checkDecision(DecideRequest{Decision: DecideCommit}), `already decided: rollback by "ana"`)
}
