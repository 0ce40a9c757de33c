package workflows

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
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
			replayer := worker.NewWorkflowReplayer()
			Register(replayer)
			quiet := log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(quiet, file))
		})
	}
}

// The branches that a running run may be in when its worker is replaced.
func TestEveryBranchHasARecordedHistory(t *testing.T) {
	for _, branch := range []string{
		"committed-webhook", "committed-none", "committed-external", "committed-stop-server", "committed-prunes-four",
		"create-unclear", "snapshot-failed", "change-failed", "held-committed", "held-rolled-back",
		"rolled-back", "rolled-back-started", "rolled-back-unseen", "restore-unclear", "restore-sent-twice",
	} {
		for _, name := range []string{branch, branch + "-lock"} {
			_, err := os.Stat(filepath.Join(histories, name+".json"))
			require.NoError(t, err, "record it with: make histories")
		}
	}
}

// A fixture that nothing could break proves nothing: the same history must fail under a runbook that does otherwise.
func TestAHistoryOfAnotherRunbookDoesNotReplay(t *testing.T) {
	replayer := worker.NewWorkflowReplayer()
	Register(replayer)
	file := filepath.Join(histories, "committed-webhook.json")
	recorded, err := os.ReadFile(file)
	require.NoError(t, err)
	other := strings.ReplaceAll(string(recorded), `"Preflight"`, `"ListSnapshots"`)
	require.NotEqual(t, string(recorded), other)
	changed := filepath.Join(t.TempDir(), "changed.json")
	require.NoError(t, os.WriteFile(changed, []byte(other), 0o600))
	quiet := log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.Error(t, replayer.ReplayWorkflowHistoryFromJSONFile(quiet, changed))
}
