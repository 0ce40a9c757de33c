package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// begins asks for the change as a runner of its own choice.
func (j *job) begins(runner string) *program {
	j.t.Helper()
	input, err := json.Marshal(j.externalInput(silentAfter(silence)))
	require.NoError(j.t, err)
	require.NoError(j.t, os.WriteFile(filepath.Join(j.dir, "begin.json"), input, 0o600))
	return j.safepoint("begin", j.id(), "-f", "begin.json", "--task-queue", j.queue, "--runner", runner)
}

// printed is what the job's programs wrote to standard output.
func (j *job) printed() string {
	j.t.Helper()
	text, err := os.ReadFile(filepath.Join(j.dir, "stdout"))
	require.NoError(j.t, err)
	return string(text)
}

// Temporal keeps the answer to a runner, and gives it again without any worker: also after the run took it for dead.
func TestAnOldGrantIsNotGivenOutAgainWhileNoWorkerAnswers(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.endsWith(j.begins("runner-a"), 0)
	require.Equal(t, 1, strings.Count(j.printed(), "make the change now"))
	j.heldUnknown() // the runner never came back
	j.worker.Kill()
	again := j.begins("runner-a")
	j.eventually(patience, "the word that the change is over", func() bool {
		return strings.Contains(again.output.String(), "not granted: this runner's change is over")
	})
	again.signal(syscall.SIGINT)
	j.endsWith(again, 130)
	require.Equal(t, 1, strings.Count(j.printed(), "make the change now"))
}
