package schedule

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/safepoint-dev/safepoint/workflows"
)

// tooBusy is what a schedule that fires every second may answer.
func tooBusy() error {
	return serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW, "query buffer is full")
}

func withoutPauses(t *testing.T) {
	before := lookAgain
	lookAgain = time.Millisecond
	t.Cleanup(func() { lookAgain = before })
}

func TestALookThatMeetsABusyScheduleIsTriedAgain(t *testing.T) {
	withoutPauses(t)
	s, store := newServer()
	_, err := store.Apply(t.Context(), read(t, good), false)
	require.NoError(t, err)
	looks := 0
	s.onDescribe = func(string) error {
		if looks++; looks < lookTries {
			return tooBusy()
		}
		return nil
	}
	d, err := store.Describe(t.Context(), "nightly", 0)
	require.NoError(t, err)
	assert.Equal(t, workflows.TypeSnapshotRotation, d.Runbook)
	assert.Equal(t, lookTries, looks)

	looks = 0
	s.onDescribe = func(string) error { looks++; return errors.New("no") }
	_, err = store.Describe(t.Context(), "nightly", 0)
	require.Error(t, err)
	assert.Equal(t, 1, looks, "another error is an answer")
}

func TestAScheduleThatIsTooBusyToBeLookedAtIsNotWritten(t *testing.T) {
	withoutPauses(t)
	s, store := newServer()
	_, err := store.Apply(t.Context(), read(t, good), false)
	require.NoError(t, err)
	s.onDescribe = func(string) error { return tooBusy() }
	for name, request := range map[string]func() error{
		"apply":   func() error { _, err := store.Apply(t.Context(), read(t, good), true); return err },
		"inspect": func() error { _, err := store.Inspect(t.Context(), read(t, good)); return err },
		"times":   func() error { _, err := store.NextTimes(t.Context(), read(t, good), 1); return err },
		"trigger": func() error { _, err := store.Trigger(t.Context(), "nightly"); return err },
		"look":    func() error { _, err := store.Look(t.Context(), "nightly"); return err },
	} {
		err := request()
		require.ErrorIs(t, err, ErrUnseen, name)
		assert.ErrorContains(t, err, "nothing was done", name)
		assert.ErrorContains(t, err, "query buffer is full", name)
	}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = store.Apply(interrupted, read(t, good), true)
	require.Error(t, err)
	assert.NotErrorIs(t, err, ErrUnseen, "which an interrupt is not")

	// A look after a write says nothing of the kind.
	looks := 0
	s.onDescribe = func(id string) error {
		if id != "nightly" { // of the plan
			return nil
		}
		if looks++; looks > 1 {
			return tooBusy()
		}
		return nil
	}
	_, err = store.Apply(t.Context(), read(t, good), true)
	require.Error(t, err)
	assert.NotErrorIs(t, err, ErrUnseen)
}

func TestOneScheduleThatDoesNotAnswerHidesNoOther(t *testing.T) {
	withoutPauses(t)
	s, store := newServer()
	for _, text := range []string{good, strings.Replace(good, `"nightly"`, `"busy"`, 1)} {
		_, err := store.Apply(t.Context(), read(t, text), false)
		require.NoError(t, err)
	}
	require.NoError(t, store.Pause(t.Context(), "busy", "sale"))
	s.onDescribe = func(id string) error {
		if id == "busy" {
			return tooBusy()
		}
		return nil
	}
	list, err := store.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, "busy", list[0].ID)
	assert.Equal(t, workflows.TypeSnapshotRotation, list[0].Runbook)
	assert.True(t, list[0].Paused)
	assert.Contains(t, list[0].Trouble, "query buffer is full")
	assert.Empty(t, list[1].Trouble)
	assert.NotNil(t, list[1].Spec)

	s.onDescribe = func(string) error { return errors.New("no") }
	_, err = store.List(t.Context())
	require.Error(t, err, "a list that is not whole for another reason is none")
}
