package workflows

import (
	"cmp"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// histories holds recorded runs, one a branch of the runbook, made by real workers on a real server (make histories).
// Runs that began under the recorded code must be able to end under this code: a change that breaks a fixture needs
// workflow.GetVersion, or is wrong. Fixtures are added, never replaced, once a release is out.
const histories = "testdata/histories"

func TestEveryRecordedHistoryReplays(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(histories, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no recorded histories: this test would prove nothing")
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replay(t, file))
		})
	}
}

// A run that was reset replays what the run before recorded, under a run id of its own: nothing that it commands may
// depend on that. Otherwise it would hang, with the server's lock.
func TestEveryRecordedHistoryReplaysAfterAReset(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(histories, "*.json"))
	require.NoError(t, err)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replayAs(t, file, "00000000-0000-4000-8000-000000000000"))
		})
	}
}

func replay(t *testing.T, file string) error {
	t.Helper()
	return replayAs(t, file, "")
}

// replayAs runs a recorded history under its own workflow id, which those of a run's children are made from, and under
// another run id, or its own.
func replayAs(t *testing.T, file, runID string) error {
	t.Helper()
	recorded, err := os.Open(file)
	require.NoError(t, err)
	defer func() { _ = recorded.Close() }()
	history, err := client.HistoryFromJSON(recorded, client.HistoryJSONOptions{})
	require.NoError(t, err)
	started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
	require.NotEmpty(t, started.GetWorkflowId())
	replayer := worker.NewWorkflowReplayer()
	Register(replayer)
	quiet := log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	return replayer.ReplayWorkflowHistoryWithOptions(quiet, history, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: started.GetWorkflowId(), RunID: cmp.Or(runID, started.GetOriginalExecutionRunId())},
	})
}

// The branches that a running run may be in when its worker is replaced.
func TestEveryBranchHasARecordedHistory(t *testing.T) {
	for _, branch := range []string{
		"committed-webhook", "committed-none", "committed-external", "committed-stop-server", "committed-prunes-four",
		"create-unclear", "snapshot-failed", "change-failed", "held-committed", "held-rolled-back",
		"rolled-back", "rolled-back-started", "rolled-back-unseen", "restore-unclear", "restore-sent-twice",
		"ssh-committed", "ssh-rolled-back", "workflow-committed", "workflow-rolled-back", "freeze-refused",
		"backup-waited-for", "backup-not-waited-for", "backup-failed", "backup-required-failed",
		"notified-of-a-commit", "notified-of-a-rollback",
		"back-restored", "back-started", "back-unseen", "back-unclear", "back-approved", "back-denied",
		"back-safety", "back-safety-prunes", "back-safety-failed", "back-held-sent-again", "back-held-given-up",
		"rotated", "rotated-no-create", "rotated-stop-server", "rotation-create-failed", "rotation-create-unclear",
		"rotation-clock-read-again", "rotation-made-room", "rotation-adopted", "rotation-late-one",
	} {
		isRecorded(t, branch)
		isRecorded(t, branch+"-lock")
	}
	// These hold no lock of their own.
	for _, branch := range []string{
		"rotation-busy-skipped", "rotation-many", "audit-green", "audit-stale",
		"fleet-committed", "fleet-stopped-undone", "fleet-retried", "fleet-aborted", "fleet-canceled",
		"fleet-continued-first", "fleet-continued-last", "fleet-reset", "fleet-foreign",
	} {
		isRecorded(t, branch)
	}
}

func isRecorded(t *testing.T, name string) {
	t.Helper()
	_, err := os.Stat(filepath.Join(histories, name+".json"))
	require.NoError(t, err, "record it with: make histories")
}

// A fixture that nothing could break proves nothing: the same history must fail under a runbook that does otherwise.
func TestAHistoryOfAnotherRunbookDoesNotReplay(t *testing.T) {
	file := filepath.Join(histories, "committed-webhook.json")
	recorded, err := os.ReadFile(file)
	require.NoError(t, err)
	other := strings.ReplaceAll(string(recorded), `"Preflight"`, `"ListSnapshots"`)
	require.NotEqual(t, string(recorded), other)
	changed := filepath.Join(t.TempDir(), "changed.json")
	require.NoError(t, os.WriteFile(changed, []byte(other), 0o600))
	require.Error(t, replay(t, changed))
}
