package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// Names of what doctor looks at by itself, before it asks a worker.
const (
	findingConnection = "temporal"
	findingNamespace  = "namespace"
	findingAttributes = "search attributes"
	findingWorker     = "worker"
	findingWaitWorker = "worker of waits"
	findingCheckup    = "checkup"
)

type doctorOptions struct {
	server  wholeNumber
	queue   string
	timeout time.Duration
	format  outputFormat
}

// doctorReply is what doctor prints as JSON.
type doctorReply struct {
	// OK is false when something is to be mended or could not be checked.
	OK       bool               `json:"ok"`
	Findings []contract.Finding `json:"findings"`
}

func (a *app) doctorCommand() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything that Safepoint needs, and say how to mend what is broken",
		Long: `Looks from here at Temporal, its namespace, the search attributes and the workers' task queues; then asks a worker for
its settings, clocks, the API, the token and what it may do, the servers' quotas of snapshots, and what it may reach.
Each line is ok, or says how to mend it; what cannot be known before something else is mended says so. Nothing is
written, and the API token stays in the worker.

Exit codes: 0 nothing to mend (there may be something to look at); 1 something to mend; 2 bad usage; 130 interrupted.`,
		Example: `  safepoint doctor
  safepoint doctor --server 12345
  safepoint doctor -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := positive(o.timeout); err != nil {
				return err
			}
			if cmd.Flags().Changed(flagServer) && o.server <= 0 {
				return fail(codeUsage, "--server must be the server's number at VPS.org")
			}
			return a.doctor(cmd.Context(), o)
		},
	}
	cmd.Flags().Var(&o.server, flagServer, "the server's number at VPS.org; without it all servers are looked at")
	cmd.Flags().Lookup(flagServer).DefValue = ""
	a.bindQueue(cmd, &o.queue)
	bindLookTimeout(cmd, &o.timeout, 90*time.Second)
	bindOutput(cmd, &o.format, formatText)
	return cmd
}

func (a *app) doctor(ctx context.Context, o doctorOptions) error {
	e := examination{app: a, o: o}
	e.run(ctx)
	if ctx.Err() != nil {
		return fail(codeDetached, "interrupted: nothing was written")
	}
	reply := doctorReply{OK: true, Findings: e.findings}
	for _, f := range e.findings {
		if f.State != contract.FindingOK && f.State != contract.FindingWarn {
			reply.OK = false
		}
	}
	if err := a.printFindings(reply, o.format); err != nil {
		return err
	}
	if !reply.OK {
		return exit(codeNotChanged)
	}
	return nil
}

func (a *app) printFindings(reply doctorReply, format outputFormat) error {
	if format == formatJSON {
		return a.printJSON(reply)
	}
	return a.print(render.Findings(reply.Findings, a.outColour, a.outColumns()))
}

// examination is one run of doctor.
type examination struct {
	app      *app
	o        doctorOptions
	options  client.Options
	findings []contract.Finding
	// versioned are the builds of workers that take part in worker versioning, as "deployment/build".
	versioned []string
}

// run looks at one thing after the other. A step returns what must be mended before the next ones can be looked at;
// empty when they can.
func (e *examination) run(ctx context.Context) {
	c, first := e.connect(ctx)
	if c != nil {
		defer c.Close()
	}
	if first == "" {
		first = e.namespace(ctx, c)
	} else {
		e.unchecked(first, findingNamespace)
	}
	if first == "" {
		e.attributes(ctx, c)
		first = e.workers(ctx, c)
	} else {
		e.unchecked(first, findingAttributes, findingWorker, findingWaitWorker)
	}
	if first == "" {
		e.checkup(ctx, c)
	} else {
		e.unchecked(first, findingCheckup)
		e.unchecked(first, contract.WorkerFindings()...)
	}
}

func (e *examination) say(name string, state contract.FindingState, detail, mend string, commands ...string) {
	e.findings = append(e.findings, contract.Finding{Name: name, State: state, Detail: detail, Mend: mend, Commands: commands})
}

func (e *examination) ok(name, detail string) { e.say(name, contract.FindingOK, detail, "") }
func (e *examination) warn(name, detail, mend string) {
	e.say(name, contract.FindingWarn, detail, mend)
}
func (e *examination) bad(name, detail, mend string, commands ...string) {
	e.say(name, contract.FindingBad, detail, mend, commands...)
}

func (e *examination) unchecked(first string, names ...string) {
	for _, name := range names {
		e.say(name, contract.FindingUnchecked, "not checked", "mend "+first+" first")
	}
}
