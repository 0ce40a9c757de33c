package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func activityOptionsOf(t *testing.T, profile func(ctx workflow.Context) workflow.Context) workflow.ActivityOptions {
	t.Helper()
	return optionsIn(t, func(ctx workflow.Context) workflow.ActivityOptions { return workflow.GetActivityOptions(profile(ctx)) })
}

// A zombie must never write: an attempt of a write ends at its deadline and not before, and there is one of it.
func TestAWriteHasOneAttemptThatEndsAtItsDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		profile  func(ctx workflow.Context) workflow.Context
		deadline time.Duration
	}{
		"a write":             {func(ctx workflow.Context) workflow.Context { return writeOptions(ctx, "x") }, contract.WriteDeadline},
		"a write with a look": {func(ctx workflow.Context) workflow.Context { return checkedWriteOptions(ctx, "x") }, contract.CheckedWriteDeadline},
		"a change":            {func(ctx workflow.Context) workflow.Context { return onceOptions(ctx, time.Hour, "x") }, changeDeadline(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			o := activityOptionsOf(t, c.profile)
			require.NotNil(t, o.RetryPolicy)
			assert.EqualValues(t, 1, o.RetryPolicy.MaximumAttempts)
			assert.Equal(t, c.deadline, o.StartToCloseTimeout)
			assert.Zero(t, o.HeartbeatTimeout, "it would end an attempt whose request is on its way")
		})
	}
}

// Law 8: a killed worker costs a wait or a read one heartbeat time-out.
func TestAWaitIsTakenOverFromAWorkerThatIsSilent(t *testing.T) {
	wait := activityOptionsOf(t, func(ctx workflow.Context) workflow.Context { return waitOptions(ctx, 10*time.Hour, "x") })
	assert.Equal(t, heartbeatTimeout, wait.HeartbeatTimeout)
	assert.Greater(t, wait.StartToCloseTimeout, 10*time.Hour, "the activity itself counts the time")
	assert.Zero(t, wait.RetryPolicy.MaximumAttempts, "however many workers die")
	read := activityOptionsOf(t, func(ctx workflow.Context) workflow.Context { return readOptions(ctx, "x") })
	assert.Equal(t, heartbeatTimeout, read.HeartbeatTimeout)
}
