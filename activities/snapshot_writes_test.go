package activities

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

func TestAnAcceptedCreateCarriesTheSnapshotAndAnyOtherAnswerNone(t *testing.T) {
	api := readyAPI()
	a, _ := newActivities(api)
	in := contract.CreateSnapshotInput{Fence: fenced(), ServerID: testServer, Name: testName, Description: "d"}
	got, err := execute[contract.CreateSnapshotResult](t, a, a.CreateSnapshot, in)
	require.NoError(t, err)
	assert.Equal(t, contract.Snapshot{ID: 3, ServerID: testServer, Name: testName, Status: contract.SnapshotInProgress}, got.Snapshot)

	api.writeErr = mayHave(502)
	got, err = execute[contract.CreateSnapshotResult](t, a, a.CreateSnapshot, in)
	require.NoError(t, err)
	assert.Equal(t, contract.WriteAmbiguous, got.Answer.Outcome)
	assert.Zero(t, got.Snapshot)
}

func TestARestoreOfAnUnfitSnapshotIsNeverSent(t *testing.T) {
	for name, list := range map[string][]vpsorg.Snapshot{
		"gone":              {},
		"in progress":       {{ID: 1, ServerID: testServer, Status: "in_progress"}},
		"of another server": {{ID: 1, ServerID: 8, Status: "completed"}},
	} {
		t.Run(name, func(t *testing.T) {
			api := readyAPI()
			api.snapshots = list
			a, gate := newActivities(api)
			got, err := execute[contract.RestoreSnapshotResult](t, a, a.RestoreSnapshot,
				contract.RestoreSnapshotInput{Fence: fenced(), ServerID: testServer, SnapshotID: 1})
			require.NoError(t, err)
			assert.NotEmpty(t, got.Unfit)
			assert.NotEqual(t, contract.WriteAccepted, got.Answer.Outcome)
			assert.Empty(t, api.sent())
			assert.Empty(t, gate.asked)
		})
	}
}

func TestARestoreWhoseAnswerNamesSomethingElseIsNotTakenForAYes(t *testing.T) {
	for name, c := range map[string]struct {
		answer vpsorg.Restore
		want   contract.WriteOutcome
	}{
		"as documented":   {vpsorg.Restore{Status: "success", Server: vpsorg.ServerRef{ID: testServer, Status: "restoring"}}, contract.WriteAccepted},
		"says nothing":    {vpsorg.Restore{}, contract.WriteAccepted},
		"another server":  {vpsorg.Restore{Status: "success", Server: vpsorg.ServerRef{ID: 8}}, contract.WriteAmbiguous},
		"another outcome": {vpsorg.Restore{Status: "error", Server: vpsorg.ServerRef{ID: testServer}}, contract.WriteAmbiguous},
	} {
		t.Run(name, func(t *testing.T) {
			api := readyAPI()
			api.restore = c.answer
			a, _ := newActivities(api)
			got, err := execute[contract.RestoreSnapshotResult](t, a, a.RestoreSnapshot,
				contract.RestoreSnapshotInput{Fence: fenced(), ServerID: testServer, SnapshotID: 1})
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Answer.Outcome)
			assert.Len(t, api.sent(), 1)
		})
	}
}

func TestNothingIsDeletedOrRestoredAfterALookThatFailed(t *testing.T) {
	limited := apiSays(429)
	limited.RetryAfter = time.Minute
	for name, c := range map[string]struct {
		err  error
		want contract.WriteAnswer
	}{
		"not whole":    {&vpsorg.Error{Status: 200, Err: vpsorg.ErrNotWhole}, contract.WriteAnswer{Outcome: contract.WriteNotSent}},
		"server error": {apiSays(500), contract.WriteAnswer{Outcome: contract.WriteNotSent}},
		"rate limit":   {limited, contract.WriteAnswer{Outcome: contract.WriteNotSent, RetryAfter: contract.Duration(time.Minute)}},
		"token":        {apiSays(401), contract.WriteAnswer{Outcome: contract.WriteUnauthorized, Status: 401}},
	} {
		for _, kind := range []string{"delete", "restore"} {
			t.Run(kind+" "+name, func(t *testing.T) {
				api := readyAPI()
				api.readErr = c.err
				a, _ := newActivities(api)
				got := everyWrite[kind](t, a, fenced())
				assert.NotEmpty(t, got.Detail)
				got.Detail = ""
				assert.Equal(t, c.want, got)
				assert.Empty(t, api.sent())
			})
		}
	}
}

func TestADeleteThatTheGuardRefusesIsNeverSent(t *testing.T) {
	api := readyAPI()
	api.snapshots = api.snapshots[:1] // the newest completed one
	a, _ := newActivities(api)
	got, err := execute[contract.DeleteSnapshotResult](t, a, a.DeleteSnapshot, deletable(fenced()))
	require.NoError(t, err)
	assert.Equal(t, contract.WriteRefused, got.Answer.Outcome)
	assert.NotEmpty(t, got.Answer.Detail)
	assert.False(t, got.Deleted)
	assert.Empty(t, api.sent())
}

func TestAlreadyGoneIsADeletionThatWorked(t *testing.T) {
	for name, api := range map[string]*fakeAPI{
		"not listed":         {snapshots: []vpsorg.Snapshot{}},
		"gone at the delete": {snapshots: readyAPI().snapshots, writeErr: apiSays(404)},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newActivities(api)
			got, err := execute[contract.DeleteSnapshotResult](t, a, a.DeleteSnapshot, deletable(fenced()))
			require.NoError(t, err)
			assert.Equal(t, contract.WriteAccepted, got.Answer.Outcome)
			assert.True(t, got.Deleted)
		})
	}
}

func TestAnAmbiguousDeleteIsNotCalledDeleted(t *testing.T) {
	api := readyAPI()
	api.writeErr = mayHave(504)
	a, _ := newActivities(api)
	got, err := execute[contract.DeleteSnapshotResult](t, a, a.DeleteSnapshot, deletable(fenced()))
	require.NoError(t, err)
	assert.Equal(t, contract.WriteAmbiguous, got.Answer.Outcome)
	assert.False(t, got.Deleted)
}

func TestTheLookBeforeAWriteEndsWithTheTimeToSend(t *testing.T) {
	api := readyAPI()
	a, _ := newActivities(api)
	w := &write{entry: time.Now().Add(-contract.WriteSendWithin + time.Second), now: time.Now}
	ctx, cancel := w.preparing(context.Background())
	defer cancel()
	deadline, ok := ctx.Deadline()
	require.True(t, ok)
	assert.LessOrEqual(t, time.Until(deadline), time.Second)
	_, err := a.listBefore(ctx, w, testServer)
	assert.NoError(t, err)
}
