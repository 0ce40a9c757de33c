package e2e

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

// drillDeployment is the Worker Deployment of the drills, each on a Temporal server of its own.
const drillDeployment = "drill"

// temporalRig is a rig with a Temporal server of its own: what it sets there is nobody else's business. It has no worker
// yet.
type temporalRig struct {
	*rig
	address string
}

// rigOnTemporal starts the server with these values of its dynamic configuration.
func rigOnTemporal(t *testing.T, values ...string) *temporalRig {
	t.Helper()
	var args []string
	for _, value := range values {
		args = append(args, "--dynamic-config-value", value)
	}
	r := &temporalRig{rig: rigWithoutWorker(t), address: nobody(t)}
	devServer(t, r.address, args...)
	r.eventually(patience, "Temporal", func() bool {
		c, err := client.Dial(client.Options{HostPort: r.address, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
		if err == nil {
			r.temp = c
		}
		return err == nil
	})
	t.Cleanup(r.temp.Close)
	t.Cleanup(func() { // the search at the end of the package never sees this server
		s := newSearch()
		assert.NoError(t, s.histories(r.temp))
		assert.Empty(t, s.hits)
	})
	return r
}

// serves starts a worker of this rig's Temporal and waits until it is ready.
func (r *temporalRig) serves(more ...string) *program {
	r.t.Helper()
	return r.readyWorker(append([]string{"TEMPORAL_ADDRESS=" + r.address}, more...)...)
}

// servesAs is serves with worker versioning.
func (r *temporalRig) servesAs(build, behavior string) *program {
	r.t.Helper()
	return r.serves("SAFEPOINT_DEPLOYMENT_NAME="+drillDeployment, "SAFEPOINT_BUILD_ID="+build, "SAFEPOINT_VERSIONING_BEHAVIOR="+behavior)
}

// makeCurrent does what the worker's log says. Temporal refuses until both of the worker's queues are polled.
func (r *temporalRig) makeCurrent(w *program) {
	r.t.Helper()
	var said []string
	r.eventually(patience, "a versioned worker says what is left to do", func() bool {
		said = regexp.MustCompile(`make_it_current="temporal ([^"]*)"`).FindStringSubmatch(w.output.String())
		return said != nil
	})
	r.deployment(strings.Fields(said[1])...)
}

// deployment runs a command of the temporal CLI until it succeeds.
func (r *temporalRig) deployment(args ...string) {
	r.t.Helper()
	cli := temporalCLI()
	if cli == "" {
		cli = "temporal"
	}
	var out []byte
	r.eventually(patience, strings.Join(args, " "), func() bool {
		cmd := exec.CommandContext(r.t.Context(), cli, append(args, "--yes", "--address", r.address)...)
		cmd.Env = []string{"HOME=" + r.t.TempDir()}
		var err error
		out, err = cmd.CombinedOutput()
		return err == nil
	})
	r.t.Logf("%s", out)
}

// beside is the same rig with another server.
func (r *temporalRig) beside() *rig {
	r.t.Helper()
	other := *r.rig
	other.server = r.neighbours(1)[0]
	return &other
}

// drained says whether Temporal takes a build for drained: none of its pinned runs is open.
func (r *temporalRig) drained(build string) bool {
	d, err := r.temp.WorkerDeploymentClient().GetHandle(drillDeployment).DescribeVersion(r.t.Context(), client.WorkerDeploymentDescribeVersionOptions{BuildID: build})
	if err != nil || d.Info.DrainageInfo == nil {
		return false
	}
	return d.Info.DrainageInfo.DrainageStatus == client.WorkerDeploymentVersionDrainageStatusDrained
}

// chain is every event of a run and of whatever it continued as.
func (r *rig) chain(id, runID string) []*historypb.HistoryEvent {
	r.t.Helper()
	var events []*historypb.HistoryEvent
	for {
		events = append(events, r.historyOf(id, runID).Events...)
		next := events[len(events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
		if next == "" {
			return events
		}
		runID = next
	}
}

// buildsOf are the builds that completed the workflow tasks of a run and of whatever it continued as, in order; one that
// is not versioned is "none".
func (r *rig) buildsOf(id, runID string) []string {
	r.t.Helper()
	var builds []string
	for _, e := range r.chain(id, runID) {
		if task := e.GetWorkflowTaskCompletedEventAttributes(); task != nil {
			builds = append(builds, cmp.Or(task.GetDeploymentVersion().GetBuildId(), "none"))
		}
	}
	return slices.Compact(builds)
}

// workersOf are the processes that worked on a run and on whatever it continued as, workflow tasks and activities.
func (r *rig) workersOf(id, runID string) []string {
	r.t.Helper()
	var pids []string
	for _, e := range r.chain(id, runID) {
		worker := cmp.Or(e.GetActivityTaskStartedEventAttributes().GetIdentity(), e.GetWorkflowTaskStartedEventAttributes().GetIdentity())
		if pid, _, known := strings.Cut(worker, "@"); known {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// startsBuild starts a worker from a program of the test's own.
func (r *temporalRig) startsBuild(path string) *program {
	r.t.Helper()
	listen := nobody(r.t)
	p := launch(r.t, path, append(stack.Env(), "TEMPORAL_ADDRESS="+r.address, "SAFEPOINT_TASK_QUEUE="+r.queue, "SAFEPOINT_LISTEN="+listen,
		"VPS_SETTLE="+settle.String(), "VPS_POLL_INTERVAL="+pollPeriod.String(), "VPS_RATE_LIMIT=100"))
	p.listen = listen
	p.becomes("/readyz", http.StatusOK, patience)
	return p
}

// pid is a program's process as workersOf shows it.
func (p *program) pid() string { return fmt.Sprint(p.cmd.Process.Pid) }

// buildWorker makes a worker that calls itself by this version, from this checkout.
func buildWorker(t *testing.T, version string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "safepoint-worker")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X main.version="+version, "-o", path, "../../worker").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}
