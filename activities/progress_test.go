package activities

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// blocked are all waits against an API that never answers anything useful.
func blocked(t *testing.T) map[string]func(a *Activities) (fn, in any) {
	t.Helper()
	hour := contract.Duration(time.Hour)
	return map[string]func(a *Activities) (fn, in any){
		"FindSnapshot": func(a *Activities) (any, any) {
			a.settle = time.Hour
			return a.FindSnapshot, contract.FindSnapshotInput{}
		},
		"AwaitSnapshot": func(a *Activities) (any, any) {
			return a.AwaitSnapshot, contract.AwaitSnapshotInput{Timeout: hour}
		},
		"AwaitRestore": func(a *Activities) (any, any) { return a.AwaitRestore, contract.AwaitRestoreInput{Timeout: hour} },
		"AwaitServer":  func(a *Activities) (any, any) { return a.AwaitServer, contract.AwaitServerInput{Timeout: hour} },
		"AwaitAccess":  func(a *Activities) (any, any) { return a.AwaitAccess, contract.AwaitAccessInput{Timeout: hour} },
		"Verify": func(a *Activities) (any, any) {
			return a.Verify, contract.VerifyInput{InitialDelay: hour, Timeout: hour}
		},
		"AwaitLock": func(a *Activities) (any, any) {
			return a.AwaitLock, contract.AwaitLockInput{ServerID: testServer, Wait: true, Timeout: hour}
		},
	}
}

func blockedActivities() *Activities {
	a, _ := newActivities(&fakeAPI{readErr: apiSays(503)})
	a.watch, a.prober, a.locks = &scriptWatch{}, &scriptProber{}, &fakeLocks{err: errTemporalDown}
	return a
}

func TestEveryWaitHandsOverAtOnceWhenItsWorkerStops(t *testing.T) {
	for name, start := range blocked(t) {
		t.Run(name, func(t *testing.T) {
			a := blockedActivities()
			fn, in := start(a)
			env := newEnv(t, a)
			stop := make(chan struct{})
			var once sync.Once
			env.SetWorkerStopChannel(stop)
			env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { once.Do(func() { close(stop) }) })
			_, err := env.ExecuteActivity(fn, in)
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			assert.Equal(t, contract.ErrWorkerStopping, app.Type())
			assert.False(t, app.NonRetryable())
			assert.InDelta(t, 500*time.Millisecond, app.NextRetryDelay(), float64(time.Second), "nearly at once")
			assert.Positive(t, app.NextRetryDelay(), "zero would mean the retry policy's own pause")
		})
	}
}

func TestEveryWaitEndsWithItsContextAndHeartbeatsBeforeThat(t *testing.T) {
	for name, start := range blocked(t) {
		t.Run(name, func(t *testing.T) {
			a := blockedActivities()
			fn, in := start(a)
			env := newEnv(t, a)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
			env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { cancel() })
			_, err := env.ExecuteActivity(fn, in)
			require.Error(t, err)
			assert.ErrorContains(t, err, "context canceled")
		})
	}
}

func TestAWaitResumesItsTimeAndStateFromTheLastHeartbeat(t *testing.T) {
	a, _ := newActivities(&fakeAPI{})
	looks := &scriptWatch{}
	looks.server.looks = []Look[contract.Server]{{Value: contract.Server{ID: testServer, Status: contract.ServerActive}}}
	a.watch = looks
	a.settle = time.Hour // without the state of the last attempt this would wait for it
	env := newEnv(t, a)
	env.SetHeartbeatDetails(beat[restoreWait]{Elapsed: contract.Duration(time.Minute), State: restoreWait{SeenRestoring: true}})
	var elapsed []time.Duration
	var mu sync.Mutex
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var b beat[restoreWait]
		if assert.NoError(t, details.Get(&b)) {
			mu.Lock()
			defer mu.Unlock()
			elapsed = append(elapsed, b.Elapsed.Std())
		}
	})
	got, err := runAs[contract.AwaitRestoreResult](t, env, a.AwaitRestore,
		contract.AwaitRestoreInput{ServerID: testServer, Timeout: contract.Duration(time.Hour)})
	require.NoError(t, err)
	assert.Equal(t, contract.AwaitDone, got.State)
	assert.True(t, got.SeenRestoring)
	assert.False(t, got.Unclear)
	assert.True(t, looks.server.closed, "the subscription is given back")
	mu.Lock()
	defer mu.Unlock()
	for _, e := range elapsed {
		assert.GreaterOrEqual(t, e, time.Minute, "time goes on from the last attempt's")
	}
}

func TestAWaitWhoseTimeIsOverStillLooksBeforeItSaysSo(t *testing.T) {
	over := contract.Duration(2 * time.Hour)
	hour := contract.Duration(time.Hour)
	t.Run("a restore that finished while no worker ran", func(t *testing.T) {
		a, _ := newActivities(&fakeAPI{})
		looks := &scriptWatch{}
		looks.server.looks = []Look[contract.Server]{{Value: contract.Server{ID: testServer, Status: contract.ServerActive}}}
		a.watch = looks
		env := newEnv(t, a)
		env.SetHeartbeatDetails(beat[restoreWait]{Elapsed: over, State: restoreWait{SeenRestoring: true}})
		got, err := runAs[contract.AwaitRestoreResult](t, env, a.AwaitRestore, contract.AwaitRestoreInput{ServerID: testServer, Timeout: hour})
		require.NoError(t, err)
		assert.Equal(t, contract.AwaitDone, got.State)
	})
	t.Run("a snapshot that was completed while no worker ran", func(t *testing.T) {
		a, _ := newActivities(&fakeAPI{})
		looks := &scriptWatch{}
		looks.snapshots.looks = []Look[[]contract.Snapshot]{{Err: apiSays(500)}, {Value: []contract.Snapshot{snap(1, 100)}}}
		a.watch = looks
		env := newEnv(t, a)
		env.SetHeartbeatDetails(beat[snapshotWait]{Elapsed: over})
		got, err := runAs[contract.AwaitSnapshotResult](t, env, a.AwaitSnapshot, contract.AwaitSnapshotInput{Own: own(), ID: 1, Timeout: hour})
		require.NoError(t, err)
		assert.Equal(t, contract.AwaitDone, got.State)
	})
	t.Run("but not for ever", func(t *testing.T) {
		a, _ := newActivities(&fakeAPI{})
		a.watch = &scriptWatch{} // never answers
		a.pace.firstLook = waitedOut
		env := newEnv(t, a)
		env.SetHeartbeatDetails(beat[serverWait]{Elapsed: over})
		got, err := runAs[contract.AwaitServerResult](t, env, a.AwaitServer, contract.AwaitServerInput{ServerID: testServer, Timeout: hour})
		require.NoError(t, err)
		assert.Equal(t, contract.AwaitTimedOut, got.State)
		assert.NotEmpty(t, got.Detail)
	})
}

func TestHeartbeatDetailsThatCannotBeReadBeginTheWaitAnew(t *testing.T) {
	a, _ := newActivities(&fakeAPI{me: func() error { return nil }})
	env := newEnv(t, a)
	env.SetHeartbeatDetails("of another version")
	got, err := runAs[contract.AwaitAccessResult](t, env, a.AwaitAccess, contract.AwaitAccessInput{Timeout: contract.Duration(time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, contract.AwaitDone, got.State)
}

func TestAPollerThatEndedHandsTheWaitOver(t *testing.T) {
	a, _ := newActivities(&fakeAPI{})
	poller := newPoller(&fakeAPI{server: vpsorg.Server{ID: testServer, Status: "restoring"}})
	poller.Close()
	a.watch = NewWatcher(poller)
	_, err := execute[contract.AwaitServerResult](t, a, a.AwaitServer, contract.AwaitServerInput{ServerID: testServer, Timeout: contract.Duration(time.Hour)})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrWorkerStopping, app.Type())
}
