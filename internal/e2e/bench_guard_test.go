package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// snapshotWindow is what the stand-in takes for a snapshot: three minutes in its own time.
const snapshotWindow = 3 * time.Minute / fakeSpeed

// BenchmarkGuard is what a guard costs beyond the API's window for the snapshot and its command, on a machine that does
// nothing else. The bar is 3 s for the slowest. s/overhead is all of it: the program's start, Temporal, the worker's polls,
// and the rounds of checks with their pauses. s/guard is what is not the run's: from the program's start to the run's, and
// from the run's end to the program's; two clocks of one machine.
func BenchmarkGuard(b *testing.B) {
	bed := newBenchGuard(b)
	bed.guard(b) // the first task of a new worker pays for its connections
	b.ResetTimer()
	var outside time.Duration
	slowest(b, func() time.Duration {
		took, own := bed.guard(b)
		outside = max(outside, own)
		return took
	})
	b.ReportMetric(outside.Seconds(), "s/guard")
}

// BenchmarkHelp is how long the program takes to say something: the bar is 100 ms.
func BenchmarkHelp(b *testing.B) {
	slowest(b, func() time.Duration {
		begun := time.Now()
		require.NoError(b, exec.Command(filepath.Join(binDir, "safepoint"), "guard", "--help").Run())
		return time.Since(begun)
	})
}

// benchGuard is a worker, and a folder for inputs.
type benchGuard struct{ queue, dir string }

func newBenchGuard(b *testing.B) benchGuard {
	b.Helper()
	bed := benchGuard{queue: fmt.Sprintf("e2e-bench-%d", nextServer.Add(1)), dir: b.TempDir()}
	worker, err := stack.AddWorker(b.Context(), bed.queue)
	require.NoError(b, err)
	b.Cleanup(worker.Kill)
	return bed
}

// guard guards a command that takes no time, on a server of its own.
func (bed benchGuard) guard(b *testing.B) (overhead, outside time.Duration) {
	server := 1000 + nextServer.Add(1)
	spec, err := json.Marshal(vpsfake.ServerSpec{ID: server, Name: "web" + strconv.FormatInt(server, 10), Version: "1.0.0"})
	require.NoError(b, err)
	resp, err := http.Post(stack.FakeURL+"/fake/servers", "application/json", bytes.NewReader(spec))
	require.NoError(b, err)
	require.NoError(b, resp.Body.Close())
	id := fmt.Sprintf("bench-guard-%d", server)
	cmd := exec.Command(filepath.Join(binDir, "safepoint"), "guard", "--server", strconv.FormatInt(server, 10), "--deploy-id", id,
		"--task-queue", bed.queue, "--initial-delay", "0s", "--interval", "200ms", "--successes", "2", "--check", stack.SiteURL(server)+"healthz", "--", "true")
	cmd.Env = append([]string{"HOME=" + bed.dir, "PATH=" + os.Getenv("PATH")}, stack.Env()...)
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begun)
	require.NoError(b, err, "%s", out)
	c, err := stack.Client()
	require.NoError(b, err)
	var report workflows.Report
	require.NoError(b, c.GetWorkflow(b.Context(), id, "").Get(b.Context(), &report))
	require.Equal(b, workflows.OutcomeCommitted, report.Outcome)
	return took - snapshotWindow, took - report.EndedAt.Sub(report.StartedAt)
}
