package activities

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// answers is a script of lists; the last one is repeated for ever.
type answers []func() ([]vpsorg.Backup, error)

func (s answers) api() (*fakeAPI, *atomic.Int32) {
	var n atomic.Int32
	return &fakeAPI{listBackups: func() ([]vpsorg.Backup, error) { return s[min(int(n.Add(1)), len(s))-1]() }}, &n
}

func shows(list ...vpsorg.Backup) func() ([]vpsorg.Backup, error) {
	return func() ([]vpsorg.Backup, error) { return list, nil }
}

func fails(err error) func() ([]vpsorg.Backup, error) {
	return func() ([]vpsorg.Backup, error) { return nil, err }
}

func awaitBackup(t *testing.T, api API, timeout, firstLook time.Duration) contract.AwaitBackupResult {
	t.Helper()
	a, _ := newActivities(api)
	a.pace.firstLook = firstLook
	got, err := execute[contract.AwaitBackupResult](t, a, a.AwaitBackup,
		contract.AwaitBackupInput{ServerID: testServer, BackupID: 1, Timeout: contract.Duration(timeout)})
	require.NoError(t, err)
	return got
}

func TestAwaitBackupEndsAsTheListShowsIt(t *testing.T) {
	progress, other := shows(backup(1, "in_progress", "")), shows(backup(2, "completed", ""))
	for name, c := range map[string]struct {
		script answers
		state  contract.AwaitState
		status contract.BackupStatus
		detail string
	}{
		"completed":                  {answers{shows(backup(1, "completed", ""))}, contract.AwaitDone, "completed", ""},
		"after a while":              {answers{other, progress, shows(backup(1, "finalizing", "")), shows(backup(1, "completed", ""))}, contract.AwaitDone, "completed", ""},
		"failed looks only cost":     {answers{fails(apiSays(401)), progress, fails(apiSays(500)), shows(backup(1, "completed", ""))}, contract.AwaitDone, "completed", ""},
		"a list that is not whole":   {answers{progress, fails(&vpsorg.Error{Status: 200, Err: vpsorg.ErrNotWhole}), shows(backup(1, "completed", ""))}, contract.AwaitDone, "completed", ""},
		"one list that lags":         {answers{progress, other, shows(backup(1, "completed", ""))}, contract.AwaitDone, "completed", ""},
		"failed":                     {answers{progress, shows(backup(1, "failed", ""))}, contract.AwaitFailed, "failed", `"failed"`},
		"failed in another word":     {answers{shows(backup(1, "error", ""))}, contract.AwaitFailed, "error", `"error"`},
		"gone after it was there":    {answers{progress, other}, contract.AwaitGone, "in_progress", "missing from"},
		"gone, by the list of a lot": {answers{progress, shows()}, contract.AwaitGone, "in_progress", "missing from"},
	} {
		t.Run(name, func(t *testing.T) {
			api, _ := c.script.api()
			got := awaitBackup(t, api, time.Minute, time.Minute)
			assert.Equal(t, c.state, got.State)
			assert.Equal(t, c.status, got.Backup.Status)
			assert.Contains(t, got.Detail, c.detail)
			assert.Equal(t, c.detail == "", got.Detail == "")
		})
	}
}

func TestAwaitBackupThatTimesOutSaysHowThingsStood(t *testing.T) {
	for name, c := range map[string]struct {
		script    answers
		want      string
		firstLook time.Duration
	}{
		"never listed":   {answers{shows()}, "never appeared", time.Minute},
		"in progress":    {answers{shows(backup(1, "in_progress", ""))}, "in_progress", time.Minute},
		"a word unknown": {answers{shows(backup(1, "Completed", ""))}, "Completed", time.Minute},
		"no answers":     {answers{fails(apiSays(401))}, "HTTP 401", waitedOutAfterALook},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, _ := c.script.api()
			got := awaitBackup(t, api, 30*time.Millisecond, c.firstLook)
			assert.Equal(t, contract.AwaitTimedOut, got.State)
			assert.Contains(t, got.Detail, c.want)
		})
	}
}

func TestABackupIsGoneOnlyWhenListsOverTheSettleTimeMissIt(t *testing.T) {
	st, state := backupWait{}.judge(1, nil, time.Hour, time.Minute)
	assert.Empty(t, state, "never seen: the list may lag")
	assert.Equal(t, backupWait{}, st)
	st, _ = st.judge(1, []contract.Backup{{ID: 1, Status: contract.BackupInProgress}}, time.Hour, time.Minute)
	for _, c := range []struct {
		at   time.Duration
		want contract.AwaitState
	}{{time.Hour, ""}, {time.Hour + 59*time.Second, ""}, {time.Hour + time.Minute, contract.AwaitGone}} {
		st, state = st.judge(1, nil, c.at, time.Minute)
		assert.Equal(t, c.want, state, c.at)
	}
	st, _ = st.judge(1, []contract.Backup{{ID: 1, Status: contract.BackupInProgress}}, 2*time.Hour, time.Minute)
	assert.Zero(t, st.Absent, "it is back")
	st, _ = st.judge(1, nil, 2*time.Hour, 0)
	_, state = st.judge(1, nil, 2*time.Hour, 0)
	assert.Equal(t, contract.AwaitGone, state, "never after one list alone")
}

func TestAwaitBackupAsksOnceEachPollIntervalAndWaitsAsLongAsTheAPIAsks(t *testing.T) {
	limited := apiSays(429)
	limited.RetryAfter = time.Minute
	for name, c := range map[string]struct {
		script answers
		most   int32
	}{
		"by the poll interval": {answers{shows(backup(1, "in_progress", ""))}, 12},
		"by Retry-After":       {answers{fails(limited)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			api, asked := c.script.api()
			got := awaitBackup(t, api, 50*time.Millisecond, waitedOut)
			assert.Equal(t, contract.AwaitTimedOut, got.State)
			assert.LessOrEqual(t, asked.Load(), c.most)
		})
	}
}

func TestAwaitBackupHeartbeatsAndAnotherWorkerGoesOnWithIt(t *testing.T) {
	api, _ := answers{shows()}.api()
	a, _ := newActivities(api)
	env := newEnv(t, a)
	env.SetHeartbeatDetails(beat[backupWait]{
		Elapsed: contract.Duration(time.Hour),
		State:   backupWait{Last: contract.Backup{ID: 1, Status: contract.BackupInProgress}, Absent: 5, MissingSince: contract.Duration(time.Minute)},
	})
	got, err := runAs[contract.AwaitBackupResult](t, env, a.AwaitBackup,
		contract.AwaitBackupInput{ServerID: testServer, BackupID: 1, Timeout: contract.Duration(time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, contract.AwaitGone, got.State, "it looks once more although time is over, and knows what was seen")
	assert.EqualValues(t, 1, got.Backup.ID)

	beats := make(chan struct{}, 1)
	slow := &fakeAPI{listBackups: func() ([]vpsorg.Backup, error) {
		select {
		case <-beats:
			return []vpsorg.Backup{backup(1, "completed", "")}, nil
		case <-time.After(10 * time.Second):
			return nil, errors.New("no heartbeat came")
		}
	}}
	a, _ = newActivities(slow)
	env = newEnv(t, a)
	env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) {
		select {
		case beats <- struct{}{}:
		default:
		}
	})
	got, err = runAs[contract.AwaitBackupResult](t, env, a.AwaitBackup,
		contract.AwaitBackupInput{ServerID: testServer, BackupID: 1, Timeout: contract.Duration(time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, contract.AwaitDone, got.State)
}

func TestAwaitBackupIsHandedOverWhenItsWorkerStops(t *testing.T) {
	stop := make(chan struct{})
	var once atomic.Bool
	api := &fakeAPI{listBackups: func() ([]vpsorg.Backup, error) {
		if once.CompareAndSwap(false, true) {
			close(stop)
		}
		return nil, nil
	}}
	a, _ := newActivities(api)
	env := newEnv(t, a)
	env.SetWorkerStopChannel(stop)
	_, err := runAs[contract.AwaitBackupResult](t, env, a.AwaitBackup,
		contract.AwaitBackupInput{ServerID: testServer, BackupID: 1, Timeout: contract.Duration(time.Minute)})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrWorkerStopping, app.Type())
}
