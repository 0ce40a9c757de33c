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

// Lost data: between the loss of a lock and its return another run may have changed the server. A rollback that nobody
// asked for would undo that.
func TestARestoreOverTheWorkOfAnotherRunIsAPersonsDecision(t *testing.T) {
	holders := map[string]struct {
		script func(h *harness)
		why    string
	}{
		"it has come and gone": {func(h *harness) {
			h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: testInterloper}))
		}, "deploy-77 held the server's lock"},
		"it is waited for": {func(h *harness) {
			h.on(contract.ActivitySendWebhook, step{during: func() { h.busy = 1; h.endLock() }, takes: time.Minute})
			h.on(contract.ActivityAwaitLock, step{reply: contract.AwaitLockResult{Free: true, Holder: contract.LockHolder{WorkflowID: testInterloper}}})
		}, "deploy-77 held the server's lock"},
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
			assert.Equal(t, contract.FailRollback, e.failure)
			assert.Zero(t, e.count(restore))
			assert.Contains(t, e.report.Summary, c.why)
			assert.Contains(t, e.report.Summary, "the restore would undo whatever was changed since snapshot")

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

func TestARestoreOnDemandOverTheWorkOfAnotherRunIsAskedForAgain(t *testing.T) {
	h := newRestore(t)
	h.on(restore, step{reply: contract.RestoreSnapshotResult{Answer: write(contract.WriteLockLost, 0)}, during: h.endLock}, step{})
	h.on(contract.ActivityLastHolder, lastHeld(contract.LastHolderResult{Found: true, HolderWorkflowID: testInterloper}))
	e := h.run()
	assert.Equal(t, OutcomeRollbackFailed, e.report.Outcome)
	assert.Equal(t, 1, e.count(restore), "the one that found the lock gone")
	assert.Zero(t, e.report.Rollback.Posts)
}
