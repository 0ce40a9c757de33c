package workflows

import (
	"errors"
	"slices"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// names are the activities called, in order.
func (h *harness) names() []string {
	var names []string
	for _, c := range h.calls {
		names = append(names, c.name)
	}
	return names
}

// count is how often an activity was called.
func (h *harness) count(name string) int {
	n := 0
	for _, c := range h.calls {
		if c.name == name {
			n++
		}
	}
	return n
}

// callsOf are the calls of one activity, in order.
func (h *harness) callsOf(name string) []call {
	var calls []call
	for _, c := range h.calls {
		if c.name == name {
			calls = append(calls, c)
		}
	}
	return calls
}

// inputs are what one activity was called with, in order.
func inputs[I any](h *harness, name string) []I {
	var all []I
	for _, c := range h.calls {
		if c.name == name {
			all = append(all, c.in.(I))
		}
	}
	return all
}

// wrote lists the writes, in order.
func (h *harness) wrote() []string {
	return slices.DeleteFunc(h.names(), func(name string) bool { return !slices.Contains(writes, name) })
}

// checkEveryRun checks what holds for every run, whatever its script.
func (e ended) checkEveryRun() {
	t := e.t
	t.Helper()
	var app *temporal.ApplicationError
	if errors.As(e.err, &app) {
		assert.True(t, app.NonRetryable(), "every failed end is non-retryable")
		assert.Equal(t, app.Type(), e.report.Failure)
		assert.Contains(t, app.Message(), e.report.Summary)
	}
	if e.report.Outcome == OutcomeNotChanged && e.report.Failure == contract.FailInvalidInput {
		return // nothing was contacted, there is nothing more to look at
	}
	assert.NotEmpty(t, e.report.Summary)
	assert.Equal(t, completedOutcomes[e.report.Outcome], e.err == nil, "only committed, skipped and planned complete: %s", e.report.Outcome)
	assert.Empty(t, e.leftWrites, "a write was still under way when the run ended")
	e.checkOrder()
	e.checkFences()
	e.checkPhases()
}

var completedOutcomes = map[Outcome]bool{OutcomeCommitted: true, OutcomeSkipped: true, OutcomePlanned: true, OutcomeRestored: true, OutcomeRotated: true, OutcomeAudited: true}

// checkOrder checks laws 1, 2 and 3 on the order of the calls.
func (e ended) checkOrder() {
	t := e.t
	t.Helper()
	completed, mustFind, mustLook := false, false, false
	for i, c := range e.calls {
		if i >= e.endedAt {
			assert.NotContains(t, writes, c.name, "a write after the end")
		}
		switch out := c.out.(type) {
		case contract.PreflightResult:
			completed = completed || e.chosenCompleted(out.Snapshots)
		case contract.AwaitSnapshotResult:
			completed = completed || (out.State == contract.AwaitDone && out.Snapshot.Completed())
		case contract.CreateSnapshotResult:
			assert.False(t, mustFind, "law 1: a second POST without a look after an ambiguous answer")
			mustFind = c.err != nil || out.Answer.Outcome == contract.WriteAmbiguous
		case contract.FindSnapshotResult:
			mustFind = false
		case contract.SendWebhookResult:
			assert.True(t, completed, "law 2: the change began before the snapshot was completed")
		case contract.RestoreSnapshotResult:
			assert.True(t, completed, "law 3: a restore from a snapshot that is not completed")
			assert.False(t, mustLook, "law 3: a second restore without a look after an answer that may have taken effect")
			mustLook = c.err != nil || out.Answer.Outcome == contract.WriteAmbiguous || out.Answer.Outcome == contract.WriteAccepted
		case contract.AwaitRestoreResult:
			mustLook = false
		}
	}
	assert.LessOrEqual(t, e.count(contract.ActivitySendWebhook), 1, "a change is never made twice")
}

// chosenCompleted says whether a list shows the snapshot that RollbackByRestore chose as completed, and of this server.
func (e ended) chosenCompleted(all []contract.Snapshot) bool {
	return e.runbook == TypeRollbackByRestore && slices.ContainsFunc(all, func(s contract.Snapshot) bool {
		return e.report.Snapshot != nil && s.ID == e.report.Snapshot.ID && s.ServerID == testServerID && s.Completed()
	})
}

// ownPolicy is the one policy that the runbook may delete by.
func (e ended) ownPolicy() string {
	if e.runbook == TypeRollbackByRestore {
		return contract.PolicySafety
	}
	if in, ok := e.input.(SnapshotRotationInput); ok {
		return in.Policy.Name
	}
	return contract.PolicyUpdate
}

// checkFences checks that every write carries a lock and the run's identity.
func (e ended) checkFences() {
	t := e.t
	t.Helper()
	for _, c := range e.calls {
		var fence contract.Fence
		switch in := c.in.(type) {
		case contract.CreateSnapshotInput:
			fence = in.Fence
		case contract.DeleteSnapshotInput:
			fence = in.Fence
			assert.Equal(t, e.ownPolicy(), in.Policy, "law 4")
		case contract.RestoreSnapshotInput:
			fence = in.Fence
			assert.Equal(t, e.report.Snapshot.ID, in.SnapshotID, "law 3: only the run's own snapshot")
		case contract.PowerInput:
			fence = in.Fence
		case contract.SendWebhookInput:
			fence = in.Fence
		default:
			continue
		}
		assert.Equal(t, contract.LockWorkflowID(testServerID), fence.LockWorkflowID, "law 7: %s without the server's lock", c.name)
		assert.NotEmpty(t, fence.LockRunID, "law 7: %s", c.name)
		assert.Equal(t, e.originalRunID, fence.OriginalRunID)
	}
}

// checkPhases checks the report's times and that the search attributes end as the run did.
func (e ended) checkPhases() {
	t := e.t
	t.Helper()
	if assert.NotEmpty(t, e.report.Phases) {
		assert.Equal(t, PhaseDone, e.report.Phases[len(e.report.Phases)-1].Phase)
	}
	for i, p := range e.report.Phases {
		assert.False(t, p.EndedAt.Before(p.StartedAt), "phase %s ends before it starts", p.Phase)
		if i > 0 {
			assert.Equal(t, e.report.Phases[i-1].EndedAt, p.StartedAt, "phase %s", p.Phase)
			assert.NotEqual(t, e.report.Phases[i-1].Phase, p.Phase)
		}
	}
	last := e.upserts[len(e.upserts)-1]
	assert.Equal(t, string(PhaseDone), last[SearchAttributePhase])
	assert.Equal(t, string(e.report.Outcome), last[SearchAttributeOutcome])
	assert.Len(t, e.upserts, len(e.report.Phases), "an upsert is a billed action: one a phase")
}
