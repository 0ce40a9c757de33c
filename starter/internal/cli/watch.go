package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

type watchOptions struct {
	id     string
	server int64
	format outputFormat
}

func (a *app) watchCommand() *cobra.Command {
	var o watchOptions
	cmd := &cobra.Command{
		Use:   "watch [<workflow-id> | --server ID]",
		Short: "Watch a run to its end",
		Long: `Shows a run as it goes: its phases with their times, how far it is through the time that the API says a wait takes,
how old the workers' last look is, the last verdicts of the checks, and what may be decided, with the commands. Then it
prints the report and ends with the run's exit code. Ctrl-C only stops watching.

--server takes the newest run of a server that goes on, or else the newest that has ended. Without a run and a server it
takes the one run that goes on. Where standard error is no terminal it writes a line when something changes, and one a
minute when nothing does. NO_COLOR is respected.

` + exitHelp,
		Example: `  safepoint watch deploy-2.14.0
  safepoint watch --server 12345`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd, args); err != nil {
				return err
			}
			return a.withClient(cmd.Context(), reach{patience: a.outage()}, func(ctx context.Context, c client.Client) error { return a.watchTo(ctx, c, o) })
		},
	}
	cmd.Flags().Int64Var(&o.server, "server", 0, "the newest run of this server")
	bindOutput(cmd, &o.format, formatText)
	return cmd
}

func (o *watchOptions) check(cmd *cobra.Command, args []string) error {
	given := cmd.Flags().Changed("server")
	switch {
	case len(args) == 1 && given:
		return fail(codeUsage, "give a run or --server, not both")
	case len(args) == 1 && strings.TrimSpace(args[0]) == "":
		return fail(codeUsage, "the workflow id is empty: is a variable not set?")
	case given && o.server <= 0:
		return fail(codeUsage, "--server is the number of a server, such as 12345: is a variable not set?")
	case len(args) == 1:
		o.id = args[0]
	}
	return nil
}

// watchTo watches the run that is meant to its end and prints its report.
func (a *app) watchTo(ctx context.Context, c client.Client, o watchOptions) error {
	if o.id == "" {
		id, err := a.newestRun(ctx, c, o.server)
		if err != nil {
			return err
		}
		o.id = id
	}
	first, err := a.look(ctx, c, o.id)
	if err != nil {
		return err
	}
	if !first.closed {
		v, err := a.watchEnd(ctx, c, first)
		if err != nil {
			return err
		}
		return a.printEnd(ctx, c, v, o.format)
	}
	v, err := a.closedVerdict(ctx, c, o.id, first.runID)
	if err != nil {
		return err
	}
	return a.printEnd(ctx, c, v, o.format)
}

// newestRun is the run to watch where none was named: the newest of a server, one that goes on first; or else the only
// one that goes on.
func (a *app) newestRun(ctx context.Context, c client.Client, server int64) (string, error) {
	open, err := a.listRuns(ctx, c, filter{server: server, open: openRun}, maxList)
	if err != nil {
		return "", err
	}
	if server == 0 {
		return a.onlyRun(open)
	}
	if len(open) > 0 {
		return open[0].WorkflowID, nil
	}
	ended, err := a.listRuns(ctx, c, filter{server: server, open: closedRun}, 1)
	switch {
	case err != nil:
		return "", err
	case len(ended) == 0:
		return "", fail(codeUsage, "there is no run of server %d in namespace %s, neither open nor ended\n"+
			"One that was started a moment ago may not be listed yet: name it by its id, or try again. A fleet's own run is of no server: safepoint list --open", server, a.namespace)
	default: // how the last one ended
		a.say("no run of server %d goes on: this is how the newest one ended", server)
		return ended[0].WorkflowID, nil
	}
}

func (a *app) onlyRun(open []render.ListedRun) (string, error) {
	switch len(open) {
	case 0:
		return "", fail(codeUsage, "no run goes on in namespace %s: see those that have ended with safepoint list", a.namespace)
	case 1:
		return open[0].WorkflowID, nil
	default: // nobody can watch two
		a.ask("%s", render.Runs(open[:min(len(open), 20)], time.Now(), a.errColour, a.errColumns()))
		return "", fail(codeUsage, "%d runs go on: say which one, as safepoint watch RUN or with --server", len(open))
	}
}
