package cli

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/workflows"
)

// Flags that only the guard has.
const (
	flagCheck    = "check"
	flagDeployID = "deploy-id"
)

// memoRunner is the memo that names the runner whose begin started the run.
const memoRunner = "safepoint_runner"

// guardInput reads the command line: the command, and the runbook's input.
func (a *app) guardInput(cmd *cobra.Command, o *guardOptions, args []string) (json.RawMessage, error) {
	var err error
	if o.path, err = findCommand(cmd, args); err != nil {
		return nil, err
	}
	o.argv = args
	switch {
	case cmd.Flags().Changed(flagDeployID) && strings.TrimSpace(o.id) == "":
		return nil, fail(codeUsage, "--deploy-id is empty: is a variable not set?")
	case o.grace < 0:
		return nil, fail(codeUsage, "--grace is a time such as 8s")
	case o.flags.file != "" && len(o.checks) > 0:
		return nil, fail(codeUsage, "-f holds the whole input, so it cannot stand beside --check: put the check into the file, or leave -f out")
	}
	for _, check := range o.checks {
		flag, target, err := checkFlag(check)
		if err != nil {
			return nil, err
		}
		if err := cmd.Flags().Set(flag, target); err != nil {
			return nil, fail(codeUsage, "--check %s: %w", check, err)
		}
	}
	raw, err := a.input(cmd, &o.flags)
	if err != nil {
		return nil, err
	}
	if dryInput(raw) && !o.dryRun {
		return nil, fail(codeUsage, "the input says dry_run, so its run would never let the command start: take it out, or give --dry-run to see the plan\nNothing was started, and the server was not touched")
	}
	return externalOf(raw)
}

// dryInput says whether an input asks for a plan only.
func dryInput(raw json.RawMessage) bool {
	var in struct {
		DryRun bool `json:"dry_run"`
	}
	return json.Unmarshal(raw, &in) == nil && in.DryRun
}

// checkFlag is the flag that a --check is short for.
func checkFlag(check string) (flag, target string, err error) {
	address, tcp := strings.CutPrefix(check, "tcp://")
	switch {
	case strings.HasPrefix(check, "http://"), strings.HasPrefix(check, "https://"):
		return flagCheckHTTP, check, nil
	case !tcp:
		return "", "", fail(codeUsage, "--check %q: give http://..., https://... or tcp://host:port; other checks need -f input.json", check)
	}
	if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
		return "", "", fail(codeUsage, "--check %q: give the host and the port, such as tcp://web01.example.com:443", check)
	}
	return flagCheckTCP, address, nil
}

// externalOf is the input with the kind of change that a guard makes. A file need not say it; one that says another kind
// would let the run change the server by itself.
func externalOf(raw json.RawMessage) (json.RawMessage, error) {
	var in struct {
		Update map[string]json.RawMessage `json:"update"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fail(codeUsage, "read the input: %w", err)
	}
	if _, given := in.Update["kind"]; given {
		if kind := kindOf(raw); kind != workflows.UpdateExternal {
			return nil, fail(codeUsage, "the guard makes the change itself: update.kind must be external or left out, not %q; for the rest there is `safepoint run`", kind)
		}
		return raw, nil
	}
	if err := once(raw); err != nil {
		return nil, err
	}
	object := map[string]json.RawMessage{}
	err := json.Unmarshal(raw, &object)
	if err == nil {
		if in.Update == nil {
			in.Update = map[string]json.RawMessage{}
		}
		in.Update["kind"] = json.RawMessage(`"` + workflows.UpdateExternal + `"`)
		if object["update"], err = json.Marshal(in.Update); err == nil {
			raw, err = json.Marshal(object)
		}
	}
	if err != nil {
		return nil, fail(codeUsage, "make the input: %w", err)
	}
	return raw, nil
}

// guardPlan plans under an id of its own: a plan must not use up the deploy's.
func (a *app) guardPlan(ctx context.Context, c client.Client, o guardOptions, raw json.RawMessage) error {
	v, err := a.dryRun(ctx, c, newID("guard-plan", serverOf(raw), time.Now()), o.queue, workflows.TypeSnapshotUpdateVerify, raw)
	if err != nil {
		return err
	}
	a.say("a dry run: the command was not run")
	return a.printVerdict(v, formatText)
}
