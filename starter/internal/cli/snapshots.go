package cli

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

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

When the answer takes longer than a few seconds, it says on standard error what is waited for; with -o json only on a
terminal.

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
			return a.withClient(cmd.Context(), reach{noRun: true}, func(ctx context.Context, c client.Client) error { return a.snapshots(ctx, c, o, raw) })
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
	err := a.lookOnce(ctx, c, lookRequest{id, workflows.TypeSnapshotInventory, o.queue, o.timeout, o.format}, raw, &found)
	if err != nil {
		return noLook(ctx, err)
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
