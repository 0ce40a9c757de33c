package e2e

import (
	"net/http"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// backInput is the JSON of a RollbackByRestore to the newest snapshot of Safepoint's.
func (r *rig) backInput(edit func(in map[string]any)) map[string]any {
	in := r.input(true, nil)
	delete(in, "update")
	in["snapshot"] = "latest"
	if edit != nil {
		edit(in)
	}
	return in
}

// startBack starts a RollbackByRestore.
func (r *rig) startBack(id string, in any) client.WorkflowRun {
	r.t.Helper()
	return r.startOf(workflows.TypeRollbackByRestore, id, in)
}

func withSafety(in map[string]any) { part(in, "safety")["snapshot"] = true }

func withApproval(in map[string]any) { part(in, "approval")["required"] = true }

// apiNow is the API's clock, which runs as fast as the stand-in.
func (r *rig) apiNow() time.Time {
	r.t.Helper()
	var all vpsfake.State
	r.control(http.MethodGet, r.about("state"), nil, &all)
	return all.Now
}

// add gives a server a snapshot that was always there; the answer is its id.
func (r *rig) add(s vpsfake.SnapshotSpec) int64 {
	r.t.Helper()
	if s.ServerID == 0 {
		s.ServerID = r.server
	}
	var made struct {
		ID int64 `json:"id"`
	}
	r.control(http.MethodPost, "snapshots", s, &made)
	return made.ID
}

// changed is a server that a run has saved at 1.0.0 and that was changed to 2.0.0 since: what a rollback is asked for.
// The answer is the snapshot.
func (r *rig) changed(healthy bool) int64 {
	r.t.Helper()
	id := r.add(vpsfake.SnapshotSpec{
		Name: "pre-update-before", Description: contract.Marker{RunID: "an-earlier-run", Policy: contract.PolicyUpdate}.Describe(""),
		CreatedAt: r.apiNow().Add(-37 * time.Minute), Version: "1.0.0",
	})
	r.control(http.MethodPost, "deploys", map[string]any{"server_id": r.server, "version": "2.0.0", "healthy": healthy}, nil)
	return id
}

// safeties counts the copies that rollbacks took of the state they overwrote.
func (r *rig) safeties() int {
	r.t.Helper()
	_, snapshots := r.state()
	n := 0
	for _, s := range snapshots {
		if contract.ParseMarker(s.Description).Purpose == contract.PurposeSafety {
			n++
		}
	}
	return n
}

// restored is the bar of every RollbackByRestore that did what it was asked for.
func (r *rig) restored(report workflows.Report, safeties int) {
	r.t.Helper()
	require.Equal(r.t, workflows.OutcomeRestored, report.Outcome, "%+v", report)
	server, _ := r.state()
	require.Equal(r.t, "1.0.0", server.Version)
	require.Equal(r.t, "active", server.Status)
	require.Equal(r.t, 1, server.Restores, "exactly one restore took effect")
	require.Equal(r.t, safeties, r.safeties(), "safety snapshots")
	require.Contains(r.t, report.Loss, "of writes since are lost")
	r.lawful()
	r.lockFree()
}
