package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"golang.org/x/term"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
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
	// Version is shown by --version.
	Version string
	// Dial connects to Temporal with the options of the environment.
	Dial func(context.Context, client.Options) (client.Client, error)
}

// System is the real world.
func System(version string) World {
	return World{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ(),
		OutWidth: terminalWidth(os.Stdout), ErrWidth: terminalWidth(os.Stderr),
		Version: version, Dial: client.DialContext,
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
		Version:       a.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.runCommand(), a.beginCommand(), a.heartbeatCommand(), a.reportCommand(), a.decideCommand(),
		a.statusCommand(), a.demoCommand(), a.devCommand())
	return root
}

// say writes a line for the user to standard error. Nobody can be told when that fails.
func (a *app) say(format string, args ...any) { _, _ = fmt.Fprintf(a.Err, format+"\n", args...) }

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

// dialTimeout bounds the first contact with Temporal.
const dialTimeout = 10 * time.Second

// connect connects to Temporal, or says what to do about it.
func (a *app) connect(ctx context.Context) (client.Client, error) {
	options, err := temporalclient.LoadOptions(temporalclient.LoadRequest{Environ: a.Environ})
	if err != nil {
		return nil, fail(codeUsage, "the settings for Temporal cannot be used:\n%w", err)
	}
	options.Logger = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)) // the default one writes to the terminal
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := a.Dial(ctx, options)
	if err != nil {
		return nil, fail(codeNotChanged, "cannot reach Temporal at %s (namespace %s): %w\n"+
			"Nothing was started. Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TEMPORAL_API_KEY; `safepoint dev` starts a local stack.",
			options.HostPort, options.Namespace, err)
	}
	return c, nil
}

// withClient runs a command with a connection.
func (a *app) withClient(ctx context.Context, do func(context.Context, client.Client) error) error {
	c, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return do(ctx, c)
}
