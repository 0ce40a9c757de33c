package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// maxFanOutID is how long the workflow id of a run of many servers may be: the ids of its children begin with it, stand
// in every result, and Temporal takes 1000 bytes.
const maxFanOutID = 150

// childIDProblem refuses a run whose id leaves no room for those of its children: Temporal refuses their start again and
// again, and the run would hang where it stands, with the server's lock.
func childIDProblem(ctx workflow.Context, most int) error {
	if id := workflow.GetInfo(ctx).WorkflowExecution.ID; len(id) > most {
		return &InvalidInputError{Problems: []strictjson.Problem{{Path: "workflow id",
			Message: fmt.Sprintf("must have at most %d bytes, has %d: what the run starts is named after it", most, len(id))}}}
	}
	return nil
}

// childID names a child of this run: the same after a reset and in every run of the chain, another for every other
// chain. With reuse policy reject-duplicate it is what keeps a target from being run twice.
func (f *fanOut) childID(what string) string {
	sum := sha256.Sum256([]byte(f.state.ChainID))
	return f.report.WorkflowID + "/" + what + "-" + hex.EncodeToString(sum[:4])
}

func (f *fanOut) flightID(fl *flight) string {
	id := strconv.FormatInt(fl.ServerID, 10)
	if fl.Undo {
		return f.childID("undo-" + id)
	}
	return f.childID(id)
}

// childOptions are for a run of one server. It is abandoned: neither a continue-as-new nor the end of this run may touch
// it, it brings its own server to a safe end.
func (f *fanOut) childOptions(id, summary string) workflow.Context {
	return workflow.WithChildOptions(f.safe, workflow.ChildWorkflowOptions{
		WorkflowID:            id,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		WaitForCancellation:   true, // a child that was asked to cancel ends when its server is safe
		StaticSummary:         cutText(summary, maxShortText),
	})
}

// takeUp starts the run of the next server.
func (f *fanOut) takeUp(next queued) {
	s, server := f.state, next.Server
	s.Left = s.Left[1:]
	s.Tried++
	f.taskTargets++
	f.changed()
	if next.gone {
		s.count(failedStart(server, contract.FailPreflight, "The account has no such server any more.", workflow.Now(f.safe)), f.limits)
		return
	}
	input, err := f.plan.input(server)
	f.taskBytes += len(input)
	if err != nil {
		s.count(failedStart(server, contract.FailInvalidInput, err.Error(), workflow.Now(f.safe)), f.limits)
		return
	}
	s.Started++
	f.launch(f.plan.child, &flight{ServerID: server.ID, Name: cutText(server.Name, maxShownName)}, input, f.plan.summary(server))
}

// launch starts a child and follows it to its end.
func (f *fanOut) launch(childType string, fl *flight, input json.RawMessage, summary string) {
	f.state.InFlight = append(f.state.InFlight, fl)
	child := workflow.ExecuteChildWorkflow(f.childOptions(f.flightID(fl), summary), childType, input)
	f.unconfirmed++
	workflow.Go(f.safe, func(ctx workflow.Context) {
		var execution workflow.Execution
		err := child.GetChildWorkflowExecution().Get(ctx, &execution)
		f.unconfirmed--
		var taken *temporal.ChildWorkflowExecutionAlreadyStartedError
		switch {
		case errors.As(err, &taken):
			f.adopt(ctx, fl)
			return
		case err != nil:
			f.land(ctx, fl, TargetResult{Outcome: OutcomeNotChanged, Failure: contract.FailPreflight, Summary: "The run could not be started: " + plain(err)})
			return
		}
		fl.confirmed, fl.RunID = true, execution.RunID
		f.changed()
		f.askToCancel(fl)
		var report Report
		err = child.Get(ctx, &report)
		var terminated *temporal.TerminatedError
		if errors.As(err, &terminated) {
			f.awaitRuns(ctx, []*flight{fl}) // a reset terminates too, and a new run goes on
			return
		}
		f.land(ctx, fl, resultOf(report, err))
	})
}

// adopt follows a run that has the id of a child already: one that a run of this history started before a reset,
// whatever has become of it. Somebody else's run with that id is told from it by its parent; it is never canceled, waited
// for or counted as a success.
func (f *fanOut) adopt(ctx workflow.Context, fl *flight) {
	f.unconfirmed++ // the look belongs to this run: the next one only waits
	answer, err := f.askForEnds(ctx, []*flight{fl}, lostLook, "whose run is "+f.flightID(fl)+"?")
	f.unconfirmed--
	f.changed()
	if len(f.landAll(ctx, []*flight{fl}, answer.Ended)) == 0 {
		return
	}
	fl.confirmed = err == nil && answer.Detail == "" // else nobody knows whose it is, and a cancel must not reach it
	f.askToCancel(fl)
	f.awaitRuns(ctx, []*flight{fl})
}

// land completes a result and counts it.
func (f *fanOut) land(ctx workflow.Context, fl *flight, result TargetResult) {
	if fl.landed {
		return // its end was found by looking for it, and was told after all
	}
	fl.landed = true
	result.ServerID, result.Name, result.WorkflowID = fl.ServerID, fl.Name, f.flightID(fl)
	if result.RunID == "" {
		result.RunID = fl.RunID
	}
	result.Summary, result.Failure = cutText(result.Summary, maxShortText), cutText(result.Failure, maxShownWord)
	result.Outcome = Outcome(cutText(string(result.Outcome), maxShownWord))
	result.EndedAt = workflow.Now(ctx)
	f.state.land(fl, result, f.limits)
	f.changed()
}

// cancel stops the starts and asks what is under way to leave its server safe. An undo is never interrupted.
func (f *fanOut) cancel() {
	f.state.Canceled = true
	f.changed()
	for _, fl := range slices.Clone(f.state.InFlight) {
		f.askToCancel(fl)
	}
}

// askToCancel asks a child to cancel once, when the run was canceled and the child is known to have been started.
func (f *fanOut) askToCancel(fl *flight) {
	if !f.state.Canceled || !fl.confirmed || fl.Asked || fl.Undo {
		return
	}
	fl.Asked = true
	id := f.flightID(fl)
	asked := workflow.RequestCancelExternalWorkflow(f.safe, id, fl.RunID)
	f.unconfirmed++
	workflow.Go(f.safe, func(ctx workflow.Context) {
		if err := asked.Get(ctx, nil); err != nil {
			f.note("%s was not asked to cancel, it may have ended before: %s", id, plain(err))
		}
		f.unconfirmed--
		f.changed()
	})
}
