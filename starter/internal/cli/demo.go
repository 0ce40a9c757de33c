package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/demo"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

func (a *app) demoCommand() *cobra.Command {
	var keep bool
	var logDir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show in a minute what Safepoint does, on this machine alone",
		Long: "Starts a local stack and makes four changes to four servers, side by side: a good one, a bad one that is rolled\n" +
			"back, and both again with the worker killed (kill -9) in the middle. It checks that each ended as promised, ends\n" +
			"with 1 when one did not, and leaves nothing running.",
		Example: "  safepoint demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			err := demo.Run(ctx, demo.Options{
				Out: a.Out, Progress: render.NewProgress(a.Out, a.OutWidth), Palette: a.outColour, Keep: keep, LogDir: logDir,
				Look: func(ctx context.Context, c client.Client, id string) (render.View, error) {
					s, err := a.look(ctx, c, id)
					return s.view, err
				},
				End: func(ctx context.Context, c client.Client, id, runID string) (workflows.Report, error) {
					v, err := a.awaitClose(ctx, c, id, runID)
					return v.report, err
				},
			})
			switch {
			case err == nil:
				return nil
			case errors.Is(err, context.Canceled) && ctx.Err() != nil:
				return fail(codeDetached, "interrupted: everything is stopped")
			default: // the demonstration did not show what it promised
				return fail(codeNotChanged, "the demo failed: %w\nRun it again with --log-dir demo-logs to keep the logs of its programs", err)
			}
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the stack running at the end, until Ctrl-C")
	cmd.Flags().StringVar(&logDir, "log-dir", "", "keep the logs in this folder (a temporary one)")
	return cmd
}
