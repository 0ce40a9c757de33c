package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// lastly ends a deploy's child too: a good deploy may leave something running, and these must not.
const lastly = "kill -9 $(cat children)\n"

func TestAGuardRunsItsCommandOnceItsSnapshotIsCompletedAndEndsByTheVerdict(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.environ = append(j.environ, "SAFEPOINT_RUNNER=the-job's-own", "TEMPORAL_API_KEY=", "OWN=kept")
	var p *program
	j.inWaitAfter(vpsfake.OpCreateSnapshot, func() {
		p = j.starts(nil, aDeploy(`env > environment; printf 'raw\033[31m\377'; echo to-stderr >&2; cat`+"\n"+j.change(true)+lastly))
	})
	require.Zero(t, j.ran(), "not before the snapshot")
	j.open()
	j.endsWith(p, 0)
	report := j.end(j.id(), patience)
	j.committed(report)
	require.Equal(t, contract.ChangeSucceeded, report.Change.Result)
	require.Equal(t, "the command ended with exit code 0", report.Change.Detail)

	stdout, err := os.ReadFile(filepath.Join(j.dir, "stdout"))
	require.NoError(t, err)
	require.Equal(t, "raw\x1b[31m\xff", string(stdout), "standard output is the command's alone")
	require.Contains(t, p.output.String(), "to-stderr\n")
	environment := "\n" + strings.Join(j.wrote("environment"), "\n") + "\n"
	_, snapshots := j.state()
	for _, want := range []string{
		"SAFEPOINT_RUN_ID=" + j.id(), "SAFEPOINT_WORKFLOW_RUN_ID=" + report.RunID, fmt.Sprintf("SAFEPOINT_SNAPSHOT_ID=%d", snapshots[0].ID),
		fmt.Sprintf("SAFEPOINT_SERVER_ID=%d", j.server), "SAFEPOINT_RUNNER=" + report.Change.Runner, "TEMPORAL_API_KEY=", "OWN=kept",
	} {
		require.Contains(t, environment, "\n"+want+"\n")
	}
	require.NotEqual(t, "the-job's-own", report.Change.Runner, "a name for each process: two guards of one job are two runners")
}

func TestAGuardsCommandReadsTheGuardsInput(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	input, err := json.Marshal(j.externalInput(nil))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(j.dir, "input.json"), input, 0o600))
	cmd := exec.Command(filepath.Join(binDir, "safepoint"), "guard", "-f", "input.json", "--task-queue", j.queue, "--", "bash", "-c", "cat; "+j.change(true))
	cmd.Dir, cmd.Env, cmd.Stdin = j.dir, append([]string{"HOME=" + j.dir, "PATH=" + os.Getenv("PATH")}, stack.Env()...), strings.NewReader("a line\n")
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, "a line\n", string(out))
}

func TestFlagsSayAllThatAGuardNeeds(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	site := stack.SiteURL(j.server)
	p := j.safepoint("guard", "--server", strconv.FormatInt(j.server, 10), "--reason", "web 2.0.0", "--deploy-id", j.id(), "--task-queue", j.queue,
		"--initial-delay", "0s", "--interval", "200ms", "--successes", "1", "--check", site+"healthz", "--check", "tcp://"+strings.TrimPrefix(stack.FakeURL, "http://"),
		"--", "curl", "-fsS", "-o", "/dev/null", "-X", "POST", site+"hooks/deploy?version=2.0.0&healthy=true")
	j.endsWith(p, 0)
	report := j.end(j.id(), patience)
	j.committed(report)
	require.Len(t, report.Verifications[len(report.Verifications)-1].Checks, 2)
}

func TestASignalIsPassedToTheCommandAndMakesAFailedChange(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			j := newJob(t)
			j.gate(vpsfake.OpRestoreSnapshot, "")
			p := j.starts(nil, aDeploy("trap 'touch heard; exit 0' INT TERM\n"+j.change(true)+mark("changed")+await("never")))
			j.wrote("changed")
			p.signal(sig)
			j.wrote("heard")
			j.whenSent(vpsfake.OpRestoreSnapshot)
			require.True(t, j.allDead(), "the child too, which hears no signal")
			j.open()
			j.endsWith(p, 3) // it waited for the verdict
			report := j.end(j.id(), patience)
			j.rolledBack(report)
			require.Contains(t, report.Change.Detail, sig.String())
		})
	}
}

func TestASecondSignalDetachesAndTheRunGoesOn(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.gate(vpsfake.OpRestoreSnapshot, "")
	p := j.starts(nil, aDeploy("trap '' INT TERM\n"+j.change(true)+mark("changed")+await("never")), "--grace", "1h")
	j.wrote("changed")
	p.signal(syscall.SIGTERM)
	p.says("stopping the command", patience)
	p.signal(syscall.SIGTERM)
	j.endsWith(p, 130)
	require.True(t, j.allDead(), "a guard never leaves its command behind")
	j.open()
	report := j.end(j.id(), patience)
	j.rolledBack(report)
	require.Equal(t, contract.ChangeFailed, report.Change.Result, "it was reported before the guard went")
}

func TestASignalBeforeTheChangeCancelsTheRunAndTouchesNothing(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	var p *program
	j.inWaitAfter(vpsfake.OpCreateSnapshot, func() { p = j.starts(nil, aDeploy(j.change(true))) })
	p.signal(syscall.SIGTERM)
	j.taskAfter(j.id(), enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
	j.open()
	j.endsWith(p, 1)
	require.Zero(t, j.ran())
	require.Empty(t, j.requests(vpsfake.OpRestoreSnapshot))
	j.lockFree()
	j.lawful()
}

func TestASignalToAGuardThatOnlyJoinedLeavesTheRunAlone(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	var first *program
	j.inWaitAfter(vpsfake.OpCreateSnapshot, func() { first = j.starts(nil, aDeploy(j.change(true)+lastly)) })
	second := j.starts(nil, aDeploy(j.change(true)+lastly))
	second.says("waiting for", patience) // it shows the run's progress
	second.signal(syscall.SIGINT)
	j.endsWith(second, 130)
	j.open()
	j.endsWith(first, 0)
	require.Equal(t, 1, j.ran())
	j.committed(j.end(j.id(), patience))
}

func TestACanceledRunStopsTheCommandAndRollsBack(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.gate(vpsfake.OpRestoreSnapshot, "")
	p := j.starts(silentAfter(withBeats), aDeploy("trap '' TERM\n"+j.change(true)+mark("changed")+await("never")))
	j.wrote("changed")
	require.NoError(t, j.temp.CancelWorkflow(t.Context(), j.id(), ""))
	p.says("the run was canceled", patience)
	j.whenSent(vpsfake.OpRestoreSnapshot)
	require.True(t, j.allDead())
	j.open()
	j.endsWith(p, 3)
	j.rolledBack(j.end(j.id(), patience))
}

// A worker that is replaced, or away for longer than the silence, is no reason to stop a deploy: Temporal has its heartbeats.
func TestAGuardOutlivesAnAbsenceOfEveryWorker(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	p := j.starts(silentAfter(withBeats), aDeploy(j.change(true)+mark("changed")+await("go")+lastly))
	j.wrote("changed")
	j.worker.Kill()
	away := time.Now()
	j.eventually(patience, "a heartbeat after longer than the silence", func() bool { return j.lastBeatTaken().Sub(away) > withBeats*3/2 })
	require.False(t, j.allDead())
	var err error
	j.worker, err = stack.AddWorker(t.Context(), j.queue)
	require.NoError(t, err)
	j.touch("go")
	j.endsWith(p, 0)
	report := j.end(j.id(), patience)
	j.committed(report)
	require.Equal(t, contract.ChangeSucceeded, report.Change.Result)
}

// lastBeatTaken is when Temporal, which needs no worker for it, took the last heartbeat.
func (j *job) lastBeatTaken() (at time.Time) {
	j.t.Helper()
	for _, event := range j.history(j.id()).GetEvents() {
		if event.GetWorkflowExecutionSignaledEventAttributes().GetSignalName() == workflows.SignalHeartbeat {
			at = event.GetEventTime().AsTime()
		}
	}
	return at
}

func TestAGuardUnderNohupHearsNoHangup(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	input, err := json.Marshal(j.externalInput(nil))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(j.dir, "input.json"), input, 0o600))
	p := j.runs("/bin/sh", "-c", `trap "" HUP; exec "$@"`, "sh", filepath.Join(binDir, "safepoint"), "guard", "-f", "input.json", "--task-queue", j.queue,
		"--deploy-id", j.id(), "--", "bash", "-c", j.change(true)+mark("changed")+await("go"))
	j.wrote("changed")
	p.signal(syscall.SIGHUP)
	j.touch("go")
	j.endsWith(p, 0)
	j.committed(j.end(j.id(), patience))
}
