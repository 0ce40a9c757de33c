package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
)

// Gate asks Temporal the two questions a write needs answered right before it is sent.
type Gate interface {
	// LockHeld says whether the run of the lock still holds its server. An error means that nobody knows.
	LockHeld(ctx context.Context, workflowID, runID string) (bool, error)
	// AttemptValid returns nil when Temporal still counts the attempt that the task token belongs to.
	AttemptValid(ctx context.Context, taskToken []byte) error
}

// GateClient is what a Gate uses of a Temporal client. Every client.Client is one.
type GateClient interface {
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	RecordActivityHeartbeat(ctx context.Context, taskToken []byte, details ...any) error
}

// NewGate makes the Gate that asks Temporal itself.
func NewGate(c GateClient) Gate { return temporalGate{c} }

type temporalGate struct{ client GateClient }

// LockHeld wants the lock running and not asked to cancel. A lock that was asked to cancel counts down the longest
// write's deadline and then lets the server go: a write that begins during the count could outlive it.
func (g temporalGate) LockHeld(ctx context.Context, workflowID, runID string) (bool, error) {
	d, err := g.client.DescribeWorkflowExecution(ctx, workflowID, runID)
	var notFound *serviceerror.NotFound
	switch {
	case errors.As(err, &notFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("ask Temporal whether the server's lock is held: %w", err)
	}
	running := d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING
	return running && !d.GetWorkflowExtendedInfo().GetCancelRequested(), nil
}

// AttemptValid records one heartbeat and waits for Temporal's answer. This is not the heartbeating that a write must
// not do: it is sent once, it prolongs nothing (a write has no heartbeat time-out), and only its answer matters.
// Temporal knows an attempt until its deadline. A worker that was frozen between taking the task and running it gets a
// "not found" here, instead of sending a write while the next attempt is already under way.
func (g temporalGate) AttemptValid(ctx context.Context, taskToken []byte) error {
	if err := g.client.RecordActivityHeartbeat(ctx, taskToken); err != nil {
		return fmt.Errorf("ask Temporal whether this attempt still counts: %w", err)
	}
	return nil
}
