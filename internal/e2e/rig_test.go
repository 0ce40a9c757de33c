package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/devstack"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// nextServer gives each test a server of its own, so that tests do not meet in locks, faults or sites.
var nextServer atomic.Int64

// rig is one test's server, worker and view of the world.
type rig struct {
	t      *testing.T
	server int64
	queue  string
	api    string // the stand-in's root, whose worker and control endpoints these are
	worker *devstack.Worker
	temp   client.Client
	shut   []string // the gates that hold requests, see gate
}

// newRig adds a server to the stand-in and starts a worker on a queue of its own.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := rigWithoutWorker(t)
	var err error
	r.worker, err = stack.AddWorker(t.Context(), r.queue)
	require.NoError(t, err)
	t.Cleanup(r.worker.Kill)
	return r
}

// rigWithoutWorker is for tests that run workers of their own.
func rigWithoutWorker(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, server: 1000 + nextServer.Add(1), api: stack.FakeURL}
	r.queue = "e2e-" + strconv.FormatInt(r.server, 10)
	var err error
	r.temp, err = stack.Client()
	require.NoError(t, err)
	r.control(http.MethodPost, "servers", vpsfake.ServerSpec{ID: r.server, Name: fmt.Sprintf("web%d", r.server), Version: "1.0.0"}, nil)
	return r
}

// control talks to the stand-in's own endpoints.
func (r *rig) control(method, what string, body, into any) {
	r.t.Helper()
	var b bytes.Buffer
	if body != nil {
		require.NoError(r.t, json.NewEncoder(&b).Encode(body))
	}
	req, err := http.NewRequest(method, r.api+"/fake/"+what, &b)
	require.NoError(r.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Less(r.t, resp.StatusCode, 300, "%s %s", method, what)
	if into != nil {
		require.NoError(r.t, json.NewDecoder(resp.Body).Decode(into))
	}
}

// fault makes this server's requests go wrong.
func (r *rig) fault(f vpsfake.Fault) {
	r.t.Helper()
	f.ServerID = r.server
	r.control(http.MethodPost, "faults", f, nil)
}

// about is a question to the stand-in about the rig's server only: the log of them all is long, and what is polled must not
// cost the machine more than what is tested.
func (r *rig) about(what string) string { return fmt.Sprintf("%s?server_id=%d", what, r.server) }

// state is the truth about this server and its snapshots.
func (r *rig) state() (vpsfake.ServerState, []vpsfake.SnapshotState) {
	r.t.Helper()
	var mine vpsfake.State
	r.control(http.MethodGet, r.about("state"), nil, &mine)
	if len(mine.Servers) == 0 {
		return vpsfake.ServerState{}, mine.Snapshots
	}
	return mine.Servers[0], mine.Snapshots
}

// requests are the API's requests of one kind about this server.
func (r *rig) requests(op vpsfake.Op) []vpsfake.Request {
	r.t.Helper()
	var mine []vpsfake.Request
	r.control(http.MethodGet, r.about("requests")+"&op="+string(op), nil, &mine)
	return mine
}

// lawful fails the test when this server's traffic broke a law.
func (r *rig) lawful() {
	r.t.Helper()
	var broken []vpsfake.Violation
	r.control(http.MethodGet, r.about("violations"), nil, &broken)
	for _, v := range broken {
		r.t.Errorf("law %d broken: %s", v.Law, v.Detail)
	}
}

// eventually polls with a bound.
func (r *rig) eventually(within time.Duration, what string, ok func() bool) {
	r.t.Helper()
	deadline := time.Now().Add(within)
	for !ok() {
		if time.Now().After(deadline) {
			r.t.Fatalf("not within %s: %s", within, what)
		}
		time.Sleep(50 * time.Millisecond) // the pause of a bounded poll
	}
}

// input is the runbook's JSON with quick checks; edit changes what the test is about.
func (r *rig) input(healthy bool, edit func(in map[string]any)) map[string]any {
	site := stack.SiteURL(r.server)
	in := map[string]any{
		"server_id": r.server,
		"reason":    r.t.Name(),
		"update":    map[string]any{"kind": "webhook", "url": fmt.Sprintf("%shooks/deploy?version=2.0.0&healthy=%t", site, healthy), "timeout": "20s"},
		"verify": map[string]any{
			"initial_delay": "0s", "interval": "200ms", "timeout": "3m", "successes": 2, "failures": 2,
			"checks": []any{map[string]any{"name": "home", "kind": "http", "url": site + "healthz", "timeout": "1m"}}, // a gate may hold it
		},
	}
	if edit != nil {
		edit(in)
	}
	return in
}

// part returns a nested object of an input, made when missing.
func part(in map[string]any, name string) map[string]any {
	if in[name] == nil {
		in[name] = map[string]any{}
	}
	return in[name].(map[string]any)
}

// start starts the runbook as the temporal CLI does: by type name, queue and one JSON object.
func (r *rig) start(id string, in any) client.WorkflowRun {
	r.t.Helper()
	run, err := r.temp.ExecuteWorkflow(r.t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: r.queue, WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflows.TypeSnapshotUpdateVerify, in)
	require.NoError(r.t, err)
	return run
}

// id names a run after its test.
func (r *rig) id() string { return fmt.Sprintf("run-%d", r.server) }

// end waits for the run's end and returns its report, whatever the end.
func (r *rig) end(id string, within time.Duration) workflows.Report {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	var report workflows.Report
	err := r.temp.GetWorkflow(ctx, id, "").Get(ctx, &report)
	if err == nil {
		return report
	}
	var app *temporal.ApplicationError
	var canceled *temporal.CanceledError
	switch {
	case errors.As(err, &app):
		require.True(r.t, app.NonRetryable(), "every failed end is non-retryable")
		require.NoError(r.t, app.Details(&report), "the details of %v", err)
		require.Equal(r.t, app.Type(), report.Failure)
	case errors.As(err, &canceled):
		require.NoError(r.t, canceled.Details(&report))
	default:
		require.NoError(r.t, err)
	}
	return report
}

// oneSnapshotOfOurs is the bar of every run that came to its snapshot.
func (r *rig) oneSnapshotOfOurs() {
	r.t.Helper()
	_, snapshots := r.state()
	ours := 0
	for _, s := range snapshots {
		if contract.ParseMarker(s.Description).Managed {
			ours++
		}
	}
	require.Equal(r.t, 1, ours, "snapshots of ours: %+v", snapshots)
}

// committed and rolledBack are the two whole outcomes.
func (r *rig) committed(report workflows.Report) {
	r.t.Helper()
	require.Equal(r.t, workflows.OutcomeCommitted, report.Outcome, "%+v", report)
	server, _ := r.state()
	require.Equal(r.t, "2.0.0", server.Version)
	require.Zero(r.t, server.Restores)
	r.oneSnapshotOfOurs()
	r.lawful()
}

func (r *rig) rolledBack(report workflows.Report) {
	r.t.Helper()
	require.Equal(r.t, workflows.OutcomeRolledBack, report.Outcome, "%+v", report)
	server, _ := r.state()
	require.Equal(r.t, "1.0.0", server.Version, "the site serves the old version again")
	require.Equal(r.t, "active", server.Status)
	require.Equal(r.t, 1, server.Restores, "exactly one restore took effect")
	r.oneSnapshotOfOurs()
	r.lawful()
}

// lockStatus is the state of the server's lock.
func (r *rig) lockStatus() enumspb.WorkflowExecutionStatus {
	d, err := r.temp.DescribeWorkflowExecution(context.Background(), contract.LockWorkflowID(r.server), "")
	if err != nil {
		return enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
	}
	return d.GetWorkflowExecutionInfo().GetStatus()
}
