package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// afterRun lets a rollback go on only when nobody has written to the server since that run.
func afterRun(id string) func(in map[string]any) {
	return func(in map[string]any) { in["after_run"] = id }
}

// deployed is a committed update, the last one to write to its server.
func (r *rig) deployed() {
	r.t.Helper()
	r.start(r.id(), r.input(true, nil))
	r.committed(r.end(r.id(), patience))
}

// saves is the input of a run that takes a snapshot and changes nothing.
func (r *rig) saves() map[string]any {
	return r.input(true, func(in map[string]any) { in["update"] = map[string]any{"kind": "none"} })
}

func TestARollbackAfterARunRestoresWhenThatRunWasTheLastToWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.deployed()
	t.Log("neither an audit nor a dry run writes")
	r.startOf(workflows.TypeSnapshotAudit, r.id()+"-audit", map[string]any{"servers": []int64{r.server}, "max_age": "26h"})
	require.Equal(t, workflows.OutcomeAudited, r.end(r.id()+"-audit", patience).Outcome)
	plan := r.backInput(afterRun(r.id()))
	plan["dry_run"] = true
	r.startBack(r.id()+"-plan", plan)
	require.Equal(t, workflows.OutcomePlanned, r.end(r.id()+"-plan", patience).Outcome)

	r.startBack(r.id()+"-back", r.backInput(afterRun(r.id())))
	r.restored(r.end(r.id()+"-back", patience), 0)

	t.Log("the rollback itself has written, so a second one is refused")
	r.startBack(r.id()+"-again", r.backInput(afterRun(r.id())))
	r.refusedAfter(r.id()+"-again", "by "+r.id()+"-back since "+r.id(), 1)
}

// refusedAfter is the bar of a rollback that a later run forbids.
func (r *rig) refusedAfter(id, why string, restores int) {
	r.t.Helper()
	report := r.end(id, patience)
	assert.Equal(r.t, contract.FailPreflight, report.Failure)
	assert.Equal(r.t, workflows.OutcomeNotChanged, report.Outcome)
	assert.Contains(r.t, report.Summary, why)
	assert.Contains(r.t, report.Next, "without after_run")
	assert.Len(r.t, r.requests(vpsfake.OpRestoreSnapshot), restores)
	r.lawful()
}

func TestARollbackAfterARunIsRefusedWhenALaterRunWroteToTheServer(t *testing.T) {
	t.Parallel()
	later := map[string]func(r *rig, id string){
		"an update": func(r *rig, id string) {
			r.start(id, r.saves())
			require.Equal(r.t, workflows.OutcomeCommitted, r.end(id, patience).Outcome)
		},
		"an update that is still under way": func(r *rig, id string) {
			r.fault(vpsfake.Fault{Kind: vpsfake.NeverFinishes, Op: vpsfake.OpCreateSnapshot})
			r.start(id, r.saves())
			r.whenSent(vpsfake.OpCreateSnapshot)
			r.inWait(id)
		},
		"a rotation": func(r *rig, id string) {
			r.startOf(workflows.TypeSnapshotRotation, id, map[string]any{"servers": []int64{r.server}, "policy": map[string]any{"keep_last": 2}})
			require.Equal(r.t, workflows.OutcomeRotated, r.end(id, patience).Outcome)
		},
	}
	for name, write := range later {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.deployed()
			write(r, r.id()+"-later")
			r.startBack(r.id()+"-back", r.backInput(afterRun(r.id())))
			r.refusedAfter(r.id()+"-back", "by "+r.id()+"-later since "+r.id(), 0)
		})
	}
}

func TestARollbackAfterARunOfAServerThatNobodyHeldIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.changed(true)
	r.startBack(r.id(), r.backInput(afterRun("deploy-41")))
	r.refusedAfter(r.id(), "nobody knows who wrote to server", 0)
}

// A run that comes between the look at the lock and the lock itself is seen by its wait.
func TestARollbackAfterARunThatHadToWaitForTheLockIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.held(r.id())
	r.startBack(r.id()+"-back", r.backInput(func(in map[string]any) {
		onBusy("wait")(in)
		afterRun(r.id())(in)
	}))
	r.inPhase(r.id()+"-back", workflows.PhaseLock, patience)
	require.NoError(t, r.decide(r.id(), "d1", workflows.DecideCommit))
	require.Equal(t, workflows.OutcomeCommitted, r.end(r.id(), patience).Outcome)
	r.refusedAfter(r.id()+"-back", "was still held when this run came", 0)
}
