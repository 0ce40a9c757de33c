package cli

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// lookGrace is how much longer than whoever asked waits a look may live at Temporal: one that no worker takes ends by
// itself, and nothing is left behind.
const lookGrace = 30 * time.Second

type snapshotsOptions struct {
	flags   inputFlags
	queue   string
	timeout time.Duration
	format  outputFormat
}

func (a *app) snapshotsCommand() *cobra.Command {
	o := snapshotsOptions{flags: inputFlags{of: runbook{fields: inventoryFields(), complete: completeInventory}}}
	cmd := &cobra.Command{
		Use:   "snapshots",
		Short: "List snapshots: whose, how old, and what retention would do with them",
		Long: `Asks a worker for the snapshots of the account, or of some servers, and says of each whose it is (ours, safety,
protected, foreign), how old and how large it is, and what retention would do with it now and why. It writes nothing.

Snapshots of deploys are judged by keep_last 2, safety snapshots by keep_last 1. A rotation's rules stand in its
schedule and not in its snapshots: give them (--policy, --keep-daily ...) to see what they would do.

Exit codes: 0 listed; 1 could not be listed, or the account lacks a server that was asked for;
2 bad usage, input or credentials; 130 interrupted.`,
		Example: `  safepoint snapshots
  safepoint snapshots --server 12345
  safepoint snapshots --name 'web-*' --policy nightly --keep-last 2 --keep-daily 3 -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := positive(o.timeout); err != nil {
				return err
			}
			raw, err := a.input(cmd, &o.flags)
			if err != nil {
				return err
			}
			return a.withClient(cmd.Context(), reach{starts: true}, func(ctx context.Context, c client.Client) error { return a.snapshots(ctx, c, o, raw) })
		},
	}
	o.flags.bind(cmd.Flags())
	a.bindQueue(cmd, &o.queue)
	bindLookTimeout(cmd, &o.timeout, 5*time.Minute)
	bindOutput(cmd, &o.format, formatText)
	return cmd
}

func bindLookTimeout(cmd *cobra.Command, timeout *time.Duration, standard time.Duration) {
	*timeout = standard
	cmd.Flags().Var((*span)(timeout), "timeout", "how long a worker may take to answer")
}

func positive(timeout time.Duration) error {
	if timeout < time.Second {
		return fail(codeUsage, "--timeout must be 1s or more")
	}
	return nil
}

// inventoryFields are which servers, and the rules of a rotation's policy.
func inventoryFields() []field {
	fields := slices.Clone(targetFields)
	for _, one := range rotationFields {
		if strings.HasPrefix(one.path, "policy.") {
			fields = append(fields, one)
		}
	}
	return fields
}

// completeInventory means the whole account when no server is named: a look that writes nothing may.
func completeInventory(fs *pflag.FlagSet, object map[string]any) error {
	if completeTargets(fs, object) != nil && !fs.Changed("exclude") {
		put(object, "all", true)
	}
	return nil
}

func (a *app) snapshots(ctx context.Context, c client.Client, o snapshotsOptions, raw json.RawMessage) error {
	var found contract.InventoryResult
	id := newID("snapshots", 0, time.Now())
	err := lookOnce(ctx, c, lookRequest{id, workflows.TypeSnapshotInventory, o.queue, o.timeout}, raw, &found)
	if err != nil {
		return noLook(ctx, err, o.queue)
	}
	if err := a.printSnapshots(found, o.format); err != nil {
		return err
	}
	if found.Counts.Missing > 0 { // a script that asked for a server must not take nothing for an answer
		return exit(codeNotChanged)
	}
	return nil
}

func (a *app) printSnapshots(found contract.InventoryResult, format outputFormat) error {
	if format == formatJSON {
		return a.printJSON(found)
	}
	return a.print(render.Snapshots(found, a.outColour, a.outColumns()))
}

// lookRequest is a short run that writes nothing.
type lookRequest struct {
	id, kind, queue string
	// within is how long its answer is waited for.
	within time.Duration
}

// errNoAnswer is a look that no worker has answered in time.
var errNoAnswer = errors.New("no worker has answered")

// lookOnce starts a look and waits for its answer. Temporal ends by itself what nobody waits for any more.
func lookOnce(ctx context.Context, c client.Client, request lookRequest, input, into any) error {
	options := startOptions(request.id, request.queue)
	options.WorkflowExecutionTimeout = request.within + lookGrace
	waiting, cancel := context.WithTimeout(ctx, request.within)
	defer cancel()
	run, err := c.ExecuteWorkflow(waiting, options, request.kind, input)
	if err == nil {
		err = run.Get(waiting, into)
	}
	var late *serviceerror.DeadlineExceeded // the same end, when Temporal notices it first
	if err != nil && ctx.Err() == nil && (waiting.Err() != nil || errors.As(err, &late)) {
		return errNoAnswer
	}
	return err
}

// noLook says why there is no answer. A look writes nothing, whatever became of it.
func noLook(ctx context.Context, err error, queue string) error {
	var app *temporal.ApplicationError
	var invalid *serviceerror.InvalidArgument
	switch {
	case ctx.Err() != nil:
		return fail(codeDetached, "interrupted: nothing was written")
	case errors.Is(err, errNoAnswer):
		return fail(codeNotChanged, "%w on task queue %s: is safepoint-worker running, and as new as this program? `safepoint doctor` says what is wrong", err, queue)
	case temporalclient.Refused(err):
		return denied(err)
	case errors.As(err, &invalid):
		return fail(codeUsage, "Temporal refuses the start: %w", err)
	case errors.As(err, &app) && app.Type() == contract.FailInvalidInput:
		return fail(codeUsage, "%s", app.Message())
	case errors.As(err, &app):
		return fail(codeNotChanged, "%s", app.Message())
	default: // Temporal is gone, or somebody ended the look
		return fail(codeNotChanged, "the worker could not be asked: %w\nNothing was written. Try again, or see `safepoint doctor`", err)
	}
}
