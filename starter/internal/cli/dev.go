package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/safepoint-dev/safepoint/internal/devstack"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// devSpeed makes a snapshot take 9 s and a restore 15 s: long enough to look around, short enough to play.
const devSpeed = 20

type devOptions struct {
	speed   float64
	servers []int64
	logDir  string
}

func (a *app) devCommand() *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run Temporal, a worker and a stand-in for the API here, until Ctrl-C",
		Long: "Starts a Temporal dev server with its web UI, a stand-in for the VPS.org API (no real server is touched) and a\n" +
			"worker, all on free ports of 127.0.0.1 and in memory, and prints commands to paste into another terminal.",
		Example: `  safepoint dev
  safepoint dev --servers 12345,12346 --speed 10`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.dev(cmd, o) },
	}
	cmd.Flags().Float64Var(&o.speed, "speed", devSpeed, "how much faster than the real API the stand-in is")
	cmd.Flags().Int64SliceVar(&o.servers, "servers", []int64{12345}, "`ids` of the stand-in's servers")
	cmd.Flags().StringVar(&o.logDir, "log-dir", "", "keep the logs in this folder (a temporary one)")
	return cmd
}

// mostSpeed is the stand-in's own bound.
const mostSpeed = 1e6

func (o devOptions) check() error {
	switch {
	case !(o.speed > 0) || o.speed > mostSpeed: // not a number is not above 0 either
		return fail(codeUsage, "--speed must be above 0 and at most %d", int(mostSpeed))
	case len(o.servers) == 0 || slices.ContainsFunc(o.servers, func(id int64) bool { return id <= 0 }):
		return fail(codeUsage, "--servers must name at least one server, by positive numbers such as 101,102")
	default:
		return nil
	}
}

func (a *app) dev(cmd *cobra.Command, o devOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	ctx := cmd.Context()
	a.say("starting Temporal, the stand-in for the API and a worker ...")
	stack, err := devstack.Start(ctx, devstack.Options{
		LogDir: o.logDir,
		Fake:   devstack.FakeOptions{Speed: o.speed, Servers: o.servers, Args: []string{"--settle=2s"}},
	})
	if ctx.Err() != nil {
		if stack != nil {
			stack.Stop()
		}
		return exit(codeDetached)
	}
	if err != nil {
		return fail(codeNotChanged, "the local stack did not start: %w", err)
	}
	defer stack.Stop()
	if err := a.print(devText(stack, o, a.outColour)); err != nil {
		return err
	}
	return a.devUntil(ctx, stack)
}

// devUntil waits for Ctrl-C, or for a process of the stack that dies: the rest is of no use without it.
func (a *app) devUntil(ctx context.Context, stack *devstack.Stack) error {
	select {
	case <-ctx.Done():
		a.say("\nstopping ...")
		return nil
	case err := <-stack.Dead():
		stack.KeepLogs()
		return fail(codeNotChanged, "%w\nEverything else is stopped.", err)
	}
}

// devText is everything that a person needs to play with a stack.
func devText(stack *devstack.Stack, o devOptions, p render.Palette) string {
	id := o.servers[0]
	site := stack.SiteURL(id)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", p.Good("Safepoint is up. Ctrl-C stops everything."))
	line("  Temporal UI    %s", p.Accent(stack.UIAddress))
	line("  stand-in API   %s (%s times as fast as the real one)", stack.APIURL, strconv.FormatFloat(o.speed, 'g', -1, 64))
	line("  server %-7d %s shows the version that is on it", id, p.Accent(site))
	line("  logs           %s", stack.LogDir)
	line("")
	line("%s", p.Bold("In another terminal, first:"))
	line("  export PATH=%s:\"$PATH\"", quote(stack.BinDir))
	for _, entry := range stack.Env() {
		name, value, _ := strings.Cut(entry, "=")
		line("  export %s=%s", name, quote(value))
	}
	line("")
	line("%s", p.Bold("A change that is good, and one that is rolled back:"))
	for _, change := range []struct{ version, healthy string }{{"2.0.0", "true"}, {"3.0.0", "false"}} {
		line("  safepoint run snapshot-update-verify --server %d --reason 'web %s' \\", id, change.version)
		line("    --webhook-url %s \\", quoteURL(site+"hooks/deploy?version="+change.version+"&healthy="+change.healthy))
		line("    --check-http %shealthz --initial-delay 0s --interval 1s --wait", site)
	}
	line("")
	line("%s", p.Bold("The same as one JSON object, for the UI or the temporal CLI:"))
	line("  temporal workflow start --type SnapshotUpdateVerify --task-queue safepoint --workflow-id my-first-run --input '%s'", devJSON(id, site))
	line("")
	line("%s", p.Bold("A change that you make yourself:"))
	line("  safepoint begin my-deploy --server %d --check-http %shealthz --initial-delay 0s --interval 1s", id, site)
	return b.String()
}

// quoteURL quotes what a shell would read as a pattern or a job.
func quoteURL(s string) string { return "'" + s + "'" }

func devJSON(id int64, site string) string {
	return fmt.Sprintf(`{"server_id": %d, "reason": "web 2.1.0", `+
		`"update": {"kind": "webhook", "url": "%shooks/deploy?version=2.1.0&healthy=true"}, `+
		`"verify": {"initial_delay": "0s", "interval": "1s", "checks": [{"name": "home", "kind": "http", "url": "%shealthz", "expect_status": 200}]}}`,
		id, site, site)
}
