package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

const testInterloper = "deploy-77"

// lostLock is a run that loses its lock while its webhook makes the change, and gets it again.
func lostLock(t *testing.T, verdicts ...step) *harness {
	h := newHarness(t)
	h.on(contract.ActivitySendWebhook, step{during: h.endLock, takes: time.Minute})
	return h.on(verify, append([]step{passed}, verdicts...)...)
}

// otherMade is a look at the server that shows a snapshot of another run beside this one's own.
func otherMade(id int64) step {
	other := olderSnapshot(id)
	other.Description = contract.Marker{RunID: "another-run", Policy: contract.PolicyUpdate}.Describe("")
	return step{reply: contract.ReadServerResult{RunID: testRunID, Server: contract.Server{ID: testServerID, Status: contract.ServerActive},
		Snapshots: []contract.Snapshot{ownSnapshot(testSnapshotID, contract.SnapshotCompleted), other}}}
}

// Lost data: between the loss of a lock and its return another run may have changed the server. A rollback that nobody
// asked for would undo that.
func TestARestoreOverTheWorkOfAnotherRunIsAPersonsDecision(t *testing.T) {
	holders := map[string]struct {
		script func(h *harness)
		why    string
	}{
		"it has come and gone": {func(h *harness) {
			h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: testInterloper}))
		}, "deploy-77 held its lock"},
		"it is waited for": {func(h *harness) {
			h.on(contract.ActivitySendWebhook, step{during: func() { h.busy = 1; h.endLock() }, takes: time.Minute})
			h.on(contract.ActivityAwaitLock, step{reply: contract.AwaitLockResult{Free: true, Holder: contract.LockHolder{WorkflowID: testInterloper}}})
		}, "deploy-77 held its lock"},
		"it is waited for, and was started by hand": {func(h *harness) {
			h.on(contract.ActivitySendWebhook, step{during: func() { h.busy = 1; h.endLock() }, takes: time.Minute})
			h.on(contract.ActivityAwaitLock, step{reply: contract.AwaitLockResult{Free: true}})
		}, "it was locked by hand"},
		"it has left a snapshot": {func(h *harness) {
			h.on(contract.ActivityReadServer, otherMade(950))
		}, "another run made snapshot 950"},
		"nobody knows of its snapshots": {func(h *harness) { h.on(contract.ActivityReadServer, apiError(contract.ErrUnavailable), step{}) }, "nobody knows whether another run has made a snapshot"},
		"a person locked by hand": {func(h *harness) {
			h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true}))
		}, "locked by hand"},
		"Temporal has forgotten": {func(h *harness) { h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{})) }, "no record any more"},
		"nobody can be asked":    {func(h *harness) { h.on(contract.ActivityLastHolder, apiError(contract.ErrUnavailable)) }, "nobody knows who held"},
	}
	for name, c := range holders {
		t.Run(name, func(t *testing.T) {
			h := lostLock(t, red, passed)
			c.script(h)
			e := h.run()
			assert.Equal(t, contract.FailChange, e.failure)
			assert.Zero(t, e.count(restore))
			assert.Contains(t, e.report.Summary, c.why)
			assert.NotContains(t, e.report.Next, "curl", "nobody is told to do unseen what the run did not")
			assert.Contains(t, e.report.Summary, "a restore would undo whatever was changed since snapshot")

			h = lostLock(t, red, passed)
			c.script(h)
			h.at(time.Hour, func() { h.decide(DecideRollback) })
			e = h.run()
			assert.Equal(t, contract.FailRolledBack, e.failure, "who says rollback has read it")
			assert.Equal(t, 1, e.count(restore))

			h = lostLock(t, red, passed)
			c.script(h)
			h.at(time.Hour, func() { h.decide(DecideCommit) })
			e = h.run()
			assert.Equal(t, OutcomeCommitted, e.report.Outcome, "a person has decided")
		})
	}
}

func TestGreenChecksOfAServerThatAnotherRunHadAreNoProofOfTheChange(t *testing.T) {
	h := lostLock(t, passed).on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: testInterloper}))
	h.existing = []contract.Snapshot{olderSnapshot(801), olderSnapshot(802)}
	e := h.run()
	assert.Equal(t, contract.FailChangeUnknown, e.failure)
	assert.Contains(t, e.report.Summary, testInterloper)
	assert.Zero(t, e.count(contract.ActivityDeleteSnapshot))

	e = lostLock(t, passed).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome, "nobody else had it")
}

// A run of yesterday that is reset to its first task finds its own snapshot, and that of whoever came after it.
func TestAResetRunAsksBeforeItRestoresOverALaterRun(t *testing.T) {
	reset := func() *harness {
		h := newHarness(t).on(verify, passed, red, passed)
		h.originalRunID = "the-run-before-the-reset"
		return h
	}
	h := reset()
	later := olderSnapshot(950)
	later.Description = contract.Marker{RunID: "a-later-run", Policy: contract.PolicyUpdate}.Describe("")
	h.existing = []contract.Snapshot{later}
	e := h.run()
	assert.Contains(t, []string{contract.FailChange, contract.FailChangeUnknown}, e.failure)
	assert.Contains(t, e.report.Summary, "another run made snapshot 950")
	assert.Zero(t, e.count(restore))

	e = reset().run()
	assert.Positive(t, e.count(restore), "nobody came after it")

	h = reset().on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: testInterloper}))
	e = h.run()
	assert.Contains(t, e.report.Summary, testInterloper, "a lock that it only believes in")
	assert.Zero(t, e.count(restore))

	h = newHarness(t, func(in *SnapshotUpdateVerifyInput) { in.Update.OnUnknown = UnknownCommit }).
		on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: testInterloper}))
	h.originalRunID = "the-run-before-the-reset"
	e = h.run()
	assert.Equal(t, contract.FailChangeUnknown, e.failure, "nor is its green taken for the change's")
	assert.Contains(t, e.report.Summary, testInterloper)
}

func TestAnInterloperThatComesWhileThePersonThinksIsAskedAboutAgain(t *testing.T) {
	h := lostLock(t, red, passed).on(contract.ActivityLastHolder,
		lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: testInterloper}), lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: "deploy-78"}))
	h.at(time.Hour, h.endLock)
	h.at(2*time.Hour, func() { h.decide(DecideRollback) })
	e := h.run()
	assert.Zero(t, e.count(restore), "the word was about deploy-77 only")
	assert.Contains(t, e.report.Summary, "deploy-78")
	assert.Equal(t, "look at what was changed on server 12345", e.report.Next[:len("look at what was changed on server 12345")], "and no command that would undo it")
}

func TestAPersonWhoIsAskedForAnotherReasonIsToldOfTheInterloperToo(t *testing.T) {
	h := lostLock(t, inconclusive).on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: testInterloper}))
	var why string
	h.at(time.Hour, func() { why = h.status().Hold.Why })
	h.at(2*time.Hour, func() { h.decide(DecideCommit) })
	e := h.run()
	assert.Contains(t, why, testInterloper)
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
}

func TestARestoreOnDemandOverTheWorkOfAnotherRunIsAskedForAgain(t *testing.T) {
	h := newRestore(t)
	h.on(restore, step{reply: contract.RestoreSnapshotResult{Answer: write(contract.WriteLockLost, 0)}, during: h.endLock}, step{})
	h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: testInterloper}))
	e := h.run()
	assert.Equal(t, OutcomeRollbackFailed, e.report.Outcome)
	assert.Equal(t, 1, e.count(restore), "the one that found the lock gone")
	assert.Zero(t, e.report.Rollback.Posts)
}
