package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestABusyServerIsSkippedAndSaidSo(t *testing.T) {
	h := newRotation(t).on(contract.ActivityAwaitLock, heldBy(testHolder))
	h.busy = 1
	e := h.run()
	assert.NoError(t, e.err)
	assert.Equal(t, OutcomeSkipped, e.report.Outcome)
	assert.Equal(t, &testHolder, e.report.BusyWith)
	assert.Contains(t, e.report.Summary, testHolder.WorkflowID)
	assert.Equal(t, []string{contract.ActivityAwaitLock}, e.names())
}

func TestAServerInAFreezeWindowIsSkippedBeforeAnythingIsAsked(t *testing.T) {
	h := newRotation(t, func(in *SnapshotRotationInput) {
		in.NotDuring = []FreezeWindow{{From: "11:00", To: "13:00", Reason: "batch"}}
	})
	e := h.run()
	assert.NoError(t, e.err)
	assert.Equal(t, OutcomeSkipped, e.report.Outcome)
	assert.Contains(t, e.report.Summary, "batch")
	assert.Empty(t, e.names())
	assert.Empty(t, h.locks)
}

func TestAWindowThatOpensWhileTheLockIsWaitedForCountsToo(t *testing.T) {
	h := newRotation(t, func(in *SnapshotRotationInput) {
		in.Lock.OnBusy = BusyWait
		in.NotDuring = []FreezeWindow{{From: "12:10", To: "13:00"}}
	})
	h.busy = 1
	h.on(contract.ActivityAwaitLock, step{takes: 15 * time.Minute})
	e := h.run()
	assert.Equal(t, OutcomeSkipped, e.report.Outcome)
	assert.Empty(t, e.wrote())
}

func TestARotationThatLosesItsLockBeforeItsSnapshotIsLockLost(t *testing.T) {
	cases := map[string]func(h *harness){
		"in the preflight": func(h *harness) { h.on(contract.ActivityPreflight, step{during: h.endLock, never: true}) },
		"during the wait":  func(h *harness) { h.on(awaitSnapshot, step{during: h.endLock, never: true}) },
		"the create finds it gone": func(h *harness) {
			h.on(createSnapshot, created(write(contract.WriteLockLost, 0)))
		},
	}
	for name, script := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t)
			h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day)}
			script(h)
			e := h.run()
			assert.Equal(t, contract.FailLockLost, e.failure)
			assert.Zero(t, e.count(deleteSnapshot))
		})
	}
}

func TestARotationThatLosesItsLockInThePruneIsIncomplete(t *testing.T) {
	for name, s := range map[string]step{
		"the delete finds it gone": deleted(write(contract.WriteLockLost, 0), false), "it ends during a delete": {takes: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t)
			h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
			if s.takes > 0 {
				s.during = h.endLock
			}
			h.on(deleteSnapshot, s)
			e := h.run()
			assert.Equal(t, contract.FailRotation, e.failure)
			assert.Equal(t, OutcomeIncomplete, e.report.Outcome)
			assert.Contains(t, e.report.Summary, "lock was lost")
			assert.Equal(t, 1, e.count(deleteSnapshot), "no write without the lock")
		})
	}
}

// Law 9: a cancel leaves it safe. What was begun is left to retention, a write in flight keeps its answer.
func TestLaw9ACancelOfARotationLeavesItSafe(t *testing.T) {
	full := func(h *harness) { h.existing = fiveOld() }
	cases := map[string]struct {
		script func(h *harness, cancel func())
		wrote  []string
		says   string
	}{
		"waiting for the lock": {func(h *harness, cancel func()) {
			h.busy = 1
			h.on(contract.ActivityAwaitLock, step{during: cancel, never: true})
		}, nil, "No snapshot was deleted"},
		"preflight": {func(h *harness, cancel func()) {
			h.on(contract.ActivityPreflight, step{during: cancel, never: true})
		}, nil, "No snapshot was deleted"},
		"waiting for an earlier run's": {func(h *harness, cancel func()) {
			h.existing = []contract.Snapshot{ofRotation(801, time.Minute, withStatus(contract.SnapshotInProgress))}
			h.on(awaitSnapshot, step{during: cancel, never: true})
		}, nil, "No snapshot was deleted"},
		"making room": {func(h *harness, cancel func()) {
			full(h)
			h.on(deleteSnapshot, step{during: cancel, takes: time.Second})
		}, []string{deleteSnapshot}, "Deleted to make room: 801"},
		"the create is in flight": {func(h *harness, cancel func()) {
			h.on(createSnapshot, step{during: cancel, takes: time.Second})
		}, []string{createSnapshot}, "left to retention"},
		"the create was unclear": {func(h *harness, cancel func()) {
			h.on(createSnapshot, createAmbiguous).on(contract.ActivityFindSnapshot, step{during: cancel, never: true})
		}, []string{createSnapshot}, "left to retention"},
		"the snapshot is made": {func(h *harness, cancel func()) {
			full(h)
			h.on(awaitSnapshot, step{during: cancel, never: true})
		}, []string{deleteSnapshot, createSnapshot}, "left to retention"},
		"a delete is in flight": {func(h *harness, cancel func()) {
			h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
			h.on(deleteSnapshot, step{during: cancel, takes: time.Second})
		}, []string{createSnapshot, deleteSnapshot}, `Deleted: 801 "rotation-12345-old"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t)
			c.script(h, h.env.CancelWorkflow)
			e := h.run()
			var canceled *temporal.CanceledError
			assert.ErrorAs(t, e.err, &canceled)
			assert.Equal(t, OutcomeCanceled, e.report.Outcome)
			assert.Contains(t, e.report.Summary, c.says)
			assert.ElementsMatch(t, c.wrote, e.wrote())
			for _, end := range e.lockEnds {
				assert.NoError(t, end, "the lock is released: a cancel of the run is not a cancel of its lock")
			}
		})
	}
}

func TestACancelInTheLastDeleteComesTooLate(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day)}
	h.on(deleteSnapshot, step{during: h.env.CancelWorkflow, takes: time.Second})
	assert.Equal(t, OutcomeRotated, h.run().report.Outcome)
}

func TestLaw11ACancelWhileTheServerIsStoppedStartsIt(t *testing.T) {
	for name, script := range map[string]func(h *harness){
		"while it stops":    func(h *harness) { h.on(stop, step{during: h.env.CancelWorkflow, takes: time.Second}) },
		"while it is down":  func(h *harness) { h.on(awaitSnapshot, step{during: h.env.CancelWorkflow, never: true}) },
		"while it is saved": func(h *harness) { h.on(createSnapshot, step{during: h.env.CancelWorkflow, takes: time.Second}) },
		"the lock is lost":  func(h *harness) { h.on(awaitSnapshot, step{during: h.endLock, never: true}) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t, rotationStops).on(awaitServer, stillDown)
			script(h)
			e := h.run()
			assert.Error(t, e.err)
			assert.Equal(t, start, e.wrote()[len(e.wrote())-1])
		})
	}
}
