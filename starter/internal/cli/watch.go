package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

type watchOptions struct {
	id string
	// runID is one run of the id; empty for the newest.
	runID  string
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

` + endExits,
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
		var err error
		if o.id, o.runID, err = a.newestRun(ctx, c, o.server); err != nil {
			return err
		}
	}
	first, err := a.lookAt(ctx, c, o.id, o.runID)
	if err != nil {
		return untouched(ctx, err)
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

// foundWithin is how long a run of a server may be missing in Temporal's list, which is some seconds behind.
const foundWithin = 5 * time.Second

// newestRun is the run to watch where none was named: the newest of a server, one that goes on first; or else the only
// one that goes on. The run id is of one that has ended: its workflow id may have been used again, for another server.
func (a *app) newestRun(ctx context.Context, c client.Client, server int64) (id, runID string, err error) {
	if server == 0 {
		open, err := a.listRuns(ctx, c, filter{open: openRun}, maxList, codePerson)
		if err != nil {
			return "", "", err
		}
		id, err := a.onlyRun(open)
		return id, "", err
	}
	for began := time.Now(); ; {
		id, runID, err := a.newestOfServer(ctx, c, server)
		switch {
		case err != nil || id != "":
			return id, runID, err
		case time.Since(began) > min(foundWithin, a.outage()):
			return "", "", fail(codeUsage, "there is no run of server %d in namespace %s, neither open nor ended\n"+
				"One that was started a moment ago may not be listed yet: name it by its id, or try again. A fleet's own run is of no server: safepoint list --open", server, a.namespace)
		}
		select {
		case <-ctx.Done():
			return "", "", fail(codeDetached, "interrupted: nothing was changed")
		case <-time.After(min(lookEvery, a.outage())):
		}
	}
}

// newestOfServer is the run of a server that goes on, or else the newest that has ended; empty where there is none. The
// run that holds the server's lock is found although it is not listed yet: without it, how an older run ended would be
// taken for it.
func (a *app) newestOfServer(ctx context.Context, c client.Client, server int64) (id, runID string, err error) {
	open, err := a.listRuns(ctx, c, filter{server: server, open: openRun}, maxList, codePerson)
	if err != nil {
		return "", "", err
	}
	if len(open) > 0 {
		return open[0].WorkflowID, "", nil
	}
	if id := a.holder(ctx, c, server); id != "" {
		return id, "", nil
	}
	ended, err := a.listRuns(ctx, c, filter{server: server, open: closedRun}, 1, codePerson)
	if err != nil || len(ended) == 0 {
		return "", "", err
	}
	a.say("no run of server %d goes on: this is how the newest one ended", server)
	return ended[0].WorkflowID, ended[0].RunID, nil
}

// holder is the run that holds a server's lock and goes on; empty where there is none, or Temporal does not say. A lock
// is a child of the run that holds it.
func (a *app) holder(ctx context.Context, c client.Client, server int64) string {
	lock, err := c.DescribeWorkflowExecution(ctx, contract.LockWorkflowID(server), "")
	info := lock.GetWorkflowExecutionInfo()
	id := info.GetParentExecution().GetWorkflowId()
	if err != nil || info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING || id == "" {
		return ""
	}
	if s, err := a.look(ctx, c, id); err != nil || s.closed { // the lock outlives a holder that died
		return ""
	}
	return id
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
