package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

func (a *app) abortCommand() *cobra.Command {
	o := steerOptions{update: workflows.UpdateAbort}
	cmd := &cobra.Command{
		Use:   "abort <workflow-id>",
		Short: "Stop a run, and leave what it touched safe",
		Long: `Of a fleet, or a rotation of many servers: no further server is started, ever. Those under way finish, and what becomes
of the servers that are done is the fleet's on_stop. Of any other run it is Temporal's cancel: before the change the run
just ends; while the change is made or verified it counts as a failed change, which is rolled back; a held run ends as it
is, with nothing restored. A restore that has begun is never interrupted. Where a server may be overwritten it says what
would be lost, and asks. The same request again changes nothing.

` + decisionExits,
		Example: `  safepoint abort web-2.14.0 --note "the shop is down"
  safepoint abort deploy-2.14.0 --yes --by ci   # in a script`,
		Args: oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			return a.steerWith(cmd.Context(), o, a.abort)
		},
	}
	o.bind(cmd)
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask before a server is overwritten")
	return cmd
}

// abort finds out what kind of run it is, asks where a server may be overwritten, and stops it.
func (a *app) abort(ctx context.Context, c client.Client, o steerOptions) error {
	s, err := a.look(ctx, c, o.id)
	if err != nil {
		return untouched(ctx, err)
	}
	status := s.view.Status
	switch {
	case s.closed: // which the update finds out too, and prints the report
		return a.steer(ctx, c, o)
	case s.kind == workflows.TypeFleetUpdate:
		if !o.yes {
			if err := a.confirmFleetStop(ctx, c, o.id, s, fleetAbort); err != nil {
				return err
			}
		}
		return a.steer(ctx, c, o)
	case s.kind == workflows.TypeSnapshotRotation && status == nil:
		return fail(codePerson, "%s cannot say whether it is of one server or of many: %s\nTry again when a worker is back; nothing was done", o.id, render.Clean(s.view.Trouble))
	case status != nil && status.Fleet != nil: // a rotation of many, which overwrites nothing
		return a.steer(ctx, c, o)
	default: // of one server, or an audit
		if err := a.confirmCancel(ctx, o, s); err != nil {
			return err
		}
		return a.cancel(ctx, c, o, s.runID)
	}
}

// fleetStop is a way to stop a fleet, in words.
type fleetStop struct{ what, question, instead string }

var fleetAbort = fleetStop{what: "an abort", question: "Abort, and roll back what was committed?", instead: "the fleet goes on"}

// confirmFleetStop asks where the fleet rolls back what it has committed.
func (a *app) confirmFleetStop(ctx context.Context, c client.Client, id string, s seen, stop fleetStop) error {
	if a.onStop(ctx, c, id, s.firstRunID) == workflows.StopLeave {
		return nil
	}
	if !a.Terminal {
		return nobodyToAsk(stop.what + " may roll back the servers that this fleet has committed (on_stop)")
	}
	if s.view.Status != nil && s.view.Status.Fleet != nil {
		a.ask("%s", render.FleetLoss(*s.view.Status.Fleet, a.errColour))
	} else {
		a.say("%s which servers would be rolled back is not known: %s", a.errColour.Warn("safepoint:"), render.Clean(s.view.Trouble))
	}
	return a.confirm(ctx, stop.question, stop.instead)
}

// onStop is what the fleet's input says about its committed servers; empty when that cannot be read.
func (a *app) onStop(ctx context.Context, c client.Client, id, firstRunID string) workflows.OnStop {
	history, err := c.WorkflowService().GetWorkflowExecutionHistory(ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: a.namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: firstRunID}, MaximumPageSize: 1,
	})
	events := history.GetHistory().GetEvents()
	if err != nil || len(events) == 0 {
		return ""
	}
	input := events[0].GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()
	var fleet struct {
		OnStop *workflows.OnStop `json:"on_stop"`
	}
	switch {
	case len(input) == 0 || json.Unmarshal(input[0].GetData(), &fleet) != nil:
		return ""
	case fleet.OnStop == nil || *fleet.OnStop == "":
		return workflows.StopLeave // the default
	default: // as it was asked for
		return *fleet.OnStop
	}
}

// confirmCancel says what a cancel does in the run's present phase, and asks where it overwrites the server.
func (a *app) confirmCancel(ctx context.Context, o steerOptions, s seen) error {
	status := s.view.Status
	switch {
	case status == nil: // anything may be
	case status.Phase == workflows.PhaseRollback || status.Phase == workflows.PhaseRestore:
		return fail(codeUsage, "%s is in phase %s: a restore is never interrupted, so nothing was done\nWatch it: safepoint watch %s", o.id, status.Phase, quote(o.id))
	case status.Phase == workflows.PhaseCommit:
		return fail(codeUsage, "%s is in phase commit: the change is kept, so nothing was done\nWatch it: safepoint watch %s", o.id, quote(o.id))
	case status.Phase != workflows.PhaseChange && status.Phase != workflows.PhaseVerify:
		return nil // before the change, in a hold, or nothing that overwrites
	}
	switch {
	case o.yes:
		return nil
	case !a.Terminal:
		return nobodyToAsk("an abort now counts as a failed change, which is rolled back")
	default: // a person sits there
		a.say("An abort now counts as a failed change, which the run rolls back, unless its rollback.on_failure says otherwise.")
		return a.confirmOverwrite(ctx, s.view, "the run goes on")
	}
}

// cancel asks Temporal to cancel the run that was looked at. Its repeats in here are one request.
func (a *app) cancel(ctx context.Context, c client.Client, o steerOptions, runID string) error {
	reason := "safepoint abort by " + o.ask.By
	if o.ask.Note != "" {
		reason += ": " + o.ask.Note
	}
	request := &workflowservice.RequestCancelWorkflowExecutionRequest{
		Namespace: a.namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: o.id, RunId: runID},
		Identity: o.ask.By, RequestId: random(), Reason: reason,
	}
	err := a.persist(ctx, func() error {
		_, err := c.WorkflowService().RequestCancelWorkflowExecution(ctx, request)
		return err
	})
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return leftBehind(o.id)
	case temporalclient.Refused(err):
		return denied(err)
	case errors.As(err, &gone):
		if s, err := a.look(ctx, c, o.id); err == nil && !s.closed && s.runID != runID {
			return fail(codeUsage, "%s was reset meanwhile and goes on as another run: nothing was done\nSee where it is, and abort it again if you still want to: safepoint status %s", o.id, quote(o.id))
		}
		return fail(codeUsage, "%s has ended meanwhile: there is nothing to abort\nSee how: safepoint report %s", o.id, quote(o.id))
	default: // it may have arrived; a second one changes nothing
		return fail(codePerson, "nobody knows whether the request reached %s: %w\nSend it again: it changes nothing where it did", o.id, err)
	}
	answer := workflows.FleetAnswer{Accepted: true, Detail: "the run was asked to stop, and leaves the server safe"}
	if o.format == formatJSON {
		return a.printJSON(answer)
	}
	return a.print(fmt.Sprintf("abort: %s\nwatch it: safepoint watch %s\n", answer.Detail, quote(o.id)))
}
