package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestACancelBeforeTheChangeStopsAndWritesNothingMore(t *testing.T) {
	cases := []struct {
		name   string
		script func(h *harness, cancel func())
		wrote  []string
	}{
		{"waiting for the lock", func(h *harness, cancel func()) {
			h.busy = 1
			h.on(contract.ActivityAwaitLock, step{during: cancel, never: true})
		}, nil},
		{"preflight", func(h *harness, cancel func()) {
			h.on(contract.ActivityPreflight, step{during: cancel, never: true})
		}, nil},
		{"baseline", func(h *harness, cancel func()) { h.on(verify, step{during: cancel, never: true}) }, nil},
		{"room is being made", func(h *harness, cancel func()) {
			h.in.Retention.KeepLast = 1
			h.existing = []contract.Snapshot{olderSnapshot(801), olderSnapshot(802), olderSnapshot(803), olderSnapshot(804), olderSnapshot(805)}
			h.on(contract.ActivityDeleteSnapshot, step{during: cancel, takes: time.Second})
		}, []string{contract.ActivityDeleteSnapshot}},
		{"the create is in flight", func(h *harness, cancel func()) {
			h.on(contract.ActivityCreateSnapshot, step{during: cancel, takes: time.Second})
		}, []string{contract.ActivityCreateSnapshot}},
		{"the create was unclear", func(h *harness, cancel func()) {
			h.on(contract.ActivityCreateSnapshot, createAmbiguous).on(contract.ActivityFindSnapshot, step{during: cancel, never: true})
		}, []string{contract.ActivityCreateSnapshot}},
		{"the create is tried again", func(h *harness, cancel func()) {
			h.on(contract.ActivityCreateSnapshot, created(write(contract.WriteNotSent, 429))).at(time.Second, cancel)
		}, []string{contract.ActivityCreateSnapshot}},
		{"the snapshot is awaited", func(h *harness, cancel func()) {
			h.on(contract.ActivityAwaitSnapshot, step{during: cancel, never: true})
		}, []string{contract.ActivityCreateSnapshot}},
		{"no runner has begun", func(h *harness, cancel func()) {
			external(&h.in)
			h.at(time.Minute, cancel)
		}, []string{contract.ActivityCreateSnapshot}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t)
			c.script(h, h.env.CancelWorkflow)
			e := h.run()
			var canceled *temporal.CanceledError
			assert.ErrorAs(t, e.err, &canceled)
			assert.Equal(t, OutcomeCanceled, e.report.Outcome)
			assert.Contains(t, e.report.Summary, "The server was not changed")
			if c.wrote == nil {
				assert.Empty(t, e.wrote())
			} else {
				assert.Equal(t, c.wrote, e.wrote())
			}
			for _, end := range e.lockEnds {
				assert.NoError(t, end, "the lock is released: a cancel of the run is not a cancel of its lock")
			}
		})
	}
}

func TestACancelWhileTheChangeIsMadeWaitsForItsEndThenRestores(t *testing.T) {
	for name, result := range map[string]contract.ChangeResult{"succeeded": contract.ChangeSucceeded, "failed": contract.ChangeFailed, "unknown": contract.ChangeUnknown} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			s := changed(result)
			s.during, s.takes = h.env.CancelWorkflow, 10*time.Minute
			h.on(contract.ActivitySendWebhook, s)
			e := h.run()
			assert.Equal(t, contract.FailRolledBack, e.failure)
			assert.True(t, e.report.Change.EndedAt.Equal(testStart.Add(10*time.Minute)))
			assert.Contains(t, e.report.Rollback.Cause, "canceled by a person")
		})
	}
}

func TestACancelWhileARunnerWorksWaitsForItsEndThenRestores(t *testing.T) {
	h := begun(t)
	h.at(10*time.Second, h.env.CancelWorkflow)
	h.at(time.Minute, func() { h.reports(testRunner, contract.ChangeSucceeded) })
	e := h.run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.True(t, e.report.Change.EndedAt.Equal(testStart.Add(time.Minute)), "a restore under a runner that still works would be undone by it")
}

func TestACancelDuringTheVerificationRollsBackAsThePolicySays(t *testing.T) {
	for policy, failure := range map[OnFailure]string{FailureRestore: contract.FailRolledBack, FailureHold: contract.FailChange, FailureNone: contract.FailChange} {
		t.Run(string(policy), func(t *testing.T) {
			h := newHarness(t)
			h.in.Rollback.OnFailure = policy
			h.on(verify, passed, step{during: h.env.CancelWorkflow, never: true}, passed)
			e := h.run()
			assert.Equal(t, failure, e.failure)
			assert.Equal(t, policy == FailureHold, e.entered(PhaseHold))
		})
	}
}

func TestAHoldAfterACancelCanStillBeDecided(t *testing.T) {
	h := newHarness(t)
	h.in.Rollback.OnFailure = FailureHold
	h.on(verify, passed, step{during: h.env.CancelWorkflow, never: true})
	h.at(time.Hour, func() { h.decide(DecideCommit) })
	assert.Equal(t, OutcomeCommitted, h.run().report.Outcome)
}

func TestACancelNeverInterruptsARollback(t *testing.T) {
	for _, activity := range []string{readServer, restore, awaitRestore, verify} {
		t.Run(activity, func(t *testing.T) {
			h := badChange(t)
			s := step{during: h.env.CancelWorkflow, takes: time.Minute}
			if activity == verify {
				h.on(verify, passed, red, s)
			} else {
				h.on(activity, s)
			}
			e := h.run()
			assert.Equal(t, contract.FailRolledBack, e.failure)
			assert.Equal(t, []string{readServer, restore, awaitRestore, verify}, e.afterChange())
		})
	}
}

func TestACancelDuringTheCommitCommits(t *testing.T) {
	h := newHarness(t)
	h.existing = []contract.Snapshot{olderSnapshot(801), olderSnapshot(802)}
	h.on(contract.ActivityDeleteSnapshot, step{during: h.env.CancelWorkflow, takes: time.Second})
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.True(t, e.report.Pruned[0].Deleted)
}
