package activities

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// fakeTemporal answers a Gate.
type fakeTemporal struct {
	status   enums.WorkflowExecutionStatus
	canceled bool
	err      error
	asked    []string
}

func (f *fakeTemporal) DescribeWorkflowExecution(_ context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	f.asked = append(f.asked, workflowID+" "+runID)
	return &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflow.WorkflowExecutionInfo{Status: f.status},
		WorkflowExtendedInfo:  &workflow.WorkflowExecutionExtendedInfo{CancelRequested: f.canceled},
	}, f.err
}

func (f *fakeTemporal) RecordActivityHeartbeat(_ context.Context, token []byte, _ ...any) error {
	f.asked = append(f.asked, string(token))
	return f.err
}

func TestALockIsHeldOnlyWhileItsOwnRunIsRunningAndNotAskedToEnd(t *testing.T) {
	for name, c := range map[string]struct {
		temporal *fakeTemporal
		held     bool
		fails    bool
	}{
		"running":     {&fakeTemporal{status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING}, true, false},
		"cancelling":  {&fakeTemporal{status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, canceled: true}, false, false},
		"terminated":  {&fakeTemporal{status: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED}, false, false},
		"completed":   {&fakeTemporal{status: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED}, false, false},
		"paused":      {&fakeTemporal{status: enums.WORKFLOW_EXECUTION_STATUS_PAUSED}, false, false},
		"not found":   {&fakeTemporal{err: serviceerror.NewNotFound("gone")}, false, false},
		"unreachable": {&fakeTemporal{err: serviceerror.NewUnavailable("down")}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			held, err := NewGate(c.temporal).LockHeld(context.Background(), "server-lock/7", "r1")
			assert.Equal(t, c.held, held)
			assert.Equal(t, c.fails, err != nil)
			assert.Equal(t, []string{"server-lock/7 r1"}, c.temporal.asked, "the very run is asked for")
		})
	}
}

func TestAnAttemptIsValidOnlyWhenTemporalAnswersYes(t *testing.T) {
	ok := &fakeTemporal{}
	require.NoError(t, NewGate(ok).AttemptValid(context.Background(), []byte("token")))
	assert.Equal(t, []string{"token"}, ok.asked)
	gone := serviceerror.NewNotFound("activity timed out")
	err := NewGate(&fakeTemporal{err: gone}).AttemptValid(context.Background(), []byte("token"))
	var notFound *serviceerror.NotFound
	assert.True(t, errors.As(err, &notFound))
}
