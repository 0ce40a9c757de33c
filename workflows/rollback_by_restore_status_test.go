package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestARollbackAnswersItsStatusInEveryPhase(t *testing.T) {
	h := newRestore(t, asksFirst, copiesFirst)
	h.existing = []contract.Snapshot{listed(801), olderSafety(802)}
	seen := map[Phase]Status{}
	look := func() {
		s := h.status()
		seen[s.Phase] = s
	}
	h.busy = 1
	h.on(contract.ActivityAwaitLock, step{during: look, takes: time.Minute})
	h.on(contract.ActivityPreflight, step{reply: h.preflighted, during: look, takes: time.Minute})
	h.on(contract.ActivityCreateSnapshot, step{during: look, takes: time.Second})
	h.on(awaitRestore, step{during: look, takes: 10 * time.Minute})
	h.on(contract.ActivityDeleteSnapshot, step{during: look, takes: time.Second})
	h.at(time.Hour, look).at(2*time.Hour, func() { h.decide(DecideApprove) })
	h.run()
	look()
	for _, phase := range []Phase{PhaseLock, PhasePreflight, PhaseHold, PhaseSnapshot, PhaseRestore, PhasePrune, PhaseDone} {
		s, ok := seen[phase]
		require.True(t, ok, "no status in phase %s", phase)
		assert.Equal(t, TypeRollbackByRestore, s.Runbook)
		assert.NotEmpty(t, s.WaitingFor)
		assert.NotEmpty(t, s.CanDo)
	}
	assert.Empty(t, seen[PhaseLock].Loss, "not known yet")
	assert.Equal(t, loss, seen[PhaseHold].Loss)
	assert.Contains(t, seen[PhasePreflight].CanDo[0], "safepoint abort default-test-workflow-id  # leaves")
	assert.Contains(t, seen[PhaseRestore].CanDo[0], "a restore is never interrupted")
	assert.Equal(t, Duration(15*time.Minute), seen[PhaseRestore].Window.Max)
	assert.Equal(t, int64(801), seen[PhaseRestore].Snapshot.ID)
	assert.Equal(t, OutcomeRestored, seen[PhaseDone].Outcome)
}

func TestTheSearchAttributesOfARollbackFollowItsPhases(t *testing.T) {
	h := newRestore(t, asksFirst, copiesFirst)
	h.at(time.Hour, func() { h.decide(DecideApprove) })
	h.run()
	var phases []any
	for _, u := range h.upserts {
		phases = append(phases, u[SearchAttributePhase])
	}
	assert.Equal(t, []any{"preflight", "hold", "preflight", "snapshot", "restore", "done"}, phases)
	assert.Equal(t, "restored", h.upserts[5][SearchAttributeOutcome])
}

func TestARollbackAsksThePolicyAboutEverythingItsInputConnectsTo(t *testing.T) {
	h := newRestore(t, func(in *RollbackByRestoreInput) { in.Notify = []NotifyTarget{{URL: "https://chat.example.com/"}} })
	e := h.run()
	assert.Equal(t, []contract.EgressTarget{
		{Path: "verify.checks[0].url", Kind: contract.EgressURL, Target: "https://web01.example.com/"},
		{Path: "notify[0].url", Kind: contract.EgressURL, Target: "https://chat.example.com/"},
	}, inputs[contract.PreflightInput](h, contract.ActivityPreflight)[0].Egress)
	var events []contract.NotifyEvent
	for _, in := range inputs[contract.NotifyInput](h, contract.ActivityNotify) {
		events = append(events, in.Message.Event)
	}
	assert.ElementsMatch(t, []contract.NotifyEvent{contract.NotifyStarted, contract.NotifyRolledBack}, events)
	assert.Equal(t, OutcomeRestored, e.report.Outcome)
}

func TestADryRunOfARollbackTellsNobody(t *testing.T) {
	h := newRestore(t, func(in *RollbackByRestoreInput) {
		in.Notify, in.DryRun = []NotifyTarget{{URL: "https://chat.example.com/"}}, true
	})
	e := h.run()
	assert.Equal(t, OutcomePlanned, e.report.Outcome)
	assert.Empty(t, inputs[contract.NotifyInput](h, contract.ActivityNotify))
}
