package cli

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/guard"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// defaultGrace is how long a command that was told to stop may take. CI systems kill a cancelled job after some 10 s.
const defaultGrace = 8 * time.Second

// Hidden commands that the guard itself runs: its keeper, and the gate that becomes the command.
const (
	keeperWord = "guard-keeper"
	gateWord   = "guard-gate"
)

type guardOptions struct {
	beginOptions
	checks []string
	dryRun bool
	grace  time.Duration
	// argv is the command, path where it is.
	argv []string
	path string
}

const guardHelp = `Runs a command that changes a server, between a snapshot and a verdict. It is like git commit and junos commit
confirmed in one: a change that nobody confirms is rolled back, or held for a person.

It starts a run (SnapshotUpdateVerify), waits until the snapshot is completed, and only then runs the command, with its
input and output untouched: what the guard itself has to say goes to standard error. It heartbeats while the command
works, reports how it ended, waits for the verdict, and ends by it. A command that fails is rolled back.

  The guard dies, is killed, or loses its network: the command is stopped before the run's heartbeat-timeout has passed
  since the last heartbeat that Temporal took. The run then checks the server: red rolls back, green holds for a person.
  When it dies before Temporal took its first heartbeat, its command never began: the run ends, the server stays as it is.
  The job is tried again with the same --deploy-id: it joins the run, makes no second snapshot and no second change, and
  ends by the verdict, also after the run has ended. Make the id from the commit or the pipeline; a deliberate new try
  takes a new id.
  SIGINT, SIGTERM, SIGHUP: passed to the command, which has --grace to end before it is killed, and is reported as
  failed. Before the command runs, the run is canceled and the server stays as it is. A second signal detaches (130).
  At a terminal Ctrl-C reaches the command itself, which has the terminal while it runs; how it ends is what counts then.

The command sees SAFEPOINT_RUN_ID (the workflow id, which every other command takes), SAFEPOINT_WORKFLOW_RUN_ID,
SAFEPOINT_SNAPSHOT_ID, SAFEPOINT_SERVER_ID and SAFEPOINT_RUNNER. It runs in a process group of its own. When it fails or
is stopped, all of that group is dead before the failure is reported. A process that leaves the group is not seen, and
one of another user (sudo) may be out of reach: the guard says so when something could not be killed. What it started
on another machine is out of reach too: ssh -tt ends the remote command with the connection, plain ssh does not, and
ServerAliveInterval lets both sides notice that the connection is lost.

`

// guardExits says what the codes mean here where that is more than elsewhere.
const guardExits = `
The guard ends with 0 only when the change is committed (and for the plan of --dry-run). A run that was skipped
(lock.on_busy) ends with 1: the command was not run. So does one that was canceled before the change, or whose command
could not be executed.
2 also means: the deploy id belongs to another server, a dry run, another runbook, or a change of another kind.
The guard never ends with the command's own code, which is in the report. One that only joined a run ends by that run's
verdict too: 0 when the change was committed before. 4 also means: the command ended, and the report could not be
delivered; the command to type is then shown.`

func (a *app) guardCommand() *cobra.Command {
	o := guardOptions{beginOptions: beginOptions{flags: inputFlags{of: runbooks[0], external: true}, format: formatText, confirms: true}}
	cmd := &cobra.Command{
		Use:   "guard [flags] -- <command> [arguments]",
		Short: "Run a command that changes a server, between a snapshot and a verdict",
		Long:  guardHelp + exitHelp + "\n" + guardExits,
		Example: `  safepoint guard --server 12345 --deploy-id "web-$CI_PIPELINE_ID" --check https://web01.example.com/healthz \
      -- ./deploy.sh 2.14.0
  safepoint guard -f input.json --deploy-id web-2.14.0 \
      -- ssh -tt -o BatchMode=yes -o ServerAliveInterval=15 web01 sudo apt-get -y upgrade </dev/null
  safepoint guard --server 12345 --check tcp://web01.example.com:443 --dry-run -- ./deploy.sh 2.14.0`,
		RunE: func(cmd *cobra.Command, args []string) error {
			signals, ignore := guardSignals()
			defer ignore()
			raw, err := a.guardInput(cmd, &o, args)
			if err != nil {
				return err
			}
			return a.withClient(cmd.Context(), reach{patience: a.outage(), starts: true}, func(ctx context.Context, c client.Client) error {
				if o.dryRun {
					return a.guardPlan(ctx, c, o, raw)
				}
				g := &guarded{app: a, c: c, o: o, raw: raw, signals: signals}
				return g.run(context.WithoutCancel(ctx)) // it takes the signals itself
			})
		},
	}
	fs := cmd.Flags()
	o.flags.bind(fs)
	fs.StringArrayVar(&o.checks, flagCheck, nil, "`what` must answer after the change: http://, https:// or tcp://host:port (may be repeated)")
	fs.BoolVar(&o.dryRun, flagDryRun, false, "say what would happen; write nothing and run no command")
	fs.StringVar(&o.id, flagDeployID, "", "the run's workflow id, the same for each try of one deploy (safepoint-guard-<time>-<random>)")
	fs.DurationVar(&o.grace, "grace", defaultGrace, "how long a command that was told to stop may take before it is killed")
	a.bindQueue(cmd, &o.queue)
	return cmd
}

// hangupIgnored is true under nohup. It is looked at before main takes the signal for itself.
var hangupIgnored = signal.Ignored(syscall.SIGHUP)

// guardSignals takes the signals that end a job. A closed pipe at standard error must not end this process: its command
// would be stopped in the middle of a change because nobody reads on.
func guardSignals() (signals <-chan os.Signal, stop func()) {
	taken, ignored := make(chan os.Signal, 8), make(chan os.Signal, 1)
	signal.Notify(taken, os.Interrupt, syscall.SIGTERM)
	if !hangupIgnored {
		signal.Notify(taken, syscall.SIGHUP)
	}
	signal.Notify(ignored, syscall.SIGPIPE)
	return taken, func() {
		signal.Stop(taken)
		signal.Stop(ignored)
	}
}

// guardKeeperCommand is run by the guard itself, see guard.Keeper.
func (a *app) guardKeeperCommand() *cobra.Command {
	return &cobra.Command{
		Use: keeperWord, Short: "Kill a guard's command when the guard is dead; started by the guard", Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			guard.Keep(a.In)
			return nil
		},
	}
}

// guardGateCommand is run by the guard itself, see guard.Gate. All its words are the command's.
func (a *app) guardGateCommand() *cobra.Command {
	return &cobra.Command{
		Use: gateWord, Short: "Become a guard's command; started by the guard", Hidden: true, DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error { return guard.Gate(args) },
	}
}

// findCommand looks for the program before anything is started: one that is not there is a mistake of the job, and no
// reason to snapshot a server and to restore it.
func findCommand(cmd *cobra.Command, args []string) (string, error) {
	switch dash := cmd.ArgsLenAtDash(); {
	case dash > 0:
		return "", fail(codeUsage, "what is %q? Flags come before --, and the command after it: safepoint guard --server 12345 ... -- ./deploy.sh", render.Clean(args[0]))
	case dash < 0 || len(args) == 0:
		return "", fail(codeUsage, "which command? Put it after --: safepoint guard --server 12345 --check https://web01.example.com/ -- ./deploy.sh")
	case strings.TrimSpace(args[0]) == "":
		return "", fail(codeUsage, "the command is empty: is a variable not set?")
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return "", fail(codeUsage, "the command cannot be run: %w\nNothing was started, and the server was not touched", err)
	}
	return path, nil
}
