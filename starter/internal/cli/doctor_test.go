package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// doctorSays runs doctor and returns its findings by name.
func doctorSays(t *testing.T, address string, args ...string) (int, map[string]contract.Finding) {
	t.Helper()
	got := safepoint(t, address, append([]string{"doctor", "-o", "json"}, args...)...)
	var reply doctorReply
	require.NoError(t, json.Unmarshal([]byte(got.out), &reply), "%s %s", got.out, got.err)
	assert.Equal(t, reply.OK, got.code == codeOK)
	found := map[string]contract.Finding{}
	for _, f := range reply.Findings {
		found[f.Name] = f
		assert.Equal(t, f.State == contract.FindingOK, f.Mend == "", "%+v", f)
	}
	return got.code, found
}

func TestDoctorIsGreenWhenAllIsWell(t *testing.T) {
	e, address := newExamined(t)
	got := safepoint(t, address, "doctor", "--server", "7")
	require.Equal(t, codeOK, got.code, got.out)
	assert.Contains(t, got.out, "All ok.")
	assert.Contains(t, got.out, "is polled by 1@web")
	assert.Contains(t, got.out, "safepoint-worker v7 answers this safepoint v1", "an old worker is seen")
	require.Len(t, e.starts, 1)
	assert.Equal(t, workflows.TypeCheckup, e.starts[0].GetWorkflowType().GetName())
	assert.JSONEq(t, `{"server_id": 7}`, string(e.starts[0].GetInput().GetPayloads()[0].GetData()))
	assert.Positive(t, e.starts[0].GetWorkflowExecutionTimeout().AsDuration(), "one that nobody answers ends by itself")
}

func TestAThingToLookAtIsNoFailure(t *testing.T) {
	e, address := newExamined(t)
	e.finds(contract.CheckupResult{Findings: []contract.Finding{{Name: contract.FindingQuota, State: contract.FindingWarn, Detail: "d", Mend: "m"}}})
	got := safepoint(t, address, "doctor")
	assert.Equal(t, codeOK, got.code)
	assert.Contains(t, got.out, "Works. 1 thing to look at.")
	// Credentials of one namespace may not list search attributes, as at Temporal Cloud.
	e.denied = serviceerror.NewPermissionDenied("no", "")
	code, found := doctorSays(t, address)
	assert.Equal(t, codeOK, code)
	assert.Equal(t, contract.FindingWarn, found[findingAttributes].State)
	assert.Contains(t, found[findingAttributes].Mend, workflows.SearchAttributeOutcome)
}

// A word of a later worker that this program does not know is no success.
func TestAStateThatIsNotKnownIsNotOk(t *testing.T) {
	e, address := newExamined(t)
	e.finds(contract.CheckupResult{Findings: []contract.Finding{{Name: "x", State: "terrible", Detail: "d", Mend: "m"}}})
	assert.Equal(t, codeNotChanged, safepoint(t, address, "doctor").code)
	e.finds(contract.CheckupResult{})
	assert.Equal(t, codeNotChanged, safepoint(t, address, "doctor").code, "nothing at all")
}

func TestEachBrokenThingIsNamedWithItsMend(t *testing.T) {
	for name, c := range map[string]struct {
		breaks  func(e *examined)
		finding string
		mend    string
		command string
		after   string // what cannot be checked before it
	}{
		"namespace": {func(e *examined) { e.namespace = serviceerror.NewNamespaceNotFound("default") }, findingNamespace,
			"TEMPORAL_NAMESPACE", "temporal operator namespace create --namespace default", findingWorker},
		"credentials": {func(e *examined) { e.namespace = serviceerror.NewPermissionDenied("no", "") }, findingNamespace, "TEMPORAL_API_KEY", "", findingAttributes},
		"an outage":   {func(e *examined) { e.namespace = serviceerror.NewUnavailable("away") }, findingNamespace, "run this again", "", findingAttributes},
		"a missing attribute": {func(e *examined) { delete(e.attributes, workflows.SearchAttributePhase) }, findingAttributes, "safepoint-worker",
			"temporal operator search-attribute create --namespace default --name SafepointPhase --type Keyword", ""},
		"an attribute of another type": {func(e *examined) { e.attributes[workflows.SearchAttributePhase] = enumspb.INDEXED_VALUE_TYPE_INT }, findingAttributes,
			"remove it", "temporal operator search-attribute remove --namespace default --name SafepointPhase --yes", ""},
		"no worker":          {func(e *examined) { delete(e.pollers, "safepoint") }, findingWorker, "SAFEPOINT_TASK_QUEUE=safepoint", "", contract.FindingToken},
		"no worker of waits": {func(e *examined) { delete(e.pollers, "safepoint-wait") }, findingWaitWorker, "start safepoint-worker", "", ""},
		"no task queue":      {func(e *examined) { e.pollersErr = serviceerror.NewUnavailable("away") }, findingWorker, "run this again", "", findingCheckup},
		"a checkup refused":  {func(e *examined) { e.end(failed(e.t, contract.FailInvalidInput, "no", nil)) }, findingCheckup, "as new as this program", "", contract.FindingAPI},
		"a checkup ended":    {func(e *examined) { e.end(terminated()) }, findingCheckup, "run this again", "", contract.FindingAPI},
		"an old worker":      {func(e *examined) { e.closed, e.failing = nil, 3 }, findingCheckup, "as new as this program", "", contract.FindingAPI},
		"a dead worker":      {func(e *examined) { e.closed = nil }, findingCheckup, "start safepoint-worker", "", contract.FindingAPI},
		"a build that is not current": {func(e *examined) {
			e.closed = nil
			e.pollers["safepoint"] = []*taskqueuepb.PollerInfo{versioned("1@web", "v2")}
		}, findingCheckup, "not the current one", "temporal worker deployment set-current-version --namespace default --deployment-name safepoint --build-id v2", contract.FindingAPI},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, address := newExamined(t)
			c.breaks(e)
			code, found := doctorSays(t, address, "--timeout", "5s")
			assert.Equal(t, codeNotChanged, code)
			f := found[c.finding]
			assert.Equal(t, contract.FindingBad, f.State, "%+v", found)
			assert.Contains(t, f.Mend, c.mend)
			if c.command != "" {
				assert.Equal(t, []string{c.command}, f.Commands)
			}
			if c.after != "" {
				assert.Equal(t, contract.FindingUnchecked, found[c.after].State)
				assert.Equal(t, "mend "+c.finding+" first", found[c.after].Mend)
			}
		})
	}
}

func TestDoctorSaysWhichBuildsPoll(t *testing.T) {
	e, address := newExamined(t)
	e.pollers["safepoint"] = []*taskqueuepb.PollerInfo{versioned("2@b", "v2"), versioned("1@a", "v1"), versioned("1@a", "v1"), {Identity: "3@c"}, {Identity: "4@d"}}
	_, found := doctorSays(t, address)
	assert.Contains(t, found[findingWorker].Detail, "1@a (build safepoint/v1), 2@b (build safepoint/v2), 3@c and 1 more")
}

func TestDoctorNamesSettingsThatCannotBeUsed(t *testing.T) {
	var out, errs strings.Builder
	code := Run(t.Context(), []string{"doctor"}, World{Out: &out, Err: &errs, Environ: []string{"TEMPORAL_TLS=perhaps", "TEMPORAL_ADDRESS=http://x", "TEMPORAL_CONFIG_FILE="}})
	assert.Equal(t, codeNotChanged, code)
	for _, part := range []string{"TEMPORAL_TLS", "TEMPORAL_ADDRESS", "mend temporal first"} {
		assert.Contains(t, out.String(), part)
	}
}

func TestDoctorRefusesFlagsThatMeanNothing(t *testing.T) {
	for _, args := range [][]string{{"--server", "0"}, {"--server", "-5"}, {"--server", "web"}, {"--timeout", "0s"}, {"--timeout", "soon"}, {"extra"}} {
		assert.Equal(t, codeUsage, safepoint(t, unreachable, append([]string{"doctor"}, args...)...).code, args)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, codeDetached, safepointIn(t, ctx, unreachable, "", "doctor").code)
}

func TestWhatAHostileWorkerSaysStaysWords(t *testing.T) {
	e, address := newExamined(t)
	hostile := "\x1b[2J\u202e\nmend     token"
	e.pollers["safepoint"] = []*taskqueuepb.PollerInfo{versioned(hostile, hostile)}
	e.finds(contract.CheckupResult{Findings: []contract.Finding{
		{Name: hostile, State: contract.FindingBad, Detail: hostile, Mend: hostile, Commands: []string{hostile}}, {Name: "y", State: contract.FindingState(hostile), Mend: hostile}}})
	for _, format := range []string{"text", "json"} {
		got := safepoint(t, address, "doctor", "-o", format)
		assert.NotContains(t, got.out, "\x1b", format)
		assert.NotContains(t, got.out, "\u202e", format)
	}
}
