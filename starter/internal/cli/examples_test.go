package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/workflows"
)

// kindsOfExamples are the examples that are not inputs of SnapshotUpdateVerify.
var kindsOfExamples = map[string]string{
	"rollback-by-restore.json": workflows.TypeRollbackByRestore, "snapshot-rotation.json": workflows.TypeSnapshotRotation,
	"fleet-update.json": workflows.TypeFleetUpdate, "snapshot-audit.json": workflows.TypeSnapshotAudit,
}

func TestTheExamplesAreInputsThatTheirRunbooksTake(t *testing.T) {
	examples, err := filepath.Glob("../../examples/*.json")
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, path := range examples {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, oneObject(data), path)
		name := filepath.Base(path)
		if strings.HasPrefix(name, "schedule-") {
			f, err := schedule.Read(data, "safepoint")
			require.NoError(t, err, path)
			assert.Empty(t, f.Warnings(), path)
			seen["schedule"] = true
			continue
		}
		kind, known := kindsOfExamples[name]
		if !known {
			kind = workflows.TypeSnapshotUpdateVerify
		}
		require.NoError(t, workflows.Validate(kind, data), path)
		seen[kind] = true
	}
	for _, kind := range append(workflows.Runbooks(), "schedule") {
		assert.True(t, seen[kind], "an example of %s", kind)
	}
}

func TestEveryRunbookThatPeopleStartIsACommand(t *testing.T) {
	var kinds []string
	for _, one := range runbooks {
		kinds = append(kinds, one.kind)
	}
	assert.Equal(t, workflows.Runbooks(), kinds)
}

func TestTheScheduleOfTheHelpTextIsTaken(t *testing.T) {
	got := safepoint(t, unreachable, "schedule", "--help")
	_, text, found := strings.Cut(got.out, "what and when:\n")
	require.True(t, found)
	var raw json.RawMessage
	require.NoError(t, json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&raw))
	f, err := schedule.Read(raw, "safepoint")
	require.NoError(t, err)
	assert.Equal(t, "nightly-web", f.ID)
}
