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

// The ends of the looks of `safepoint snapshots` and `safepoint doctor`.
func TestHistoriesOfLooks(t *testing.T) {
	t.Parallel()
	const (
		completed = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
		failed    = enumspb.WORKFLOW_EXECUTION_STATUS_FAILED
		canceled  = enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED
	)
	all := map[string]any{"all": true}
	for name, c := range map[string]struct {
		kind  string
		in    any
		fault vpsfake.Fault
		gate  vpsfake.Op
		as    enumspb.WorkflowExecutionStatus
	}{
		"inventory":               {kind: workflows.TypeSnapshotInventory, in: all, as: completed},
		"inventory-refused":       {kind: workflows.TypeSnapshotInventory, in: all, fault: vpsfake.Fault{Kind: vpsfake.Unauthorized}, as: failed},
		"inventory-invalid-input": {kind: workflows.TypeSnapshotInventory, in: map[string]any{}, as: failed},
		"inventory-canceled":      {kind: workflows.TypeSnapshotInventory, in: all, gate: vpsfake.OpListServers, as: canceled},
		"checkup":                 {kind: workflows.TypeCheckup, in: map[string]any{}, as: completed},
		"checkup-invalid-input":   {kind: workflows.TypeCheckup, in: map[string]any{"server": 1}, as: failed},
		"checkup-canceled":        {kind: workflows.TypeCheckup, in: map[string]any{}, gate: vpsfake.OpMe, as: canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rigOfAccountAt(t, 1, nil)
			r.aged(r.neighbours(1)[0], time.Hour)
			if c.fault.Kind != "" {
				r.control(http.MethodPost, "faults", c.fault, nil)
			}
			if c.gate != "" {
				r.gateOf(0, c.gate, "") // the account is the test's own
			}
			r.startOf(c.kind, r.id(), c.in)
			if c.gate != "" {
				r.eventually(patience, "the look", func() bool {
					return runs(r.activity(contract.ActivityInventory)) || runs(r.activity(contract.ActivityCheckup))
				})
				require.NoError(t, r.temp.CancelWorkflow(t.Context(), r.id(), ""))
			}
			r.closes(r.id(), c.as, patience)
			r.keepOne(r.id(), name)
		})
	}
}

// A checkup whose workers die, both of them, is a finding all the same.
func TestHistoriesOfACheckupThatNoWorkerFinishes(t *testing.T) {
	t.Parallel()
	r := rigOfAccountAt(t, 1, nil)
	r.gateOf(0, vpsfake.OpMe, "")
	run := r.startOf(workflows.TypeCheckup, r.id(), map[string]any{})
	for attempt := range int32(2) {
		r.eventually(patience, "an attempt", func() bool {
			a := r.activity(contract.ActivityCheckup)
			return runs(a) && a.GetAttempt() == attempt+1
		})
		r.worker.Kill()
		require.NoError(t, r.worker.Start(t.Context()))
	}
	var found contract.CheckupResult
	require.NoError(t, run.Get(t.Context(), &found))
	require.Len(t, found.Findings, 1)
	require.Equal(t, contract.FindingBad, found.Findings[0].State)
	r.keepOne(r.id(), "checkup-unfinished")
}
