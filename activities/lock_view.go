package activities

import (
	"context"
	"errors"
	"time"

	common "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// LockClient is what the activities use of a Temporal client to look at locks. Every client.Client is one.
type LockClient interface {
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	GetWorkflow(ctx context.Context, workflowID, runID string) client.WorkflowRun
	TerminateWorkflow(ctx context.Context, workflowID, runID, reason string, details ...any) error
}

// What a runbook tells about itself; the names are those of the runbooks' package, which activities must not import.
const (
	phaseAttribute = "SafepointPhase"
	phaseChange    = "change"
)

// quietPhases are the phases in which a runbook writes to the server through the VPS.org API only, if at all. A phase
// that is not listed may be of a newer version and is treated like a change.
var quietPhases = map[string]bool{
	"lock": true, "preflight": true, "snapshot": true, "verify": true, "hold": true, "commit": true, "rollback": true, "done": true,
	"restore": true, "prune": true,
}

// longestChange is how long a change may take at most (the greatest update.timeout). It stands in for the grace of a
// lock that does not say its own.
const longestChange = 24 * time.Hour

// run is one run of a workflow as far as locks are concerned. The zero value is a run that does not exist (any more).
type run struct {
	workflowID, runID, kind string
	status                  enums.WorkflowExecutionStatus
	parentID, parentRunID   string
	phase                   string
	// writeGrace and changeGrace are what a lock says of itself.
	writeGrace, changeGrace time.Duration
}

// open says whether the run still goes on. A paused one does: a person may let it go on at any moment.
func (r run) open() bool {
	return r.status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING || r.status == enums.WORKFLOW_EXECUTION_STATUS_PAUSED
}

// released says whether a closed lock was let go by its holder. A cancelled one was not: its holder is gone, or a person
// cancelled it under a living one.
func (r run) released() bool {
	return r.status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
}

// describe reads one run, the latest one when runID is empty. Not found is the zero run and no error.
func (a *Activities) describe(ctx context.Context, workflowID, runID string) (run, error) {
	ctx, cancel := context.WithTimeout(ctx, a.pace.call)
	defer cancel()
	d, err := a.locks.DescribeWorkflowExecution(ctx, workflowID, runID)
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return run{}, nil
	}
	if err != nil {
		return run{}, err
	}
	info := d.GetWorkflowExecutionInfo()
	memo := info.GetMemo().GetFields()
	return run{
		workflowID: info.GetExecution().GetWorkflowId(), runID: info.GetExecution().GetRunId(), kind: info.GetType().GetName(),
		status:   info.GetStatus(),
		parentID: info.GetParentExecution().GetWorkflowId(), parentRunID: info.GetParentExecution().GetRunId(),
		phase:       decoded[string](info.GetSearchAttributes().GetIndexedFields()[phaseAttribute]),
		writeGrace:  decoded[contract.Duration](memo[contract.MemoWriteGrace]).Std(),
		changeGrace: decoded[contract.Duration](memo[contract.MemoChangeGrace]).Std(),
	}, nil
}

// decoded reads a payload, or nothing when there is none that fits.
func decoded[T any](p *common.Payload) T {
	var v T
	if p == nil || converter.GetDefaultDataConverter().FromPayload(p, &v) != nil {
		var none T
		return none
	}
	return v
}

// holder names a runbook for a result.
func (r run) holder() contract.LockHolder {
	return contract.LockHolder{WorkflowID: r.workflowID, RunID: r.runID, Type: r.kind, Phase: r.phase}
}
