package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// audit runs an audit to its end. Whatever it says, it must not have written anything.
func (r *rig) audit(in map[string]any) workflows.Report {
	r.t.Helper()
	r.startOf(workflows.TypeSnapshotAudit, r.id()+"-audit", in)
	report := r.end(r.id()+"-audit", patience)
	require.NotNil(r.t, report.Audit, "%+v", report)
	assert.Equal(r.t, contract.ClockAPI, report.Audit.ClockOf)
	return report
}

// aged gives a server a completed snapshot of the rotation that is so old by the API's clock.
func (r *rig) aged(server int64, age time.Duration) {
	r.t.Helper()
	r.add(vpsfake.SnapshotSpec{ServerID: server, Name: "rotation-nightly", CreatedAt: r.apiNow().Add(-age),
		Description: contract.Marker{RunID: "an-earlier-run", Policy: contract.PolicyRotation}.Describe("")})
}

func TestAnAuditOfFreshServersIsGreen(t *testing.T) {
	t.Parallel()
	r := rigOfAccount(t, nil)
	servers := r.neighbours(3)
	for i, id := range servers {
		r.aged(id, time.Duration(i)*time.Hour)
		r.aged(id, 300*time.Hour)
	}
	report := r.audit(map[string]any{"all": true, "max_age": "26h"})
	assert.Equal(t, workflows.OutcomeAudited, report.Outcome)
	assert.Equal(t, "3 servers audited, each with a completed snapshot younger than 26h.", report.Summary)
	assert.Equal(t, contract.AuditCounts{}, report.Audit.Counts)
	assert.Empty(t, r.violations())
}

func TestAnAuditFailsAsStaleWithATableOfTheServersTheOldestFirst(t *testing.T) {
	t.Parallel()
	r := rigOfAccountAt(t, 1, nil)
	servers := r.neighbours(4)
	r.aged(servers[0], time.Hour)
	r.aged(servers[1], 27*time.Hour)
	r.aged(servers[2], 49*time.Hour)
	r.add(vpsfake.SnapshotSpec{ServerID: servers[3], Name: "half", Status: "finalizing", CreatedAt: r.apiNow()}) // never one to go back to
	report := r.audit(map[string]any{"all": true, "max_age": "26h"})
	assert.Equal(t, workflows.OutcomeStale, report.Outcome)
	assert.Equal(t, contract.FailStale, report.Failure)
	lines := strings.Split(report.Summary, "\n")
	require.Len(t, lines, 5, report.Summary)
	assert.Equal(t, "3 of 4 servers without a completed snapshot younger than 26h:", lines[0])
	assert.Regexp(t, `^SERVER +NEWEST COMPLETED +AGE$`, lines[1])
	assert.Regexp(t, fmt.Sprintf(`^%d web%[1]d +none +-$`, servers[3]), lines[2])
	assert.Regexp(t, fmt.Sprintf(`^%d web%[1]d +\d{4}-\d\d-\d\d \d\d:\d\d UTC +2d1h$`, servers[2]), lines[3])
	assert.Regexp(t, fmt.Sprintf(`^%d web%[1]d +\d{4}-\d\d-\d\d \d\d:\d\d UTC +1d3h$`, servers[1]), lines[4])
	var stale []int64
	for _, row := range report.Audit.Stale {
		stale = append(stale, row.ServerID)
	}
	assert.Equal(t, []int64{servers[3], servers[2], servers[1]}, stale)
}

func TestAnAuditListsWhatElseAnOperatorMustKnow(t *testing.T) {
	t.Parallel()
	r := rigOfAccount(t, nil)
	servers := r.neighbours(2)
	now := r.apiNow()
	ours := contract.Marker{RunID: "r", Policy: contract.PolicyRotation}
	protected := ours
	protected.Protected = true
	stuck := r.add(vpsfake.SnapshotSpec{ServerID: servers[0], Name: "rotation-stuck", Description: ours.Describe(""), Status: "creating", CreatedAt: now.Add(-3 * time.Hour)})
	failed := r.add(vpsfake.SnapshotSpec{ServerID: servers[0], Name: "rotation-failed", Description: ours.Describe(""), Status: "failed", CreatedAt: now.Add(-4 * time.Hour)})
	kept := r.add(vpsfake.SnapshotSpec{ServerID: servers[0], Name: "rotation-kept", Description: protected.Describe(""), CreatedAt: now.Add(-5 * time.Hour)})
	foreign := r.add(vpsfake.SnapshotSpec{ServerID: servers[0], Name: "before-migration", Description: "by hand", CreatedAt: now.Add(-time.Hour)})
	r.aged(servers[0], time.Hour)
	r.aged(servers[1], time.Hour)
	const missing = 999_999_999
	report := r.audit(map[string]any{"servers": []int64{servers[0], servers[1], missing}, "max_age": "26h"})
	assert.Equal(t, workflows.OutcomeAudited, report.Outcome, report.Summary)
	a := report.Audit
	assert.Equal(t, contract.AuditCounts{Missing: 1, Orphans: 2, Full: 1, Protected: 1, Foreign: 1}, a.Counts)
	assert.ElementsMatch(t, []int64{stuck, failed}, []int64{a.Orphans[0].ID, a.Orphans[1].ID})
	assert.Equal(t, kept, a.Protected[0].ID)
	assert.Equal(t, foreign, a.Foreign[0].ID)
	assert.Equal(t, servers[0], a.Full[0].ServerID)
	assert.Equal(t, []int64{missing}, a.Missing)
	assert.Contains(t, report.Summary, "Also found: 1 asked-for server is not in the account, 2 orphaned snapshots, 1 server with a full quota.")
}

// Law 11's last line: a run that stopped its server and was killed by hand cannot start it again.
func TestAnAuditListsAServerThatADeadRunLeftStopped(t *testing.T) {
	t.Parallel()
	r := rigOfAccount(t, nil)
	r.server = r.neighbours(1)[0]
	byHand := 1000 + nextServer.Add(1)
	r.control("POST", "servers", vpsfake.ServerSpec{ID: byHand, Status: "stopped"}, nil)
	r.aged(r.server, time.Hour)
	r.aged(byHand, time.Hour)
	r.fault(vpsfake.Fault{Kind: vpsfake.NeverFinishes, Op: vpsfake.OpCreateSnapshot})
	r.start(r.id(), map[string]any{"server_id": r.server, "snapshot": map[string]any{"stop_server": true},
		"update": map[string]any{"kind": "none"}, "verify": map[string]any{"skip": true}})
	r.eventually(patience, "the snapshot of the stopped server", func() bool { return len(r.requests(vpsfake.OpCreateSnapshot)) > 0 })
	require.NoError(t, r.temp.TerminateWorkflow(t.Context(), r.id(), "", "by hand"))
	report := r.audit(map[string]any{"all": true, "max_age": "26h"})
	assert.Equal(t, workflows.OutcomeAudited, report.Outcome, report.Summary)
	require.Len(t, report.Audit.StoppedByRun, 1, "the one that a person stopped is none: %+v", report.Audit)
	row := report.Audit.StoppedByRun[0]
	assert.Equal(t, r.server, row.ServerID)
	assert.Equal(t, r.id(), row.WorkflowID)
	assert.Contains(t, row.Detail, workflows.TypeSnapshotUpdateVerify+") has been terminated")
	assert.Contains(t, report.Summary, "1 server that a dead run may have left stopped")
}
