package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Law 9: during the commit a cancel changes nothing, also for the deletes that were not begun when it came.
func TestACancelDuringTheCommitPrunesToTheEnd(t *testing.T) {
	h := newHarness(t)
	h.existing = []contract.Snapshot{olderSnapshot(801), olderSnapshot(802), olderSnapshot(803)} // keep_last 2: two go
	h.on(contract.ActivityDeleteSnapshot, step{during: h.env.CancelWorkflow, takes: time.Second}, step{})
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	require.Len(t, e.report.Pruned, 2)
	assert.True(t, e.report.Pruned[1].Deleted)
}

// A run that closed before the end of its lock would let the next one find a busy server.
func TestACanceledRunWaitsForTheEndOfItsLock(t *testing.T) {
	h := newHarness(t)
	h.on(contract.ActivityPreflight, step{during: h.env.CancelWorkflow, never: true})
	seen := h.spied()
	e := h.run()
	assert.Equal(t, OutcomeCanceled, e.report.Outcome)
	assert.Equal(t, []error{nil}, e.lockEnds, "it is released")
	assert.Equal(t, 1, seen.locksEnded)
}

// Law 7: a cancelled run still writes, for as long as its rollback takes. Its lock must not even begin to count down.
func TestACancelOfARunbookIsNoCancelOfItsLock(t *testing.T) {
	h := newHarness(t)
	h.on(contract.ActivitySendWebhook, step{during: h.env.CancelWorkflow, takes: 10 * time.Minute})
	e := h.run()
	assert.Equal(t, contract.FailRolledBack, e.failure)
	assert.Zero(t, e.count(contract.ActivityLockGrace))
	assert.Len(t, h.locks, 1)
	assert.Equal(t, []error{nil}, e.lockEnds)
}
