package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/starter/internal/schema"
)

// scheduleWord is a schedule file where a runbook may be named.
const scheduleWord = "schedule"

// inputWords are what has an input of its own: the runbooks' words on the command line, and the schedule file's.
func inputWords() []string {
	var words []string
	for _, one := range runbooks {
		words = append(words, one.command)
	}
	return append(words, scheduleWord)
}

// inputNamed is the word and the kind of what a person calls "fleet-update" or, as Temporal does, "FleetUpdate".
func inputNamed(name string) (word, kind string, err error) {
	for _, one := range runbooks {
		if name == one.command || name == one.kind {
			return one.command, one.kind, nil
		}
	}
	if name == scheduleWord || name == schema.Schedule {
		return scheduleWord, schema.Schedule, nil
	}
	return "", "", fail(codeUsage, "there is no runbook %s: name one of %s", render.Clean(quote(name)), strings.Join(inputWords(), ", "))
}

// oneRunbook wants the name of one thing that has an input.
func oneRunbook(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fail(codeUsage, "which runbook? Name one of %s", strings.Join(inputWords(), ", "))
	}
	_, _, err := inputNamed(args[0])
	return err
}

// completeRunbooks offers the runbooks to a shell.
func completeRunbooks(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return slices.Clone(inputWords()), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema <runbook>",
		Short: "Print the JSON Schema of a runbook's input, for editors and CI",
		Long: `Prints the JSON Schema (draft 2020-12) of the input of a runbook, or of a schedule file: every field with what it means,
its default, its bounds and the words that it takes. It is offline: neither Temporal nor a worker is asked.

An input that the schema refuses is refused by the runbook too. The runbook may refuse more: how long a duration may be,
or what a worker may connect to, is beyond JSON Schema. Do not put a "$schema" field into an input, because the runbooks
refuse unknown fields: tell your editor by file name instead, as VS Code's json.schemas does.

Runbooks: ` + strings.Join(inputWords(), ", ") + `.
The names that Temporal shows, such as SnapshotUpdateVerify, are taken too.`,
		Example: `  safepoint schema snapshot-update-verify > safepoint.schema.json
  safepoint schema FleetUpdate
  safepoint schema schedule > schedule.schema.json`,
		Args:              oneRunbook,
		ValidArgsFunction: completeRunbooks,
		RunE: func(_ *cobra.Command, args []string) error {
			_, kind, err := inputNamed(args[0])
			if err != nil {
				return err
			}
			s, err := schema.For(kind)
			if err != nil {
				return fail(codePerson, "make the schema: %w", err)
			}
			text, err := s.Text()
			if err != nil {
				return fail(codePerson, "make the schema: %w", err)
			}
			return a.print(string(text))
		},
	}
}
