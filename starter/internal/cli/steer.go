package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

type steerOptions struct {
	id, update string
	ask        workflows.FleetRequest
	// yes is true when nobody is to be asked.
	yes    bool
	format outputFormat
}

func (a *app) pauseCommand() *cobra.Command {
	return a.steerCommand("pause", workflows.UpdatePause, "Start no further server of a fleet or rotation until resume",
		"Those under way finish. `safepoint schedule pause` is for schedules.")
}

func (a *app) resumeCommand() *cobra.Command {
	return a.steerCommand("resume", workflows.UpdateResume, "Go on with a fleet or rotation that is paused",
		"`safepoint schedule resume` is for schedules.")
}

func (a *app) steerCommand(word, update, short, long string) *cobra.Command {
	o := steerOptions{update: update}
	cmd := &cobra.Command{
		Use:     word + " <workflow-id>",
		Short:   short,
		Long:    short + ".\n" + long + "\nThe same request again changes nothing.\n\n" + decisionExits,
		Example: "  safepoint " + word + " web-2.14.0",
		Args:    oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			return a.steerWith(cmd.Context(), o, a.steer)
		},
	}
	o.bind(cmd)
	return cmd
}

func (o *steerOptions) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.ask.By, "by", userName(), "who says so (the user of this machine)")
	cmd.Flags().StringVar(&o.ask.Note, "note", "", "why, for the report")
	bindOutput(cmd, &o.format, formatText)
}

// steerWith connects and does it.
func (a *app) steerWith(ctx context.Context, o steerOptions, do func(context.Context, client.Client, steerOptions) error) error {
	if o.ask.By == "" {
		return fail(codeUsage, "who says so? Give --by NAME: the report keeps it")
	}
	return a.withClient(ctx, reach{patience: a.outage()}, func(ctx context.Context, c client.Client) error { return do(ctx, c, o) })
}

// steer asks it of the run. abort has looked before what it is, and asks it of fleets and rotations alone, or of a run
// that has ended.
func (a *app) steer(ctx context.Context, c client.Client, o steerOptions) error {
	if o.update != workflows.UpdateAbort {
		if err := a.steerable(ctx, c, o); err != nil {
			return err
		}
	}
	var answer workflows.FleetAnswer
	_, err := a.update(ctx, c, client.UpdateWorkflowOptions{
		UpdateID:   o.update + "-" + random(), // its repeats in here are one request
		WorkflowID: o.id,
		UpdateName: o.update,
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
		return fail(codeUsage, "%s has ended: there is nothing to %s", o.id, o.update)
	}
	switch {
	case !answer.Accepted:
		return fail(codeUsage, "%s does not take it: %s", o.id, render.Clean(answer.Detail))
	case o.format == formatJSON:
		return a.printJSON(answer)
	default: // text
		return a.print(fmt.Sprintf("%s: %s\nwatch it: safepoint status %s --wait\n", o.update, render.Clean(answer.Detail), quote(o.id)))
	}
}

// steerable refuses what is no run of many servers: nothing would answer there, or with words for programmers.
func (a *app) steerable(ctx context.Context, c client.Client, o steerOptions) error {
	kind, _, err := a.meant(ctx, c, o.id)
	if err != nil {
		return err
	}
	one := kind != workflows.TypeFleetUpdate
	if kind == workflows.TypeSnapshotRotation { // of one server or of many: only the run knows
		s, err := a.look(ctx, c, o.id)
		if err != nil {
			return untouched(ctx, err)
		}
		one = s.view.Status != nil && s.view.Status.Fleet == nil
	}
	if one {
		return fail(codeUsage, "%s is a %s: nothing was done. %s is for fleets, and for rotations of many servers", o.id, kind, o.update)
	}
	return nil
}
