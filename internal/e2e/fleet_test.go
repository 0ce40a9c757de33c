package e2e

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// The bar: 200 servers, 3 broken ones, and the rule takes two. From number 100 on every deploy is held, so that what is
// under way when the third rollback arrives is known, and with it every count.
func TestAFleetOfTwoHundredServersStopsByItsRuleWithExactCounts(t *testing.T) {
	t.Parallel()
	crowded(t)
	const free, wide = 100, 40
	f := newFleetRig(t, 200)
	late := f.servers[free:]
	broken := []int64{late[5], late[11], late[17]}
	f.breaks(broken...)
	f.hold(late...)
	f.fleet(f.id(), map[string]any{"max_concurrency": wide, "max_rollbacks": 2})
	defer f.explain(f.id())
	f.until(f.id(), "the first hundred done and forty held", fleetBar, func(r workflows.FleetRecord) bool {
		return r.Counts.Done == free && r.Started == free+wide
	})
	for i, id := range broken { // each rollback makes room for one more server, but the third
		f.release(id)
		f.until(f.id(), "a rollback", fleetBar, func(r workflows.FleetRecord) bool {
			return r.Counts.RolledBack == i+1 && (i == 2 || r.Started == free+wide+i+1)
		})
	}
	require.NotEmpty(t, f.counts(f.id()).StoppedBy)
	f.release(late...)
	report := f.end(f.id(), fleetBar)
	assert.Equal(t, contract.FailFleetStopped, report.Failure, "%s", report.Summary)
	const started = free + wide + 2
	assert.Equal(t, workflows.FleetCounts{Done: started - 3, RolledBack: 3}, report.Fleet.Counts)
	assert.Equal(t, []int{200, started}, []int{report.Fleet.Total, report.Fleet.Started})
	assert.Equal(t, f.servers[started:], report.Fleet.NotStarted)
	assert.Contains(t, report.Fleet.StoppedBy, "3 rollbacks, and max_rollbacks takes 2")

	versions, restores := f.versions()
	assert.Len(t, versions["2.0.0"], started-3)
	assert.Subset(t, versions["1.0.0"], broken)
	assert.Equal(t, 3, restores)
	assert.Equal(t, report.Fleet.NotStarted, f.untouched())
	assert.Empty(t, f.violations())
}

// The rules let everything through: each server is tried although three roll back, two fail before their change and
// the worker is killed in the middle.
func TestAFleetWithinItsLimitsTriesEveryServerThroughACrash(t *testing.T) {
	t.Parallel()
	crowded(t)
	f := newFleetRig(t, 60)
	f.breaks(f.servers[3], f.servers[30], f.servers[59])
	for _, id := range []int64{f.servers[10], f.servers[40]} {
		f.control(http.MethodPost, "faults", vpsfake.Fault{Kind: vpsfake.SnapshotFails, ServerID: id}, nil)
	}
	template := f.template()
	part(template, "update")["timeout"] = "15s" // for as long a webhook counts that was sent by a worker that died
	f.fleet(f.id(), map[string]any{"template": template, "max_concurrency": "50%", "max_rollbacks": 3, "max_errors": "4%"})
	defer f.explain(f.id())
	f.until(f.id(), "some are done", fleetBar, func(r workflows.FleetRecord) bool { return r.Counts.Done >= 3 })
	f.deploying(f.servers[3]) // a deploy that died with the worker before it arrived breaks nothing
	f.restart()
	report := f.end(f.id(), fleetBar)
	assert.Equal(t, contract.FailFleet, report.Failure, "%s", report.Summary)
	assert.Equal(t, workflows.FleetCounts{Done: 55, RolledBack: 3, Errors: 2}, report.Fleet.Counts)
	assert.Empty(t, report.Fleet.NotStarted)
	assert.Len(t, report.Fleet.Targets, 60)
	versions, restores := f.versions()
	assert.Equal(t, 3, restores)
	assert.Equal(t, contract.FailSnapshot, resultIn(t, report.Fleet, f.servers[10]).Failure)
	for _, result := range report.Fleet.Targets {
		if result.Outcome == workflows.OutcomeCommitted && slices.Contains(versions["1.0.0"], result.ServerID) {
			run := f.end(result.WorkflowID, patience)
			assert.Equal(t, contract.ChangeUnknown, run.Change.Result, "only a webhook that died with the worker: %+v", result)
		}
	}
	assert.Empty(t, f.violations())
}
