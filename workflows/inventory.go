package workflows

import (
	"fmt"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// SnapshotInventory lists the snapshots of servers and says whose they are and what retention would do with each. It
// writes nothing, takes no lock and upserts no search attribute: whoever looks for what is broken must get an answer. The
// input is one SnapshotInventoryInput as JSON; see SnapshotUpdateVerify for why it is read raw.
func SnapshotInventory(ctx workflow.Context, raw, second converter.RawValue) (*contract.InventoryResult, error) {
	in, err := decodeSnapshotInventory(raw)
	if second.Payload() != nil {
		err = twoInputs(exampleInventory)
	}
	if err != nil {
		return nil, invalidInput(ctx, err)
	}
	workflow.SetCurrentDetails(ctx, "Looking at the snapshots of the selected servers.")
	var found contract.InventoryResult
	err = workflow.ExecuteActivity(readOptions(ctx, "inventory: servers and their snapshots"), contract.ActivityInventory,
		contract.InventoryInput{Selector: selectorOf(in.Servers, in.Selector, in.All), Policies: in.retentionRules()}).Get(ctx, &found)
	switch {
	case temporal.IsCanceledError(err) || ctx.Err() != nil:
		return nil, readEnding(ctx, &ending{outcome: OutcomeCanceled, summary: "Canceled. An inventory writes nothing."})
	case err != nil:
		return nil, readEnding(ctx, (&ending{outcome: OutcomeNotChanged, failure: contract.FailPreflight,
			summary: fmt.Sprintf("The snapshots could not be listed: %s.", trimDot(plain(err)))}).withNext("%s", adviceForAudit(err)))
	default:
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%s of %s.", count(found.Counts.Snapshots, "snapshot"), count(found.Servers, "server")))
		return &found, nil
	}
}

// readEnding is the error of a run that only reads and has no report of its own when it succeeds.
func readEnding(ctx workflow.Context, end *ending) error {
	info := workflow.GetInfo(ctx)
	_, err := end.result(&Report{
		Runbook: info.WorkflowType.Name, WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID,
		OriginalRunID: info.OriginalRunID, Outcome: end.outcome, Failure: end.failure, Summary: end.summary, Next: end.next,
		StartedAt: info.WorkflowStartTime, EndedAt: workflow.Now(ctx),
	})
	return err
}
