package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// The ends of a fleet that no other test records.
func TestHistoriesOfTheOtherEndsOfAFleet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in    func(f *fleetRig, in map[string]any)
		want  workflows.Outcome
		class string
	}{
		"fleet-of-nothing": {func(_ *fleetRig, in map[string]any) {
			delete(in, "servers")
			in["selector"] = map[string]any{"name": "no-such-*"}
		}, workflows.OutcomeSkipped, ""},
		"fleet-planned":       {func(_ *fleetRig, in map[string]any) { dryRun(in) }, workflows.OutcomePlanned, ""},
		"fleet-missing":       {func(_ *fleetRig, in map[string]any) { in["servers"] = []int64{999_999_999} }, workflows.OutcomeNotChanged, contract.FailPreflight},
		"fleet-invalid-input": {func(_ *fleetRig, in map[string]any) { delete(in, "template") }, workflows.OutcomeNotChanged, contract.FailInvalidInput},
		"fleet-failed": {func(f *fleetRig, in map[string]any) {
			f.breaks(f.servers[0])
			in["max_rollbacks"], in["max_concurrency"] = "100%", 1
		}, workflows.OutcomeFleetFailed, contract.FailFleet},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleetRig(t, 2)
			in := map[string]any{"servers": f.servers, "template": f.template()}
			c.in(f, in)
			f.startOf(workflows.TypeFleetUpdate, f.id(), in)
			report := f.end(f.id(), fleetBar)
			require.Equal(t, []string{string(c.want), c.class}, []string{string(report.Outcome), report.Failure}, "%+v", report)
			f.keepOne(f.id(), name)
		})
	}
}

// The ends of an audit that no other test records.
func TestHistoriesOfTheOtherEndsOfAnAudit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in    map[string]any
		while func(r *rig)
		want  workflows.Outcome
		class string
	}{
		"audit-of-nothing":    {map[string]any{"selector": map[string]any{"name": "no-such-*"}, "max_age": "26h"}, nil, workflows.OutcomeNotChanged, contract.FailPreflight},
		"audit-invalid-input": {map[string]any{}, nil, workflows.OutcomeNotChanged, contract.FailInvalidInput},
		"audit-canceled": {map[string]any{"all": true, "max_age": "26h"}, func(r *rig) {
			r.eventually(patience, "the look", func() bool { return runs(r.activity(contract.ActivityAuditSnapshots)) })
			require.NoError(r.t, r.temp.CancelWorkflow(r.t.Context(), r.id(), ""))
		}, workflows.OutcomeCanceled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rigOfAccount(t, nil)
			r.neighbours(1)
			if c.while != nil {
				r.gateOf(0, vpsfake.OpListServers, "") // the account is the test's own
			}
			r.startOf(workflows.TypeSnapshotAudit, r.id(), c.in)
			if c.while != nil {
				c.while(r)
			}
			report := r.end(r.id(), patience)
			require.Equal(t, []string{string(c.want), c.class}, []string{string(report.Outcome), report.Failure}, "%+v", report)
			r.keepOne(r.id(), name)
		})
	}
}

// closes waits until Temporal shows a workflow closed in this way.
func (r *rig) closes(id string, as enumspb.WorkflowExecutionStatus, within time.Duration) {
	r.t.Helper()
	r.eventually(within, id+" closes as "+as.String(), func() bool {
		d, err := r.temp.DescribeWorkflowExecution(r.t.Context(), id, "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == as
	})
}

// A message of a run is a workflow of its own.
func TestHistoriesOfNotifications(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer int
		as     enumspb.WorkflowExecutionStatus
	}{
		"notification":          {http.StatusOK, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED},
		"notification-refused":  {http.StatusNotFound, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED},
		"notification-canceled": {http.StatusBadGateway, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			tool := newChat(t, c.answer)
			r.start(r.id(), r.input(true, notifies(tool)))
			r.committed(r.end(r.id(), patience))
			message := r.id() + "/notify-1-" + r.latest(r.id())[:8]
			if c.as == enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED {
				r.eventually(patience, "the message is refused once", func() bool { return len(tool.events()) > 0 })
				require.NoError(t, r.temp.CancelWorkflow(t.Context(), message, ""))
			}
			r.closes(message, c.as, patience)
			r.keepOne(message, name)
		})
	}
}

// A lock whose holder was terminated keeps its server closed, until the grace is over or somebody releases it.
func TestHistoriesOfALockWhoseHolderDied(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		release bool
		as      enumspb.WorkflowExecutionStatus
	}{
		"lock-kept-closed":       {false, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED},
		"lock-released-in-grace": {true, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.fault(*snapshotNeverReady)
			r.start(r.id(), r.input(true, nil))
			r.whenSent(vpsfake.OpCreateSnapshot)
			require.NoError(t, r.temp.TerminateWorkflow(t.Context(), r.id(), "", "by hand"))
			lock := contract.LockWorkflowID(r.server)
			if c.release {
				r.eventually(patience, "the grace to begin", func() bool { return r.timers(lock) > 0 })
				require.NoError(t, r.temp.SignalWorkflow(t.Context(), lock, "", workflows.SignalRelease, nil))
			}
			r.closes(lock, c.as, graceBar)
			r.keepOne(lock, name)
		})
	}
}

// timers counts the timers that a workflow has begun.
func (r *rig) timers(id string) int {
	n := 0
	for _, e := range r.history(id).Events {
		if e.GetTimerStartedEventAttributes() != nil {
			n++
		}
	}
	return n
}
