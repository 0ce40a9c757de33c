package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// notifier tells the input's URLs how a run goes. Each message is a workflow of its own that the run neither waits for
// nor takes down with it: a chat tool that is down must not hold up a rollback.
type notifier struct {
	targets  []NotifyTarget
	sent     int
	starting int
}

// notify starts one notification for each target that asked for the event. They are named after the original run: a run
// that was reset replays their starts, under the same names. Those that it starts itself then find some names taken only
// while the earlier run's are still on their way.
func (n *notifier) notify(ctx workflow.Context, originalRunID string, message contract.NotifyMessage) {
	for _, target := range n.targets {
		if len(target.On) > 0 && !slices.Contains(target.On, message.Event) {
			continue
		}
		n.sent++
		child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID:        fmt.Sprintf("%s/notify-%d-%s", message.WorkflowID, n.sent, originalRunID[:min(8, len(originalRunID))]),
			ParentClosePolicy: enumspb.PARENT_CLOSE_POLICY_ABANDON,
			StaticSummary:     "notify: " + string(message.Event),
		}), TypeNotification, contract.NotifyInput{URL: target.URL, Message: message})
		n.starting++
		workflow.Go(ctx, func(ctx workflow.Context) {
			// An error (a namespace that is full, an id that runs) costs a message, and nothing else.
			_ = child.GetChildWorkflowExecution().Get(ctx, nil)
			n.starting--
		})
	}
}

// startsWithin is how long a run that ends waits until its last notifications are started; it takes milliseconds.
const startsWithin = 10 * time.Second

// flush waits until every notification is on its way: a run that closed before would take the start back.
func (n *notifier) flush(ctx workflow.Context) {
	if n.starting == 0 {
		return
	}
	_, _ = awaitFor(ctx, startsWithin, "notifications to be on their way", func() bool { return n.starting == 0 }) // a message is not worth more
}

// tell notifies about this run.
func (r *serverRun) tell(event contract.NotifyEvent, summary, next string) {
	r.notifier.notify(r.safe, r.report.OriginalRunID, contract.NotifyMessage{
		Event: event, Runbook: r.report.Runbook, WorkflowID: r.report.WorkflowID, RunID: r.report.RunID,
		ServerID: r.serverID, ServerName: r.report.ServerName, Outcome: string(r.report.Outcome), Failure: r.report.Failure,
		Summary: summary, Next: next, At: workflow.Now(r.safe), Reason: r.report.Reason,
	})
}

// endEvent is the event that an outcome is told as.
func endEvent(outcome Outcome) contract.NotifyEvent {
	switch outcome {
	case OutcomeCommitted:
		return contract.NotifyCommitted
	case OutcomeRolledBack, OutcomeRestored:
		return contract.NotifyRolledBack
	case OutcomeRollbackFailed, OutcomeRolledBackUnverified:
		return contract.NotifyRollbackFailed
	default: // every other end
		return contract.NotifyEnded
	}
}

// Notification sends one message, again and again for an hour at the most.
func Notification(ctx workflow.Context, in contract.NotifyInput) error {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    contract.NotifyTimeout + 5*time.Second, // room to report the answer
		ScheduleToCloseTimeout: time.Hour,                              // older news only confuse
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 5 * time.Second, BackoffCoefficient: 2, MaximumInterval: 5 * time.Minute,
		},
		Summary: "notify: " + string(in.Message.Event),
	}), contract.ActivityNotify, in).Get(ctx, nil)
}
