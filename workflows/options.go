package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// heartbeatTimeout is how long a worker that waits or reads may be silent before another one takes over. It is what a
// killed worker costs a wait. Shorter would cost more heartbeats (one each 12 s, the SDK sends at 80 %) and take a
// slow Temporal server for a dead worker.
const heartbeatTimeout = 15 * time.Second

// readOptions are for activities that only read: short, safe to repeat. The summary is what the UI shows.
func readOptions(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		// Three requests of the default 30 s each, and a moment in the queue of the client's rate limit.
		StartToCloseTimeout: 2 * time.Minute,
		HeartbeatTimeout:    heartbeatTimeout,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    15 * time.Second, // the API is asked again four times a minute at the most
			// About three minutes of an API that answers nonsense, then say so. A preflight is three requests: with a fifth of
			// all requests failing, half of the attempts fail, and of a hundred servers not one must give up.
			MaximumAttempts: 16,
		},
		Summary: summary,
	})
}

// writeOptions are for requests that change something at the API. One attempt: whether a second request may be sent is
// for the runbook to decide, after it has looked. No heartbeat: an attempt ends at its deadline and not before, so
// that the next one can never overlap with it.
func writeOptions(ctx workflow.Context, summary string) workflow.Context {
	return deadlineOptions(ctx, contract.WriteDeadline, summary)
}

// checkedWriteOptions are writeOptions for a write that reads the list right before it is sent.
func checkedWriteOptions(ctx workflow.Context, summary string) workflow.Context {
	return deadlineOptions(ctx, contract.CheckedWriteDeadline, summary)
}

func deadlineOptions(ctx workflow.Context, deadline time.Duration, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: deadline,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:             summary,
	})
}

// waitOptions are for the long waits. They heartbeat and run on a queue of their own. The time-out is counted by the
// activity itself, across its attempts and only while a worker really looks; the start-to-close time here is only a
// backstop for an attempt that forgot to end.
func waitOptions(ctx workflow.Context, timeout time.Duration, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           contract.WaitTaskQueue(workflow.GetInfo(ctx).TaskQueueName),
		StartToCloseTimeout: timeout + time.Hour,
		HeartbeatTimeout:    heartbeatTimeout,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second, // what fails here is a worker, and another one is ready
			BackoffCoefficient: 1,
		},
		Summary: summary,
	})
}

// pauses between two tries of a write that did not take effect.
const (
	retryPauseMin = 2 * time.Second
	retryPauseMax = time.Minute
)

// retryPause is how long to wait before a write is tried again: what the API asked for, else twice as long each time.
func retryPause(answer contract.WriteAnswer, try int) time.Duration {
	pause := retryPauseMin
	for i := 1; i < try && pause < retryPauseMax; i++ {
		pause *= 2
	}
	return max(min(pause, retryPauseMax), answer.RetryAfter.Std())
}
