package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func afterDeploy(in *RollbackByRestoreInput) { in.AfterRun = testAfterRun }

func lastHeld(result contract.LastHolderResult) step { return step{reply: result} }

func TestAServerThatWasWrittenToSinceIsRefused(t *testing.T) {
	cases := map[string]struct {
		set func(h *harness)
		say string
	}{
		"by another run": {func(h *harness) {
			h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: "deploy-42"}))
		}, "server 12345 was locked by deploy-42 since deploy-41"},
		"by another run that goes on": {func(h *harness) {
			h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, Running: true, HolderWorkflowID: "deploy-42"}))
		}, "server 12345 was locked by deploy-42 since deploy-41"},
		"by hand": {func(h *harness) {
			h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true}))
		}, "server 12345 was locked by hand since deploy-41"},
		"nobody knows":        {func(h *harness) { h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{})) }, "nobody knows who wrote to server 12345 last"},
		"nobody can be asked": {func(h *harness) { h.on(contract.ActivityLastHolder, apiError(contract.ErrUnavailable)) }, "It is not known who wrote to the server last"},
		"while it waited":     {func(h *harness) { h.busy = 1 }, "the lock of server 12345 was still held when this run came"},
		"while it looked at a dead one's lock": {func(h *harness) {
			h.busy = 1
			in := h.input.(RollbackByRestoreInput)
			in.Lock.OnBusy = BusyFail
			h.input = in
		}, "the lock of server 12345 was still held when this run came"},
		"a newer snapshot":     {func(h *harness) { h.existing = append(h.existing, listed(802)) }, `snapshot 802 "pre-update-12345-x" is newer than snapshot 801`},
		"a newer, in progress": {func(h *harness) { h.existing = append(h.existing, listed(802, status("in_progress"))) }, "is newer than snapshot 801"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t, afterDeploy)
			c.set(h)
			e := h.run()
			assert.Equal(t, contract.FailPreflight, e.failure)
			assert.Equal(t, OutcomeNotChanged, e.report.Outcome)
			assert.Contains(t, e.report.Summary, c.say)
			assert.Empty(t, e.wrote())
		})
	}
}

func TestAServerThatNobodyElseWroteToIsRestored(t *testing.T) {
	cases := map[string]func(h *harness){
		"the run was the last":     func(*harness) {},
		"a newer one made by hand": func(h *harness) { h.existing = append(h.existing, listed(802, byHand)) },
		"a newer safety snapshot":  func(h *harness) { h.existing = append(h.existing, olderSafety(802)) },
		"this very run, by a reset": func(h *harness) {
			h.originalRunID = "the-run-before"
			h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: "default-test-workflow-id"}))
		},
	}
	for name, set := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t, afterDeploy)
			set(h)
			e := h.run()
			assert.Equal(t, OutcomeRestored, e.report.Outcome, "%v", e.err)
			assert.Equal(t, contract.ActivityLastHolder, e.names()[0], "asked before the lock is taken: afterwards it is this run")
		})
	}
}

func TestWithoutAfterRunNobodyIsAsked(t *testing.T) {
	assert.Zero(t, newRestore(t).run().count(contract.ActivityLastHolder))
}

func TestADryRunSaysWhatWouldBeLostAndWritesNothing(t *testing.T) {
	everything := func(in *RollbackByRestoreInput) {
		in.DryRun, in.Approval.Required, in.Safety.Snapshot, in.AfterRun = true, true, true, testAfterRun
	}
	restoring := `restore snapshot 801 "pre-update-12345-x" (5 to 15 minutes): ` + loss
	create := "create a safety snapshot named safety-12345-<time>-<hash> and wait until it is completed (3 to 10 minutes)"
	approve := "wait for a person to approve, for up to 24h"
	up, checks := "start the server if it comes back stopped", "verify with 1 check: 3 green rounds in a row pass, 3 red ones fail"
	cases := map[string]struct {
		change   func(*RollbackByRestoreInput)
		existing []contract.Snapshot
		plan     []string
	}{
		"everything": {everything, []contract.Snapshot{listed(801)}, []string{approve, create, restoring, up, checks}},
		"room is made": {everything, []contract.Snapshot{olderSafety(800), listed(801), listed(802, byHand), listed(803, byHand), listed(804, byHand)},
			[]string{approve, `delete snapshot 800 "safety-12345-old" to make room: retention would delete it anyway`, create, restoring, up, checks}},
		"no room": {func(in *RollbackByRestoreInput) { in.DryRun, in.Safety.Snapshot = true, true }, []contract.Snapshot{listed(800, byHand), listed(801), listed(802, byHand), listed(803, byHand), listed(804, byHand)},
			[]string{"take no safety snapshot, there is no room: the server has 5 of 5 snapshots, 1 must go and policy safety (keep_last 1) may remove 0 of them. Delete what is no longer needed", restoring, up, checks}},
		"the least": {func(in *RollbackByRestoreInput) { in.DryRun = true; skipsChecks(in) }, []contract.Snapshot{listed(801)},
			[]string{restoring, "start the server if it comes back stopped and was not stopped before", "skip verification"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t, c.change)
			h.existing = c.existing
			e := h.run()
			require.NoError(t, e.err)
			assert.Equal(t, OutcomePlanned, e.report.Outcome)
			assert.Equal(t, c.plan, e.report.Plan)
			assert.Equal(t, loss, e.report.Loss)
			assert.Contains(t, e.report.Summary, loss)
			assert.Empty(t, e.wrote())
			assert.Empty(t, e.locks, "nothing is written, so nobody is kept out")
			assert.False(t, e.entered(PhaseHold))
		})
	}
}

func TestADryRunEndsWhereTheRealRunWould(t *testing.T) {
	h := newRestore(t, mustCopy, func(in *RollbackByRestoreInput) { in.DryRun = true })
	h.existing = []contract.Snapshot{listed(801), listed(802), listed(803), listed(804), listed(805)}
	assert.Equal(t, contract.FailSnapshotLimit, h.run().failure)
	h = newRestore(t, func(in *RollbackByRestoreInput) { in.DryRun, in.Snapshot.ID = true, 999 })
	assert.Equal(t, contract.FailPreflight, h.run().failure)
}

func TestABusyServerIsHandledAsOnBusySays(t *testing.T) {
	for policy, outcome := range map[OnBusy]Outcome{BusyFail: OutcomeNotChanged, BusySkip: OutcomeSkipped, BusyWait: OutcomeRestored} {
		h := newRestore(t, func(in *RollbackByRestoreInput) { in.Lock.OnBusy, in.Lock.Timeout = policy, Duration(20*time.Minute) })
		h.busy = 1
		if policy != BusyWait {
			h.on(contract.ActivityAwaitLock, heldBy(testHolder))
		}
		assert.Equal(t, outcome, h.run().report.Outcome, policy)
	}
}
