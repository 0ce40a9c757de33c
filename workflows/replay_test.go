package workflows

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// histories holds recorded runs, one a branch of a runbook, made by real workers on a real server (make histories).
// Runs that began under the recorded code must be able to end under this code: a change that breaks a fixture needs
// workflow.GetVersion, or is wrong. Fixtures are added, never replaced, once a release is out.
const histories = "testdata/histories"

// fixtureSuffix ends the name of every fixture: a history as Temporal's own JSON, compressed.
const fixtureSuffix = ".json.gz"

// maxHistory is more than Temporal lets a history grow to (50 MB of events, as JSON).
const maxHistory = 256 << 20

// recordedNames are the fixtures by name. None at all is a mistake: every test over them would prove nothing.
func recordedNames(t *testing.T) []string {
	t.Helper()
	names := fixturesIn(t, histories)
	require.NotEmpty(t, names, "no recorded histories: record them with make histories")
	return names
}

// fixturesIn names the fixtures of a folder. Whatever else lies there would be taken for one and never be replayed.
func fixturesIn(t *testing.T, folder string) []string {
	t.Helper()
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		name, ok := strings.CutSuffix(file.Name(), fixtureSuffix)
		require.True(t, ok, "%s is no fixture: they are named <branch>%s", file.Name(), fixtureSuffix)
		names = append(names, name)
	}
	return names
}

func fixture(name string) string { return filepath.Join(histories, name+fixtureSuffix) }

// unpacked is the JSON of a fixture.
func unpacked(t *testing.T, file string) []byte {
	t.Helper()
	packed, err := os.Open(file)
	require.NoError(t, err, "record it with: make histories")
	defer func() { _ = packed.Close() }()
	zip, err := gzip.NewReader(packed)
	require.NoError(t, err)
	text, err := io.ReadAll(io.LimitReader(zip, maxHistory+1)) // to the end, where the checksum is looked at
	require.NoError(t, err)
	require.LessOrEqual(t, len(text), maxHistory, "no history of Temporal's is so long")
	return text
}

// recordedHistory reads a fixture.
func recordedHistory(t *testing.T, name string) *historypb.History {
	t.Helper()
	return parsed(t, unpacked(t, fixture(name)))
}

func parsed(t *testing.T, text []byte) *historypb.History {
	t.Helper()
	history, err := client.HistoryFromJSON(bytes.NewReader(text), client.HistoryJSONOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, history.GetEvents())
	return history
}

func TestEveryRecordedHistoryReplays(t *testing.T) {
	for _, name := range recordedNames(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replayAs(t, recordedHistory(t, name), ""))
		})
	}
}

// A run that was reset replays what the run before recorded, under a run id of its own: nothing that it commands may
// depend on that. Otherwise it would hang, with the server's lock.
func TestEveryRecordedHistoryReplaysAfterAReset(t *testing.T) {
	for _, name := range recordedNames(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replayAs(t, recordedHistory(t, name), "00000000-0000-4000-8000-000000000000"))
		})
	}
}

// replayAs runs a recorded history under its own workflow id, which those of a run's children are made from, and under
// another run id, or its own.
func replayAs(t *testing.T, history *historypb.History, runID string) error {
	t.Helper()
	started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
	require.NotEmpty(t, started.GetWorkflowId())
	replayer := worker.NewWorkflowReplayer()
	Register(replayer)
	quiet := log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	return replayer.ReplayWorkflowHistoryWithOptions(quiet, history, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: started.GetWorkflowId(), RunID: cmp.Or(runID, started.GetOriginalExecutionRunId())},
	})
}

// A fixture that nothing could break proves nothing: the same history must fail under a runbook that does otherwise.
func TestAHistoryOfAnotherRunbookDoesNotReplay(t *testing.T) {
	recorded := string(unpacked(t, fixture("committed-webhook")))
	other := strings.ReplaceAll(recorded, `"Preflight"`, `"ListSnapshots"`)
	require.NotEqual(t, recorded, other)
	require.Error(t, replayAs(t, parsed(t, []byte(other)), ""))
}

// The name of the machine that a history was recorded on is nobody's business.
func TestNoFixtureNamesAMachine(t *testing.T) {
	identity := regexp.MustCompile(`"identity": +"([^"]*)"`)
	allowed := regexp.MustCompile(`^(\d+@worker@|history-service)$`)
	for _, name := range recordedNames(t) {
		found := identity.FindAllSubmatch(unpacked(t, fixture(name)), -1)
		assert.NotEmpty(t, found, name)
		for _, one := range found {
			assert.Regexp(t, allowed, string(one[1]), name)
		}
	}
}

// The same history makes the same file, whoever records it and when.
func TestNoFixtureHasANameOrATimeInItsHeader(t *testing.T) {
	for _, name := range recordedNames(t) {
		packed, err := os.Open(fixture(name))
		require.NoError(t, err)
		zip, err := gzip.NewReader(packed)
		require.NoError(t, err)
		assert.Empty(t, zip.Name, name)
		assert.True(t, zip.ModTime.IsZero(), name)
		require.NoError(t, packed.Close())
	}
}
