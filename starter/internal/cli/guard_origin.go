package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// origin is how a run was started.
type origin struct {
	// found is false when there is no such run, or its first event cannot be read.
	found  bool
	kind   string // the workflow type
	runID  string
	runner string
	input  json.RawMessage
}

// originOf reads a run's first event. The latest run of the id counts.
func (a *app) originOf(ctx context.Context, c client.Client, id string) (origin, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	answer, err := c.WorkflowService().GetWorkflowExecutionHistory(ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: a.namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: id}, MaximumPageSize: 1,
	})
	if err != nil {
		return origin{}, fmt.Errorf("look how %s was started: %w", id, err)
	}
	events := answer.GetHistory().GetEvents()
	if len(events) == 0 || events[0].GetWorkflowExecutionStartedEventAttributes() == nil {
		return origin{}, nil
	}
	started := events[0].GetWorkflowExecutionStartedEventAttributes()
	o := origin{found: true, kind: started.GetWorkflowType().GetName(), runID: started.GetOriginalExecutionRunId()}
	if inputs := started.GetInput().GetPayloads(); len(inputs) == 1 {
		o.input = bytes.Clone(inputs[0].GetData()) // JSON: of another encoding nothing can be told
	}
	if runner := started.GetMemo().GetFields()[memoRunner]; runner != nil {
		if err := converter.GetDefaultDataConverter().FromPayload(runner, &o.runner); err != nil {
			o.runner = "" // not a name that this program wrote
		}
	}
	return o, nil
}

// sameInput says whether two inputs are the same JSON; what cannot be read is not told apart.
func sameInput(one, other json.RawMessage) bool {
	var a, b any
	if json.Unmarshal(one, &a) != nil || json.Unmarshal(other, &b) != nil {
		return true
	}
	return reflect.DeepEqual(a, b)
}

// belongs says why a run that has this guard's id is not this guard's deploy; nil when it may be. What cannot be read is
// not told apart: such a run never grants a change that it does not wait for.
func (g *guarded) belongs(start origin) error {
	if !start.found {
		return nil
	}
	var in struct {
		Update struct {
			Kind *workflows.UpdateKind `json:"kind"`
		} `json:"update"`
	}
	readable := json.Unmarshal(start.input, &in) == nil
	server := serverOf(start.input)
	const other = "\nThis guard ran nothing; give a --deploy-id of its own"
	switch {
	case start.kind != workflows.TypeSnapshotUpdateVerify:
		return fail(codeUsage, "the deploy id %s belongs to a run of another kind (%s), which waits for no command"+other, g.o.id, render.Clean(start.kind))
	case server != 0 && server != serverOf(g.raw):
		return fail(codeUsage, "the deploy id %s belongs to a run of server %d, not of %d"+other+" for each server", g.o.id, server, serverOf(g.raw))
	case dryInput(start.input):
		return fail(codeUsage, "the deploy id %s belongs to a dry run, which changed nothing and never will"+other, g.o.id)
	case readable && (in.Update.Kind == nil || *in.Update.Kind != workflows.UpdateExternal):
		return fail(codeUsage, "the deploy id %s belongs to a run that makes its change itself (update.kind %s), and waits for no command"+other, g.o.id, render.Clean(string(kindOf(start.input))))
	default:
		return nil
	}
}

// origin waits for a look at how the run with this guard's id was started. One that is not there is no error.
func (g *guarded) origin(ctx context.Context) attended[origin] {
	got := attend(g, ctx, 0, func(ctx context.Context) (start origin, err error) {
		err = g.persist(ctx, func() error {
			start, err = g.originOf(ctx, g.c, g.o.id)
			return err
		})
		return start, err
	})
	var none *serviceerror.NotFound
	if errors.As(got.err, &none) {
		got.value, got.err = origin{}, nil
	}
	return got
}

// joinable looks at a run that has the id already.
func (g *guarded) joinable(ctx context.Context) error {
	got := g.origin(ctx)
	switch {
	case got.signal != nil:
		return fail(codeDetached, "interrupted: this guard started nothing and ran nothing")
	case got.err != nil:
		return g.cannotStart(got.err)
	case !got.value.found:
		return nil
	}
	if err := g.belongs(got.value); err != nil {
		return err
	}
	if !sameInput(got.value.input, g.raw) {
		g.say("%s was started with another input: that one counts, and this one is not looked at", g.errColour.Warn(render.Clean(g.o.id)))
	}
	return nil
}

// joined looks again once the run has answered: another guard may have started it between the first look and begin.
func (g *guarded) joined(ctx context.Context) error {
	got := g.origin(ctx)
	switch {
	case got.signal != nil:
		return detached(g.o.id)
	case got.err != nil:
		return fail(codePerson, "cannot look whose run %s is: %w\nThis guard ran nothing. See where it is: safepoint status %s", g.o.id, got.err, quote(g.o.id))
	}
	g.start = got.value
	return g.belongs(got.value)
}
