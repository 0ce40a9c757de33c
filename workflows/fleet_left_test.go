package workflows

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// ids are from..to.
func ids(from, to int64) []int64 {
	var list []int64
	for id := from; id <= to; id++ {
		list = append(list, id)
	}
	return list
}

func TestAFleetThatDidNotTakeUpEveryServerSaysWhichItNeverStarted(t *testing.T) {
	stopped := func(h *fleetHarness) { h.ends[2] = failsWith(OutcomeRolledBack, contract.FailRolledBack) }
	for name, c := range map[string]struct {
		servers int
		change  func(*fleetHarness)
		want    []int64
	}{
		"stopped by a rule":          {9, stopped, ids(3, 9)},
		"stopped, beyond one page":   {1203, stopped, ids(3, 1203)},
		"stopped by the last server": {2, stopped, nil},
		"aborted":                    {9, func(h *fleetHarness) { h.at(90*time.Second, func() { h.update(UpdateAbort, FleetRequest{}) }) }, ids(3, 9)},
		"canceled":                   {9, func(h *fleetHarness) { h.at(90*time.Second, h.env.CancelWorkflow) }, ids(3, 9)},
		"canceled in the last":       {2, func(h *fleetHarness) { h.at(90*time.Second, h.env.CancelWorkflow) }, nil},
		"denied after the canaries":  {9, func(h *fleetHarness) { withCanary(Amount{Number: 1}, 0, true)(&h.in) }, ids(2, 9)},
		"done":                       {4, func(*fleetHarness) {}, nil},
		"one was taken away meanwhile": {5, func(h *fleetHarness) {
			stopped(h)
			h.at(time.Second, func() { h.locked(func() { h.servers = slices.Delete(h.servers, 3, 4) }) })
		}, ids(3, 5)},
		"the account cannot be read at the end": {5, func(h *fleetHarness) {
			stopped(h)
			h.at(time.Second, func() {
				h.locked(func() {
					h.selectErrs = []error{temporal.NewNonRetryableApplicationError("no answer", contract.ErrUnavailable, nil)}
				})
			})
		}, ids(3, 5)},
		"a selection": {9, func(h *fleetHarness) { stopped(h); h.in.All, h.in.Servers = false, []int64{1, 2, 7, 8} }, []int64{7, 8}},
		"a retry": {9, func(h *fleetHarness) {
			stopped(h)
			h.in.All, h.in.RetryOf, h.retry = false, "fleet-0", []int64{1, 2, 5, 6, 99}
		}, []int64{5, 6}},
		"servers that do not exist": {3, func(h *fleetHarness) { h.in.All, h.in.Servers = false, []int64{1, 3, 77} }, []int64{1, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, c.servers, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 1} })
			c.change(h)
			e := h.run()
			assert.Equal(t, c.want, e.fleet().NotStarted)
			assert.False(t, e.fleet().NotStartedUnknown)
			for _, id := range e.fleet().NotStarted {
				assert.NotContains(t, h.startedIDs(TypeSnapshotUpdateVerify), id)
			}
		})
	}
}

// A part of the list must not look like all of it: retry_of would leave servers out without a word.
func TestAFleetSaysWhenItDoesNotKnowWhichServersItNeverStarted(t *testing.T) {
	no := temporal.NewNonRetryableApplicationError("no answer", contract.ErrUnavailable, nil)
	for name, change := range map[string]func(*fleetHarness){
		"never read": func(h *fleetHarness) { h.selectErrs = []error{no} },
		"canceled before it was read": func(h *fleetHarness) {
			h.selectErrs = []error{no}
			h.at(0, h.env.CancelWorkflow)
		},
		"nothing to retry is known": func(h *fleetHarness) {
			h.in.All, h.in.RetryOf = false, "fleet-0"
			h.retryErr = no
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, 600)
			change(h)
			e := h.run()
			require.NotNil(t, e.fleet())
			assert.True(t, e.fleet().NotStartedUnknown, "%+v", e.report)
		})
	}
	h := newFleet(t, 0)
	assert.False(t, h.run().fleet().NotStartedUnknown, "a selection of nothing is known to be nothing")
}

func TestACommitThatOnStopUndidOrMayHaveUndoneIsNoCommitAnyMore(t *testing.T) {
	for name, c := range map[string]struct {
		undo     childEnd
		counts   FleetCounts
		undone   UndoneCounts
		reverted []int64
	}{
		"restored":     {childEnd{}, FleetCounts{Undone: 1, RolledBack: 1}, UndoneCounts{Restored: 1}, []int64{1}},
		"not verified": {failsWith(OutcomeRolledBackUnverified, contract.FailRolledBackUnverified), FleetCounts{Undone: 1, RolledBack: 1}, UndoneCounts{Refused: 1}, []int64{1}},
		"failed":       {failsWith(OutcomeRollbackFailed, contract.FailRollback), FleetCounts{Undone: 1, RolledBack: 1}, UndoneCounts{Refused: 1}, []int64{1}},
		"terminated":   {childEnd{terminated: true}, FleetCounts{Undone: 1, RolledBack: 1}, UndoneCounts{Refused: 1}, []int64{1}},
		"refused":      {failsWith(OutcomeNotChanged, contract.FailPreflight), FleetCounts{Done: 1, RolledBack: 1}, UndoneCounts{Refused: 1}, nil},
		"busy":         {failsWith(OutcomeNotChanged, contract.FailServerBusy), FleetCounts{Done: 1, RolledBack: 1}, UndoneCounts{Refused: 1}, nil},
		"skipped":      {childEnd{outcome: OutcomeSkipped}, FleetCounts{Done: 1, RolledBack: 1}, UndoneCounts{Refused: 1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := undoing(t, 1)
			h.undos[1] = c.undo
			h.awaited[1] = contract.RunEnd{Status: contract.RunTerminated}
			e := h.run()
			assert.Equal(t, c.counts, e.fleet().Counts)
			assert.Equal(t, c.undone, e.fleet().UndoneCounts)
			assert.Equal(t, c.reverted, e.fleet().Reverted)
			assert.Equal(t, []int64{3, 4}, e.fleet().NotStarted)
		})
	}
}

// A request that arrives when the end is decided must not be told that it did something.
func TestRequestsThatRaceWithTheEndAreRefused(t *testing.T) {
	h := newFleet(t, 510, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 200} })
	var answers []*answerOf
	pages := 0
	h.env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, _ converter.EncodedValues) {
		if info.WorkflowType.Name != TypeFleetPage {
			return
		}
		if pages++; pages == 2 { // the rest of the results: the end is decided
			answers = append(answers, h.update(UpdatePause, FleetRequest{}), h.update(UpdateAbort, FleetRequest{}), h.update(UpdateResume, FleetRequest{}))
		}
	})
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	require.Len(t, answers, 3)
	for _, a := range answers {
		require.Error(t, a.refused)
		assert.Contains(t, a.refused.Error(), "is ending")
	}
	assert.Empty(t, e.report.Decisions)
	assert.Empty(t, e.fleet().StoppedBy)
}
