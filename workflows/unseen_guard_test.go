package workflows

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Law 3: a change that failed by its own word may have left the server green. Green after a restore that nobody saw
// proves it only where the checks were red before.
func TestGreenProvesAnUnseenRestoreOnlyAfterRed(t *testing.T) {
	ambiguous := restored(write(contract.WriteAmbiguous, 0))
	e := newHarness(t).on(contract.ActivitySendWebhook, changed(contract.ChangeFailed)).
		on(restore, ambiguous).on(awaitRestore, unclearRestore()).run()
	assert.Equal(t, contract.FailRollback, e.failure)
	assert.True(t, e.entered(PhaseHold))
	assert.Equal(t, 1, e.count(restore))

	e = badChange(t, passed).on(restore, ambiguous).on(awaitRestore, unclearRestore()).run()
	assert.Equal(t, contract.FailRolledBack, e.failure, "red after the change, green after the restore")
}

// A restore that was asked for holds wherever nobody saw it, also when the checks turn green after a second request.
func TestARestoreOnDemandThatNobodySawIsHeldHoweverGreen(t *testing.T) {
	e := newRestore(t).on(restore, restored(write(contract.WriteAmbiguous, 0))).on(awaitRestore, unclearRestore()).
		on(verify, red, passed).run()
	assert.Equal(t, OutcomeRollbackFailed, e.report.Outcome)
	assert.True(t, e.entered(PhaseHold))
	assert.Equal(t, 2, e.count(restore))
}

// Law 11: the run before the reset may have stopped the server. The one after it finds it down and ends, and starts it.
func TestAStopFromBeforeAResetIsUndone(t *testing.T) {
	h := newHarness(t, stopServer).on(contract.ActivityPreflight, serverIs(contract.ServerStopped)).on(awaitServer, stillDown)
	h.originalRunID = "the-run-before-the-reset"
	e := h.run()
	assert.Equal(t, contract.FailPreflight, e.failure)
	assert.Equal(t, []string{awaitServer, start, awaitServer}, e.names()[1:])

	e = newHarness(t, stopServer).on(contract.ActivityPreflight, serverIs(contract.ServerStopped)).run()
	assert.Zero(t, e.count(start), "without a reset somebody else has stopped it")
}
