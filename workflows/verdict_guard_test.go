package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Law 6: a verification that could not be made at all says nothing about the server.
func TestAVerificationThatCannotBeMadeHolds(t *testing.T) {
	h := newHarness(t).on(verify, passed, apiError("Broken"))
	h.at(time.Hour, func() { h.decide(DecideCommit) })
	e := h.run()
	assert.True(t, e.entered(PhaseHold))
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Zero(t, e.count(contract.ActivityRestoreSnapshot))
}
