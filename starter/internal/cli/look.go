package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// queryTimeout is short: without a worker a query is never answered, and the rest is still worth showing. The client gives
// a request half of the time that is left (newGRPCContext of the SDK), and asks no second time when it is over: 3 s.
const queryTimeout = 6 * time.Second

// seen is one look at a run.
type seen struct {
	view render.View
	// kind is the workflow type. runID is the run that is there now, firstRunID that in which it was started.
	kind, runID, firstRunID string
	// phase is the run's search attribute, which Temporal knows without a worker; empty when it was not noted.
	phase string
	// deciding is true while a worker has a task of the run: what it decides is not known yet.
	deciding bool
	// closed is true when the run has ended; its report then comes from its result.
	closed bool
	// cancelRequested is true when a person has cancelled the run, which it may not have acted on yet.
	cancelRequested bool
}

// phaseNow is the run's own word, or else what it noted at Temporal: that is never ahead of it.
func (s seen) phaseNow() workflows.Phase {
	if s.view.Status != nil {
		return s.view.Status.Phase
	}
	return workflows.Phase(s.phase)
}

// look describes the newest run of an id and asks for its status. An error means that Temporal could not be asked, or
// knows no such run.
func (a *app) look(ctx context.Context, c client.Client, id string) (seen, error) {
	return a.lookAt(ctx, c, id, "")
}

// lookAt is look at one run of an id; the newest for an empty run id.
func (a *app) lookAt(ctx context.Context, c client.Client, id, runID string) (seen, error) {
	if !sendable(id) { // the client would try for 10 s
		return seen{}, a.describeError(id, errUnsendable)
	}
	description, err := c.DescribeWorkflowExecution(ctx, id, runID)
	if err != nil {
		return seen{}, a.describeError(id, err)
	}
	info := description.GetWorkflowExecutionInfo()
	if name := info.GetType().GetName(); !slices.Contains(workflows.Runbooks(), name) {
		return seen{}, fail(codeUsage, "%s is a %s, not a runbook that this command knows: look at it with temporal workflow describe -w %s", id, name, quote(id))
	}
	s := seen{
		kind:            info.GetType().GetName(),
		runID:           info.GetExecution().GetRunId(),
		firstRunID:      info.GetFirstRunId(),
		phase:           attribute[string](info.GetSearchAttributes().GetIndexedFields(), workflows.SearchAttributePhase),
		deciding:        description.GetPendingWorkflowTask().GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_STARTED,
		closed:          info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		cancelRequested: description.GetWorkflowExtendedInfo().GetCancelRequested(),
		view:            render.View{ID: id, Now: time.Now(), Pending: pending(description)},
	}
	if !s.closed {
		s.view.Status, s.view.Trouble = queryStatus(ctx, c, id, runID, info.GetTaskQueue())
		if errors.Is(ctx.Err(), context.Canceled) { // interrupted: no worker has been silent
			return seen{}, a.describeError(id, ctx.Err())
		}
	}
	return s, nil
}

func (a *app) describeError(id string, err error) error {
	if !sendable(id) {
		return fail(codeUsage, "Temporal's client cannot send the workflow id %s, which has other characters than the visible ones of ASCII: %w\n"+
			"Only Temporal's UI can look at such a run, and decide about it. Nothing was done; give new runs another id", quote(id), err)
	}
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return fail(codeUsage, "there is no run %s in this namespace: check the id and TEMPORAL_NAMESPACE; `temporal workflow list` shows what there is", id)
	}
	if temporalclient.Refused(err) {
		return denied(err)
	}
	var invalid *serviceerror.InvalidArgument
	if errors.As(err, &invalid) {
		return fail(codeUsage, "Temporal cannot look for %s: %w\nCheck the id, and the --run-id where one is given", id, err)
	}
	return fail(codePerson, "cannot ask Temporal about %s: %w\nTry again: safepoint status %s", id, err, quote(id))
}

// errUnsendable is why a request about an id was not even tried.
var errUnsendable = errors.New("not sent")

// sendable says whether an id can stand in the header (temporal-resource-id) that Temporal's client sends with most
// requests: gRPC takes visible ASCII and spaces there, and refuses every other value before anything is sent.
func sendable(id string) bool {
	return !strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' })
}

// queryStatus asks the run itself. The trouble says why there is no answer.
func queryStatus(ctx context.Context, c client.Client, id, runID, queue string) (*workflows.Status, string) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	answer, err := c.QueryWorkflow(ctx, id, runID, workflows.QueryStatus)
	var status workflows.Status
	if err == nil {
		err = answer.Get(&status)
	}
	var notReady *serviceerror.WorkflowNotReady
	var failed *serviceerror.QueryFailed
	switch {
	case err == nil:
		return &status, ""
	case errors.As(err, &notReady):
		return nil, "the run has not begun: is a worker running on task queue " + queue + "?"
	case errors.As(err, &failed):
		return nil, "the run cannot say its status: " + failed.Message
	default: // time-out, or no poller
		return nil, "no worker answers on task queue " + queue + ": the run goes on when safepoint-worker is back"
	}
}

// pending lists the activities that have not ended.
func pending(d *workflowservice.DescribeWorkflowExecutionResponse) []render.Pending {
	var list []render.Pending
	for _, activity := range d.GetPendingActivities() {
		p := render.Pending{
			Activity:    activity.GetActivityType().GetName(),
			Attempt:     activity.GetAttempt(),
			Started:     activity.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED,
			Heartbeat:   payloadText(activity.GetHeartbeatDetails()),
			LastFailure: activity.GetLastFailure().GetMessage(),
			Checks:      payloadChecks(activity.GetHeartbeatDetails()),
		}
		if at := activity.GetLastHeartbeatTime(); at != nil {
			p.LastHeartbeat = at.AsTime()
		}
		list = append(list, p)
	}
	return list
}

// maxHeartbeatText keeps a status readable; the UI shows the whole.
const maxHeartbeatText = 400

// payloadText says in words what a heartbeat holds; what cannot be read is left to the UI.
func payloadText(payloads *commonpb.Payloads) string {
	for _, payload := range payloads.GetPayloads() {
		if words := render.HeartbeatWords(payload.GetData()); words != "" {
			return render.Cut(words, maxHeartbeatText)
		}
	}
	return ""
}

// payloadChecks are the last looks of the checks that a heartbeat holds.
func payloadChecks(payloads *commonpb.Payloads) []contract.CheckResult {
	for _, payload := range payloads.GetPayloads() {
		if checks := render.HeartbeatChecks(payload.GetData()); len(checks) > 0 {
			return checks
		}
	}
	return nil
}
