package main

import (
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/safepoint-dev/safepoint/activities"
	"github.com/safepoint-dev/safepoint/internal/config"
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

const (
	// stopTimeout lets every write that was begun reach its own deadline and report; waits return at once. Whoever runs
	// the process must be more patient than this: 90 seconds before a kill.
	stopTimeout = contract.WriteGrace + 5*time.Second

	// shortSlots: a read or a write takes a second or two and the API's rate limit (5 a second) is the real bound; the
	// rest is room for webhooks, which may each hold a slot for as long as the user's change takes.
	shortSlots = 200
	// waitSlots is one for each wait, and a runbook spends nearly all its life in one. The SDK's own limit of exactly
	// 1,000 would make the 1,001st rollback queue behind other servers' waits. An idle wait costs about 0.1 MB.
	waitSlots = 5000
	// workflowSlots: a workflow task is a few milliseconds of this process's own CPU.
	workflowSlots = 100

	// Pollers: one long poll takes one task at a time, so a few keep a burst moving. More only load the server.
	workflowPollers = 4
	shortPollers    = 4
	waitPollers     = 4
)

// workers are the two Temporal workers of the process.
type workers struct {
	short, wait worker.Worker
	// fatal gets what stops a worker for good. It has room for one error of each.
	fatal chan error
}

func newWorkers(c client.Client, settings config.Config, acts *activities.Activities) *workers {
	w := &workers{fatal: make(chan error, 2)}
	taskQueue, version := settings.TaskQueue, deployment(settings)
	onFatal := func(err error) { w.fatal <- fmt.Errorf("a Temporal worker stopped: %w", err) }

	w.short = worker.New(c, taskQueue, worker.Options{
		MaxConcurrentActivityExecutionSize:     shortSlots,
		MaxConcurrentWorkflowTaskExecutionSize: workflowSlots,
		MaxConcurrentWorkflowTaskPollers:       workflowPollers,
		MaxConcurrentActivityTaskPollers:       shortPollers,
		WorkerStopTimeout:                      stopTimeout,
		// A runbook whose code does not fit its history waits for a worker that does. Failing it instead would end runs
		// that have changed a server and not yet verified it, because of a bad deploy of the worker.
		WorkflowPanicPolicy: worker.BlockWorkflow,
		// Everything is registered under its contract name; a Go name in a history would be an accident.
		DisableRegistrationAliasing: true,
		DeploymentOptions:           version,
		OnFatalError:                onFatal,
	})
	workflows.Register(w.short)
	activities.Register(w.short, acts)

	w.wait = worker.New(c, contract.WaitTaskQueue(taskQueue), worker.Options{
		MaxConcurrentActivityExecutionSize: waitSlots,
		MaxConcurrentActivityTaskPollers:   waitPollers,
		WorkerStopTimeout:                  stopTimeout,
		DisableWorkflowWorker:              true,
		DisableRegistrationAliasing:        true,
		DeploymentOptions:                  version,
		OnFatalError:                       onFatal,
	})
	activities.RegisterWaits(w.wait, acts)
	return w
}

func (w *workers) start() error {
	if err := w.short.Start(); err != nil {
		return fmt.Errorf("start the worker of short work: %w", err)
	}
	if err := w.wait.Start(); err != nil {
		w.short.Stop()
		return fmt.Errorf("start the worker of long waits: %w", err)
	}
	return nil
}

// stop drains both at the same time: one after the other could take twice as long as anybody waits.
func (w *workers) stop() {
	var both sync.WaitGroup
	both.Go(w.short.Stop)
	both.Go(w.wait.Stop)
	both.Wait()
}
