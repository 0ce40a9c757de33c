package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// pause is workflow.Sleep with a name: in the timeline of the UI every timer says what it is for. A name is no command,
// so that histories without it replay.
func pause(ctx workflow.Context, d time.Duration, what string) error {
	return workflow.NewTimerWithOptions(ctx, d, workflow.TimerOptions{Summary: what}).Get(ctx, nil)
}

// awaitFor is workflow.AwaitWithTimeout with a name.
func awaitFor(ctx workflow.Context, timeout time.Duration, what string, condition func() bool) (bool, error) {
	return workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{Timeout: timeout, TimerOptions: workflow.TimerOptions{Summary: what}}, condition)
}
