// Command go-program makes a change to a server through a URL, with a snapshot before and checks after it, by starting
// the runbook SnapshotUpdateVerify from Go. Copy it: it needs github.com/safepoint-dev/safepoint/workflows, the Temporal
// SDK, a running worker, and no token of VPS.org, which must stay in the worker.
//
//	go run ./starter/examples/go-program -server 12345 -id deploy-2.14.0 \
//	  -hook https://deploy.example.com/hooks/web -check https://web01.example.com/healthz
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/workflows"
)

// deploy is what the command line says.
type deploy struct {
	id, queue, hook, check, reason string
	server                         int64
	delay, interval                time.Duration
}

func main() {
	var d deploy
	flag.StringVar(&d.id, "id", "", "the deploy's name: the same for each try, which then joins the first one")
	flag.Int64Var(&d.server, "server", 0, "the server's number at VPS.org")
	flag.StringVar(&d.hook, "hook", "", "the URL that makes the change")
	flag.StringVar(&d.check, "check", "", "the URL that must answer 200 before and after it")
	flag.StringVar(&d.reason, "reason", "deploy from Go", "for people")
	flag.StringVar(&d.queue, "task-queue", "safepoint", "the workers' task queue")
	flag.DurationVar(&d.delay, "initial-delay", 10*time.Second, "time before the first check")
	flag.DurationVar(&d.interval, "interval", 10*time.Second, "time between two rounds of checks")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	report, err := run(ctx, d)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-program:", err)
		os.Exit(4) // a person must look
	}
	show(report)
	os.Exit(exitCode(report.Outcome))
}

// input is the runbook's input. What is left out gets its default, but for a few fields in which zero is a value of its
// own: Verify.Baseline, InitialDelay and BakeTime, and the name of a check. `safepoint schema` has all defaults.
func input(d deploy) workflows.SnapshotUpdateVerifyInput {
	return workflows.SnapshotUpdateVerifyInput{
		ServerID: d.server,
		Reason:   d.reason,
		Update:   workflows.UpdateInput{Kind: workflows.UpdateWebhook, URL: d.hook, Timeout: workflows.Duration(20 * time.Minute)},
		Verify: workflows.VerifyInput{
			Baseline:     true,
			InitialDelay: workflows.Duration(d.delay),
			Interval:     workflows.Duration(d.interval),
			Checks:       []workflows.Check{{Name: "home", Kind: "http", URL: d.check}},
		},
		Rollback: workflows.RollbackInput{OnFailure: workflows.FailureRestore},
		Lock:     workflows.LockInput{OnBusy: workflows.BusyWait},
	}
}

// run starts the deploy, or joins it, and waits for its report. A context that ends only detaches: the run goes on.
func run(ctx context.Context, d deploy) (*workflows.Report, error) {
	if d.id == "" { // an empty id would be replaced by a random one, and a second try would make a second change
		return nil, errors.New("give -id, the deploy's name")
	}
	options, err := envconfig.LoadDefaultClientOptions() // TEMPORAL_ADDRESS and so on, as the temporal CLI reads them
	if err != nil {
		return nil, fmt.Errorf("read the settings of Temporal: %w", err)
	}
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal; nothing was started: %w", err)
	}
	defer c.Close()

	// Reject duplicate: one id never runs twice. The SDK then returns the run that there is, also one that has ended.
	started, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: d.id, TaskQueue: d.queue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
	}, workflows.TypeSnapshotUpdateVerify, input(d))
	if err != nil {
		return nil, fmt.Errorf("start %s, which may be running: look with `safepoint status %s`: %w", d.id, d.id, err)
	}
	fmt.Println("started", started.GetID())
	return await(ctx, started)
}

// await reads the report: the result of a run that completed, the details of one that failed.
func await(ctx context.Context, run client.WorkflowRun) (*workflows.Report, error) {
	report := &workflows.Report{}
	err := run.Get(ctx, report)
	var ended *temporal.ApplicationError
	switch {
	case err == nil:
		return report, nil
	case !errors.As(err, &ended): // canceled, terminated, or no answer
		return nil, fmt.Errorf("%s left no report: look with `safepoint status %s`: %w", run.GetID(), run.GetID(), err)
	case ended.Details(report) != nil || report.Outcome == "": // not a report: another workflow has this id
		return nil, fmt.Errorf("%s ended as %s: %w", run.GetID(), ended.Type(), err)
	default:
		return report, nil
	}
}

func show(report *workflows.Report) {
	fmt.Printf("%s: %s\n", report.Outcome, report.Summary)
	for _, phase := range report.Phases {
		fmt.Printf("  %-10s %s\n", phase.Phase, phase.EndedAt.Sub(phase.StartedAt).Round(time.Second))
	}
	if report.Snapshot != nil {
		fmt.Printf("  restore point #%d %s\n", report.Snapshot.ID, report.Snapshot.Name)
	}
	if report.Next != "" {
		fmt.Println("next:", report.Next)
	}
}

// exitCode is zero only when the change is kept. The others are safepoint's own.
func exitCode(outcome workflows.Outcome) int {
	switch outcome {
	case workflows.OutcomeCommitted:
		return 0
	case workflows.OutcomeSkipped, workflows.OutcomeNotChanged, workflows.OutcomeCanceled:
		return 1
	case workflows.OutcomeRolledBack:
		return 3
	default: // rolled back but not healthy, not rolled back, unknown: a person must look
		return 4
	}
}
