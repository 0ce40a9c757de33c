package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// request sends pause, resume or abort.
func (f *fleetRig) request(id, name string) workflows.FleetAnswer {
	f.t.Helper()
	var answer workflows.FleetAnswer
	require.NoError(f.t, f.update(id, name, name, workflows.FleetRequest{By: "tester"}, &answer))
	return answer
}

// quick is a template that takes little: for tests that are about the fleet and not about its runs.
func (f *fleetRig) quick() map[string]any {
	t := f.template()
	t["verify"] = map[string]any{"skip": true}
	return t
}

func TestAFleetTriesItsCanariesAndGoesOnWhenAPersonApproves(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 5)
	f.fleet(f.id(), map[string]any{"canary": map[string]any{"count": 2, "pause": "1s", "decide": true}})
	defer f.explain(f.id())
	f.inPhase(f.id(), workflows.PhaseHold, fleetBar)
	held := f.status(f.id())
	require.NotNil(t, held.Fleet)
	assert.Equal(t, 2, held.Fleet.Counts.Done)
	assert.Equal(t, 2, held.Fleet.Started)
	require.NotNil(t, held.Hold)
	assert.Equal(t, f.servers[2:], f.untouched(), "nothing else is begun")
	require.NoError(t, f.decide(f.id(), "d1", workflows.DecideApprove))
	report := f.end(f.id(), fleetBar)
	assert.Equal(t, workflows.OutcomeCommitted, report.Outcome, "%s", report.Summary)
	assert.Equal(t, workflows.FleetCounts{Done: 5}, report.Fleet.Counts)
	assert.Equal(t, "tester", report.Decisions[0].By)
}

func TestAFleetIsPausedResumedAndAborted(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 12)
	f.hold(f.servers...)
	f.fleet(f.id(), map[string]any{"template": f.quick(), "max_concurrency": 3})
	defer f.explain(f.id())
	started := func(n, done int) func(workflows.FleetRecord) bool {
		return func(r workflows.FleetRecord) bool { return r.Started == n && r.Counts.Done == done }
	}
	f.until(f.id(), "three under way", fleetBar, started(3, 0))
	assert.True(t, f.request(f.id(), workflows.UpdatePause).Accepted)
	f.release(f.servers[:3]...)
	f.until(f.id(), "three done and no other begun", fleetBar, started(3, 3))
	assert.True(t, f.counts(f.id()).Paused)
	f.restart() // a pause is no business of the worker
	assert.True(t, f.request(f.id(), workflows.UpdateResume).Accepted)
	f.until(f.id(), "three more under way", fleetBar, started(6, 3))
	assert.True(t, f.request(f.id(), workflows.UpdateAbort).Accepted)
	f.release(f.servers...)
	report := f.end(f.id(), fleetBar)
	assert.Equal(t, contract.FailFleetStopped, report.Failure, "%s", report.Summary)
	assert.Equal(t, "aborted by tester", report.Fleet.StoppedBy)
	assert.Equal(t, workflows.FleetCounts{Done: 6}, report.Fleet.Counts)
	assert.Equal(t, f.servers[6:], report.Fleet.NotStarted)
	assert.Equal(t, f.servers[6:], f.untouched())
	late := f.update(f.id(), "late", workflows.UpdateAbort, workflows.FleetRequest{}, nil)
	require.Error(t, late, "nothing is aborted after the end")
}

// A stopped fleet rolls back what it committed, and the next one takes everything that is not committed and nothing else.
func TestAStoppedFleetUndoesItsCommitsAndARetryTakesWhatIsLeft(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 6)
	first, stranger, bad := f.servers[0], f.servers[1], f.servers[2]
	f.breaks(bad)
	f.hold(bad)
	f.fleet(f.id(), map[string]any{"max_concurrency": 1, "on_stop": workflows.StopRollbackCommitted})
	defer f.explain(f.id())
	f.until(f.id(), "two committed, one held", fleetBar, func(r workflows.FleetRecord) bool { return r.Counts.Done == 2 && r.Started == 3 })
	f.afterwards(stranger) // a later run writes to a server that the fleet has committed
	f.release(bad)
	report := f.end(f.id(), fleetBar)
	assert.Equal(t, contract.FailFleetStopped, report.Failure, "%s", report.Summary)
	assert.Equal(t, workflows.FleetCounts{Done: 1, RolledBack: 1, Undone: 1}, report.Fleet.Counts)
	assert.Equal(t, workflows.UndoneCounts{Restored: 1, Refused: 1}, report.Fleet.UndoneCounts)
	require.Len(t, report.Fleet.Undone, 2)
	assert.Equal(t, stranger, report.Fleet.Undone[0].ServerID, "the newest first")
	assert.Equal(t, workflows.OutcomeNotChanged, report.Fleet.Undone[0].Outcome, "%+v", report.Fleet.Undone[0])
	assert.Equal(t, workflows.OutcomeRestored, report.Fleet.Undone[1].Outcome, "%+v", report.Fleet.Undone[1])
	assert.Equal(t, []int64{first}, report.Fleet.Reverted)
	assert.Equal(t, f.servers[3:], report.Fleet.NotStarted)
	versions, _ := f.versions()
	assert.Equal(t, []int64{stranger}, versions["2.0.0"])

	f.mend()
	again := f.id() + "-again"
	f.fleet(again, map[string]any{"retry_of": f.id(), "template": f.quick()})
	retried := f.end(again, fleetBar)
	assert.Equal(t, workflows.OutcomeCommitted, retried.Outcome, "%s", retried.Summary)
	var took []int64
	for _, result := range retried.Fleet.Targets {
		took = append(took, result.ServerID)
	}
	assert.ElementsMatch(t, slices.Concat([]int64{first, bad}, f.servers[3:]), took)
	versions, _ = f.versions()
	assert.Len(t, versions["2.0.0"], len(f.servers))

	f.fleet(again+"-2", map[string]any{"retry_of": again})
	assert.Equal(t, workflows.OutcomeSkipped, f.end(again+"-2", fleetBar).Outcome, "nothing is left")
}

// afterwards lets a run of its own take the server's lock.
func (f *fleetRig) afterwards(server int64) {
	f.t.Helper()
	in := f.quick()
	in["server_id"] = server
	in["update"] = map[string]any{"kind": "none"}
	id := f.id() + "-later"
	f.start(id, in)
	require.Equal(f.t, workflows.OutcomeCommitted, f.end(id, fleetBar).Outcome)
}

func TestACanceledFleetLeavesEveryServerSafe(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 6)
	f.hold(f.servers[1], f.servers[2])
	f.fleet(f.id(), map[string]any{"max_concurrency": 2, "on_stop": workflows.StopRollbackCommitted})
	defer f.explain(f.id())
	f.until(f.id(), "one committed, two held", fleetBar, func(r workflows.FleetRecord) bool { return r.Counts.Done == 1 && r.Started == 3 })
	f.deploying(f.servers[1], f.servers[2])
	require.NoError(t, f.temp.CancelWorkflow(t.Context(), f.id(), ""))
	f.until(f.id(), "the cancel", fleetBar, func(workflows.FleetRecord) bool { return strings.Contains(f.status(f.id()).WaitingFor, "canceled") })
	f.release(f.servers...)
	report := f.end(f.id(), fleetBar)
	assert.Equal(t, workflows.OutcomeCanceled, report.Outcome, "%s", report.Summary)
	assert.Equal(t, 1, report.Fleet.Counts.Done, "what was committed stays")
	assert.Equal(t, 2, report.Fleet.Counts.RolledBack, "%+v", report.Fleet.Targets)
	assert.Equal(t, f.servers[3:], report.Fleet.NotStarted)
	versions, _ := f.versions()
	assert.Equal(t, []int64{f.servers[0]}, versions["2.0.0"])
	assert.Empty(t, f.violations())
}
