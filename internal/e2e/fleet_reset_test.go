package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// childID is the workflow id of a server's run in the chain of runs that begins with the given one.
func (f *standInFleet) childID(firstRun string, server int64) string {
	sum := sha256.Sum256([]byte(firstRun))
	return fmt.Sprintf("%s/%d-%s", f.id(), server, hex.EncodeToString(sum[:4]))
}

// A fleet that is reset to before its first child starts nothing again: it finds the runs that there are.
func TestAFleetThatIsResetAdoptsItsRunsAndRunsNoServerTwice(t *testing.T) {
	t.Parallel()
	f := newStandInFleet(t, 20)
	close(f.proceed)
	first := f.start(nil)
	before := f.end(f.id(), fleetBar)
	require.Equal(t, workflows.FleetCounts{Done: 18, Errors: 1, RolledBack: 1}, before.Fleet.Counts)
	f.resetTo(f.id(), f.completed(f.id(), contract.ActivitySelectServers))
	f.eventually(fleetBar, "the reset run", func() bool { return f.latest(f.id()) != first })
	after := f.end(f.id(), fleetBar)
	assert.Equal(t, before.Fleet.Counts, after.Fleet.Counts)
	assert.Equal(t, 20, f.executions(f.history(f.id()).Events), "the reset run asked for each of them, and was told that it exists")
	for _, result := range before.Fleet.Targets {
		again := resultIn(t, after.Fleet, result.ServerID)
		assert.Equal(t, []any{result.WorkflowID, result.Outcome, result.SnapshotID}, []any{again.WorkflowID, again.Outcome, again.SnapshotID})
		assert.Equal(t, result.RunID, f.latest(result.WorkflowID), "server %d was run once", result.ServerID)
	}
	f.keepOne(f.id(), "fleet-reset")
}

// executions counts the children that could not be started because they exist.
func (f *standInFleet) executions(events []*historypb.HistoryEvent) int {
	n := 0
	for _, e := range events {
		if e.GetStartChildWorkflowExecutionFailedEventAttributes() != nil {
			n++
		}
	}
	return n
}

// Somebody else's run under the id of a child is not the fleet's: it is neither waited for nor believed.
func TestARunOfSomebodyElseUnderAChildsIDIsAnErrorOfThatServer(t *testing.T) {
	t.Parallel()
	f := newStandInFleet(t, 6)
	close(f.proceed)
	first := f.start(map[string]any{"canary": map[string]any{"count": 1, "decide": true}})
	f.inPhase(f.id(), workflows.PhaseHold, fleetBar)
	committed, stuck := f.childID(first, 3), f.childID(first, 5)
	f.startForeign(committed, 3)
	f.startForeign(stuck, stuckLate)
	require.Equal(t, workflows.OutcomeCommitted, f.end(committed, fleetBar).Outcome)
	require.NoError(t, f.decide(f.id(), "d1", workflows.DecideApprove))
	report := f.end(f.id(), fleetBar)
	assert.Equal(t, workflows.FleetCounts{Done: 4, Errors: 2}, report.Fleet.Counts, "%s", report.Summary)
	for _, id := range []int64{3, 5} {
		assert.Equal(t, "ForeignRun", resultIn(t, report.Fleet, id).Failure)
	}
	f.keepOne(f.id(), "fleet-foreign")
	require.NoError(t, f.temp.TerminateWorkflow(t.Context(), stuck, "", "the test is over"))
}

// startForeign starts the run of a server as somebody else would.
func (f *standInFleet) startForeign(id string, server int64) {
	f.t.Helper()
	f.rig.start(id, map[string]any{"server_id": server})
}
