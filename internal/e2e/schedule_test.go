package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// scheduled writes a schedule file of one snapshot and no change; edit changes what the test is about. The schedule is
// deleted when the test ends.
func (r *rig) scheduled(spec map[string]any, edit func(file map[string]any)) (id, path string) {
	r.t.Helper()
	id = r.scheduleID()
	file := map[string]any{
		"id": id, "runbook": workflows.TypeSnapshotUpdateVerify, "spec": spec,
		"input": map[string]any{
			"server_id": r.server, "update": map[string]any{"kind": "none"}, "verify": map[string]any{"skip": true},
			"lock": map[string]any{"on_busy": "skip"},
		},
	}
	if edit != nil {
		edit(file)
	}
	data, err := json.Marshal(file)
	require.NoError(r.t, err)
	path = filepath.Join(r.t.TempDir(), "schedule.json")
	require.NoError(r.t, os.WriteFile(path, data, 0o600))
	r.t.Cleanup(func() { _ = r.temp.ScheduleClient().GetHandle(context.Background(), id).Delete(context.Background()) }) // it may be gone
	return id, path
}

// scheduleID is the id of the rig's schedule.
func (r *rig) scheduleID() string { return fmt.Sprintf("schedule-%d", r.server) }

// apply applies a file and expects an action. Temporal refuses the question about a schedule that still works on what it was
// told before: apply comes when it has.
func (r *rig) apply(path string, want schedule.Action, more ...string) said {
	r.t.Helper()
	r.eventually(patience, "the schedule to answer, or not to be there", func() bool {
		_, got := r.glance(r.scheduleID())
		return got.code == 0 || got.code == 2
	})
	got := r.safepoint(append([]string{"schedule", "apply", "-f", path, "-o", "json"}, more...)...)
	require.Zero(r.t, got.code, got.err)
	var reply schedule.Change
	require.NoError(r.t, json.Unmarshal([]byte(got.out), &reply))
	require.Equal(r.t, want, reply.Action, got.out)
	return got
}

// details is what describe says of a schedule, once it has an answer.
func (r *rig) details(id string) (d schedule.Details) {
	r.t.Helper()
	r.eventually(patience, "an answer about "+id, func() bool {
		var got said
		d, got = r.glance(id)
		return got.code == 0
	})
	return d
}

// glance is details for a poll: a schedule that fires every second may be too busy to answer.
func (r *rig) glance(id string) (d schedule.Details, got said) {
	r.t.Helper()
	if got = r.safepoint("schedule", "describe", id, "-o", "json"); got.code == 0 {
		require.NoError(r.t, json.Unmarshal([]byte(got.out), &d))
	}
	return d, got
}

var never = map[string]any{"cron": []string{"0 3 1 1 *"}, "time_zone": "Europe/Amsterdam"}

func TestAScheduleStartsItsRunbookAndTheListSaysHowItEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, path := r.scheduled(never, nil)
	r.apply(path, schedule.ActionCreate)

	got := r.safepoint("schedule", "trigger", id, "-o", "json")
	require.Zero(t, got.code, got.err)
	var came schedule.Triggered
	require.NoError(t, json.Unmarshal([]byte(got.out), &came))
	require.NotNil(t, came.Run, got.out)
	require.Zero(t, r.safepoint("status", came.Run.WorkflowID, "--wait").code)
	r.oneSnapshotOfOurs()
	r.lawful()

	r.eventually(patience, "the schedule in the list", func() bool { // which is the visibility store's
		got = r.safepoint("schedule", "list")
		return got.code == 0 && strings.Contains(got.out, id) && strings.Contains(got.out, "committed")
	})
	d := r.details(id)
	assert.EqualValues(t, 1, d.Runs)
	assert.False(t, d.Foreign)
	require.Len(t, d.Recent, 1)
	assert.Equal(t, came.Run.WorkflowID, d.Recent[0].WorkflowID)
	assert.Equal(t, string(workflows.OutcomeCommitted), d.Recent[0].Outcome)
	assert.Contains(t, r.safepoint("schedule", "describe", id).out, "safepoint status "+came.Run.WorkflowID)

	got = r.safepoint("schedule", "delete", id)
	assert.Equal(t, 2, got.code, "nobody at a terminal, and no --yes")
	require.Zero(t, r.safepoint("schedule", "delete", id, "--yes").code)
	assert.Equal(t, 2, r.safepoint("schedule", "describe", id).code)
}

func TestARunThatIsStillUnderWayWhenTheNextIsDueIsNotOvertaken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, path := r.scheduled(never, nil)
	r.apply(path, schedule.ActionCreate)
	r.everySecond(id) // a snapshot takes 3 s
	r.eventually(patience, "two runs and two that were skipped", func() bool {
		d, _ := r.glance(id)
		return d.Runs >= 2 && d.Overlapped >= 2
	})
	require.Zero(t, r.safepoint("schedule", "pause", id, "--note", "enough").code)
	r.eventually(patience, "the last run to end", func() bool {
		d, got := r.glance(id)
		return got.code == 0 && !running(d)
	})
	for _, run := range r.details(id).Recent {
		assert.Equal(t, string(workflows.OutcomeCommitted), run.Outcome, "not one of them met another one at the lock")
	}
	assert.LessOrEqual(t, int64(len(r.requests(vpsfake.OpCreateSnapshot))), r.details(id).Runs)
	r.lawful()
}

// everySecond makes a schedule fire more often than a file may say, as somebody could elsewhere; the rest stays as it was.
func (r *rig) everySecond(id string) {
	r.t.Helper()
	err := r.temp.ScheduleClient().GetHandle(r.t.Context(), id).Update(r.t.Context(), client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			changed := in.Description.Schedule
			changed.Spec = &client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: time.Second}}}
			return &client.ScheduleUpdate{Schedule: &changed}, nil
		},
	})
	require.NoError(r.t, err)
}

func running(d schedule.Details) bool {
	for _, run := range d.Recent {
		if run.Outcome == schedule.OutcomeRunning {
			return true
		}
	}
	return false
}

func TestAppliedTwiceIsTheSameAndAPersonsPauseSurvivesAChange(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	id, path := r.scheduled(map[string]any{"every": "1h", "jitter": "90s"}, nil)
	r.apply(path, schedule.ActionCreate)
	created := r.details(id)
	r.apply(path, schedule.ActionUnchanged)
	assert.Equal(t, created.UpdatedAt, r.details(id).UpdatedAt, "nothing was written")

	require.Zero(t, r.safepoint("schedule", "pause", id, "--note", "the shop has a sale").code)
	_, changed := r.scheduled(map[string]any{"calendars": []any{map[string]any{"hour": "3", "day_of_week": "mon-fri"}}}, func(file map[string]any) {
		part(file["input"].(map[string]any), "retention")["keep_last"] = 3
		file["paused"], file["note"] = false, "from the file"
	})
	got := r.apply(changed, schedule.ActionUpdate)
	assert.Contains(t, got.out, "input.retention.keep_last")
	d := r.details(id)
	assert.True(t, d.Paused, "a person's pause survives")
	assert.Equal(t, "the shop has a sale", d.Note)
	assert.JSONEq(t, `{"keep_last": 3}`, string(inputPart(t, d.Input, "retention")))
	require.NotEmpty(t, d.Next)
	for _, at := range d.Next {
		assert.Equal(t, 3, at.Hour())
		assert.NotContains(t, []time.Weekday{time.Saturday, time.Sunday}, at.Weekday())
	}
	r.apply(changed, schedule.ActionUnchanged)
	assert.True(t, r.details(id).Paused)

	require.Zero(t, r.safepoint("schedule", "resume", id).code)
	assert.False(t, r.details(id).Paused)
}

func inputPart(t *testing.T, input json.RawMessage, name string) json.RawMessage {
	t.Helper()
	parts := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(input, &parts))
	return parts[name]
}

func TestAScheduleOfSomebodyElseIsNotTakenOver(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	id, path := r.scheduled(never, nil)
	_, err := r.temp.ScheduleClient().Create(t.Context(), client.ScheduleOptions{
		ID: id, Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: time.Hour}}}, Note: "mine",
		Action: &client.ScheduleWorkflowAction{ID: "theirs", Workflow: "TheirWorkflow", TaskQueue: "theirs"}, Paused: true,
	})
	require.NoError(t, err)
	got := r.safepoint("schedule", "apply", "-f", path)
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.err, "was not made by safepoint")
	assert.Equal(t, 2, r.safepoint("schedule", "delete", id, "--yes").code)
	assert.Equal(t, "TheirWorkflow", r.details(id).Runbook)
	got = r.safepoint("schedule", "pause", id, "--note", "mine")
	assert.Zero(t, got.code, got.err)
	assert.Contains(t, got.err, "was not made by safepoint")

	r.apply(path, schedule.ActionUpdate, "--force")
	d := r.details(id)
	assert.Equal(t, workflows.TypeSnapshotUpdateVerify, d.Runbook)
	assert.True(t, d.Paused, "the pause is still its owner's")
	assert.False(t, d.Foreign)
	r.apply(path, schedule.ActionUnchanged)
}

func TestADryRunShowsTheTimesAndThePlanAndLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	spec := map[string]any{"cron": []string{"30 2 * * *"}, "time_zone": "Europe/Amsterdam", "jitter": "10m"}
	id, path := r.scheduled(spec, nil)
	got := r.safepoint("schedule", "apply", "-f", path, "--dry-run")
	require.Zero(t, got.code, got.err)
	assert.Contains(t, got.out, "would be created  "+id)
	assert.Equal(t, 5, strings.Count(got.out, " 02:30:00 CE"), got.out)
	assert.Contains(t, got.out, "up to 10m (jitter)")
	assert.Contains(t, got.out, "PLANNED")
	assert.Contains(t, got.out, "snapshot", "the runbook's own plan")
	assert.Empty(t, r.requests(vpsfake.OpCreateSnapshot), "nothing was written")
	assert.Equal(t, 2, r.safepoint("schedule", "describe", id).code, "there is no schedule")
	assert.Never(t, func() bool { return strings.Contains(r.safepoint("schedule", "list").out, id) }, 3*time.Second, 500*time.Millisecond)

	_, bad := r.scheduled(map[string]any{"cron": []string{"0 25 * * *"}}, nil)
	got = r.safepoint("schedule", "apply", "-f", bad, "--dry-run")
	assert.Equal(t, 2, got.code, got.err)
	got = r.safepoint("schedule", "apply", "-f", bad)
	assert.Equal(t, 2, got.code, got.err)
	assert.Equal(t, 2, r.safepoint("schedule", "describe", id).code)
}

func TestAScheduleThatNeverRunsIsRefusedUnlessItIsPaused(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	id, path := r.scheduled(map[string]any{"cron": []string{"0 3 30 2 *"}}, nil) // a day that no year has
	got := r.safepoint("schedule", "apply", "-f", path)
	assert.Equal(t, 2, got.code, got.err)
	assert.Contains(t, got.err, "never runs")
	assert.Equal(t, 2, r.safepoint("schedule", "describe", id).code, "nothing was written")

	_, paused := r.scheduled(map[string]any{"cron": []string{"0 3 30 2 *"}}, func(file map[string]any) { file["paused"] = true })
	r.apply(paused, schedule.ActionCreate)
	r.apply(paused, schedule.ActionUnchanged)
}

func TestAForcedUpdateIsSeenToArrive(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	id, path := r.scheduled(map[string]any{"every": "1h"}, func(file map[string]any) { file["paused"] = true })
	r.apply(path, schedule.ActionCreate)
	r.everySecond(id) // of which the action's memo says nothing
	require.Greater(t, 2*time.Second, r.pace(id))
	r.apply(path, schedule.ActionUnchanged)
	r.apply(path, schedule.ActionUpdate, "--force")
	assert.Equal(t, time.Hour, r.pace(id))
	r.apply(path, schedule.ActionUnchanged)
}

// pace is the time between the next two runs.
func (r *rig) pace(id string) time.Duration {
	r.t.Helper()
	next := r.details(id).Next
	require.Greater(r.t, len(next), 1)
	return next[1].Sub(next[0])
}
