package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/cobra"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/workflows"
)

// Flags that only the guard has.
const (
	flagCheck    = "check"
	flagDeployID = "deploy-id"
)

// memoRunner is the memo that names the runner whose begin started the run.
const memoRunner = "safepoint_runner"

// guardInput reads the command line: the command, and the runbook's input.
func (a *app) guardInput(cmd *cobra.Command, o *guardOptions, args []string) (json.RawMessage, error) {
	var err error
	if o.path, err = findCommand(cmd, args); err != nil {
		return nil, err
	}
	o.argv = args
	switch {
	case cmd.Flags().Changed(flagDeployID) && strings.TrimSpace(o.id) == "":
		return nil, fail(codeUsage, "--deploy-id is empty: is a variable not set?")
	case o.grace < 0:
		return nil, fail(codeUsage, "--grace is a time such as 8s")
	case o.flags.file != "" && len(o.checks) > 0:
		return nil, fail(codeUsage, "-f holds the whole input, so it cannot stand beside --check: put the check into the file, or leave -f out")
	}
	for _, check := range o.checks {
		flag, target, err := checkFlag(check)
		if err != nil {
			return nil, err
		}
		if err := cmd.Flags().Set(flag, target); err != nil {
			return nil, fail(codeUsage, "--check %s: %w", check, err)
		}
	}
	raw, err := a.input(cmd, &o.flags)
	if err != nil {
		return nil, err
	}
	return externalOf(raw)
}

// checkFlag is the flag that a --check is short for.
func checkFlag(check string) (flag, target string, err error) {
	address, tcp := strings.CutPrefix(check, "tcp://")
	switch {
	case strings.HasPrefix(check, "http://"), strings.HasPrefix(check, "https://"):
		return flagCheckHTTP, check, nil
	case !tcp:
		return "", "", fail(codeUsage, "--check %q: give http://..., https://... or tcp://host:port; other checks need -f input.json", check)
	}
	if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
		return "", "", fail(codeUsage, "--check %q: give the host and the port, such as tcp://web01.example.com:443", check)
	}
	return flagCheckTCP, address, nil
}

// externalOf is the input with the kind of change that a guard makes. A file need not say it; one that says another kind
// would let the run change the server by itself.
func externalOf(raw json.RawMessage) (json.RawMessage, error) {
	var in struct {
		Update map[string]json.RawMessage `json:"update"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fail(codeUsage, "read the input: %w", err)
	}
	if _, given := in.Update["kind"]; given {
		if kind := kindOf(raw); kind != workflows.UpdateExternal {
			return nil, fail(codeUsage, "the guard makes the change itself: update.kind must be external or left out, not %q; for the rest there is `safepoint run`", kind)
		}
		return raw, nil
	}
	if err := once(raw); err != nil {
		return nil, err
	}
	object := map[string]json.RawMessage{}
	err := json.Unmarshal(raw, &object)
	if err == nil {
		if in.Update == nil {
			in.Update = map[string]json.RawMessage{}
		}
		in.Update["kind"] = json.RawMessage(`"` + workflows.UpdateExternal + `"`)
		if object["update"], err = json.Marshal(in.Update); err == nil {
			raw, err = json.Marshal(object)
		}
	}
	if err != nil {
		return nil, fail(codeUsage, "make the input: %w", err)
	}
	return raw, nil
}

// origin is how a run was started.
type origin struct {
	// found is false when there is no such run, or its first event cannot be read.
	found  bool
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
	o := origin{found: true, runID: started.GetOriginalExecutionRunId()}
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

// guardPlan plans under an id of its own: a plan must not use up the deploy's.
func (a *app) guardPlan(ctx context.Context, c client.Client, o guardOptions, raw json.RawMessage) error {
	v, err := a.dryRun(ctx, c, newID("guard-plan", serverOf(raw), time.Now()), o.queue, workflows.TypeSnapshotUpdateVerify, raw)
	if err != nil {
		return err
	}
	a.say("a dry run: the command was not run")
	return a.printVerdict(v, formatText)
}
