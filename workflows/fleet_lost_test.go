package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestAnExistingRunIsAdoptedAndNeverRunTwice(t *testing.T) {
	h := newFleet(t, 3)
	h.ends[2] = childEnd{taken: true}
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, FleetCounts{Done: 3}, e.fleet().Counts)
	require.Len(t, h.awaits, 1)
	require.Len(t, h.awaits[0].Runs, 1)
	assert.Empty(t, h.awaits[0].Runs[0].RunID, "the latest run of the id is meant")
	assert.Equal(t, "seen from outside", e.fleet().Targets[0].Summary)
}

// Whoever knows the id of a child may start a run of his own under it.
func TestARunOfSomebodyElseIsAnErrorAndIsNeverAskedToCancel(t *testing.T) {
	h := newFleet(t, 3)
	h.ends[1], h.ends[3] = childEnd{takes: time.Hour}, childEnd{takes: time.Hour}
	h.ends[2] = childEnd{taken: true}
	h.awaited[2] = contract.RunEnd{Status: contract.RunForeign}
	h.at(time.Minute, h.env.CancelWorkflow)
	e := h.run()
	require.NotEmpty(t, h.awaits)
	assert.Equal(t, "default-test-workflow-id", h.awaits[0].Runs[0].ChildOf, "it is asked whose run it is")
	assert.Len(t, h.asked, 2, "the fleet's own")
	require.NotEmpty(t, e.fleet().Targets)
	foreign := e.fleet().Targets[0]
	assert.Equal(t, []any{int64(2), OutcomeNotChanged, failForeign}, []any{foreign.ServerID, foreign.Outcome, foreign.Failure})
}

// As long as nobody knows whose run it is, a cancel must not reach it.
func TestARunThatCannotBeLookedAtIsNotAskedToCancel(t *testing.T) {
	h := newFleet(t, 1)
	h.ends[1] = childEnd{taken: true}
	h.awaitDetails = []string{"Temporal could not be asked"}
	h.at(30*time.Second, h.env.CancelWorkflow)
	e := h.run()
	assert.Empty(t, h.asked)
	assert.Equal(t, FleetCounts{Done: 1}, e.fleet().Counts, "its end is found in the end")
}

// A run that another run of the chain adopted after a reset is nobody's until it was looked at again.
func TestAnAdoptedRunIsLookedAtAgainAfterAHandover(t *testing.T) {
	for name, c := range map[string]struct {
		owner contract.RunStatus
		asked int
	}{"somebody else's": {contract.RunForeign, 0}, "its own": {"", 1}} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, 2)
			state, err := json.Marshal(fanOutState{FirstRunID: testFirstRun, ChainID: testRunID, StartedAt: testStart, Selected: true, Total: 1, Tried: 1,
				Started: 1, Canceled: true, InFlight: []*flight{{ServerID: 2}}, Phases: []PhaseRecord{{Phase: PhaseRollout, StartedAt: testStart}}})
			require.NoError(t, err)
			h.second = rawJSON(state).Payload()
			if c.owner != "" {
				h.awaited[2] = contract.RunEnd{Status: c.owner}
			} else {
				h.awaitErrs = []error{nil} // it goes on
				h.env.OnRequestCancelExternalWorkflow(mock.Anything, mock.Anything, mock.Anything).Return(nil)
			}
			e := h.run()
			assert.Equal(t, OutcomeCanceled, e.report.Outcome)
			assert.Len(t, h.asked, c.asked)
			assert.Equal(t, "default-test-workflow-id", h.awaits[0].Runs[0].ChildOf, "it is asked whose run it is")
		})
	}
}

// Hours in which nothing ends lie between the failures of a wait that takes days.
func TestOnlyFailuresInARowMakeARunUnknown(t *testing.T) {
	down := temporal.NewNonRetryableApplicationError("no answer", contract.ErrUnavailable, nil)
	nearly := slices.Repeat([]error{down}, awaitRunsTries-1)
	for name, c := range map[string]struct {
		errs []error
		want FleetCounts
	}{
		"with news in between": {slices.Concat([]error{nil}, nearly, []error{nil}, nearly), FleetCounts{Done: 1}},
		"in a row":             {slices.Concat([]error{nil}, nearly, []error{down}), FleetCounts{Errors: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, 1)
			h.ends[1] = childEnd{taken: true}
			h.awaitErrs = c.errs
			assert.Equal(t, c.want, h.run().fleet().Counts)
		})
	}
}

func TestATerminatedRunIsAnErrorUnlessAResetGoesOnWithIt(t *testing.T) {
	h := newFleet(t, 3, func(in *FleetUpdateInput) { in.MaxErrors = Amount{Number: 1} })
	h.ends[2] = childEnd{terminated: true}
	h.awaited[2] = contract.RunEnd{Status: contract.RunTerminated}
	e := h.run()
	assert.Equal(t, contract.FailFleet, e.failure)
	assert.Equal(t, FleetCounts{Done: 2, Errors: 1}, e.fleet().Counts)
	assert.Contains(t, e.fleet().LastFailures[0].Summary, "terminated")
	assert.Equal(t, "terminated-run", h.awaits[0].Runs[0].RunID)

	h = newFleet(t, 3)
	h.ends[2] = childEnd{terminated: true}
	h.awaited[2] = contract.RunEnd{Status: contract.RunCompleted, Outcome: string(OutcomeCommitted), LastRunID: "after-the-reset"}
	assert.Equal(t, OutcomeCommitted, h.run().report.Outcome)
}

func TestAChildWhoseEndNobodyTellsIsFound(t *testing.T) {
	h := newFleet(t, 3)
	h.ends[2] = childEnd{lost: true}
	h.ends[3] = childEnd{takes: 40 * time.Minute} // under way when it is looked for
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, FleetCounts{Done: 3}, e.fleet().Counts)
	require.NotEmpty(t, h.awaits)
	assert.Len(t, h.awaits[0].Runs, 2, "one look for all that are under way")
	assert.True(t, e.report.EndedAt.Before(testStart.Add(time.Hour)))
}

func TestEveryWayInWhichARunCanEndIsCounted(t *testing.T) {
	for _, c := range []struct {
		end  contract.RunEnd
		want FleetCounts
	}{
		{contract.RunEnd{Status: contract.RunCompleted, Outcome: string(OutcomeCommitted)}, FleetCounts{Done: 1}},
		{contract.RunEnd{Status: contract.RunCompleted, Outcome: string(OutcomeSkipped)}, FleetCounts{Skipped: 1}},
		{contract.RunEnd{Status: contract.RunCompleted, Outcome: string(OutcomePlanned)}, FleetCounts{Planned: 1}},
		{contract.RunEnd{Status: contract.RunFailed, Outcome: string(OutcomeRolledBack), Failure: contract.FailRolledBack}, FleetCounts{RolledBack: 1}},
		{contract.RunEnd{Status: contract.RunFailed, Outcome: string(OutcomeRollbackFailed), Failure: contract.FailRollback}, FleetCounts{Errors: 1}},
		{contract.RunEnd{Status: contract.RunFailed, Failure: "PanicError"}, FleetCounts{Errors: 1}},
		{contract.RunEnd{Status: contract.RunCompleted}, FleetCounts{Errors: 1}},
		{contract.RunEnd{Status: contract.RunCanceled, Outcome: string(OutcomeCanceled)}, FleetCounts{Errors: 1}},
		{contract.RunEnd{Status: contract.RunTerminated, Outcome: string(OutcomeCommitted)}, FleetCounts{Errors: 1}},
		{contract.RunEnd{Status: contract.RunTimedOut}, FleetCounts{Errors: 1}},
		{contract.RunEnd{Status: contract.RunGone}, FleetCounts{Errors: 1}},
		{contract.RunEnd{Status: contract.RunForeign, Outcome: string(OutcomeCommitted)}, FleetCounts{Errors: 1}},
		{contract.RunEnd{Status: "a later word"}, FleetCounts{Errors: 1}},
	} {
		t.Run(string(c.end.Status)+" "+c.end.Outcome, func(t *testing.T) {
			h := newFleet(t, 1, func(in *FleetUpdateInput) { in.MaxErrors, in.MaxRollbacks = Amount{Number: 1}, Amount{Number: 1} })
			h.ends[1] = childEnd{taken: true}
			h.awaited[1] = c.end
			e := h.run()
			assert.Equal(t, c.want, e.fleet().Counts)
			assert.NotEmpty(t, e.fleet().Targets[0].Summary+string(e.fleet().Targets[0].Outcome))
		})
	}
}

func TestAChildThatFailsWithoutAReportIsAnError(t *testing.T) {
	for name, err := range map[string]error{
		"panic":      temporal.NewApplicationError("boom", "PanicError"),
		"details":    temporal.NewApplicationError("boom", "Other", "not a report"),
		"timeout":    temporal.NewTimeoutError(0, nil),
		"cancel":     temporal.NewCanceledError(),
		"terminated": &temporal.TerminatedError{},
	} {
		t.Run(name, func(t *testing.T) {
			wire := temporal.GetDefaultFailureConverter()
			result := resultOf(Report{Outcome: OutcomeCommitted}, wire.FailureToError(wire.ErrorToFailure(err)))
			assert.Equal(t, kindError, kindOf(result))
			assert.NotEmpty(t, result.Summary)
			assert.Equal(t, name == "terminated", result.Failure == failTerminated, "only what was terminated is called so: %+v", result)
		})
	}
	assert.Equal(t, failUnknown, resultOf(Report{}, errors.New("of no known kind")).Failure)
	assert.Equal(t, kindError, kindOf(resultOf(Report{}, nil)), "a completed run without a report proves nothing")
}

// awaitRun tells the ends of all runs that are not under way at once, as they are scripted.
func (h *fleetHarness) awaitRun(_ context.Context, in contract.AwaitRunInput) (contract.AwaitRunResult, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return contract.AwaitRunResult{}, nil
	}
	h.awaits = append(h.awaits, in)
	result := contract.AwaitRunResult{State: contract.AwaitTimedOut}
	if len(h.awaitErrs) > 0 {
		err := h.awaitErrs[0]
		h.awaitErrs = h.awaitErrs[1:]
		return result, err
	}
	if len(h.awaitDetails) > 0 {
		result.Detail, h.awaitDetails = h.awaitDetails[0], h.awaitDetails[1:]
		return result, nil
	}
	for _, run := range in.Runs {
		var id int64
		if _, err := fmt.Sscanf(lastSegment(run.WorkflowID), "%d-", &id); err != nil {
			return result, err
		}
		if h.flying[id] {
			continue
		}
		result.State = contract.AwaitDone
		end, ok := h.awaited[id]
		if !ok {
			end = contract.RunEnd{Status: contract.RunCompleted, ServerID: id, Outcome: string(OutcomeCommitted), Summary: "seen from outside", SnapshotID: 1000 + id}
		}
		end.WorkflowID, end.RunID = run.WorkflowID, run.RunID
		result.Ended = append(result.Ended, end)
	}
	return result, nil
}
