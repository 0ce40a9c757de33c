package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// rotates is the input of a rotation of the rig's own server.
func rotates(edits ...func(in map[string]any)) func(r *rig) map[string]any {
	return func(r *rig) map[string]any {
		in := rotationInput(nil, r.server)
		for _, edit := range edits {
			edit(in)
		}
		return in
	}
}

func inherits(r *rig) { r.inherited(r.server) }

// suspended is another server than the rig's, which nothing may be done to.
func (r *rig) suspended() int64 {
	r.t.Helper()
	id := 1000 + nextServer.Add(1)
	r.control(http.MethodPost, "servers", vpsfake.ServerSpec{ID: id, Status: "suspended"}, nil)
	return id
}

func dryRun(in map[string]any) { in["dry_run"] = true }

// The ends of a rotation that no other test records.
func TestHistoriesOfTheOtherEndsOfARotation(t *testing.T) {
	t.Parallel()
	const notChanged = workflows.OutcomeNotChanged
	branches(t, workflows.TypeSnapshotRotation, map[string]endBranch{
		"rotation-planned":       {before: inherits, in: rotates(dryRun), want: workflows.OutcomePlanned},
		"rotation-invalid-input": {in: func(*rig) map[string]any { return map[string]any{} }, want: notChanged, class: contract.FailInvalidInput},
		"rotation-suspended":     {before: func(r *rig) { r.server = r.suspended() }, in: rotates(), lock: true, want: notChanged, class: contract.FailPreflight},
		"rotation-no-room":       {before: byHand(5), in: rotates(), lock: true, want: notChanged, class: contract.FailSnapshotLimit},
		"rotation-busy-refused":  {before: heldByAnother, in: rotates(onBusy("fail")), want: notChanged, class: contract.FailServerBusy},
		"rotation-frozen": {before: inherits, want: workflows.OutcomeSkipped,
			in: func(r *rig) map[string]any {
				return rotates(func(in map[string]any) { in["not_during"] = frozenNow(r)["not_during"] })(r)
			}},
		"rotation-lock-lost": {before: inherits, fault: snapshotNeverReady, in: rotates(), while: loseLock, want: notChanged, class: contract.FailLockLost},
		"rotation-canceled":  {before: inherits, fault: snapshotNeverReady, in: rotates(), while: cancelInWait, lock: true, want: workflows.OutcomeCanceled},
		"rotation-incomplete": {before: inherits, in: rotates(), lock: true, want: workflows.OutcomeIncomplete, class: contract.FailRotation,
			fault: &vpsfake.Fault{Kind: vpsfake.Unauthorized, Op: vpsfake.OpDeleteSnapshot, Times: 1}},
	})
}

// A rotation of many of which one fails.
func TestHistoriesOfARotationOfManyThatIsIncomplete(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	inherits(r)
	r.startOf(workflows.TypeSnapshotRotation, r.id(), rotationInput(nil, r.server, r.suspended()))
	report := r.end(r.id(), patience)
	require.Equal(t, contract.FailRotation, report.Failure, "%+v", report)
	assert.Equal(t, workflows.FleetCounts{Done: 1, Errors: 1}, report.Fleet.Counts)
	r.keepOne(r.id(), "rotation-many-incomplete")
}

// See TestHistoriesOfFleetsThatContinueAsNew: here the children are rotations as they are.
func TestHistoriesOfARotationThatContinuesAsNew(t *testing.T) {
	t.Parallel()
	r := rigOnTemporal(t, "limit.historyCount.suggestContinueAsNew=60")
	r.serves()
	servers := r.neighbours(20)
	run := r.startOf(workflows.TypeSnapshotRotation, r.id(), rotationInput(dryRun, servers...))
	report := r.end(r.id(), patience)
	require.Equal(t, workflows.OutcomePlanned, report.Outcome, "%+v", report)
	assert.Equal(t, len(servers), report.Fleet.Counts.Planned)
	require.NotEqual(t, run.GetRunID(), report.RunID, "it was continued")
	r.keepRun(r.id(), run.GetRunID(), "rotation-continued-first")
	r.keepOne(r.id(), "rotation-continued-last")
}
