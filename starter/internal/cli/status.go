package cli

import (
	"context"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

type statusOptions struct {
	id string
	// runID is one run of the id; empty for the newest.
	runID  string
	wait   bool
	format outputFormat
}

func (a *app) statusCommand() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status <workflow-id>",
		Short: "Show where a run is, or how it ended",
		Long: "Shows where a run is: its phase, what it waits for, what a person may do. For a run that has ended it shows\n" +
			"the report and ends with the run's exit code. Where an id was used more than once it is the newest run;\n" +
			"`safepoint list` shows the run ids of the others.\n\n" + endExits,
		Example: `  safepoint status deploy-2.14.0
  safepoint status deploy-2.14.0 --wait -o json`,
		Args: oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			r := reach{patience: min(dialTimeout, a.outage())}
			if o.wait {
				r.patience = a.outage()
			}
			return a.withClient(cmd.Context(), r, func(ctx context.Context, c client.Client) error {
				return a.status(ctx, c, o)
			})
		},
	}
	cmd.Flags().BoolVar(&o.wait, "wait", false, "follow the run to its end")
	bindRunID(cmd, &o.runID)
	bindOutput(cmd, &o.format, formatText)
	return cmd
}

// bindRunID is for an id that was used more than once.
func bindRunID(cmd *cobra.Command, runID *string) {
	cmd.Flags().StringVar(runID, "run-id", "", "one run of an id that was used again, as the list names it (the newest)")
}

func (a *app) status(ctx context.Context, c client.Client, o statusOptions) error {
	s, err := a.lookAt(ctx, c, o.id, o.runID)
	switch {
	case err != nil:
		return untouched(ctx, err)
	case s.closed:
		v, err := a.closedVerdict(ctx, c, o.id, s.runID)
		if err != nil {
			return err
		}
		return a.printEnd(ctx, c, v, o.format)
	case o.wait:
		return a.verdict(ctx, c, o.id, s.runID, o.format)
	case o.format == formatText:
		return a.print(render.Status(s.view, a.outColour, a.outColumns()))
	case s.view.Status == nil:
		return fail(codePerson, "%s has no status to print as JSON: %s", o.id, s.view.Trouble)
	default: // running, as JSON
		return a.printJSON(s.view.Status)
	}
}

// verdict waits for a run's end and prints it.
func (a *app) verdict(ctx context.Context, c client.Client, id, runID string, format outputFormat) error {
	v, err := a.follow(ctx, c, id, runID)
	if err != nil {
		return err
	}
	return a.printEnd(ctx, c, v, format)
}
