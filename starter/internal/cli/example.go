package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/safepoint-dev/safepoint/starter/examples"
	"github.com/safepoint-dev/safepoint/starter/internal/schema"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Sizes of an example.
const (
	sizeSmallest = "smallest"
	sizeFull     = "full"
)

func (a *app) exampleCommand() *cobra.Command {
	var size string
	cmd := &cobra.Command{
		Use:   "example <runbook>",
		Short: "Print how a runbook is started: commands, the smallest input and the full one",
		Long: `Prints a commented start of a runbook, or of a schedule file: the smallest input, the input with every field, and the
commands that start it with this program and with the temporal CLI. Lines with # explain; the rest is for a shell.
Nothing is started, and neither Temporal nor a worker is asked.

With --json it prints one of the inputs alone, to be changed and started.

Runbooks: ` + strings.Join(inputWords(), ", ") + ".",
		Example: `  safepoint example snapshot-update-verify
  safepoint example fleet-update --json smallest > fleet.json
  safepoint example schedule --json full > nightly.json`,
		Args:              oneRunbook,
		ValidArgsFunction: completeRunbooks,
		RunE: func(cmd *cobra.Command, args []string) error {
			word, kind, err := inputNamed(args[0])
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("json") {
				return a.exampleJSON(word, size)
			}
			text, err := exampleText(word, kind)
			if err != nil {
				return fail(codePerson, "make the example: %w", err)
			}
			return a.print(text)
		},
	}
	cmd.Flags().StringVar(&size, "json", "", "print only one input, by its `size`: smallest or full")
	return cmd
}

func (a *app) exampleJSON(word, size string) error {
	read := examples.Smallest
	switch size {
	case sizeSmallest:
	case sizeFull:
		read = examples.Full
	default: // a slip of the pen
		return fail(codeUsage, "--json is %s or %s, not %q", sizeSmallest, sizeFull, size)
	}
	text, err := read(word)
	if err != nil {
		return fail(codePerson, "read the example: %w", err)
	}
	return a.print(text)
}

// start is how a runbook is started once its input stands in a file.
type start struct {
	// id is the run's workflow id in the examples: one that says which deploy or which day it is.
	id string
	// flags starts the smallest input without a file; empty where only a file can say it.
	flags string
}

var starts = map[string]start{
	"snapshot-update-verify": {
		id:    "deploy-web-2.14.0",
		flags: "safepoint run snapshot-update-verify --server 12345 --update none --check-http https://web01.example.com/healthz --id deploy-web-2.14.0 --wait",
	},
	"rollback-by-restore": {
		id:    "undo-web-2.14.0",
		flags: "safepoint run rollback-by-restore --server 12345 --snapshot latest --check-http https://web01.example.com/healthz --id undo-web-2.14.0 --wait",
	},
	"snapshot-rotation": {
		id:    "rotation-2026-11-02",
		flags: "safepoint run snapshot-rotation --server 12345 --keep-last 3 --id rotation-2026-11-02 --wait",
	},
	"fleet-update":   {id: "fleet-web-2.14.0"},
	"snapshot-audit": {id: "audit-2026-11-02", flags: "safepoint run snapshot-audit --all --max-age 26h --id audit-2026-11-02 --wait"},
}

// exampleText is the commented start of one runbook or of a schedule.
func exampleText(word, kind string) (string, error) {
	smallest, err := examples.Smallest(word)
	if err != nil {
		return "", err
	}
	full, err := examples.Full(word)
	if err != nil {
		return "", err
	}
	s, err := schema.For(kind)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n#\n# The smallest input. Everything else has a default.\n", headline(word, kind))
	fmt.Fprintf(&b, "cat > smallest.json <<'JSON'\n%sJSON\n\n", smallest)
	fmt.Fprintf(&b, "# Every field, with its default where it has one. Of fields that exclude each other one is shown;\n"+
		"# `safepoint schema %s` explains them all.\n#\n", word)
	for _, p := range s.Properties {
		fmt.Fprintf(&b, "#   %-16s %s\n", p.Name, firstSentence(p.Name, p.Schema.Description))
	}
	fmt.Fprintf(&b, "cat > full.json <<'JSON'\n%sJSON\n\n", full)
	if word == scheduleWord {
		b.WriteString(scheduleStart)
	} else {
		b.WriteString(runbookStart(word, kind))
	}
	return b.String(), nil
}

func headline(word, kind string) string {
	for _, one := range runbooks {
		if one.command == word {
			return kind + ": " + one.short
		}
	}
	return "A schedule: start a runbook by the clock"
}

// firstSentence is what a description says first, without the field's name, in a line.
func firstSentence(name, text string) string {
	if at := strings.Index(text, ". "); at >= 0 {
		text = text[:at]
	}
	text = strings.TrimSuffix(text, ".")
	if rest, found := strings.CutPrefix(text, name+" "); found && !strings.HasPrefix(rest, "and ") {
		text = strings.TrimPrefix(strings.TrimPrefix(rest, "is "), "are ")
	}
	const longest = 96
	for _, end := range []string{": ", " (", ", "} {
		if before, _, found := strings.Cut(text, end); found && len(text) > longest {
			text = before
		}
	}
	return text
}

// runbookStart are the commands that start a runbook. All of them give the run one id, so that whoever pastes them all
// starts it once.
func runbookStart(word, kind string) string {
	one := starts[word]
	var b strings.Builder
	for _, known := range runbooks {
		if known.command == word && known.dryRun {
			fmt.Fprintf(&b, "# What would happen. Nothing is written.\nsafepoint run %s -f smallest.json --dry-run --wait\n\n", word)
		}
	}
	b.WriteString("# Start it. The id is yours to choose: one id never runs twice, so a repeated job makes no second change.\n")
	yes := ""
	if word == "rollback-by-restore" {
		yes = " --yes"
		b.WriteString("# Everything written since the snapshot is lost; --yes does not ask.\n")
	}
	fmt.Fprintf(&b, "safepoint run %s -f smallest.json --id %s --wait%s\n\n", word, one.id, yes)
	if kind == workflows.TypeSnapshotUpdateVerify {
		b.WriteString("# A job that makes the change itself: `safepoint guard --help`. A URL, ssh or a workflow: update.kind in full.json.\n\n")
	}
	if one.flags != "" {
		fmt.Fprintf(&b, "# The same with flags instead of a file.\n%s%s\n\n", one.flags, yes)
	}
	fmt.Fprintf(&b, "# The same with the temporal CLI, which needs a running worker and nothing else.\n"+
		"temporal workflow start --type %s --task-queue safepoint --workflow-id %s \\\n"+
		"  --id-reuse-policy RejectDuplicate --id-conflict-policy Fail --input-file smallest.json\n\n", kind, one.id)
	fmt.Fprintf(&b, "# Look at it, and export its report.\nsafepoint status %[1]s --wait\nsafepoint report %[1]s > report.json\n", one.id)
	return b.String()
}

const scheduleStart = `# When it would run, and what it would do now. Nothing is kept.
safepoint schedule apply -f smallest.json --dry-run

# Make it so. Applying twice is the same as once.
safepoint schedule apply -f smallest.json
safepoint schedule describe nightly-web

# The same with the temporal CLI, which takes the runbook's own input.
safepoint example snapshot-rotation --json smallest > rotation.json
temporal schedule create --schedule-id nightly-rotation --cron '0 3 * * *' --overlap-policy Skip \
  --type SnapshotRotation --task-queue safepoint --workflow-id nightly-rotation --input-file rotation.json
`
