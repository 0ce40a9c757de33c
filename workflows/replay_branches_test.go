package workflows

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The branches that a running run may be in when its worker is replaced.
func TestEveryBranchHasARecordedHistory(t *testing.T) {
	for _, branch := range []string{
		"committed-webhook", "committed-none", "committed-external", "committed-stop-server", "committed-prunes-four",
		"create-unclear", "snapshot-failed", "change-failed", "held-committed", "held-rolled-back",
		"rolled-back", "rolled-back-started", "rolled-back-unseen", "restore-unclear", "restore-sent-twice",
		"ssh-committed", "ssh-rolled-back", "workflow-committed", "workflow-rolled-back", "freeze-refused",
		"backup-waited-for", "backup-not-waited-for", "backup-failed", "backup-required-failed",
		"notified-of-a-commit", "notified-of-a-rollback",
		"busy-waited", "baseline-red", "no-room", "not-begun", "not-begun-reported", "not-begun-unconfirmed", "not-sent", "canceled", "canceled-rolled-back",
		"rolled-back-unverified", "rollback-failed", "hold-ran-out", "change-unknown",
		"back-restored", "back-started", "back-unseen", "back-unclear", "back-approved", "back-denied",
		"back-safety", "back-safety-prunes", "back-safety-failed", "back-held-sent-again", "back-held-given-up",
		"back-nothing-to-restore", "back-safety-no-room", "back-safety-required-failed", "back-canceled", "back-approval-canceled",
		"back-unverified", "back-failed", "back-after-run",
		"rotated", "rotated-no-create", "rotated-stop-server", "rotation-create-failed", "rotation-create-unclear",
		"rotation-clock-read-again", "rotation-made-room", "rotation-adopted", "rotation-late-one",
		"rotation-suspended", "rotation-no-room", "rotation-canceled", "rotation-incomplete",
	} {
		isRecorded(t, branch)
		isRecorded(t, branch+"-lock")
	}
	// These hold no lock of their own, or lose it.
	for _, branch := range []string{
		"planned", "invalid-input", "busy-skipped", "busy-refused", "lock-lost", "second-attempt",
		"back-planned", "back-invalid-input", "back-busy-skipped", "back-busy-refused", "back-lock-lost", "back-after-run-refused", "back-second-attempt",
		"rotation-busy-skipped", "rotation-busy-refused", "rotation-frozen", "rotation-planned", "rotation-invalid-input", "rotation-lock-lost",
		"rotation-many", "rotation-many-incomplete", "rotation-continued-first", "rotation-continued-last",
		"audit-green", "audit-stale", "audit-of-nothing", "audit-invalid-input", "audit-canceled",
		"fleet-committed", "fleet-stopped-undone", "fleet-retried", "fleet-aborted", "fleet-canceled", "fleet-failed",
		"fleet-continued-first", "fleet-continued-last", "fleet-reset", "fleet-foreign",
		"fleet-of-nothing", "fleet-planned", "fleet-missing", "fleet-invalid-input", "fleet-page",
		"lock-kept-closed", "lock-released-in-grace", "notification", "notification-refused", "notification-canceled",
		"inventory", "inventory-refused", "inventory-invalid-input", "inventory-canceled",
		"checkup", "checkup-unfinished", "checkup-invalid-input", "checkup-canceled",
		"upgrade-pinned", "upgrade-moved", "overtaken-rolled-back", "overtaken-unknown",
	} {
		isRecorded(t, branch)
	}
}

func isRecorded(t *testing.T, name string) {
	t.Helper()
	_, err := os.Stat(fixture(name))
	assert.NoError(t, err, "record it with: make histories")
}
