package cli

import (
	"encoding/json"

	"github.com/spf13/pflag"

	"github.com/safepoint-dev/safepoint/workflows"
)

// runbook is what the command line knows of a runbook that it can start.
type runbook struct {
	// kind is the workflow type, command its word on the command line.
	kind, command string
	// idPrefix starts the ids of its runs.
	idPrefix       string
	short, example string
	// long is what the help text says beside the exit codes; may be empty.
	long string
	// fields are its flags; none but flags beside the file where only a file can say what is meant. checks adds --check-http and --check-tcp.
	fields []field
	checks bool
	// complete looks at the whole object that the flags made.
	complete func(fs *pflag.FlagSet, object map[string]any) error
	// dryRun says whether its input has dry_run.
	dryRun bool
	// overwrites is true for one that overwrites a server by its nature, so that a person at a terminal is asked first.
	overwrites bool
}

// runbooks are all of them, in the order of workflows.Runbooks.
var runbooks = []runbook{
	{
		kind: workflows.TypeSnapshotUpdateVerify, command: "snapshot-update-verify", idPrefix: "update",
		short: "Snapshot a server, change it, verify, then commit or roll back",
		example: `  safepoint run snapshot-update-verify --server 12345 --reason "web 2.14.0" \
      --webhook-url https://deploy.example.com/hooks/web --check-http https://web01.example.com/healthz --wait
  safepoint run snapshot-update-verify -f input.json --id deploy-2.14.0 -o json --wait`,
		fields: updateFields, checks: true, complete: completeUpdate, dryRun: true,
	},
	{
		kind: workflows.TypeRollbackByRestore, command: "rollback-by-restore", idPrefix: "rollback",
		short: "Put a server back to a snapshot, after showing what is lost",
		long: "Overwrites the whole server with a snapshot: everything written since is lost. On a terminal it first makes a dry\n" +
			"run, shows what will be lost and asks; a script says --yes. With --approve-required the run itself asks later, and\n" +
			"`safepoint approve` or `safepoint deny` answers.\n",
		example: `  safepoint run rollback-by-restore --server 12345 --snapshot latest --safety-snapshot \
      --check-http https://web01.example.com/healthz --wait
  safepoint run rollback-by-restore --server 12345 --snapshot 801 --skip-verify --dry-run --wait`,
		fields: rollbackFields, checks: true, complete: completeRollback, dryRun: true, overwrites: true,
	},
	{
		kind: workflows.TypeSnapshotRotation, command: "snapshot-rotation", idPrefix: "rotation",
		short: "Take a snapshot of one or many servers, and prune by policy",
		example: `  safepoint run snapshot-rotation --server 12345 --keep-last 3 --wait
  safepoint run snapshot-rotation --name 'web-*' --keep-last 2 --keep-daily 2 --dry-run --wait`,
		fields: rotationFields, complete: completeTargets, dryRun: true,
	},
	{
		kind: workflows.TypeFleetUpdate, command: "fleet-update", idPrefix: "fleet",
		short: "Make one change to many servers: canary, batches, stop by rule",
		long: "The servers, the template and the rules come from a file: see starter/examples/fleet-update.json.\n" +
			"`safepoint pause`, `resume` and `abort` steer it.\n",
		example: `  safepoint run fleet-update -f starter/examples/fleet-update.json --dry-run --wait
  safepoint run fleet-update -f starter/examples/fleet-update.json --id web-2.14.0 --wait
  safepoint run fleet-update -f starter/examples/fleet-update.json --retry-of web-2.14.0 --wait`,
		fields: fleetFields, dryRun: true,
	},
	{
		kind: workflows.TypeSnapshotAudit, command: "snapshot-audit", idPrefix: "audit",
		short:   "Look whether servers have a young enough snapshot; writes nothing",
		example: `  safepoint run snapshot-audit --all --max-age 26h --wait`,
		fields:  auditFields, complete: completeTargets,
	},
}

// runbookOf finds a runbook by its workflow type.
func runbookOf(kind string) (runbook, bool) {
	for _, r := range runbooks {
		if r.kind == kind {
			return r, true
		}
	}
	return runbook{}, false
}

func completeUpdate(fs *pflag.FlagSet, object map[string]any) error {
	if !fs.Changed(flagServer) {
		return noServer()
	}
	switch {
	case fs.Changed(flagUpdate):
	case fs.Changed(flagWebhookURL):
		put(object, "update.kind", workflows.UpdateWebhook)
	default: // no default: a forgotten change would look like a success
		return fail(codeUsage, "who makes the change? Give --webhook-url URL, --update external, or --update none to only snapshot and verify")
	}
	return nil
}

// completeExternal is for a change that the caller makes.
func completeExternal(fs *pflag.FlagSet, object map[string]any) error {
	if !fs.Changed(flagServer) {
		return noServer()
	}
	put(object, "update.kind", workflows.UpdateExternal)
	return nil
}

func completeRollback(fs *pflag.FlagSet, _ map[string]any) error {
	switch {
	case !fs.Changed(flagServer):
		return noServer()
	case !fs.Changed(flagSnapshot):
		return fail(codeUsage, "which snapshot? Give --snapshot with an id, a name, latest (the newest completed one of Safepoint's) or latest_any")
	case !fs.Changed(flagCheckHTTP) && !fs.Changed(flagCheckTCP) && !fs.Changed(flagSkipVerify):
		return fail(codeUsage, "how is the restored server judged? Give --check-http URL or --check-tcp HOST:PORT, or --skip-verify")
	default:
		return nil
	}
}

func completeTargets(fs *pflag.FlagSet, _ map[string]any) error {
	for _, name := range []string{flagServer, flagAll, flagName, flagLocation, flagStatus} {
		if fs.Changed(name) {
			return nil
		}
	}
	return fail(codeUsage, "which servers? Give --server 12345 (may be repeated), --name 'web-*' or --all, or the whole input with -f input.json")
}

func noServer() error {
	return fail(codeUsage, "which server? Give --server 12345, or the whole input with -f input.json")
}

// dryRunOf is the same input with dry_run. A fleet's canaries are not waited for: a plan needs neither a pause nor a
// person. A text that is no JSON object is left to the runbook to refuse.
func dryRunOf(raw json.RawMessage) (json.RawMessage, error) {
	object := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &object) != nil {
		return raw, nil
	}
	if err := once(raw); err != nil {
		return nil, err
	}
	object["dry_run"] = json.RawMessage("true")
	canary := map[string]json.RawMessage{}
	if json.Unmarshal(object["canary"], &canary) == nil && canary != nil { // else there is none, or the runbook refuses it
		for _, wait := range []string{"pause", "decide", "decide_timeout"} {
			delete(canary, wait)
		}
		if kept, err := json.Marshal(canary); err == nil {
			object["canary"] = kept
		}
	}
	changed, err := json.Marshal(object)
	if err != nil {
		return nil, fail(codeUsage, "make the input of the dry run: %w", err)
	}
	return changed, nil
}
