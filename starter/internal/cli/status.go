package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

func (a *app) statusCommand() *cobra.Command {
	var wait bool
	var format outputFormat
	cmd := &cobra.Command{
		Use:   "status <workflow-id>",
		Short: "Show where a run is, or how it ended",
		Long: "Shows where a run is: its phase, what it waits for, what a person may do. For a run that has ended it shows\n" +
			"the report and ends with the run's exit code.\n\n" + exitHelp,
		Example: `  safepoint status deploy-2.14.0
  safepoint status deploy-2.14.0 --wait -o json`,
		Args: oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r := reach{patience: min(dialTimeout, a.outage())}
			if wait {
				r.patience = a.outage()
			}
			return a.withClient(cmd.Context(), r, func(ctx context.Context, c client.Client) error {
				return a.status(ctx, c, args[0], wait, format)
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "follow the run to its end")
	bindOutput(cmd, &format, formatText)
	return cmd
}

func (a *app) status(ctx context.Context, c client.Client, id string, wait bool, format outputFormat) error {
	s, err := a.look(ctx, c, id)
	switch {
	case err != nil:
		return err
	case s.closed || wait:
		return a.verdict(ctx, c, id, s.runID, format)
	case format == formatText:
		return a.print(render.Status(s.view, a.outColour, a.outColumns()))
	case s.view.Status == nil:
		return fail(codePerson, "%s has no status to print as JSON: %s", id, s.view.Trouble)
	default: // running, as JSON
		return a.printJSON(s.view.Status)
	}
}

// verdict waits for a run's end and prints it. For a closed run that is at once.
func (a *app) verdict(ctx context.Context, c client.Client, id, runID string, format outputFormat) error {
	v, err := a.follow(ctx, c, id, runID)
	if err != nil {
		return err
	}
	return a.printEnd(ctx, c, v, format)
}

// closedVerdict is the end of a run that is known to be closed.
func (a *app) closedVerdict(ctx context.Context, c client.Client, id, runID string) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return a.awaitClose(ctx, c, id, runID)
}
