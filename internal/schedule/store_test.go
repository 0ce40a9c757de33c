package schedule

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/serviceerror"
)

func TestAppliedTwiceWritesOnce(t *testing.T) {
	s, store := newServer()
	for i, want := range []Action{ActionCreate, ActionUnchanged, ActionUnchanged} {
		change, err := store.Apply(t.Context(), read(t, good), false)
		require.NoError(t, err)
		assert.Equal(t, want, change.Action, i)
	}
	assert.Len(t, s.created, 1)
	assert.Zero(t, s.updates)

	changed := read(t, strings.Replace(good, "0 3", "0 4", 1))
	for i, want := range []Action{ActionUpdate, ActionUnchanged} {
		change, err := store.Apply(t.Context(), changed, false)
		require.NoError(t, err)
		assert.Equal(t, want, change.Action, i)
	}
	assert.Equal(t, 1, s.updates)
}

func TestTheOrderOfFieldsAndTheSpellingOfATextAreNoDifference(t *testing.T) {
	_, store := newServer()
	_, err := store.Apply(t.Context(), read(t, good), false)
	require.NoError(t, err)
	same := `{"spec": {"time_zone": "Europe\/Amsterdam", "cron": ["0 3 * * *"]}, "catch_up": "60m", "overlap": "skip", "workflow_id": "nightly",
		"input": {"policy": {"keep_last": 2}, "all": true}, "runbook": "SnapshotRotation", "id": "nightly", "paused": true, "note": "only when created"}`
	change, err := store.Apply(t.Context(), read(t, same), false)
	require.NoError(t, err)
	assert.Equal(t, ActionUnchanged, change.Action, "%v", change.Differences)
}

func TestADifferenceIsNamedByItsPath(t *testing.T) {
	_, store := newServer()
	_, err := store.Apply(t.Context(), read(t, good), false)
	require.NoError(t, err)
	change, err := store.Inspect(t.Context(), read(t, strings.NewReplacer(`"keep_last": 2`, `"keep_last": 3`, `"id"`, `"overlap": "buffer_one", "id"`).Replace(good)))
	require.NoError(t, err)
	assert.Equal(t, []Difference{
		{Path: "input.policy.keep_last", Old: "2", New: "3"}, {Path: "overlap", Old: `"skip"`, New: `"buffer_one"`},
	}, change.Differences)
}

func TestAPauseThatComesBetweenTheLookAndTheWriteSurvives(t *testing.T) {
	s, store := newServer()
	_, err := store.Apply(t.Context(), read(t, good), false)
	require.NoError(t, err)
	s.beforeUpdate = func() {
		assert.NoError(t, store.Pause(context.Background(), "nightly", "ann: the shop has a sale"))
	}
	change, err := store.Apply(t.Context(), read(t, strings.Replace(good, "0 3", "0 4", 1)), false)
	require.NoError(t, err)
	assert.Equal(t, ActionUpdate, change.Action)
	assert.True(t, change.Paused)
	assert.Equal(t, 1, s.updates, "the update that was dropped is made again, on top of the pause")
	assert.True(t, s.state("nightly").GetPaused())
	assert.Equal(t, "ann: the shop has a sale", s.state("nightly").GetNotes())
}

func TestAForcedUpdateThatIsDroppedIsNeverReportedAsDone(t *testing.T) {
	s, store := newServer()
	_, err := store.Apply(t.Context(), read(t, good), false)
	require.NoError(t, err)
	s.beforeUpdate = func() {
		assert.NoError(t, store.Pause(context.Background(), "nightly", "ann"))
	}
	change, err := store.Apply(t.Context(), read(t, good), true)
	require.NoError(t, err)
	assert.Equal(t, ActionUpdate, change.Action)
	assert.Equal(t, 1, s.updates, "nothing differs, so that only the update's own word proves that it arrived")
	assert.True(t, s.state("nightly").GetPaused())

	change, err = store.Apply(t.Context(), read(t, good), false)
	require.NoError(t, err)
	assert.Equal(t, ActionUnchanged, change.Action, "the word is no difference: %v", change.Differences)
}

func TestAScheduleThatWouldNeverRunIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	s, store := newServer()
	s.never = true
	_, err := store.Apply(t.Context(), read(t, good), false)
	require.ErrorIs(t, err, ErrNever)
	assert.Empty(t, s.created)
	assert.Empty(t, s.schedules, "nor is the plan left")

	_, err = store.Apply(t.Context(), read(t, strings.Replace(good, `"id"`, `"paused": true, "id"`, 1)), false)
	require.NoError(t, err, "a paused one is not expected to run")
	_, err = store.Apply(t.Context(), read(t, strings.Replace(good, "0 3", "0 4", 1)), false)
	require.NoError(t, err)
	assert.Equal(t, 1, s.updates)

	s.state("nightly").Paused = false
	for _, hour := range []string{"0 4", "0 5"} {
		_, err = store.Apply(t.Context(), read(t, strings.Replace(good, "0 3", hour, 1)), false)
		require.ErrorIs(t, err, ErrNever, "changed or not")
	}
	assert.Equal(t, 1, s.updates)
}

func TestAScheduleWithoutSafepointsMarkIsForeignUntilItIsForced(t *testing.T) {
	s, store := newServer()
	s.schedules["nightly"] = &kept{schedule: &schedulepb.Schedule{State: &schedulepb.ScheduleState{Paused: true, Notes: "mine"}}, token: 1}
	change, err := store.Apply(t.Context(), read(t, good), false)
	require.ErrorIs(t, err, ErrForeign)
	assert.True(t, change.Foreign)
	assert.Zero(t, s.updates)

	_, err = store.Apply(t.Context(), read(t, good), true)
	require.NoError(t, err)
	assert.True(t, s.state("nightly").GetPaused())
	change, err = store.Apply(t.Context(), read(t, good), false)
	require.NoError(t, err)
	assert.Equal(t, ActionUnchanged, change.Action, "the mark is in the action too, where every server can update it")
}

func TestAPlanLeavesNoScheduleBehindWhateverHappens(t *testing.T) {
	for name, breaks := range map[string]func(*server, context.CancelFunc){
		"nothing":        func(*server, context.CancelFunc) {},
		"the look fails": func(s *server, _ context.CancelFunc) { s.onDescribe = func(string) error { return errors.New("away") } },
		"interrupted": func(s *server, cancel context.CancelFunc) {
			s.onDescribe = func(string) error { cancel(); return context.Canceled }
		},
		"an unclear answer": func(s *server, _ context.CancelFunc) {
			s.onCreate = func() error { return serviceerror.NewUnavailable("lost") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, store := newServer()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			breaks(s, cancel)
			times, err := store.NextTimes(ctx, read(t, good), 2)
			assert.Equal(t, name == "nothing", err == nil, "%v", err)
			if err == nil {
				assert.Len(t, times, 2)
			}
			assert.Empty(t, s.schedules)
			require.Len(t, s.deleted, 1)
			assert.True(t, strings.HasPrefix(s.deleted[0], "nightly-plan-"))
		})
	}
}

func TestAPlanNeverStartsAnything(t *testing.T) {
	s, store := newServer()
	var plan *schedulepb.Schedule
	s.onDescribe = func(id string) error { plan = s.schedules[id].schedule; return nil }
	_, err := store.NextTimes(t.Context(), read(t, good), 5)
	require.NoError(t, err)
	assert.True(t, plan.GetState().GetPaused())
	assert.Nil(t, plan.GetSpec().GetJitter(), "jitter is another one for each id")
}

func TestASpecThatTheServerDoesNotTakeIsSaidInItsWords(t *testing.T) {
	s, store := newServer()
	s.onCreate = func() error { return serviceerror.NewInvalidArgument("cron string is bad") }
	_, err := store.NextTimes(t.Context(), read(t, good), 5)
	require.ErrorIs(t, err, ErrRefused)
	assert.Contains(t, err.Error(), "cron string is bad")
	assert.Empty(t, s.deleted, "there was nothing to delete")
	_, err = store.Apply(t.Context(), read(t, good), false)
	require.ErrorIs(t, err, ErrRefused)
}
