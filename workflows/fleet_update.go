package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// exampleFleet is the least that starts a fleet; messages show it to whoever gave no input or no JSON object.
const exampleFleet = `{"selector": {"name": "web-*"}, "template": {"update": {"kind": "none"}, "verify": {"checks": [{"kind": "http", "url": "https://{{.Hostname}}/healthz"}]}}}`

// FleetUpdate makes one risky change to many servers, each by a SnapshotUpdateVerify of its own that is made from the
// template: canaries first, then the rest, so many at a time as max_concurrency says.
//
// It stops (starts no further target, while those under way finish) as soon as error number max_errors+1 or rollback
// number max_rollbacks+1 arrives, where an error is a target that ended in any way but committed, skipped, planned or
// rolled back. Every canary must be committed: one that ends otherwise stops the fleet, whatever the rules take. What a
// stopped fleet does with the targets it committed is on_stop, whoever stopped it: a rule, a canary, a denied or
// unanswered question, or an abort. A cancel stops too, but asks those under way to cancel and undoes nothing.
//
// The input is one FleetUpdateInput as JSON. The second one is the engine's own state after a continue-as-new, and is
// refused from anybody else.
func FleetUpdate(ctx workflow.Context, raw, second converter.RawValue) (*Report, error) {
	in, err := decodeFleetUpdate(raw)
	state, refused := resumeFanOut(ctx, second, exampleFleet)
	if err = errors.Join(refused, err); err != nil {
		return nil, refuseFanOut(ctx, invalidInput(ctx, err))
	}
	return runFanOut(ctx, fleetPlan(in), raw, state)
}

func decodeFleetUpdate(raw converter.RawValue) (FleetUpdateInput, error) {
	return decodeInput(raw, defaultFleetUpdateInput(), validateFleetUpdate, exampleFleet)
}

func defaultFleetUpdateInput() FleetUpdateInput {
	return FleetUpdateInput{
		Canary:         CanaryInput{DecideTimeout: Duration(24 * time.Hour)},
		MaxConcurrency: Amount{Number: 5},
		OnStop:         StopLeave,
	}
}

// fleetPlan is what the engine is to do for a fleet.
func fleetPlan(in FleetUpdateInput) fanOutPlan {
	template := newFleetTemplate(in)
	plan := fanOutPlan{
		child:          TypeSnapshotUpdateVerify,
		selector:       selectorOf(in.Servers, in.Selector, in.All),
		retryOf:        in.RetryOf,
		reason:         in.Reason,
		maxConcurrency: in.MaxConcurrency,
		rule:           &stopRule{maxErrors: in.MaxErrors, maxRollbacks: in.MaxRollbacks},
		canary:         in.Canary,
		input:          template.input,
		summary: func(server contract.Server) string {
			return fmt.Sprintf("update server %d %s", server.ID, cutText(server.Name, maxShownName))
		},
		finish: func(record *FleetRecord, end fanOutEnd) *ending { return finishFleet(in, record, end) },
	}
	if in.DryRun { // nothing is written, so there is nothing to wait or ask for
		plan.canary = CanaryInput{Count: in.Canary.Count}
	} else {
		plan.notify = in.Notify
	}
	if in.OnStop == StopRollbackCommitted && !in.DryRun {
		plan.undo = func(server contract.Server, snapshotID int64, childID string) (json.RawMessage, error) {
			return template.undo(server, snapshotID, childID)
		}
	}
	return plan
}
