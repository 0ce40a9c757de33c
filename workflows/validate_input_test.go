package workflows

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryRunbookOfPeopleCanBeValidatedByItsOwnExample(t *testing.T) {
	examples := map[string]string{
		TypeSnapshotUpdateVerify: exampleInput, TypeRollbackByRestore: exampleRollback, TypeSnapshotRotation: exampleRotation,
		TypeFleetUpdate: exampleFleet, TypeSnapshotAudit: exampleAudit,
	}
	assert.Len(t, Runbooks(), len(examples))
	for _, runbook := range Runbooks() {
		require.NoError(t, Validate(runbook, []byte(examples[runbook])), runbook)
		var invalid *InvalidInputError
		require.ErrorAs(t, Validate(runbook, []byte(`{"unknown": 1, "dry_run": 3}`)), &invalid, runbook)
		assert.Greater(t, len(invalid.Problems), 1, "every problem at once: %v", invalid)
		require.ErrorAs(t, Validate(runbook, nil), &invalid, runbook)
	}
}

func TestAnInputOfSomethingThatIsNoRunbookIsRefusedWithTheirNames(t *testing.T) {
	for _, name := range []string{"", "snapshotrotation", TypeServerLock, TypeFleetPage} {
		err := Validate(name, []byte(`{}`))
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), TypeSnapshotRotation)
	}
}
