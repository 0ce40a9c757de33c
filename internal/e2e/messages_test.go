package e2e

import (
	"context"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/workflows"
)

// update sends an update and waits for its answer.
func (r *rig) update(id, updateID, name string, arg, into any) error {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	handle, err := r.temp.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateID: updateID, UpdateName: name, Args: []any{arg}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, into)
}

// begin asks for the change as a runner does.
func (r *rig) begin(id, runner string) workflows.BeginAnswer {
	r.t.Helper()
	var answer workflows.BeginAnswer
	require.NoError(r.t, r.update(id, "begin-"+runner, workflows.UpdateBegin, workflows.BeginRequest{Runner: runner}, &answer))
	return answer
}

// report says how the change ended.
func (r *rig) report(id string, request workflows.ReportRequest) workflows.ReportAnswer {
	r.t.Helper()
	var answer workflows.ReportAnswer
	require.NoError(r.t, r.update(id, "report-"+request.Runner, workflows.UpdateReport, request, &answer))
	return answer
}

// decide answers a held run.
func (r *rig) decide(id, updateID string, decision workflows.Decision) error {
	r.t.Helper()
	var answer workflows.DecideAnswer
	return r.update(id, updateID, workflows.UpdateDecide, workflows.DecideRequest{Decision: decision, By: "tester"}, &answer)
}
