package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	"golang.org/x/term"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// World is what the program touches outside of itself.
type World struct {
	In       io.Reader
	Out, Err io.Writer
	// Environ has the form of os.Environ.
	Environ []string
	// OutWidth and ErrWidth are the terminals' widths, 0 where the stream is no terminal.
	OutWidth, ErrWidth int
	// Terminal is true when a person can be asked: standard input and standard error are one.
	Terminal bool
	// Version is shown by --version.
	Version string
	// Dial connects to Temporal with the options of the environment.
	Dial func(context.Context, client.Options) (client.Client, error)
	// Outage is how long Temporal may be out of reach before a wait is given up; 0 is five minutes.
	Outage time.Duration
}

// System is the real world.
func System(version string) World {
	return World{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ(),
		OutWidth: terminalWidth(os.Stdout), ErrWidth: terminalWidth(os.Stderr),
		Terminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		Version:  version, Dial: client.DialContext,
	}
}

func terminalWidth(f *os.File) int {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || os.Getenv("TERM") == "dumb" {
		return 0
	}
	return max(width, 20)
}

// app is the command line in one world.
type app struct {
	World
	outColour, errColour render.Palette
	progress             *render.Progress
	// namespace is Temporal's, known once connected.
	namespace string
	// looked hears of every look of watch; nil when nobody wants to.
	looked func(s seen, began time.Time)
}

// Run runs one command line and returns the exit code.
func Run(ctx context.Context, args []string, world World) int {
	a := newApp(world)
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	a.progress.Clear()
	var ended *exitError
	switch {
	case err == nil:
		return codeOK
	case errors.As(err, &ended):
		if ended.err != nil {
			a.say("%s %v", a.errColour.Bad("safepoint:"), ended.err)
		}
		return ended.code
	default: // cobra's own: an unknown command, flag or argument
		a.say("%s %v\nSee `safepoint --help`, or `safepoint <command> --help`.", a.errColour.Bad("safepoint:"), err)
		return codeUsage
	}
}

func newApp(world World) *app {
	plain := world.env("NO_COLOR") != ""
	if world.Dial != nil {
		world.Dial = notingErrors(world.Dial)
	}
	return &app{
		World:     world,
		outColour: render.NewPalette(world.OutWidth > 0 && !plain),
		errColour: render.NewPalette(world.ErrWidth > 0 && !plain),
		progress:  render.NewProgress(world.Err, world.ErrWidth),
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "safepoint",
		Short: "Reversible changes to VPS.org servers",
		Long: "Reversible changes to VPS.org servers: snapshot, change, verify, then commit or roll back by restore.\n\n" +
			"Temporal is found as the temporal CLI finds it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,\n" +
			"TEMPORAL_TLS*, TEMPORAL_PROFILE. SAFEPOINT_TASK_QUEUE names the workers' queue (safepoint).\n\n" + exitHelp,
		Example: `  safepoint guard --server 12345 --deploy-id web-2.14.0 --check https://web01.example.com/healthz -- ./deploy.sh
  safepoint run snapshot-rotation --name 'web-*' --keep-last 3 --wait
  safepoint example snapshot-update-verify`,
		Version:       a.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.AddCommand(a.runCommand(), a.guardCommand(), a.guardKeeperCommand(), a.guardGateCommand(), a.beginCommand(), a.heartbeatCommand(), a.reportCommand(), a.decideCommand(),
		a.pauseCommand(), a.resumeCommand(), a.abortCommand(), a.statusCommand(), a.scheduleCommand(), a.demoCommand(), a.devCommand())
	root.AddCommand(a.watchCommand(), a.listCommand())
	root.AddCommand(a.decisionCommands()...)
	root.AddCommand(a.doctorCommand(), a.snapshotsCommand())
	root.AddCommand(a.schemaCommand(), a.exampleCommand(), a.completionCommand())
	bindCompletions(root)
	return root
}

// say writes a line for the user to standard error, laid out for its terminal; errors among the arguments are cleaned,
// because they hold words of servers, files and people. Nobody can be told when it fails.
func (a *app) say(format string, args ...any) {
	for i, arg := range args {
		if err, ok := arg.(error); ok {
			args[i] = render.CleanLines(err.Error())
		}
	}
	_, _ = io.WriteString(a.Err, a.fitted(fmt.Sprintf(format, args...))+"\n")
}

// ask writes a question, or what it is about, to standard error, laid out for its terminal. It stays on its line.
func (a *app) ask(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	words := strings.TrimRight(text, " ") // a line that is laid out has no blank at its end
	_, _ = io.WriteString(a.Err, a.fitted(words)+text[len(words):])
}

// print writes the answer to standard output.
func (a *app) print(text string) error {
	if _, err := io.WriteString(a.Out, text); err != nil {
		return fail(codePerson, "write the answer: %w", err)
	}
	return nil
}

// env is a variable's value; empty when it is not set.
func (w World) env(name string) string {
	value := ""
	for _, entry := range w.Environ {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}

// oneID wants a workflow id as the first of n arguments. An empty one is a variable that a script forgot to set.
func oneID(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return fail(codeUsage, "got %d arguments instead of %d: %s", len(args), n, strings.TrimSuffix(cmd.UseLine(), " [flags]"))
		}
		if strings.TrimSpace(args[0]) == "" {
			return fail(codeUsage, "the workflow id is empty: is a variable not set?")
		}
		return nil
	}
}

// whichOne ends a command that only has commands of its own, after its help text. It is no success: a script whose
// variable was not set would take it for one.
func whichOne(what string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		if err := cmd.Help(); err != nil {
			return fail(codeUsage, "write the help text: %w", err)
		}
		return fail(codeUsage, "which %s? Name one of those above", what)
	}
}
