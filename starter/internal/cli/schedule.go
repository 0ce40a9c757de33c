package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// recentRuns is how many of a schedule's last runs are described.
const recentRuns = 10

func (a *app) scheduleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "Run a runbook by the clock: apply, list, describe, pause, resume, trigger, delete",
		Long: `Keeps Temporal Schedules that start a runbook. A file says what and when:

  {"id": "nightly-web", "runbook": "SnapshotRotation",
   "input": {"selector": {"name": "web-*"}, "policy": {"keep_last": 2, "keep_daily": 2}},
   "spec": {"cron": ["0 3 * * *"], "time_zone": "Europe/Amsterdam", "jitter": "10m"}}

spec has exactly one of cron, every ("6h", with offset) and calendars ([{"hour": "3", "day_of_week": "mon-fri"}]), and
may have time_zone, jitter, start_at and end_at. The rest has defaults: overlap skip, catch_up 1h, workflow_id the id.
paused and note only count when the schedule is created; afterwards they are a person's.`,
		Example: `  safepoint schedule apply -f starter/examples/schedule-nightly.json
  safepoint schedule list`,
		Args: cobra.NoArgs,
		RunE: whichOne("command"),
	}
	cmd.AddCommand(a.scheduleApply(), a.scheduleList(), a.scheduleDescribe(), a.schedulePause(), a.scheduleResume(),
		a.scheduleTrigger(), a.scheduleDelete())
	return cmd
}

// withSchedules runs a command with the schedules of the namespace.
func (a *app) withSchedules(ctx context.Context, do func(context.Context, client.Client, *schedule.Store) error) error {
	return a.withClient(ctx, reach{patience: min(dialTimeout, a.outage()), noRun: true}, func(ctx context.Context, c client.Client) error {
		return do(ctx, c, schedule.NewStore(c.WorkflowService(), a.namespace, "safepoint "+userName()))
	})
}

// scheduleError says what an error about a schedule means.
func scheduleError(ctx context.Context, id string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, schedule.ErrNotFound):
		return fail(codeUsage, "there is no schedule %s in this namespace: `safepoint schedule list` shows what there is", render.Clean(id))
	case errors.Is(err, schedule.ErrForeign):
		return fail(codeUsage, "the schedule %s was not made by safepoint, so nothing was written: give another id, or --force to take it over", render.Clean(id))
	case errors.Is(err, schedule.ErrNever):
		return fail(codeUsage, "the schedule %s never runs: no time fits its spec, so nothing was written: mend spec, or write \"paused\": true", render.Clean(id))
	case errors.Is(err, schedule.ErrRefused):
		return fail(codeUsage, "%w", err)
	case errors.Is(err, schedule.ErrUnseen):
		return fail(codeNotChanged, "the schedule %s: %w\nTry again", render.Clean(id), err)
	case errors.Is(err, schedule.ErrBusy):
		return fail(codeNotChanged, "%w: try again", err)
	case temporalclient.Refused(err):
		return denied(err)
	case ctx.Err() != nil:
		return fail(codeDetached, "interrupted: look with `safepoint schedule describe %s`", quote(id))
	default: // a request may have arrived
		return fail(codePerson, "nobody knows what became of the request for %s: %w\nThe same command again is safe; `safepoint schedule describe %s` shows what is", id, err, quote(id))
	}
}

// lookError is for a look, which writes nothing whatever became of it.
func lookError(ctx context.Context, what, again string, err error) error {
	switch {
	case errors.Is(err, schedule.ErrNotFound), errors.Is(err, schedule.ErrRefused), temporalclient.Refused(err):
		return scheduleError(ctx, what, err)
	case ctx.Err() != nil:
		return fail(codeDetached, "interrupted")
	default: // it does not answer
		return fail(codePerson, "cannot ask Temporal about %s: %w\nTry again: %s", what, err, again)
	}
}

func (a *app) scheduleList() *cobra.Command {
	var format outputFormat
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the schedules that start a runbook",
		Long: "Lists every schedule that starts a runbook: when, the next time, how the last run ended, and who paused it. A new\n" +
			"schedule shows after a second or so.\n\n" + scheduleExits,
		Example: "  safepoint schedule list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSchedules(cmd.Context(), func(ctx context.Context, _ client.Client, store *schedule.Store) error {
				list, err := store.List(ctx)
				if err != nil {
					return lookError(ctx, "the schedules", "safepoint schedule list", err)
				}
				if format == formatJSON {
					return a.printJSON(append([]schedule.Details{}, list...)) // none is [], not null
				}
				return a.print(render.Schedules(list, a.outColour, a.outColumns()))
			})
		},
	}
	bindOutput(cmd, &format, formatText)
	return cmd
}

func (a *app) scheduleDescribe() *cobra.Command {
	var format outputFormat
	cmd := &cobra.Command{
		Use:     "describe <schedule-id>",
		Short:   "Show a schedule, its input, its next times and its last runs",
		Long:    "Shows everything that is known of a schedule, and the commands that show its last runs.\n\n" + scheduleExits,
		Example: "  safepoint schedule describe nightly-web",
		Args:    oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSchedules(cmd.Context(), func(ctx context.Context, _ client.Client, store *schedule.Store) error {
				d, err := store.Describe(ctx, args[0], recentRuns)
				if err != nil {
					return lookError(ctx, args[0], "safepoint schedule describe "+quote(args[0]), err)
				}
				if format == formatJSON {
					return a.printJSON(d)
				}
				return a.print(render.Schedule(d, a.outColour, a.outColumns()))
			})
		},
	}
	bindOutput(cmd, &format, formatText)
	return cmd
}
