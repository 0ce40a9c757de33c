package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/devstack"
	"github.com/safepoint-dev/safepoint/workflows"
)

const (
	// speed makes a snapshot of 3 minutes take 9 s, and a restore of 5 minutes 15 s.
	speed = 20
	// actWithin bounds a group of runs; the longest takes 35 s on an idle machine.
	actWithin = 5 * time.Minute
)

// startStack runs everything that the pictures need but the browser, and nothing outside of this machine.
func startStack(ctx context.Context, bin string) (*devstack.Stack, error) {
	stack, err := devstack.Start(ctx, devstack.Options{
		BinDir: bin,
		Fake:   devstack.FakeOptions{Speed: speed, Servers: serverIDs(), Faults: slowSnapshot(web05), Args: []string{"--settle=2s"}},
	})
	if err != nil {
		return nil, fmt.Errorf("start the local stack: %w", err)
	}
	return stack, nil
}

// play starts the runs and waits until each is where the pictures want it.
func play(ctx context.Context, stack *devstack.Stack, say func(format string, args ...any)) error {
	c, err := stack.Client()
	if err != nil {
		return err
	}
	for _, act := range acts(stack) {
		for _, r := range act {
			say("starting %s", r.id)
			_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
				ID: r.id, TaskQueue: devstack.DefaultTaskQueue, WorkflowExecutionErrorWhenAlreadyStarted: true,
				StaticSummary: fmt.Sprintf("`%s`", r.input["reason"]), // as safepoint run starts it
			}, r.runbook, r.input)
			if err != nil {
				return fmt.Errorf("start %s: %w", r.id, err)
			}
		}
		if err := await(ctx, c, act); err != nil {
			return err
		}
	}
	return nil
}

// await looks where the UI looks: into the index that the list is made of.
func await(ctx context.Context, c client.Client, act []role) error {
	ctx, cancel := context.WithTimeout(ctx, actWithin)
	defer cancel()
	for {
		missing, err := absent(ctx, c, act)
		if err == nil && len(missing) == 0 {
			return nil
		}
		if waited := pause(ctx, pollEvery); waited != nil {
			if err == nil {
				err = waited
			}
			return fmt.Errorf("these runs are not where the pictures want them after %s: %s: %w", actWithin, strings.Join(missing, "; "), err)
		}
	}
}

// absent says what is still wrong, for each role that is not in its place.
func absent(ctx context.Context, c client.Client, act []role) ([]string, error) {
	list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: runsOnly})
	if err != nil {
		return nil, fmt.Errorf("list the runs: %w", err)
	}
	places := map[string]role{}
	for _, run := range list.Executions {
		place := role{id: run.Execution.WorkflowId}
		fields := run.GetSearchAttributes().GetIndexedFields()
		// An attribute that is missing or of another type is an empty word, which is no place.
		_ = converter.GetDefaultDataConverter().FromPayload(fields[workflows.SearchAttributePhase], &place.phase)
		if run.Status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			_ = converter.GetDefaultDataConverter().FromPayload(fields[workflows.SearchAttributeOutcome], &place.outcome)
		}
		places[place.id] = place
	}
	var missing []string
	for _, r := range act {
		if got := places[r.id]; got.phase != r.phase || got.outcome != r.outcome {
			missing = append(missing, fmt.Sprintf("%s is at %q %q, not at %q %q", r.id, got.phase, got.outcome, r.phase, r.outcome))
		}
	}
	return missing, nil
}
