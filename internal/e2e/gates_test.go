package e2e

import (
	"net/http"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// patience bounds every wait for something that comes by itself. It catches what hangs and says nothing about speed: how
// fast a machine is must not decide a test. A moment is not waited for with a clock either: a gate keeps the run in it.
const patience = 2 * time.Minute

// gate holds every request of a kind about the rig's server, until the answer is called or the rig is open.
func (r *rig) gate(op vpsfake.Op, effect vpsfake.HangEffect) (open func()) {
	r.t.Helper()
	return r.gateOf(r.server, op, effect)
}

// gateOf is gate for another server.
func (r *rig) gateOf(server int64, op vpsfake.Op, effect vpsfake.HangEffect) (open func()) {
	r.t.Helper()
	var made struct {
		ID string `json:"id"`
	}
	r.control(http.MethodPost, "faults", vpsfake.Fault{Kind: vpsfake.Held, ServerID: server, Op: op, Effect: effect}, &made)
	r.shut = append(r.shut, made.ID)
	r.t.Cleanup(func() { r.openOne(made.ID) }) // a test that fails leaves nobody waiting
	return func() { r.openOne(made.ID) }
}

// open lets everything go on that the rig's gates hold.
func (r *rig) open() {
	r.t.Helper()
	for _, id := range slices.Clone(r.shut) {
		r.openOne(id)
	}
}

func (r *rig) openOne(id string) {
	r.t.Helper()
	if i := slices.Index(r.shut, id); i >= 0 {
		r.shut = slices.Delete(slices.Clone(r.shut), i, i+1)
		r.control(http.MethodDelete, "faults/"+id, nil, nil)
	}
}

// inWaitAfter brings the run into the wait that follows its write, and keeps it there until the rig is open: the write
// takes effect, and what the wait asks the API is held.
func (r *rig) inWaitAfter(op vpsfake.Op, start func()) {
	r.t.Helper()
	answer := r.gate(op, vpsfake.EffectBefore)
	start()
	r.whenSent(op)
	r.gate(vpsfake.OpAnyRead, "")
	answer()
	r.inWait(r.id())
}

// inWait waits until a run waits for a snapshot or a restore.
func (r *rig) inWait(id string) {
	r.t.Helper()
	r.eventually(patience, "the wait for a snapshot or a restore", func() bool { return r.status(id).Window != nil })
}

// inVerify starts an update, brings it to the verification of its change, and keeps it there until the rig is open: its
// checks are held.
func (r *rig) inVerify(in map[string]any) {
	r.t.Helper()
	answer := r.gate(vpsfake.OpDeployHook, "")
	r.start(r.id(), in)
	r.toVerify(answer)
}

// toVerify is inVerify for a run whose deploy hook is held.
func (r *rig) toVerify(answer func()) {
	r.t.Helper()
	r.whenSent(vpsfake.OpDeployHook)
	r.gate(vpsfake.OpSite, "") // the baseline is over
	answer()
	r.inPhase(r.id(), workflows.PhaseVerify, patience)
}

// cancel cancels a run and waits until the run knows it.
func (r *rig) cancel(id string) {
	r.t.Helper()
	require.NoError(r.t, r.temp.CancelWorkflow(r.t.Context(), id, ""))
	r.taskAfter(id, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
}

// taskAfter waits until a run has seen an event: until a workflow task has completed after it.
func (r *rig) taskAfter(id string, event enumspb.EventType) {
	r.t.Helper()
	r.eventually(patience, "the run to see "+event.String(), func() bool {
		seen := false
		for _, e := range r.history(id).Events {
			seen = seen || e.GetEventType() == event
			if seen && e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
				return true
			}
		}
		return false
	})
}
