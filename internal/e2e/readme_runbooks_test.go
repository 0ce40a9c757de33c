package e2e

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// followAll runs a block of which every command must succeed.
func (r *reader) followAll(text string) string {
	r.t.Helper()
	code, out := r.follow("set -e\n" + text)
	require.Zero(r.t, code, out)
	return out
}

// runbookChapters come in the order of the README, the narrower ones first.
var runbookChapters = []chapter{
	{"a change over ssh", "examples/ssh-change.json", (*reader).changesOverSSH},
	{"a rollback by restore", "--safety-snapshot", func(r *reader, text string) {
		r.madeBefore(r.server, "0.9.0", "pre-update", time.Hour)
		out := r.followAll(text)
		assert.Contains(r.t, out, "of writes since are lost")
		r.restoredTo("0.9.0")
		_, snapshots := r.state()
		require.Len(r.t, snapshots, 2, "the safety snapshot")
	}},
	{"a rollback that asks", "-f starter/examples/rollback-by-restore.json", func(r *reader, text string) {
		r.madeBefore(r.server, "0.9.0", "pre-update", time.Hour)
		r.followAll(text)
		r.inPhase(r.named("undo-web01"), workflows.PhaseHold, patience)
	}},
	{"a rollback that is approved", "safepoint approve undo-web01", func(r *reader, text string) {
		r.madeBefore(r.server, "0.9.0", "pre-update", time.Hour)
		r.followAll("safepoint run rollback-by-restore -f starter/examples/rollback-by-restore.json --id undo-web01")
		r.inPhase(r.named("undo-web01"), workflows.PhaseHold, patience)
		r.followAll(text)
		r.restoredTo("0.9.0")
	}},
	{"a rotation and an audit", "safepoint run snapshot-rotation", func(r *reader, text string) {
		servers := r.webServers()
		out := r.followAll(text)
		assert.Equal(r.t, len(servers), strings.Count(out, "create a snapshot named"), "the dry run has the plan of each server:\n%s", out)
		assert.Contains(r.t, out, "ROTATED")
		assert.Contains(r.t, out, "AUDITED")
	}},
	{"schedules are applied", "safepoint schedule apply", func(r *reader, text string) {
		server := r.webServers()[0]
		for day := range 4 {
			r.madeBefore(server, "1.0.0", "nightly", time.Duration(day+1)*24*time.Hour)
		}
		r.deleteSchedules("nightly-web", "snapshot-audit")
		out := r.followAll(text)
		assert.Contains(r.t, out, "would be created  "+r.named("nightly-web"))
		assert.GreaterOrEqual(r.t, strings.Count(out, " 03:00:00 CE"), 5, "the next five times, without the jitter:\n%s", out)
		assert.Contains(r.t, out, "delete snapshot", "what would be pruned now")
		assert.Contains(r.t, out, "created  "+r.named("snapshot-audit"))
	}},
	{"a schedule is steered", "safepoint schedule pause", func(r *reader, text string) {
		r.webServers()
		r.deleteSchedules("nightly-web")
		r.followAll("safepoint schedule apply -f starter/examples/schedule-nightly.json")
		out := r.followAll(text)
		assert.Contains(r.t, out, "started  "+r.named("nightly-web"))
		assert.Contains(r.t, out, "deleted  "+r.named("nightly-web"))
	}},
	{"a fleet that failed is tried again", "--retry-of", func(r *reader, text string) {
		servers := r.webServers()
		for _, id := range servers { // it must be under way when it is aborted
			r.gateOf(id, vpsfake.OpCreateSnapshot, "")
		}
		r.followAll("safepoint run fleet-update -f starter/examples/fleet-update.json --id web-2.14.0\nsafepoint abort web-2.14.0")
		r.open()
		r.closes(r.named("web-2.14.0"))
		r.followAll(text)
		r.deployed(servers)
	}},
	{"a fleet", "safepoint run fleet-update", func(r *reader, text string) {
		servers := r.webServers()
		out := r.followAll(text)
		assert.Contains(r.t, out, "PLANNED")
		r.deployed(servers)
	}},
	{"a fleet is steered", "safepoint pause web-2.14.0", func(r *reader, text string) {
		servers := r.webServers()
		for _, id := range servers { // it must be under way when it is paused
			r.gateOf(id, vpsfake.OpCreateSnapshot, "")
		}
		r.followAll("safepoint run fleet-update -f starter/examples/fleet-update.json --id web-2.14.0")
		out := r.followAll(text)
		r.open()
		assert.Contains(r.t, out, "no further server is started until resume")
		r.closes(r.named("web-2.14.0"))
		r.deployed(servers)
	}},
}

// webServers are two servers that the README's "web-*" stands for.
func (r *reader) webServers() []int64 {
	r.t.Helper()
	var ids []int64
	for i := range 2 {
		id := 1000 + nextServer.Add(1)
		r.control(http.MethodPost, "servers", vpsfake.ServerSpec{ID: id, Name: fmt.Sprintf("%s-%d", r.named("web"), i), Version: "1.0.0"}, nil)
		ids = append(ids, id)
	}
	return ids
}

// madeBefore is a completed snapshot that a run under a policy has left.
func (r *reader) madeBefore(server int64, version, policy string, ago time.Duration) {
	r.t.Helper()
	r.control(http.MethodPost, "snapshots", vpsfake.SnapshotSpec{
		ServerID: server, Name: fmt.Sprintf("%s-%d-%s", policy, server, ago), Version: version, CreatedAt: time.Now().Add(-ago),
		Description: contract.Marker{RunID: fmt.Sprintf("r%d", int(ago.Hours())), Policy: policy}.Describe(""),
	}, nil)
}

// restoredTo says that the reader's server was restored once, and what it is now.
func (r *reader) restoredTo(version string) {
	r.t.Helper()
	server, _ := r.state()
	assert.Equal(r.t, version, server.Version)
	assert.Equal(r.t, 1, server.Restores)
	assert.Equal(r.t, "active", server.Status)
	r.lawful()
}

// deployed says that each of the servers has the new version.
func (r *reader) deployed(servers []int64) {
	r.t.Helper()
	var all vpsfake.State
	r.control(http.MethodGet, "state", nil, &all)
	versions := map[int64]string{}
	for _, s := range all.Servers {
		versions[s.ID] = s.Version
	}
	for _, id := range servers {
		assert.Equal(r.t, "2.0.0", versions[id], "server %d", id)
	}
}

// closes waits for a run's end, whatever it is.
func (r *reader) closes(id string) {
	r.t.Helper()
	r.eventually(patience, id+" to end", func() bool {
		d, err := r.temp.DescribeWorkflowExecution(r.t.Context(), id, "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	})
}

// deleteSchedules leaves nothing that fires after the test.
func (r *reader) deleteSchedules(names ...string) {
	r.t.Cleanup(func() {
		for _, name := range names {
			_ = r.temp.ScheduleClient().GetHandle(context.Background(), r.named(name)).Delete(context.Background()) // it may be gone
		}
	})
}

// changesOverSSH follows the README with an sshd that stands for the server's.
func (r *reader) changesOverSSH(text string) {
	r.t.Helper()
	server := sshtest.Start(r.t, sshtest.Options{})
	r.worker.Kill()
	worker, err := stack.AddWorkerWith(r.t.Context(), r.queue, sshSettings(server))
	require.NoError(r.t, err)
	r.t.Cleanup(worker.Kill)
	r.also = []string{
		"web01.example.com:22", server.Address,
		"sudo apt-get update && sudo apt-get -y upgrade", "bash " + filepath.Join(r.dir, "deploy.sh"),
		"systemctl is-system-running --quiet", "true",
	}
	r.copyExamples()
	out := r.followAll(text)
	assert.Contains(r.t, out, "COMMITTED")
	now, _ := r.state()
	assert.Equal(r.t, "2.0.0", now.Version)
}
