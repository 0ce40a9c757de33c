package schedule

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
)

func TestTheDefaultsAreFilledIn(t *testing.T) {
	f := read(t, good)
	assert.Equal(t, OverlapSkip, f.Overlap)
	assert.Equal(t, time.Hour, f.CatchUp.Std())
	assert.Equal(t, "nightly", f.WorkflowID)
	assert.Equal(t, "safepoint", f.TaskQueue)
	assert.Equal(t, "cron 0 3 * * *, Europe/Amsterdam", f.Spec.Words())
	assert.Empty(t, f.Warnings())
	schedule, _, err := f.desired("")
	require.NoError(t, err)
	assert.False(t, schedule.GetPolicies().GetPauseOnFailure())
	assert.Equal(t, `{"all":true,"policy":{"keep_last":2}}`, string(schedule.GetAction().GetStartWorkflow().GetInput().GetPayloads()[0].GetData()))
}

func TestEveryProblemIsListedAtOnceByItsPath(t *testing.T) {
	_, err := Read([]byte(`{"id": "a b", "runbook": "SnapshotRotation", "input": {"all": true, "policy": {"keep_lats": 2}, "max_concurrency": 0},
		"spec": {"cron": ["0 3 * *", "CRON_TZ=UTC 0 3 * * *"], "every": "100ms", "offset": "2s", "time_zone": "Mars/Olympus", "jitter": "48h",
			"start_at": "2026-02-01T00:00:00Z", "end_at": "2026-01-01T00:00:00Z"},
		"overlap": "never", "catch_up": "1s", "note": "a\nb", "task_queue": "", "pause_on_failure": true}`), "safepoint")
	var invalid *InvalidFileError
	require.ErrorAs(t, err, &invalid)
	paths := map[string]bool{}
	for _, p := range invalid.Problems {
		paths[p.Path] = true
		assert.Contains(t, err.Error(), p.Path+": "+p.Message)
	}
	for _, want := range []string{"id", "input.policy.keep_lats", "spec", "spec.cron[0]", "spec.cron[1]", "spec.every", "spec.offset", "spec.time_zone",
		"spec.jitter", "spec.end_at", "overlap", "catch_up", "note", "task_queue", "pause_on_failure"} {
		assert.True(t, paths[want], "%s in %v", want, err)
	}
}

func TestAFileThatSaysNothingIsRefusedWithWhatIsNeeded(t *testing.T) {
	for text, want := range map[string]string{
		"{}":   "id: is required",
		"":     "schedule: is empty",
		"[]":   "schedule: ",
		"null": "schedule: ",
		`{"id": "x", "runbook": "Nightly", "input": {}, "spec": {"every": "1h"}}`:                        "runbook: \"Nightly\" is no runbook",
		`{"id": "x", "runbook": "SnapshotAudit", "spec": {"every": "1h"}}`:                               "input: is required",
		`{"id": "x", "runbook": "SnapshotAudit", "input": 3, "spec": {"every": "1h"}}`:                   "input: ",
		`{"id": "x", "runbook": "SnapshotAudit", "input": {}, "spec": {"calendars": [{}]}}`:              "spec.calendars[0]: says no time",
		`{"id": "x", "runbook": "SnapshotAudit", "input": {}, "spec": {"every": 60}}`:                    "spec.every: ",
		`{"id": "x", "runbook": "SnapshotAudit", "input": {}, "spec": {"cron": ["@every 5m"]}}`:          "use spec.every",
		`{"id": "x", "runbook": "SnapshotAudit", "input": {}, "spec": {"every": "59s"}}`:                 "spec.every: must be from 1m",
		`{"id": "x", "runbook": "SnapshotAudit", "input": {}, "spec": {"cron": ["*/5 * * * * * *"]}}`:    "spec.cron[0]: must name one second",
		`{"id": "x", "runbook": "SnapshotAudit", "input": {}, "spec": {"calendars": [{"second": "*"}]}}`: "spec.calendars[0].second: must name one second",
		`{"id": "x", "runbook": "SnapshotAudit", "input": {}, "spec": {"offset": "1m"}}`:                 "spec.offset: belongs to spec.every",
		`{"id": "` + strings.Repeat("x", maxID+1) + `", "runbook": "SnapshotAudit", "input": {}}`:        "id: must be at most",
		`{"id": "x\u001b[31m", "runbook": "SnapshotAudit", "input": {}, "spec": {"every": "1h"}}`:        "id: must be at most",
	} {
		_, err := Read([]byte(text), "safepoint")
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), want, text)
		assert.NotContains(t, err.Error(), "\x1b")
	}
}

func TestARunbookThatWaitsForABusyServerGetsAWarning(t *testing.T) {
	const one = `{"id": "x", "runbook": "SnapshotUpdateVerify", "spec": {"every": "1h"},
		"input": {"server_id": 7, "update": {"kind": "none"}, "verify": {"skip": true}LOCK}}`
	require.Len(t, read(t, strings.Replace(one, "LOCK", "", 1)).Warnings(), 1)
	assert.Contains(t, read(t, strings.Replace(one, "LOCK", "", 1)).Warnings()[0], "lock.on_busy")
	assert.Empty(t, read(t, strings.Replace(one, "LOCK", `, "lock": {"on_busy": "wait"}`, 1)).Warnings())
	assert.Len(t, read(t, strings.Replace(good, `"id"`, `"overlap": "terminate_other", "id"`, 1)).Warnings(), 1)
}

func TestEveryOverlapPolicyHasANameAndGoesBothWays(t *testing.T) {
	for number := range enumspb.ScheduleOverlapPolicy_name {
		policy := enumspb.ScheduleOverlapPolicy(number)
		name := overlapOf(policy)
		require.True(t, name.known(), "%s", policy)
		if policy != enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED {
			assert.Equal(t, policy, name.policy())
		}
	}
}

func TestTheSameMomentInAnotherZoneIsNoDifference(t *testing.T) {
	a := read(t, strings.Replace(good, `"spec": {`, `"spec": {"start_at": "2026-03-01T12:00:00+02:00", `, 1))
	b := read(t, strings.Replace(good, `"spec": {`, `"spec": {"start_at": "2026-03-01T10:00:00Z", `, 1))
	all, err := differences(a.settings(), b.settings())
	require.NoError(t, err)
	assert.Empty(t, all)
}

func TestAScheduledFleetIsNoRetryOfAClosedOne(t *testing.T) {
	const fleet = `{"id": "x", "runbook": "FleetUpdate", "spec": {"every": "1h"},
		"input": {TARGETS, "template": {"update": {"kind": "none"}, "verify": {"skip": true}}}}`
	_, err := Read([]byte(strings.Replace(fleet, "TARGETS", `"retry_of": "web-2.14.0"`, 1)), "safepoint")
	require.ErrorContains(t, err, "input.retry_of: must not stand in a schedule")
	read(t, strings.Replace(fleet, "TARGETS", `"all": true`, 1))
}

func TestTheFloorOfOneMinuteTakesWhatRunsOnceAMinute(t *testing.T) {
	for _, spec := range []string{`"every": "1m"`, `"cron": ["30 * * * * * *"]`, `"cron": ["* * * * *"]`, `"calendars": [{"second": "5", "minute": "*"}]`} {
		read(t, `{"id": "x", "runbook": "SnapshotAudit", "input": {"all": true, "max_age": "26h"}, "spec": {`+spec+`}}`)
	}
}
