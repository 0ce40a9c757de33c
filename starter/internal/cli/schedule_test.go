package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/workflows"
)

const nightly = `{"id": "nightly", "runbook": "SnapshotRotation", "input": {"all": true, "policy": {"keep_last": 2}}, "spec": {"cron": ["0 3 * * *"]}}`

func TestADryRunThatIsNotDoneInTimeWroteNothingAndSaysSo(t *testing.T) {
	f, address := newFrontend(t)
	f.end(timedOut())
	got := safepoint(t, address, "schedule", "apply", "-f", write(t, nightly), "--dry-run", "-o", "json")
	assert.Equal(t, codeNotChanged, got.code)
	assert.Contains(t, got.err, "the dry run was not done in 1h; nothing was written")
	assert.NotContains(t, got.err+got.out, "Nobody knows")
	require.Len(t, f.starts, 1)
	assert.Equal(t, planTimeout, f.starts[0].GetWorkflowExecutionTimeout().AsDuration())

	var reply map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.out), &reply), "what is known is printed all the same: %q", got.out)
	assert.Equal(t, "create", reply["action"])
	assert.Len(t, reply["next"], 1)
	assert.NotContains(t, reply, "plan")

	f.end(terminated())
	got = safepoint(t, address, "schedule", "apply", "-f", write(t, nightly), "--dry-run")
	assert.Equal(t, codeNotChanged, got.code)
	assert.Contains(t, got.err, "left no plan; nothing was written")
}

func TestAScheduleThatWouldNeverRunIsNotApplied(t *testing.T) {
	f, address := newFrontend(t)
	f.never = true
	got := safepoint(t, address, "schedule", "apply", "-f", write(t, nightly))
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "the schedule nightly never runs")
	assert.Empty(t, f.schedules)

	f.end(completed(t, aReport(workflows.OutcomePlanned, "")))
	got = safepoint(t, address, "schedule", "apply", "-f", write(t, nightly), "--dry-run", "-o", "json")
	assert.Equal(t, codeUsage, got.code, "the dry run says what apply would say")
	assert.Contains(t, got.err, "never runs")
	assert.Contains(t, got.out, `"plan"`)
}

func TestAScheduleThatIsAppliedIsSaidToBeAlsoWhenTheLookAtItFails(t *testing.T) {
	f, address := newFrontend(t)
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/DescribeSchedule") && f.schedules["nightly"] != nil {
			return serviceerror.NewPermissionDenied("no looks", "")
		}
		return nil
	}
	got := safepoint(t, address, "schedule", "apply", "-f", write(t, nightly))
	assert.Equal(t, codePerson, got.code)
	assert.Contains(t, got.err, "the schedule nightly is as the file says, but could not be looked at")
	assert.Contains(t, got.err, "safepoint schedule describe nightly")
	assert.NotContains(t, got.err, "nobody knows")
}

func TestAForeignScheduleIsSteeredWithAWarning(t *testing.T) {
	f, address := newFrontend(t)
	f.schedules = map[string]*workflowservice.DescribeScheduleResponse{"theirs": {Schedule: &schedulepb.Schedule{
		Action: &schedulepb.ScheduleAction{Action: &schedulepb.ScheduleAction_StartWorkflow{StartWorkflow: &workflowpb.NewWorkflowExecutionInfo{
			WorkflowType: &commonpb.WorkflowType{Name: "Their\x1b[31mWorkflow"},
		}}},
	}}}
	for _, word := range []string{"pause", "resume"} {
		got := safepoint(t, address, "schedule", word, "theirs")
		assert.Equal(t, codeOK, got.code, got.err)
		assert.Contains(t, got.err, "theirs was not made by safepoint: neither its memo nor that of its action has safepoint's mark. It starts Their[31mWorkflow")
	}
	assert.Len(t, f.patches, 2)
	require.Equal(t, codeOK, safepoint(t, address, "schedule", "apply", "-f", write(t, nightly)).code)
	got := safepoint(t, address, "schedule", "pause", "nightly")
	assert.Equal(t, codeOK, got.code)
	assert.NotContains(t, got.err, "warning")
	assert.Equal(t, codeUsage, safepoint(t, address, "schedule", "pause", "nope").code)
	assert.Len(t, f.patches, 3)
}

func TestATriggerThatCannotBeToldFromARegularRunNamesNone(t *testing.T) {
	var text, errs strings.Builder
	a := newApp(World{Out: &text, Err: &errs})
	came := schedule.Triggered{Unclear: true, Started: []schedule.Run{{WorkflowID: "nightly-2026-03-01T03:00:00Z"}}}
	require.NoError(t, a.printTriggered("nightly", came, formatText))
	assert.Contains(t, text.String(), "cannot be told")
	assert.Contains(t, text.String(), "started    nightly-2026-03-01T03:00:00Z")
	assert.NotContains(t, text.String(), "safepoint status")
}

func TestADryRunBeforeARestoreThatIsNotDoneIsNoLostRun(t *testing.T) {
	f, address := newFrontend(t)
	f.workflowType = workflows.TypeRollbackByRestore
	f.end(timedOut())
	got := atTerminal(t, address, "y\n", "run", "rollback-by-restore", "--server=7", "--snapshot=latest", "--skip-verify")
	assert.Equal(t, codeNotChanged, got.code)
	assert.Contains(t, got.err, "nothing was written")
	assert.Len(t, f.starts, 1, "the dry run alone")
	f.end(failed(t, contract.FailPreflight, "m", aReport(workflows.OutcomeNotChanged, contract.FailPreflight)))
	assert.Equal(t, codeNotChanged, atTerminal(t, address, "y\n", "run", "rollback-by-restore", "--server=7", "--snapshot=latest", "--skip-verify").code)
}
