package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// quickEnd is how long `run` without --wait looks for an end that comes at once, such as an input that is refused.
const quickEnd = 1500 * time.Millisecond

type runOptions struct {
	runbook runbook
	flags   inputFlags
	id      string
	queue   string
	wait    bool
	yes     bool
	format  outputFormat
}

func (a *app) runCommand() *cobra.Command {
	run := &cobra.Command{Use: "run", Short: "Start a runbook", Args: cobra.NoArgs,
		Example: `  safepoint run snapshot-update-verify -f input.json --id deploy-2.14.0 --wait
  safepoint run snapshot-audit --all --max-age 26h --wait`,
		RunE: whichOne("runbook")}
	for _, one := range runbooks {
		run.AddCommand(a.runOne(one))
	}
	return run
}

func (a *app) runOne(one runbook) *cobra.Command {
	o := runOptions{runbook: one, flags: inputFlags{of: one}}
	cmd := &cobra.Command{
		Use:     one.command,
		Short:   one.short,
		Example: one.example,
		Long: "Starts one run. Without --wait it prints the run's id; with --wait it shows the progress and ends with the\nrun's own exit code.\n" +
			one.long + "\n" + exitHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			raw, err := a.input(cmd, &o.flags)
			if err != nil {
				return err
			}
			if dry, flagErr := cmd.Flags().GetBool(flagDryRun); flagErr == nil && dry { // a runbook that writes nothing has no such flag
				if raw, err = dryRunOf(raw); err != nil {
					return err
				}
			}
			if cmd.Flags().Changed("id") && strings.TrimSpace(o.id) == "" {
				return fail(codeUsage, "--id is empty: is a variable not set?")
			}
			if err := a.mayAsk(o, raw); err != nil {
				return err
			}
			return a.withClient(cmd.Context(), reach{starts: true}, func(ctx context.Context, c client.Client) error { return a.run(ctx, c, o, raw) })
		},
	}
	o.flags.bind(cmd.Flags())
	cmd.Flags().StringVar(&o.id, "id", "", "the run's workflow id (safepoint-"+one.idPrefix+"-<time>-<random>); one id never runs twice")
	a.bindQueue(cmd, &o.queue)
	cmd.Flags().BoolVar(&o.wait, "wait", false, "show the progress and end with the run's exit code")
	if one.overwrites {
		cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask before the server is overwritten")
	}
	bindOutput(cmd, &o.format, formatText)
	return cmd
}

func (a *app) bindQueue(cmd *cobra.Command, queue *string) {
	standard := a.env("SAFEPOINT_TASK_QUEUE")
	if standard == "" {
		standard = "safepoint"
	}
	cmd.Flags().StringVar(queue, "task-queue", standard, "the workers' task queue (SAFEPOINT_TASK_QUEUE)")
}

// run starts the runbook. The input is sent as it is: the runbook judges it.
func (a *app) run(ctx context.Context, c client.Client, o runOptions, raw json.RawMessage) error {
	if o.id == "" {
		o.id = newID(o.runbook.idPrefix, serverOf(raw), time.Now())
	}
	if o.asks(raw) {
		if err := a.confirmLoss(ctx, c, o, raw); err != nil {
			return err
		}
	}
	options := startOptions(o.id, o.queue)
	options.StaticSummary = summaryOf(raw)
	started, err := c.ExecuteWorkflow(ctx, options, o.runbook.kind, raw)
	if err != nil {
		return startError(ctx, o.id, err)
	}
	if o.wait {
		a.say("%s started: %s", a.errColour.Bold(render.Clean(o.id)), "safepoint status "+quote(o.id))
		v, err := a.follow(ctx, c, o.id, started.GetRunID())
		if err != nil {
			return err
		}
		return a.printEnd(ctx, c, v, o.format)
	}
	// An input that the runbook refuses ends at once, and would otherwise look like a start.
	quick, cancel := context.WithTimeout(ctx, quickEnd)
	defer cancel()
	if v, err := a.awaitClose(quick, c, o.id, started.GetRunID()); err == nil {
		return a.printVerdict(v, o.format)
	}
	if o.format == formatJSON {
		return a.printJSON(map[string]string{"workflow_id": o.id, "run_id": started.GetRunID()})
	}
	return a.print(fmt.Sprintf("started  %s\nwatch    safepoint status %s --wait\n", render.Clean(o.id), quote(o.id)))
}

// startOptions never let one id run twice: a repeated deploy id must not make a second change.
func startOptions(id, queue string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: id, TaskQueue: queue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
}

func startError(ctx context.Context, id string, err error) error {
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	var invalid *serviceerror.InvalidArgument
	switch {
	case temporalclient.Refused(err):
		return denied(err)
	case errors.As(err, &exists):
		return fail(codeUsage, "a run with the id %s exists already, so nothing was started: look at it with `safepoint status %s --wait`, or give a new --id",
			id, quote(id))
	case errors.As(err, &invalid):
		return fail(codeUsage, "Temporal refuses the start: %w", err)
	case ctx.Err() != nil:
		return fail(codeDetached, "interrupted while starting %s, which may be running: look with `safepoint status %s`", id, quote(id))
	default: // the request may have arrived
		return fail(codePerson, "nobody knows whether %s was started: %w\nLook with `safepoint status %s` before you start it again", id, err, quote(id))
	}
}

// newID is unique without anybody's help and sorts by time.
func newID(prefix string, server int64, now time.Time) string {
	name := ""
	if server > 0 {
		name = fmt.Sprintf("%d-", server)
	}
	return "safepoint-" + prefix + "-" + name + now.UTC().Format("20060102-150405") + "-" + random()[:8]
}

// random is a word that nobody else picks: 26 letters and digits.
func random() string {
	return strings.ToLower(rand.Text())
}
