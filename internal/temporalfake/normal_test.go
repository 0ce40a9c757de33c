package temporalfake_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"
)

// dropped are fields of events that are not compared.
var dropped = map[string]string{
	"eventTime": "time", "firstWorkflowTaskBackoff": "what is left of a run's first second, see doc.go", "taskId": "the server's own bookkeeping", "version": "of clusters",
	"identity": "names of processes", "requestId": "random", "workerVersion": "no worker here has one",
	"sdkMetadata": "the SDK's", "meteringMetadata": "the SDK's", "historySizeBytes": "depends on the encoding",
	"header": "the SDK's", "stackTrace": "lines of code", "links": "of operations between namespaces",
	"useWorkflowBuildId": "no worker here has one", "inheritBuildId": "no worker here has one", "prevAutoResetPoints": "of builds",
	"namespaceId": "random", "parentWorkflowNamespaceId": "random", "workflowNamespace": "there is one", "namespace": "there is one", "parentWorkflowNamespace": "there is one",
}

// transcript is all that was said and every history, without what differs from run to run.
func (s *stage) transcript() string {
	var b strings.Builder
	for _, line := range s.said {
		fmt.Fprintln(&b, line)
	}
	names := map[string]string{}
	queue := slices.Clone(s.known)
	for i := 0; i < len(queue); i++ {
		ref := queue[i]
		if names[ref.GetRunId()] != "" {
			continue
		}
		names[ref.GetRunId()] = fmt.Sprintf("(run %d)", len(names)+1)
		fmt.Fprintf(&b, "\nhistory of %s %s\n", ref.GetWorkflowId(), ref.GetRunId())
		for _, ev := range s.history(ref.GetWorkflowId(), ref.GetRunId()) {
			fmt.Fprintln(&b, s.line(ev))
			queue = append(queue, mentioned(ev, ref)...)
		}
	}
	text := b.String()
	for runID, name := range names {
		text = strings.ReplaceAll(text, runID, name)
	}
	return anyID.ReplaceAllString(strings.ReplaceAll(text, s.base, "~"), "(some id)")
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// mentioned are the runs that an event tells of.
func mentioned(ev *historypb.HistoryEvent, ref *commonpb.WorkflowExecution) []*commonpb.WorkflowExecution {
	switch ev.GetEventType() {
	case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
		return []*commonpb.WorkflowExecution{ev.GetChildWorkflowExecutionStartedEventAttributes().GetWorkflowExecution()}
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
		return []*commonpb.WorkflowExecution{{WorkflowId: ref.GetWorkflowId(), RunId: ev.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()}}
	default:
		return nil
	}
}

// line is an event on one line.
func (s *stage) line(ev *historypb.HistoryEvent) string {
	raw, err := protojson.Marshal(ev)
	require.NoError(s.t, err)
	var fields map[string]any
	require.NoError(s.t, json.Unmarshal(raw, &fields))
	delete(fields, "eventId")
	delete(fields, "eventType")
	rest, err := json.Marshal(scrub(fields))
	require.NoError(s.t, err)
	return fmt.Sprintf("%2d %s %s", ev.GetEventId(), ev.GetEventType(), rest)
}

// scrub drops what is not compared and decodes payloads.
func scrub(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = scrub(v[i])
		}
		return v
	case map[string]any:
		if v["metadata"] != nil {
			data, _ := v["data"].(string)                    // none for nil
			text, _ := base64.StdEncoding.DecodeString(data) // as protojson writes it
			return string(text)
		}
		for name, field := range v {
			if dropped[name] != "" || field == "0s" { // which is the same as not set
				delete(v, name)
				continue
			}
			v[name] = scrub(field)
		}
		return v
	default:
		return v
	}
}

func payloads(fields map[string]*commonpb.Payload) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name == "BuildIds" { // of workers, made by the server itself
			continue
		}
		all = append(all, name+"="+string(fields[name].GetData()))
	}
	return "{" + strings.Join(all, " ") + "}"
}

// chain is an error as code that branches on types sees it.
func chain(err error) string {
	var all []string
	for ; err != nil; err = errors.Unwrap(err) {
		text := fmt.Sprintf("%T", err)
		switch e := err.(type) { // each link of the chain is looked at by itself
		case *temporal.ApplicationError:
			text += fmt.Sprintf("(type %s, non-retryable %t, %s)", e.Type(), e.NonRetryable(), e.Message())
		case *temporal.TimeoutError:
			var details string
			if e.HasLastHeartbeatDetails() {
				_ = e.LastHeartbeatDetails(&details) // shown as empty then
			}
			text += fmt.Sprintf("(%s, details %q)", e.TimeoutType(), details)
		case *temporal.ActivityError:
			text += fmt.Sprintf("(%s)", e.RetryState())
		case *temporal.ChildWorkflowExecutionError:
			text += fmt.Sprintf("(%s)", e.RetryState())
		case *temporal.CanceledError:
			text += fmt.Sprintf("(details %t)", e.HasDetails())
		}
		all = append(all, text)
	}
	return "[" + strings.Join(all, " <- ") + "]"
}
