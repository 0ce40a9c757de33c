package cli

import (
	"context"
	"fmt"
	"os/user"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

type decideOptions struct {
	id   string
	ask  workflows.DecideRequest
	wait bool
	// yes is true when nobody is to be asked; strict wants it said where nobody can be asked. The general command is not
	// strict: its scripts name the decision as a word of its own. A denial does not say in its name that a fleet may roll
	// servers back, so that it is strict always.
	yes, strict bool
	format      outputFormat
}

func (a *app) decideCommand() *cobra.Command {
	var o decideOptions
	cmd := &cobra.Command{
		Use:   "decide <workflow-id> commit|rollback|extend|approve|deny",
		Short: "Decide for a run that is held for a person",
		Long: "Decides for a held run: commit keeps the change, rollback restores the snapshot (everything written since is lost),\n" +
			"extend starts the hold's time over, approve and deny answer a run that asks before it goes on; there commit means\n" +
			"deny and rollback means approve. `safepoint status` shows the question, and what it may be answered with. The\n" +
			"decision is about the run that is there now: one that is reset later does not take it again.\n" +
			"On a terminal it shows what a restore overwrites, and asks; without one it does not ask, but a deny that rolls back\n" +
			"what a fleet has committed needs --yes there. Each decision is a command of its own too, such as `safepoint commit`.\n\n" + decisionExits,
		Example: `  safepoint decide deploy-2.14.0 rollback --by ann --note "the shop is down"
  safepoint decide undo-web01 approve --wait`,
		Args: oneID(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id, o.ask.Decision = args[0], workflows.Decision(args[1])
			switch o.ask.Decision {
			case workflows.DecideCommit, workflows.DecideRollback, workflows.DecideExtend, workflows.DecideApprove, workflows.DecideDeny:
			default: // not a decision
				return fail(codeUsage, "decide commit, rollback, extend, approve or deny, not %q", args[1])
			}
			return a.decideWith(cmd.Context(), o)
		},
	}
	o.bind(cmd)
	return cmd
}

func (o *decideOptions) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.ask.By, "by", userName(), "who decides (the user of this machine)")
	cmd.Flags().StringVar(&o.ask.Note, "note", "", "why, for the report")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "then follow the run to its end")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask before a server is overwritten")
	bindOutput(cmd, &o.format, formatText)
}

// decideWith connects and decides.
func (a *app) decideWith(ctx context.Context, o decideOptions) error {
	if o.ask.By == "" {
		return fail(codeUsage, "who decides? Give --by NAME: the report keeps it")
	}
	return a.withClient(ctx, reach{patience: a.outage()}, func(ctx context.Context, c client.Client) error { return a.decide(ctx, c, o) })
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "" // then the flag must be given
}

// meant is the run that a request is about: the one that is there now. Temporal delivers a decision again to a run that
// was reset since, which then refuses it. A workflow that is no runbook is refused here: where nobody serves it, it would
// never answer.
func (a *app) meant(ctx context.Context, c client.Client, id string) (kind, runID string, err error) {
	err = a.persist(ctx, func() error {
		if !sendable(id) {
			return errUnsendable
		}
		description, err := c.DescribeWorkflowExecution(ctx, id, "")
		info := description.GetWorkflowExecutionInfo()
		kind, runID = info.GetType().GetName(), info.GetExecution().GetRunId()
		return err
	})
	switch {
	case err != nil:
		return "", "", untouched(ctx, a.describeError(id, err))
	case !slices.Contains(workflows.Runbooks(), kind):
		return "", "", fail(codeUsage, "%s is a %s, not a runbook that this command knows: nothing was done\nLook at it: temporal workflow describe -w %s", id, kind, quote(id))
	default: // seen
		return kind, runID, nil
	}
}

// decidable are the runbooks that a person may be asked about.
var decidable = []string{workflows.TypeSnapshotUpdateVerify, workflows.TypeRollbackByRestore, workflows.TypeFleetUpdate}

func (a *app) decide(ctx context.Context, c client.Client, o decideOptions) error {
	kind, runID, err := a.meant(ctx, c, o.id)
	if err != nil {
		return err
	}
	if !slices.Contains(decidable, kind) {
		return fail(codeUsage, "%s is a %s, which asks for no decisions: nothing was done. %s is for %s", o.id, kind, o.ask.Decision, strings.Join(decidable, ", "))
	}
	o.ask.RunID = runID
	if err := a.confirmDecision(ctx, c, o); err != nil {
		return err
	}
	var answer workflows.DecideAnswer
	runID, err = a.update(ctx, c, client.UpdateWorkflowOptions{
		UpdateID:   "decide-" + random(), // each call is a decision of its own, but its repeats in here are one
		WorkflowID: o.id,
		UpdateName: workflows.UpdateDecide,
		Args:       []any{o.ask},
	}, &answer)
	if err != nil {
		end := a.explain(ctx, c, o.id, err)
		if end.err != nil {
			return end.err
		}
		if err := a.printReport(end.closed.report, o.format); err != nil {
			return err
		}
		return fail(codeUsage, "%s has ended: there is nothing to decide%s", o.id, undoHint(o.ask.Decision, end.closed.report))
	}
	if !answer.Accepted {
		return fail(codeUsage, "%s does not take the decision: %s", o.id, render.Clean(answer.Detail))
	}
	if o.wait {
		a.say("%s %s", a.errColour.Bold(render.Clean(o.id)), render.Clean(answer.Detail))
		return a.verdict(ctx, c, o.id, runID, o.format)
	}
	if o.format == formatJSON {
		return a.printJSON(answer)
	}
	return a.print(fmt.Sprintf("%s: %s\nwatch it: safepoint status %s --wait\n", o.ask.Decision, render.Clean(answer.Detail), quote(o.id)))
}
