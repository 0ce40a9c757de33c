package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// done is what a command that changes a schedule prints as JSON.
type done struct {
	ID   string `json:"id"`
	Done string `json:"done"`
	Note string `json:"note,omitempty"`
}

func (a *app) printDone(d done, format outputFormat) error {
	if format == formatJSON {
		return a.printJSON(d)
	}
	text := d.Done + "  " + render.Clean(d.ID)
	if d.Note != "" {
		text += "  (" + render.Clean(d.Note) + ")"
	}
	return a.print(render.Fit(text, a.outColumns()) + "\n")
}

func (a *app) schedulePause() *cobra.Command {
	return a.scheduleSwitch("pause", "paused", "Stop a schedule from starting runs; a run under way goes on",
		func(ctx context.Context, store *schedule.Store, id, note string) error {
			return store.Pause(ctx, id, note)
		})
}

func (a *app) scheduleResume() *cobra.Command {
	return a.scheduleSwitch("resume", "resumed", "Let a paused schedule start runs again",
		func(ctx context.Context, store *schedule.Store, id, note string) error {
			return store.Resume(ctx, id, note)
		})
}

func (a *app) scheduleSwitch(word, participle, short string, do func(context.Context, *schedule.Store, string, string) error) *cobra.Command {
	var note string
	var format outputFormat
	cmd := &cobra.Command{
		Use:     word + " <schedule-id>",
		Short:   short,
		Long:    short + ".\nThe note says why, and stays when the schedule is applied again.\n\n" + scheduleExits,
		Example: "  safepoint schedule " + word + ` nightly-web --note "the sale runs until Monday"`,
		Args:    oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if note == "" {
				note = participle + " by " + userName()
			}
			return a.withSchedules(cmd.Context(), func(ctx context.Context, _ client.Client, store *schedule.Store) error {
				if err := a.warnForeign(ctx, store, args[0]); err != nil {
					return err
				}
				if err := do(ctx, store, args[0], note); err != nil {
					return scheduleError(ctx, args[0], err)
				}
				return a.printDone(done{ID: args[0], Done: participle, Note: note}, format)
			})
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "why ("+participle+" by the user of this machine)")
	bindOutput(cmd, &format, formatText)
	return cmd
}

// warnForeign says that a schedule is somebody else's; the request is carried out all the same. One that cannot be looked
// at just now may still take the request: a pause is most wanted for a schedule that is too busy to answer.
func (a *app) warnForeign(ctx context.Context, store *schedule.Store, id string) error {
	d, err := store.Describe(ctx, id, 0)
	switch {
	case errors.Is(err, schedule.ErrNotFound), ctx.Err() != nil, temporalclient.Refused(err):
		return lookError(ctx, id, "safepoint schedule describe "+quote(id), err)
	case err == nil && d.Foreign:
		a.say("%s the schedule %s was not made by safepoint: neither its memo nor that of its action has safepoint's mark. It starts %s",
			a.errColour.Warn("warning:"), render.Clean(id), render.Clean(cmp.Or(d.Runbook, "nothing that is known")))
	}
	return nil
}

func (a *app) scheduleTrigger() *cobra.Command {
	var format outputFormat
	cmd := &cobra.Command{
		Use:   "trigger <schedule-id>",
		Short: "Start a run of a schedule now",
		Long: "Starts a run now, whether the schedule is paused or not, under its own overlap policy, and prints the run's id, or\n" +
			"that it cannot be told from a run that was due at the same time. It does not wait for the run:\n" +
			"`safepoint status <workflow-id> --wait` does.\n\n" + scheduleExits,
		Example: "  safepoint schedule trigger nightly-web",
		Args:    oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSchedules(cmd.Context(), func(ctx context.Context, _ client.Client, store *schedule.Store) error {
				if err := a.warnForeign(ctx, store, args[0]); err != nil {
					return err
				}
				came, err := store.Trigger(ctx, args[0])
				if err != nil {
					return scheduleError(ctx, args[0], err)
				}
				return a.printTriggered(args[0], came, format)
			})
		},
	}
	bindOutput(cmd, &format, formatText)
	return cmd
}

func (a *app) printTriggered(id string, came schedule.Triggered, format outputFormat) error {
	if came.Overlapped {
		return fail(codeNotChanged, "nothing was started: a run of %s still runs, and its overlap policy skips: safepoint schedule describe %s", id, quote(id))
	}
	if format == formatJSON {
		return a.printJSON(came)
	}
	if came.Unclear {
		text := "triggered  " + render.Clean(id) + "\n" +
			render.Fit("unclear    it also ran, or skipped a run, by itself just now: which of it is the trigger's cannot be told", a.outColumns()) + "\n"
		for _, run := range came.Started {
			text += "started    " + render.Clean(run.WorkflowID) + "\n"
		}
		return a.print(text + "look       safepoint schedule describe " + quote(id) + "\n")
	}
	if came.Run == nil {
		return a.print(fmt.Sprintf("triggered  %s\nlook       safepoint schedule describe %s\n", render.Clean(id), quote(id)))
	}
	return a.print(fmt.Sprintf("started  %s\nwatch    safepoint status %s --wait\n", render.Clean(came.Run.WorkflowID), quote(came.Run.WorkflowID)))
}

func (a *app) scheduleDelete() *cobra.Command {
	var yes bool
	var format outputFormat
	cmd := &cobra.Command{
		Use:   "delete <schedule-id>",
		Short: "Delete a schedule; its runs and their reports stay",
		Long: "Deletes a schedule, after asking on a terminal; a script says --yes. A run under way goes on. A schedule that\n" +
			"safepoint did not make is refused.\n\n" + scheduleExits,
		Example: "  safepoint schedule delete nightly-web --yes",
		Args:    oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes && !a.canAsk("") {
				return fail(codeUsage, "there is nobody at a terminal to ask: give --yes to delete the schedule %s", render.Clean(args[0]))
			}
			return a.withSchedules(cmd.Context(), func(ctx context.Context, _ client.Client, store *schedule.Store) error {
				return a.deleteSchedule(ctx, store, args[0], yes, format)
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	bindOutput(cmd, &format, formatText)
	return cmd
}

func (a *app) deleteSchedule(ctx context.Context, store *schedule.Store, id string, yes bool, format outputFormat) error {
	d, err := store.Look(ctx, id)
	if err != nil {
		return scheduleError(ctx, id, err)
	}
	if d.Foreign {
		return fail(codeUsage, "the schedule %s was not made by safepoint, so nothing was deleted: temporal schedule delete -s %s", render.Clean(id), quote(id))
	}
	if !yes {
		a.say("%s  %s  %d runs so far", render.Clean(d.ID), render.Clean(d.Runbook), d.Runs)
		if err := a.confirm(ctx, "Delete this schedule?", "nothing was deleted"); err != nil {
			return err
		}
	}
	if err := store.Delete(ctx, id); err != nil {
		return scheduleError(ctx, id, err)
	}
	return a.printDone(done{ID: id, Done: "deleted"}, format)
}
