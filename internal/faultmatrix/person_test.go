package faultmatrix

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// personLooksEvery is on the runbook's clock. It is longer than all its pauses and far shorter than a hold, and the
// environment's clock only comes this far when nothing but a person can move the run.
const personLooksEvery = time.Hour

// handMade is the name of the snapshot that a person has made.
const handMade = "before-the-migration"

func oldName(n int) string { return fmt.Sprintf("pre-update-%d-%d", serverID, n) }

func activityName(ctx context.Context) string { return activity.GetInfo(ctx).ActivityType.Name }

// person looks at the run every hour and answers a hold with the scenario's next decision.
func (h *harness) person() {
	if h.env.IsWorkflowCompleted() {
		return
	}
	h.env.RegisterDelayedCallback(h.person, personLooksEvery)
	status, err := h.status()
	if err != nil {
		h.t.Errorf("query status: %v", err)
		return
	}
	if status.Hold == nil || (len(h.holds) > 0 && h.holds[len(h.holds)-1].Since.Equal(status.Since)) {
		return // nothing to decide, or the hold that was seen before
	}
	h.holds = append(h.holds, status)
	if len(h.s.decisions) == 0 {
		return
	}
	next := h.s.decisions[0]
	h.s.decisions = h.s.decisions[1:]
	if next.settled != nil {
		h.until(next.settled)
	}
	h.env.UpdateWorkflow(workflows.UpdateDecide, "", answered{h}, workflows.DecideRequest{Decision: next.decide, By: "a person"})
}

func (h *harness) status() (workflows.Status, error) {
	var status workflows.Status
	value, err := h.env.QueryWorkflow(workflows.QueryStatus)
	if err == nil {
		err = value.Get(&status)
	}
	return status, err
}

// until waits for a state of the fake, in real time: the person does not decide before.
func (h *harness) until(settled func(f *vpsfake.Fake) bool) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for bound := time.Now().Add(stuckAfter / 2); !settled(h.fake); <-tick.C {
		if time.Now().After(bound) {
			h.t.Errorf("the server never came to the state that the person waits for: %+v", h.fake.Server(serverID))
			return
		}
	}
}

// answered takes the answer of an update.
type answered struct{ h *harness }

func (a answered) Accept() {}

func (a answered) Reject(err error) { a.h.t.Errorf("the decision was refused: %v", err) }

func (a answered) Complete(_ any, err error) {
	if err != nil {
		a.h.t.Errorf("the decision failed: %v", err)
	}
}

// calm says that nobody's restore runs any more.
func calm(f *vpsfake.Fake) bool { return !f.Server(serverID).Restoring }

// onHold says whether the run was held, and by what words.
func (e ended) onHold() (bool, string) {
	if len(e.holds) == 0 {
		return false, ""
	}
	return true, e.holds[0].Hold.Why
}

// own are the snapshots of this run that exist now.
func (e ended) own() []vpsfake.SnapshotState {
	var own []vpsfake.SnapshotState
	for _, s := range e.fake.Snapshots(serverID) {
		if contract.ParseMarker(s.Description).RunID == e.report.OriginalRunID {
			own = append(own, s)
		}
	}
	return own
}

// earlier is how many snapshots of earlier runs are left.
func (e ended) earlier() int {
	left := 0
	for _, s := range e.fake.Snapshots(serverID) {
		if contract.ParseMarker(s.Description).RunID == "earlier-run" {
			left++
		}
	}
	return left
}
