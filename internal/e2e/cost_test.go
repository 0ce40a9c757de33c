package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// maxEvents is the bar for a committed run, the lock's own events included.
const maxEvents = 100

// maxEventsPerHeartbeat is what one heartbeat of an external runner may add.
const maxEventsPerHeartbeat = 7

// eventsOf is the cost of a run with its lock. A workflow task that timed out, or that was overtaken by news, is begun
// again: its events are the price of a busy machine, as often as it is busy, and not the runbook's.
func (r *rig) eventsOf(id string) int {
	r.t.Helper()
	r.eventually(patience, "the lock to close", func() bool {
		return r.lockStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
	return ownCost(r.history(id).Events) + ownCost(r.history(contract.LockWorkflowID(r.server)).Events)
}

// ownCost counts the events without those of the tasks that were done again because of the time they took. A task that
// failed for any other reason is the runbook's.
func ownCost(events []*historypb.HistoryEvent) int {
	again := map[int64]bool{} // by the event's id
	for _, e := range events {
		if late := e.GetWorkflowTaskTimedOutEventAttributes(); late != nil {
			again[e.GetEventId()], again[late.GetScheduledEventId()], again[late.GetStartedEventId()] = true, true, true
		}
		failed := e.GetWorkflowTaskFailedEventAttributes()
		if failed.GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND {
			again[e.GetEventId()], again[failed.GetScheduledEventId()], again[failed.GetStartedEventId()] = true, true, true
		}
	}
	cost := 0
	for _, e := range events {
		if !again[e.GetEventId()] {
			cost++
		}
	}
	return cost
}

func TestATaskThatCameTooLateIsNoCostAndOneThatFailedIs(t *testing.T) {
	scheduled, started := int64(2), int64(3)
	task := func(end *historypb.HistoryEvent) []*historypb.HistoryEvent {
		end.EventId = 4
		return []*historypb.HistoryEvent{{EventId: 1}, {EventId: scheduled}, {EventId: started}, end, {EventId: 5}}
	}
	failed := func(cause enumspb.WorkflowTaskFailedCause) []*historypb.HistoryEvent {
		return task(&historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowTaskFailedEventAttributes{
			WorkflowTaskFailedEventAttributes: &historypb.WorkflowTaskFailedEventAttributes{ScheduledEventId: scheduled, StartedEventId: started, Cause: cause},
		}})
	}
	require.Equal(t, 2, ownCost(task(&historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowTaskTimedOutEventAttributes{
		WorkflowTaskTimedOutEventAttributes: &historypb.WorkflowTaskTimedOutEventAttributes{ScheduledEventId: scheduled, StartedEventId: started},
	}})))
	require.Equal(t, 2, ownCost(failed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND)))
	require.Equal(t, 5, ownCost(failed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR)))
	require.Equal(t, 5, ownCost(task(&historypb.HistoryEvent{})))
}

func TestCostOfACommittedRunIsAtMost100EventsWithItsLock(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(in map[string]any){
		"webhook": nil,
		"none":    func(in map[string]any) { in["update"] = map[string]any{"kind": "none"} },
		"stop-server": func(in map[string]any) {
			part(in, "snapshot")["stop_server"] = true
		},
		"prunes-four": func(in map[string]any) { part(in, "retention")["keep_last"] = 1 },
		"stop-server-prunes-one": func(in map[string]any) {
			part(in, "snapshot")["stop_server"] = true
			part(in, "retention")["keep_last"] = 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			switch name {
			case "prunes-four":
				r.earlierSnapshots(4)
			case "stop-server-prunes-one":
				r.earlierSnapshots(1)
			}
			r.start(r.id(), r.input(true, edit))
			report := r.end(r.id(), patience)
			require.Equal(t, workflows.OutcomeCommitted, report.Outcome)
			events := r.eventsOf(r.id())
			t.Logf("%d events", events)
			require.LessOrEqual(t, events, maxEvents)
			r.keep(r.id(), "committed-"+name)
		})
	}
}

// earlierSnapshots leaves what earlier committed runs leave: snapshots of the same policy.
func (r *rig) earlierSnapshots(n int) {
	r.t.Helper()
	for i := range n {
		in := r.input(true, func(in map[string]any) {
			in["update"] = map[string]any{"kind": "none"}
			in["verify"] = map[string]any{"skip": true}
			part(in, "retention")["keep_last"] = 5
		})
		id := fmt.Sprintf("%s-earlier-%d", r.id(), i)
		r.start(id, in)
		require.Equal(r.t, workflows.OutcomeCommitted, r.end(id, patience).Outcome)
	}
}

func TestCostOfAnExternalHeartbeatIsAtMost7Events(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(r.id(), r.input(true, func(in map[string]any) { in["update"] = map[string]any{"kind": "external"} }))
	require.True(t, r.begin(r.id(), "runner-a").Granted)
	const beats = 10
	for range beats {
		before := len(r.history(r.id()).Events)
		require.NoError(t, r.temp.SignalWorkflow(t.Context(), r.id(), "", workflows.SignalHeartbeat, workflows.HeartbeatSignal{Runner: "runner-a"}))
		r.eventually(patience, "the heartbeat to be taken", func() bool { return len(r.history(r.id()).Events) >= before+4 })
	}
	r.control(http.MethodPost, "deploys", map[string]any{"server_id": r.server, "version": "2.0.0", "healthy": true}, nil)
	r.report(r.id(), workflows.ReportRequest{Runner: "runner-a", Result: contract.ChangeSucceeded})
	r.committed(r.end(r.id(), patience))
	events := r.eventsOf(r.id())
	t.Logf("%d events with %d heartbeats", events, beats)
	require.LessOrEqual(t, events, maxEvents+beats*maxEventsPerHeartbeat)
	r.keep(r.id(), "committed-external")
}

// Every branch that a running run may be in when the worker is replaced has a recorded history: see workflows' replay
// test. This records the branches that no other test records.
func TestHistoriesOfTheOtherBranches(t *testing.T) {
	t.Parallel()
	branches := map[string]struct {
		healthy bool
		edit    func(in map[string]any)
		fault   *vpsfake.Fault
		want    workflows.Outcome
		decide  workflows.Decision
	}{
		"rolled-back":         {want: workflows.OutcomeRolledBack},
		"rolled-back-started": {fault: &vpsfake.Fault{Kind: vpsfake.ComesBackStopped, Times: 1}, want: workflows.OutcomeRolledBack},
		"rolled-back-unseen":  {fault: &vpsfake.Fault{Kind: vpsfake.EndsAtOnce, Times: 1}, want: workflows.OutcomeRolledBack},
		"change-failed":       {edit: func(in map[string]any) { part(in, "rollback")["on_failure"] = "none" }, want: workflows.OutcomeChangeFailed},
		"held-committed":      {edit: func(in map[string]any) { part(in, "rollback")["on_failure"] = "hold" }, want: workflows.OutcomeCommitted, decide: workflows.DecideCommit},
		"held-rolled-back":    {edit: func(in map[string]any) { part(in, "rollback")["on_failure"] = "hold" }, want: workflows.OutcomeRolledBack, decide: workflows.DecideRollback},
		"snapshot-failed":     {healthy: true, fault: &vpsfake.Fault{Kind: vpsfake.SnapshotFails, Times: 1}, want: workflows.OutcomeNotChanged},
		"create-unclear":      {healthy: true, fault: &vpsfake.Fault{Kind: vpsfake.LostAfter, Op: vpsfake.OpCreateSnapshot, Times: 1}, want: workflows.OutcomeCommitted},
		"restore-unclear":     {fault: &vpsfake.Fault{Kind: vpsfake.LostAfter, Op: vpsfake.OpRestoreSnapshot, Times: 1}, want: workflows.OutcomeRolledBack},
		"restore-sent-twice":  {fault: &vpsfake.Fault{Kind: vpsfake.Error500First, Op: vpsfake.OpRestoreSnapshot, Times: 1}, want: workflows.OutcomeRolledBack},
		"planned":             {healthy: true, edit: func(in map[string]any) { in["dry_run"] = true }, want: workflows.OutcomePlanned},
	}
	for name, b := range branches {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if b.fault != nil {
				r.fault(*b.fault)
			}
			r.start(r.id(), r.input(b.healthy, b.edit))
			if b.decide != "" {
				r.inPhase(r.id(), workflows.PhaseHold, patience)
				require.NoError(t, r.decide(r.id(), "decide-1", b.decide))
			}
			require.Equal(t, b.want, r.end(r.id(), patience).Outcome)
			r.lawful()
			if b.want == workflows.OutcomePlanned {
				r.keepOne(r.id(), name) // a dry run holds no lock
				return
			}
			r.eventsOf(r.id())
			r.keep(r.id(), name)
		})
	}
}
