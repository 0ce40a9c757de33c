package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// blind makes every check one that cannot be looked at: the name never resolves (RFC 2606 reserves .invalid).
func blind(in map[string]any) {
	v := part(in, "verify")
	v["baseline"], v["timeout"] = false, "1s"
	v["checks"] = []any{map[string]any{"kind": "http", "url": "http://no-such-host.invalid/", "timeout": "1m"}} // a time-out would be another verdict
}

// heldBlind is a run whose change was made and that nobody can judge.
func (r *rig) heldBlind(holdTimeout string) {
	r.t.Helper()
	r.start(r.id(), r.input(true, func(in map[string]any) {
		blind(in)
		part(in, "rollback")["hold_timeout"] = holdTimeout
	}))
	r.inPhase(r.id(), workflows.PhaseHold, patience)
}

// nothingRestored is the bar of every end that leaves the change on the server.
func (r *rig) nothingRestored(report workflows.Report, failure string) {
	r.t.Helper()
	require.Equal(r.t, failure, report.Failure, "%+v", report)
	require.Empty(r.t, r.requests(vpsfake.OpRestoreSnapshot))
	server, _ := r.state()
	require.Equal(r.t, "2.0.0", server.Version, "the change is still there")
	require.Contains(r.t, report.Summary, "not rolled back")
	require.Contains(r.t, report.Next, report.Snapshot.Name, "the way back is named")
	r.oneSnapshotOfOurs()
	r.lockFree()
	r.lawful()
}

func TestLaw6AVerificationThatCannotLookHoldsAndAPersonDecides(t *testing.T) {
	t.Parallel()
	ends := map[workflows.Decision]func(r *rig, report workflows.Report){
		workflows.DecideCommit: (*rig).committed,
		// The same check is blind after the restore too, so the end is not a verified one.
		workflows.DecideRollback: func(r *rig, report workflows.Report) {
			require.Equal(r.t, workflows.OutcomeRolledBackUnverified, report.Outcome)
			server, _ := r.state()
			require.Equal(r.t, 1, server.Restores)
			require.Equal(r.t, "1.0.0", server.Version)
			r.lawful()
		},
	}
	for decision, check := range ends {
		t.Run(string(decision), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.heldBlind("5m")
			status := r.status(r.id())
			require.NotNil(t, status.LastVerification)
			require.NotNil(t, status.Hold)
			require.Equal(t, contract.VerdictInconclusive, status.LastVerification.Verdict)
			require.Equal(t, []workflows.Decision{workflows.DecideCommit, workflows.DecideRollback, workflows.DecideExtend}, status.Hold.Decisions)
			require.Empty(t, r.requests(vpsfake.OpRestoreSnapshot), "inconclusive never restores")
			require.ErrorContains(t, r.decide(r.id(), "d0", "perhaps"), "must be one of")
			require.NoError(t, r.decide(r.id(), "d1", decision))
			report := r.end(r.id(), patience)
			check(r, report)
			require.Len(t, report.Decisions, 1)
			require.Equal(t, "tester", report.Decisions[0].By)
			require.False(t, report.Decisions[0].At.IsZero())
			r.lockFree()
		})
	}
}

func TestNothingCanBeDecidedWhereNothingIsAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inWaitAfter(vpsfake.OpCreateSnapshot, func() { r.start(r.id(), r.input(true, nil)) })
	err := r.decide(r.id(), "d1", workflows.DecideCommit)
	require.ErrorContains(t, err, "nothing is to be decided: the run is in phase snapshot")
	r.open()
	r.committed(r.end(r.id(), patience))
	require.Error(t, r.decide(r.id(), "d2", workflows.DecideRollback), "the run has ended")
	require.Empty(t, r.requests(vpsfake.OpRestoreSnapshot))
}

func TestAHoldCanBeExtendedAndEndsByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const holdFor = 16 * time.Second
	r.heldBlind(holdFor.String())
	first := r.holdOf(r.id()).Until
	r.eventually(holdFor, "a part of the hold to pass", func() bool { return time.Until(first) < holdFor*3/4 })
	require.NoError(t, r.decide(r.id(), "d1", workflows.DecideExtend))
	second := r.holdOf(r.id()).Until
	require.Greater(t, second.Sub(first), holdFor/8, "the hold starts over")
	report := r.end(r.id(), patience)
	require.False(t, report.EndedAt.Before(second), "ended at %s, before %s", report.EndedAt, second)
	require.Contains(t, report.Summary, "Nobody decided")
	require.Equal(t, workflows.OutcomeChangeFailed, report.Outcome)
	require.Equal(t, workflows.DecideExtend, report.Decisions[0].Decision)
	r.nothingRestored(report, contract.FailChange)
}

func TestLaw9ACancelInAHoldEndsTheRunWithNothingRestored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.heldBlind("5m")
	require.NoError(t, r.temp.CancelWorkflow(t.Context(), r.id(), ""))
	report := r.end(r.id(), patience)
	require.Contains(t, report.Summary, "Canceled by a person")
	r.nothingRestored(report, contract.FailChange)
}

func TestWhatABadChangeLeadsToIsThePolicysWord(t *testing.T) {
	t.Parallel()
	t.Run("none leaves it", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start(r.id(), r.input(false, func(in map[string]any) { part(in, "rollback")["on_failure"] = "none" }))
		r.nothingRestored(r.end(r.id(), patience), contract.FailChange)
	})
	t.Run("hold asks, and a cancel leaves it", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.held(r.id())
		require.Contains(t, r.holdOf(r.id()).Why, "verification failed")
		require.NoError(t, r.temp.CancelWorkflow(t.Context(), r.id(), ""))
		r.nothingRestored(r.end(r.id(), patience), contract.FailChange)
	})
	t.Run("hold asks, and the time runs out", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start(r.id(), r.input(false, func(in map[string]any) { in["rollback"] = map[string]any{"on_failure": "hold", "hold_timeout": "1s"} }))
		r.nothingRestored(r.end(r.id(), patience), contract.FailChange)
	})
}

// Two restores of one server at once: ours must not take effect, and only a person knows what the other one is for.
func TestLaw3SomebodyElsesRestoreHoldsOurs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fault(vpsfake.Fault{Kind: vpsfake.ForeignRestore, Op: vpsfake.OpRestoreSnapshot, Times: 1})
	r.start(r.id(), r.input(false, nil))
	r.inPhase(r.id(), workflows.PhaseHold, patience)
	require.Contains(t, r.holdOf(r.id()).Why, "somebody else")
	server, _ := r.state()
	require.Equal(t, 1, server.ForeignRestores)
	require.Zero(t, server.Restores, "no restore of ours took effect")

	t.Log("a cancel asks to leave the server safe, and only a person knows what is safe here")
	require.NoError(t, r.temp.CancelWorkflow(t.Context(), r.id(), ""))
	r.eventually(patience, "the other restore to end", func() bool { s, _ := r.state(); return !s.Restoring })
	r.inPhase(r.id(), workflows.PhaseHold, patience)
	require.Len(t, r.requests(vpsfake.OpRestoreSnapshot), 1)

	require.NoError(t, r.decide(r.id(), "d1", workflows.DecideRollback))
	report := r.end(r.id(), patience)
	r.rolledBack(report)
	require.Equal(t, workflows.DecideRollback, report.Decisions[0].Decision)
	r.lockFree()
}
