package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// BenchmarkRefusal is how long a user waits until a bad input is refused: by the command line, which looks at it itself,
// and by the runbook, from its start to its end by Temporal's own clock. The bar is 1 s for the slowest, on an idle machine;
// the tests of bad input say that nothing else is done meanwhile.
func BenchmarkRefusal(b *testing.B) {
	b.Run("by the command line", func(b *testing.B) {
		slowest(b, func() time.Duration {
			cmd := exec.Command(filepath.Join(binDir, "safepoint"), "run", "snapshot-update-verify", "--server", "nothing")
			cmd.Env = append([]string{"HOME=" + b.TempDir()}, stack.Env()...)
			begun := time.Now()
			out, err := cmd.CombinedOutput()
			took := time.Since(begun)
			var exit *exec.ExitError
			require.True(b, errors.As(err, &exit), "%s", out)
			require.Equal(b, 2, exit.ExitCode(), "%s", out)
			return took
		})
	})
	b.Run("by the runbook", func(b *testing.B) {
		queue := fmt.Sprintf("e2e-bench-%d", nextServer.Add(1))
		worker, err := stack.AddWorker(b.Context(), queue)
		require.NoError(b, err)
		b.Cleanup(worker.Kill)
		c, err := stack.Client()
		require.NoError(b, err)
		refusal(b, c, queue) // the first task of a new worker pays for its connections
		b.ResetTimer()
		slowest(b, func() time.Duration { return refusal(b, c, queue) })
	})
}

// slowest runs the benchmark and adds its slowest turn to its figures.
func slowest(b *testing.B, turn func() time.Duration) {
	var most time.Duration
	for b.Loop() {
		most = max(most, turn())
	}
	b.ReportMetric(most.Seconds(), "s/slowest")
}

// refusal runs a runbook without an input and returns how long it took by its history.
func refusal(b *testing.B, c client.Client, queue string) time.Duration {
	run, err := c.ExecuteWorkflow(b.Context(), client.StartWorkflowOptions{TaskQueue: queue}, workflows.TypeSnapshotUpdateVerify, map[string]any{})
	require.NoError(b, err)
	var app *temporal.ApplicationError
	require.ErrorAs(b, run.Get(b.Context(), nil), &app)
	require.Equal(b, contract.FailInvalidInput, app.Type())
	var first, last time.Time
	events := c.GetWorkflowHistory(b.Context(), run.GetID(), run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(b, err)
		if last = e.GetEventTime().AsTime(); first.IsZero() {
			first = last
		}
	}
	return last.Sub(first)
}
