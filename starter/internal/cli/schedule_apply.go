package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// plannedTimes is how many of the next times are shown.
const plannedTimes = 5

type applyOptions struct {
	path, queue   string
	dryRun, force bool
	format        outputFormat
}

// applyReply is what apply prints as JSON.
type applyReply struct {
	ID      string `json:"id"`
	DryRun  bool   `json:"dry_run"`
	Runbook string `json:"runbook"`
	schedule.Change
	TimeZone string      `json:"time_zone"`
	Next     []time.Time `json:"next"`
	Warnings []string    `json:"warnings,omitempty"`
	// Plan is the report of the runbook's own dry run, Plans those of its servers; a dry run has them, unless the error on
	// standard error says why not.
	Plan  *workflows.Report  `json:"plan,omitempty"`
	Plans []workflows.Report `json:"plans,omitempty"`
}

func (a *app) scheduleApply() *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "apply -f schedule.json",
		Short: "Make a schedule what a file says: create, update, or nothing",
		Long: `Creates the schedule, updates it, or does nothing because nothing differs. An update keeps the pause and the note that
people have set. A schedule that safepoint did not make is refused, unless --force takes it over; --force also writes
where nothing differs, which mends a schedule whose times were changed elsewhere (in the Temporal UI). One that is not
paused and whose times never come is refused too.

--dry-run shows what would be done, the next five times and, by a dry run of the runbook through a worker, what a run
would do now. For the times it makes a paused schedule with an id of its own (<id>-plan-<random>), which never starts
anything, and deletes it a moment later: so the server's own code computes them. An apply that writes does the same
first, to see that there are any.

` + scheduleExits,
		Example: `  safepoint schedule apply -f starter/examples/schedule-nightly.json --dry-run
  safepoint schedule apply -f starter/examples/schedule-nightly.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.path == "" {
				return fail(codeUsage, "give the schedule with -f schedule.json, or -f - for standard input")
			}
			f, err := a.readSchedule(o)
			if err != nil {
				return err
			}
			for _, warning := range f.Warnings() {
				a.say("%s %s", a.errColour.Warn("warning:"), render.Clean(warning))
			}
			return a.withSchedules(cmd.Context(), func(ctx context.Context, c client.Client, store *schedule.Store) error {
				if o.dryRun {
					return a.planSchedule(ctx, c, store, f, o)
				}
				return a.applySchedule(ctx, store, f, o)
			})
		},
	}
	cmd.Flags().StringVarP(&o.path, "file", "f", "", "the schedule as one JSON object in a file, or - for standard input")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be done, when it would run and what a run would do now")
	cmd.Flags().BoolVar(&o.force, "force", false, "take over a schedule that safepoint did not make, and write even where nothing differs")
	a.bindQueue(cmd, &o.queue)
	bindOutput(cmd, &o.format, formatText)
	return cmd
}

func (a *app) readSchedule(o applyOptions) (schedule.File, error) {
	data, err := a.readInput(o.path, `{"id": "nightly-web", "runbook": "SnapshotRotation", ...}`)
	if err != nil {
		return schedule.File{}, fail(codeUsage, "%w", err)
	}
	f, err := schedule.Read(data, o.queue)
	if err != nil {
		return schedule.File{}, fail(codeUsage, "%s: %w", o.path, err)
	}
	return f, nil
}

func (a *app) applySchedule(ctx context.Context, store *schedule.Store, f schedule.File, o applyOptions) error {
	change, err := store.Apply(ctx, f, o.force)
	if err != nil {
		return scheduleError(ctx, f.ID, err)
	}
	now, err := store.Describe(ctx, f.ID, 0)
	if err != nil {
		code := codePerson
		if ctx.Err() != nil {
			code = codeDetached
		}
		return fail(code, "the schedule %s is as the file says, but could not be looked at: %w\nWhen it runs next: safepoint schedule describe %s", render.Clean(f.ID), err, quote(f.ID))
	}
	change.Foreign = false // it is Safepoint's from now on
	reply := replyOf(f, change, now.Next)
	if o.format == formatJSON {
		return a.printJSON(reply)
	}
	return a.print(render.Change(f, change, reply.Next, false, a.outColour, a.outColumns()))
}

func replyOf(f schedule.File, change schedule.Change, next []time.Time) applyReply {
	return applyReply{ID: f.ID, Runbook: f.Runbook, Change: change, TimeZone: f.Spec.Zone().String(),
		Next: append([]time.Time{}, next[:min(len(next), plannedTimes)]...), Warnings: f.Warnings()}
}

// planSchedule shows what apply would do. What it prints is whole; its exit code says whether apply and a run would work.
func (a *app) planSchedule(ctx context.Context, c client.Client, store *schedule.Store, f schedule.File, o applyOptions) error {
	change, err := store.Inspect(ctx, f)
	if err != nil {
		return scheduleError(ctx, f.ID, err)
	}
	times, err := store.NextTimes(ctx, f, plannedTimes)
	if err != nil {
		return scheduleError(ctx, f.ID, err)
	}
	reply := replyOf(f, change, times)
	reply.DryRun = true
	if o.format != formatJSON {
		if err := a.print(render.Change(f, change, reply.Next, true, a.outColour, a.outColumns())); err != nil {
			return err
		}
	}
	code, planErr := a.planRun(ctx, c, f, o, &reply)
	if o.format == formatJSON { // what is known, also without a plan
		if err := a.printJSON(reply); err != nil {
			return err
		}
	}
	switch {
	case planErr != nil:
		return planErr
	case change.Foreign && !o.force:
		return scheduleError(ctx, f.ID, schedule.ErrForeign)
	case change.Never(f, times):
		return scheduleError(ctx, f.ID, schedule.ErrNever)
	default: // the plan's own code
		return exit(code)
	}
}

// planRun asks the runbook itself what a run would do now.
func (a *app) planRun(ctx context.Context, c client.Client, f schedule.File, o applyOptions, reply *applyReply) (int, error) {
	if book, ok := runbookOf(f.Runbook); !ok || !book.dryRun {
		return codeOK, nil // it writes nothing anyway
	}
	v, err := a.dryRun(ctx, c, f.WorkflowID+"-plan-"+strings.ToLower(random()[:8]), f.TaskQueue, f.Runbook, f.Input)
	if err != nil {
		return 0, err
	}
	reply.Plan = &v.report
	if reply.Plans, err = a.serverPlans(ctx, c, v.report); err != nil {
		return 0, err
	}
	if o.format == formatJSON {
		return v.code, nil
	}
	return v.code, a.print("\nA run now would be:\n" + a.plansText(v.report, reply.Plans))
}
