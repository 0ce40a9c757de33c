package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// shells are those that completions can be made for.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion <shell>",
		Short: "Print the completions of commands and flags for bash, zsh, fish or powershell",
		Long: `Prints a script that teaches a shell the commands, the flags and the runbooks' names. Load it in the shell that is open,
or write it to where the shell looks at its start.

  bash        needs the package bash-completion
  zsh         needs "autoload -U compinit; compinit" in ~/.zshrc, before the line that loads this
  fish        looks into ~/.config/fish/completions at its start
  powershell  add the line to the file that $PROFILE names`,
		Example: `  source <(safepoint completion bash)          # this shell; every new one: put the line into ~/.bashrc
  source <(safepoint completion zsh)           # the same with ~/.zshrc
  safepoint completion fish > ~/.config/fish/completions/safepoint.fish
  safepoint completion powershell | Out-String | Invoke-Expression`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				return fail(codeUsage, "which shell? Name one of %s", strings.Join(shells, ", "))
			}
			return nil
		},
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := writeCompletion(cmd.Root(), args[0], a.Out); err != nil {
				return fail(codePerson, "write the completions for %s: %w", render.Clean(args[0]), err)
			}
			return nil
		},
	}
}

func writeCompletion(root *cobra.Command, shell string, out io.Writer) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(out, true)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(out)
	default: // the argument was checked before
		return fmt.Errorf("no shell %q", shell)
	}
}

// flagWords are the words that flags take, by the flag's name, which means the same in every command.
var flagWords = map[string][]string{
	"phase":      texted(phases),
	"outcome":    texted(outcomes),
	"result":     {string(contract.ChangeSucceeded), string(contract.ChangeFailed)},
	"json":       {sizeSmallest, sizeFull},
	flagUpdate:   {string(workflows.UpdateNone), string(workflows.UpdateWebhook), string(workflows.UpdateExternal)},
	flagSnapshot: {workflows.LatestSnapshot, workflows.LatestAnySnapshot},
	"on-unknown": {string(workflows.UnknownHold), string(workflows.UnknownCommit), string(workflows.UnknownRollback)},
	"on-failure": {string(workflows.FailureRestore), string(workflows.FailureHold), string(workflows.FailureNone)},
	"on-busy":    {string(workflows.BusyWait), string(workflows.BusyFail), string(workflows.BusySkip)},
}

// texted are typed words as texts.
func texted[T ~string](words []T) []string {
	list := make([]string, len(words))
	for i, word := range words {
		list[i] = string(word)
	}
	return list
}

// bindCompletions says of every flag and argument what it may be. Without it a shell offers the names of files, which are
// wrong for all but a few.
func bindCompletions(cmd *cobra.Command) {
	switch {
	case cmd.ValidArgs != nil || cmd.ValidArgsFunction != nil:
	case cmd.Name() == "guard": // a command and its files follow
	case cmd.Name() == "decide":
		cmd.ValidArgsFunction = completeDecision
	default: // ids, which a shell does not know
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if complete := flagCompletion(f); complete != nil {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, complete) // it is there, and has none yet
		}
	})
	for _, child := range cmd.Commands() {
		bindCompletions(child)
	}
}

// flagCompletion is nil for a flag that takes the name of a file.
func flagCompletion(f *pflag.Flag) cobra.CompletionFunc {
	switch words := flagWords[f.Name]; {
	case words != nil:
		return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	case strings.Contains(f.Value.Type(), "|"): // the formats of an answer
		return cobra.FixedCompletions(strings.Split(f.Value.Type(), "|"), cobra.ShellCompDirectiveNoFileComp)
	case f.Name == "file":
		return nil
	case f.Name == "log-dir":
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	default: // a number, a time, a name
		return cobra.NoFileCompletions
	}
}

// completeDecision offers the decisions behind the id of a run.
func completeDecision(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	words := make([]string, len(decisionWords))
	for i, word := range decisionWords {
		words[i] = string(word.decision) + "\t" + word.short
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}
