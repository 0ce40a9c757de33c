package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

type listOptions struct {
	filter
	limit  int
	format outputFormat
}

// phases and outcomes are what a list can be asked for; another word is a mistake that would find nothing.
var (
	phases = []workflows.Phase{
		workflows.PhaseLock, workflows.PhasePreflight, workflows.PhaseSnapshot, workflows.PhaseChange, workflows.PhaseVerify, workflows.PhaseHold,
		workflows.PhaseCommit, workflows.PhaseRollback, workflows.PhaseDone, workflows.PhaseRestore, workflows.PhasePrune, workflows.PhaseSelect,
		workflows.PhaseCanary, workflows.PhaseRollout, workflows.PhaseUndo,
	}
	outcomes = []workflows.Outcome{
		workflows.OutcomeCommitted, workflows.OutcomeSkipped, workflows.OutcomePlanned, workflows.OutcomeNotChanged, workflows.OutcomeCanceled,
		workflows.OutcomeRolledBack, workflows.OutcomeRolledBackUnverified, workflows.OutcomeRollbackFailed, workflows.OutcomeChangeFailed,
		workflows.OutcomeChangeUnknown, workflows.OutcomeRestored, workflows.OutcomeRotated, workflows.OutcomeIncomplete,
		workflows.OutcomeAudited, workflows.OutcomeStale, workflows.OutcomeFleetFailed, workflows.OutcomeFleetStopped,
	}
)

func (a *app) listCommand() *cobra.Command {
	var o listOptions
	var open, closed bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List runs, the newest first",
		Long: "Lists runs of every runbook, the newest first, with where they are or how they ended. Temporal's list may be some\n" +
			"seconds behind, and ends where the namespace's retention does. The locks of servers are left out. A run that was\n" +
			"reset is one run, shown as it went on. Where an id was used again, the older runs stand with their own run id, as\n" +
			"`safepoint report` and `safepoint status` take it; the id alone means its newest run.\n\n" +
			"Exit codes: 0 listed, also where there is none; 1 could not be listed: Temporal cannot be reached, or cannot list;\n" +
			"2 bad usage or credentials; 130 interrupted.",
		Example: `  safepoint list --server 12345
  safepoint list --open --phase hold          # what waits for a person
  safepoint list --outcome rolled_back -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd, open, closed); err != nil {
				return err
			}
			return a.withClient(cmd.Context(), reach{patience: min(dialTimeout, a.outage()), noRun: true}, func(ctx context.Context, c client.Client) error { return a.list(ctx, c, o) })
		},
	}
	flags := cmd.Flags()
	flags.Int64Var(&o.server, "server", 0, "only runs of this server")
	flags.StringVar(&o.phase, "phase", "", "only runs in this phase: "+list(phases))
	flags.StringVar(&o.outcome, "outcome", "", "only runs that ended so: "+list(outcomes))
	flags.BoolVar(&open, "open", false, "only runs that go on")
	flags.BoolVar(&closed, "closed", false, "only runs that have ended")
	flags.IntVar(&o.limit, "limit", 20, "how many at most")
	bindOutput(cmd, &o.format, formatText)
	return cmd
}

func (o *listOptions) check(cmd *cobra.Command, open, closed bool) error {
	switch {
	case open && closed:
		return fail(codeUsage, "--open and --closed leave no run over: give one of them, or none for both")
	case open:
		o.open = openRun
	case closed:
		o.open = closedRun
	}
	switch {
	case cmd.Flags().Changed("server") && o.server <= 0:
		return fail(codeUsage, "--server is the number of a server, such as 12345: is a variable not set?")
	case cmd.Flags().Changed("phase") && !slices.Contains(phases, workflows.Phase(o.phase)):
		return fail(codeUsage, "there is no phase %q: %s", o.phase, list(phases))
	case cmd.Flags().Changed("outcome") && !slices.Contains(outcomes, workflows.Outcome(o.outcome)):
		return fail(codeUsage, "there is no outcome %q: %s", o.outcome, list(outcomes))
	case o.limit < 1 || o.limit > maxList:
		return fail(codeUsage, "--limit must be 1 to %d", maxList)
	default: // it can be asked for
		return nil
	}
}

// list writes words for a sentence.
func list[T ~string](words []T) string {
	parts := make([]string, len(words))
	for i, word := range words {
		parts[i] = string(word)
	}
	return strings.Join(parts, ", ")
}

func (a *app) list(ctx context.Context, c client.Client, o listOptions) error {
	runs, err := a.listRuns(ctx, c, o.filter, o.limit, codeNotChanged)
	if err == nil {
		err = a.markOlder(ctx, c, runs)
	}
	switch {
	case err != nil:
		return err
	case o.format == formatJSON && len(runs) == 0:
		return a.printJSON([]render.ListedRun{}) // not null
	case o.format == formatJSON:
		return a.printJSON(runs)
	case len(runs) == 0:
		a.say("no such run in namespace %s; one that was started a moment ago may not be listed yet", render.Clean(a.namespace))
		return nil
	default: // text
		return a.print(render.Runs(runs, time.Now(), a.outColour, a.outColumns()))
	}
}
