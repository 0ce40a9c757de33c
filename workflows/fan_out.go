package workflows

// The fan-out engine runs one child workflow for each of many servers, up to 10,000. FleetUpdate and SnapshotRotation
// of many servers are made of it. To use it a runbook
//
//  1. takes two inputs, raw and second: the second is the engine's own state after a continue-as-new;
//  2. decodes and validates raw in every run: what it says must not change over a continue-as-new;
//  3. calls resumeFanOut(ctx, second, example), which refuses a second input from anybody but the engine;
//  4. returns runFanOut(ctx, plan, raw, state), which sets the query and the updates, does everything, and ends with
//     the report, with the runbook's own words from plan.finish, or with a continue-as-new.
//
//	func Many(ctx workflow.Context, raw, second converter.RawValue) (*Report, error) {
//		in, err := decode(raw)
//		state, refused := resumeFanOut(ctx, second, example)
//		if err = errors.Join(refused, err); err != nil {
//			return nil, refuseFanOut(ctx, invalidInput(ctx, err))
//		}
//		return runFanOut(ctx, fanOutPlan{...}, raw, state)
//	}
//
// The children are abandoned: they outlive a terminated parent and a continue-as-new, and a cancel reaches them only as
// a request, so that each leaves its own server safe.

import (
	"encoding/json"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// fanOutPlan is what a runbook of many servers wants done. It is made anew from the input in every run, so everything in
// it must be a pure function of the input.
type fanOutPlan struct {
	// child is the workflow type of one server's run. Its input is what input makes, its end is a Report.
	child string
	// selector says which servers; retryOf, when set, stands for it: the servers that an earlier fleet did not get done.
	selector contract.Selector
	retryOf  string
	// missingIsError counts an asked-for server that the account does not have as an error of that server. Otherwise
	// one such server ends the run before anything is started (with retryOf: it is noted and left out).
	missingIsError bool
	reason         string

	// maxConcurrency is how many servers are under way at a time; percentages are rounded down, at least 1 and at most
	// maxInFlight.
	maxConcurrency Amount
	// rule says when to stop; nil never stops: one server's failure does not stop the others.
	rule *stopRule
	// canary is tried first; the zero value has none.
	canary CanaryInput

	// input makes the input of one server's run, and summary what the UI shows of it. An error is the result of that
	// server (InvalidInput), and no run is started for it.
	input   func(contract.Server) (json.RawMessage, error)
	summary func(contract.Server) string
	// undo makes the input of the RollbackByRestore that undoes one committed server after the fleet stopped. Nil leaves
	// what was committed.
	undo func(server contract.Server, snapshotID int64, childID string) (json.RawMessage, error)

	// notify are told about the start, a hold and the end of the whole run, not of each server.
	notify []NotifyTarget

	// finish says how the run ends. It sees the whole record; the engine adds nothing to what it returns.
	finish func(record *FleetRecord, end fanOutEnd) *ending
}

// stopRule is when a fleet stops: as soon as the number of errors is above maxErrors, or the number of rollbacks above
// maxRollbacks, no further target is started, and those under way finish.
type stopRule struct {
	maxErrors    Amount
	maxRollbacks Amount
}

// fanOutEnd is how the engine came to its end.
type fanOutEnd string

const (
	// fanOutDone: every selected server was tried.
	fanOutDone fanOutEnd = "done"
	// fanOutStopped: by the rule, by the canary or by a person; FleetRecord.StoppedBy says which.
	fanOutStopped fanOutEnd = "stopped"
	// fanOutCanceled: the run was canceled; what was under way was asked to cancel and has ended.
	fanOutCanceled fanOutEnd = "canceled"
	// fanOutNothing: no server was selected.
	fanOutNothing fanOutEnd = "nothing"
	// fanOutNotStarted: nothing was started: the servers could not be read, or some of them do not exist (Missing).
	// FleetRecord.StoppedBy says why.
	fanOutNotStarted fanOutEnd = "not started"
)

// resumeFanOut reads the state that a run before handed over by continue-as-new, or makes that of a first run. A second
// input from anybody else is refused like that of any other runbook; example is a least input to show.
func resumeFanOut(ctx workflow.Context, second converter.RawValue, example string) (*fanOutState, error) {
	info := workflow.GetInfo(ctx)
	fresh := &fanOutState{FirstRunID: info.FirstRunID, ChainID: info.OriginalRunID, StartedAt: info.WorkflowStartTime}
	if second.Payload() == nil {
		return fresh, nil
	}
	var state fanOutState
	err := converter.GetDefaultDataConverter().FromPayload(second.Payload(), &state)
	// The first run's id cannot be known before there is a run, so that nobody can start one with a state of his own,
	// not even under a cron schedule, whose later runs are continued runs as well.
	if info.ContinuedExecutionRunID == "" || err != nil || state.FirstRunID == "" || state.FirstRunID != info.FirstRunID || state.ChainID == "" {
		return nil, twoInputs(example)
	}
	return &state, nil
}

// runFanOut runs the plan from the given state on. The error is a continue-as-new (with raw as the first input again),
// a failed end with the report in its details, or a cancel with the same.
func runFanOut(ctx workflow.Context, plan fanOutPlan, raw converter.RawValue, state *fanOutState) (*Report, error) {
	if err := childIDProblem(ctx, maxFanOutID); err != nil {
		return nil, refuseFanOut(ctx, invalidInput(ctx, err))
	}
	if end := secondAttempt(ctx); end != nil {
		return nil, end
	}
	f := newFanOut(ctx, plan, state)
	if err := f.setHandlers(ctx); err != nil {
		return nil, err
	}
	if err := f.open(ctx); err != nil {
		return nil, err
	}
	end, err := f.run()
	if err != nil {
		return nil, err
	}
	if end == "" {
		return nil, f.continueAsNew(ctx, raw)
	}
	return f.close(end)
}
