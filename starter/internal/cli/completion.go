package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
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
