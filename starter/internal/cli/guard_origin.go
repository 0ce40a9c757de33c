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
	if !sendable(id) {
		return origin{}, errUnsendable
	}
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

// claim is a deploy that wants the run of an id, and its words.
type claim struct {
	id  string
	raw json.RawMessage
	// called is what the id is to whoever asks; mend what became of the request and what to do instead.
	called, mend string
}

// belongs says why the run that has the id is not this deploy's; nil when it may be. What cannot be read is not told
// apart: such a run never grants a change that it does not wait for.
func (w claim) belongs(start origin) error {
	if !start.found {
		return nil
	}
	var in struct {
		Update struct {
			Kind *workflows.UpdateKind `json:"kind"`
		} `json:"update"`
	}
	readable := json.Unmarshal(start.input, &in) == nil
	server, own := serverOf(start.input), serverOf(w.raw)
	switch {
	case start.kind != workflows.TypeSnapshotUpdateVerify:
		return fail(codeUsage, "the %s %s belongs to a run of another kind (%s), which waits for no command\n%s", w.called, w.id, render.Clean(start.kind), w.mend)
	case server != 0 && server != own:
		return fail(codeUsage, "the %s %s belongs to a run of server %d, not of %d\n%s for each server", w.called, w.id, server, own, w.mend)
	case dryInput(start.input) && !dryInput(w.raw):
		return fail(codeUsage, "the %s %s belongs to a dry run, which changed nothing and never will\n%s", w.called, w.id, w.mend)
	case readable && (in.Update.Kind == nil || *in.Update.Kind != workflows.UpdateExternal):
		return fail(codeUsage, "the %s %s belongs to a run that makes its change itself (update.kind %s), and waits for no command\n%s", w.called, w.id,
			render.Clean(string(kindOf(start.input))), w.mend)
	default:
		return nil
	}
}

func (g *guarded) belongs(start origin) error {
	return claim{g.o.id, g.raw, "deploy id", "This guard ran nothing; give a --deploy-id of its own"}.belongs(start)
}

// knownOrigin is originOf, as patient as other requests. A run that is not there is no error.
func (a *app) knownOrigin(ctx context.Context, c client.Client, id string) (start origin, err error) {
	err = a.persist(ctx, func() error {
		start, err = a.originOf(ctx, c, id)
		return err
	})
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return origin{}, nil
	}
	return start, err
}

// origin waits for a look at how the run with this guard's id was started. One that is not there is no error.
func (g *guarded) origin(ctx context.Context) attended[origin] {
	return attend(g, ctx, 0, func(ctx context.Context) (origin, error) { return g.knownOrigin(ctx, g.c, g.o.id) })
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
