package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestLaw9ACancelBeforeTheRestoreRestoresNothing(t *testing.T) {
	full := []contract.Snapshot{olderSafety(800), listed(801), listed(802, byHand), listed(803, byHand), listed(804, byHand)}
	everything := func(in *RollbackByRestoreInput) {
		in.Approval.Required, in.Safety.Snapshot, in.AfterRun = true, true, testAfterRun
	}
	approve := func(h *harness) { h.at(time.Minute, func() { h.decide(DecideApprove) }) }
	during := func(activity string, s step) func(h *harness, cancel func()) {
		return func(h *harness, cancel func()) {
			approve(h)
			s.during = cancel
			h.on(activity, s)
		}
	}
	never, slow := step{never: true}, step{takes: time.Second}
	cases := map[string]struct {
		script func(h *harness, cancel func())
		wrote  []string
		locks  int
	}{
		"who held the lock last": {during(contract.ActivityLastHolder, never), nil, 0},
		"the lock": {func(h *harness, cancel func()) {
			h.busy = 1
			h.on(contract.ActivityAwaitLock, step{during: cancel, never: true})
		}, nil, 0},
		"preflight":       {during(contract.ActivityPreflight, never), nil, 1},
		"approval":        {func(h *harness, cancel func()) { h.at(time.Hour, cancel) }, nil, 1},
		"the second look": {during(readServer, never), nil, 1},
		"making room": {func(h *harness, cancel func()) {
			h.existing = full
			during(contract.ActivityDeleteSnapshot, slow)(h, cancel)
		}, []string{contract.ActivityDeleteSnapshot}, 1},
		"the create":             {during(contract.ActivityCreateSnapshot, slow), []string{contract.ActivityCreateSnapshot}, 1},
		"the copy is being made": {during(contract.ActivityAwaitSnapshot, never), []string{contract.ActivityCreateSnapshot}, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t, everything)
			c.script(h, h.env.CancelWorkflow)
			e := h.run()
			var canceled *temporal.CanceledError
			require.ErrorAs(t, e.err, &canceled)
			assert.Equal(t, OutcomeCanceled, e.report.Outcome)
			assert.Contains(t, e.report.Summary, "Canceled before the restore. Nothing was restored")
			assert.NotContains(t, e.report.Summary, "change")
			assert.Equal(t, len(c.wrote), len(e.wrote()), "%v", e.wrote())
			assert.ElementsMatch(t, c.wrote, e.wrote())
			require.Len(t, e.lockEnds, c.locks)
			for _, end := range e.lockEnds {
				assert.NoError(t, end, "the lock is released: a cancel of the run is not a cancel of its lock")
			}
		})
	}
}

func TestLaw9ACancelDuringTheRestoreFinishesIt(t *testing.T) {
	for _, activity := range []string{restore, awaitRestore, contract.ActivityStartServer, verify, contract.ActivityDeleteSnapshot} {
		t.Run(activity, func(t *testing.T) {
			h := newRestore(t, copiesFirst)
			h.existing = []contract.Snapshot{listed(801), olderSafety(802)}
			stopped := contract.Server{ID: testServerID, Status: contract.ServerStopped}
			h.on(awaitRestore, step{takes: time.Minute, reply: contract.AwaitRestoreResult{RunID: testRunID, State: contract.AwaitDone, Server: stopped, SeenRestoring: true}})
			s := h.script[activity]
			if len(s) == 0 {
				s = []step{{}}
			}
			s[0].during, s[0].takes = h.env.CancelWorkflow, time.Minute
			e := h.on(activity, s...).run()
			assert.Equal(t, OutcomeRestored, e.report.Outcome)
			assert.Equal(t, []string{contract.ActivityCreateSnapshot, restore, contract.ActivityStartServer, contract.ActivityDeleteSnapshot}, e.wrote())
			assert.Equal(t, []error{nil}, e.lockEnds)
		})
	}
}

func TestLaw9AHeldRestoreIsDecidedByAPersonAndNotByACancel(t *testing.T) {
	h := newRestore(t).on(restore, restored(write(contract.WriteRefused, 400)), step{})
	h.at(time.Hour, h.env.CancelWorkflow)
	h.at(2*time.Hour, func() { h.decide(DecideRollback) })
	assert.Equal(t, OutcomeRestored, h.run().report.Outcome)
}
