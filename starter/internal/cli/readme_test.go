package cli

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestTheREADMEListsEveryExitCodeOutcomeAndFailure(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(`(?m)^  (\d+) `).FindAllStringSubmatch(exitHelp, -1) {
		assert.Contains(t, string(text), fmt.Sprintf("\n| %s | ", m[1]))
	}
	for _, outcome := range []workflows.Outcome{
		workflows.OutcomeCommitted, workflows.OutcomeSkipped, workflows.OutcomePlanned, workflows.OutcomeNotChanged, workflows.OutcomeCanceled,
		workflows.OutcomeRolledBack, workflows.OutcomeRolledBackUnverified, workflows.OutcomeRollbackFailed, workflows.OutcomeChangeFailed,
		workflows.OutcomeChangeUnknown, workflows.OutcomeRestored, workflows.OutcomeRotated, workflows.OutcomeIncomplete,
		workflows.OutcomeAudited, workflows.OutcomeStale, workflows.OutcomeFleetFailed, workflows.OutcomeFleetStopped,
	} {
		assert.Contains(t, string(text), "`"+string(outcome)+"`")
	}
	for _, failure := range []string{
		contract.FailInvalidInput, contract.FailPreflight, contract.FailBaseline, contract.FailSnapshotLimit, contract.FailSnapshot,
		contract.FailServerBusy, contract.FailChangeNotStarted, contract.FailLockLost, contract.FailRolledBack, contract.FailRolledBackUnverified,
		contract.FailRollback, contract.FailChange, contract.FailChangeUnknown, contract.FailNotApproved, contract.FailRotation,
		contract.FailStale, contract.FailFleet, contract.FailFleetStopped,
	} {
		assert.Contains(t, string(text), "`"+failure+"`")
	}
}
