package activities

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
	"github.com/safepoint-dev/safepoint/internal/watch"
)

// own describes the snapshots that snap makes.
func own() contract.OwnSnapshot {
	return contract.OwnSnapshot{ServerID: testServer, Name: testName, RunID: testRun}
}

func newPoller(api watch.API) *watch.Poller {
	return watch.New(api, watch.Options{Interval: 2 * time.Millisecond})
}

func TestOursIsToldByNameRunAndNotHavingBeenThereBefore(t *testing.T) {
	for name, c := range map[string]struct {
		s    contract.Snapshot
		own  contract.OwnSnapshot
		want bool
	}{
		"ours":                 {snap(1, 1), own(), true},
		"another name":         {snap(1, 1, named("x")), own(), false},
		"another run":          {snap(1, 1, says(description("r2", "update"))), own(), false},
		"a part of the run id": {snap(1, 1, says(description(testRun+"2", "update"))), own(), false},
		"of another server":    {snap(1, 1, func(s *contract.Snapshot) { s.ServerID = 8 }), own(), false},
		"listed before":        {snap(1, 1), contract.OwnSnapshot{ServerID: testServer, Name: testName, RunID: testRun, KnownIDs: []int64{1}}, false},
		"no run asked":         {snap(1, 1, says("")), contract.OwnSnapshot{ServerID: testServer, Name: testName}, false},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, matches(c.own, c.s)) })
	}
	assert.Equal(t, []int64{3, 5}, ids(ours(own(), []contract.Snapshot{snap(5, 1), snap(4, 1, named("x")), snap(3, 9)})), "lowest id first")
}

func ids(list []contract.Snapshot) []int64 {
	var all []int64
	for _, s := range list {
		all = append(all, s.ID)
	}
	return all
}

func TestASnapshotIsReadyOnlyAsTheListShowsIt(t *testing.T) {
	const progress, done = contract.SnapshotInProgress, contract.SnapshotCompleted
	for name, c := range map[string]struct {
		list  []contract.Snapshot
		over  bool
		state contract.AwaitState
		kept  int64
		twins []int64
	}{
		"not listed yet":                     {list: []contract.Snapshot{snap(9, 9, named("x"))}},
		"in progress":                        {list: []contract.Snapshot{snap(1, 1, status(progress))}, kept: 1},
		"an unknown status":                  {list: []contract.Snapshot{snap(1, 1, status("finalizing"))}, kept: 1},
		"completed":                          {list: []contract.Snapshot{snap(1, 1)}, over: true, state: contract.AwaitDone, kept: 1},
		"failed":                             {list: []contract.Snapshot{snap(1, 1, status("failed"))}, over: true, state: contract.AwaitFailed, kept: 1},
		"by its id alone":                    {list: []contract.Snapshot{snap(1, 1, named("renamed"), says(""))}, over: true, state: contract.AwaitDone, kept: 1},
		"completed, twin in progress":        {list: []contract.Snapshot{snap(2, 1, status(progress)), snap(1, 1)}, kept: 1, twins: []int64{2}},
		"completed, twin of unknown status":  {list: []contract.Snapshot{snap(1, 1), snap(2, 1, status("odd"))}, kept: 1, twins: []int64{2}},
		"in progress, twin completed":        {list: []contract.Snapshot{snap(1, 1, status(progress)), snap(2, 1)}, kept: 1, twins: []int64{2}},
		"two completed":                      {list: []contract.Snapshot{snap(2, 1), snap(1, 1, status(done))}, over: true, state: contract.AwaitDone, kept: 1, twins: []int64{2}},
		"lowest failed, twin completed":      {list: []contract.Snapshot{snap(1, 1, status("failed")), snap(2, 1)}, over: true, state: contract.AwaitDone, kept: 2, twins: []int64{1}},
		"lowest failed, twin in progress":    {list: []contract.Snapshot{snap(1, 1, status("failed")), snap(2, 1, status(progress))}, kept: 2, twins: []int64{1}},
		"all failed":                         {list: []contract.Snapshot{snap(2, 1, status("error")), snap(1, 1, status("failed"))}, over: true, state: contract.AwaitFailed, kept: 1, twins: []int64{2}},
		"its id, but listed before the POST": {list: []contract.Snapshot{snap(6, 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			who := own()
			who.KnownIDs = []int64{6}
			id := int64(1)
			if len(c.list) == 1 && c.list[0].ID == 6 {
				id = 6
			}
			_, got, over := snapshotWait{}.judge(who, id, c.list)
			assert.Equal(t, c.over, over)
			assert.Equal(t, c.state, got.State)
			assert.Equal(t, c.kept, got.Snapshot.ID)
			assert.Equal(t, c.twins, ids(got.Twins))
			assert.Equal(t, c.list, got.All)
		})
	}
}

func TestASnapshotIsGoneOnlyAfterItWasSeenAndTwoListsMissIt(t *testing.T) {
	var st snapshotWait
	for range 5 {
		var over bool
		st, _, over = st.judge(own(), 1, nil)
		require.False(t, over, "a list that lags proves nothing")
	}
	st, _, _ = st.judge(own(), 1, []contract.Snapshot{snap(1, 1, status("in_progress"))})
	st, _, over := st.judge(own(), 1, nil)
	assert.False(t, over)
	_, got, over := st.judge(own(), 1, nil)
	assert.True(t, over)
	assert.Equal(t, contract.AwaitGone, got.State)
	assert.NotEmpty(t, got.Detail)

	st, _, _ = st.judge(own(), 1, []contract.Snapshot{snap(1, 1, status("in_progress"))})
	_, _, over = st.judge(own(), 1, nil)
	assert.False(t, over, "seen again: the count begins anew")
}

func TestAwaitSnapshotThroughTheSharedPoller(t *testing.T) {
	var lists atomic.Int32
	api := &fakeAPI{list: func() ([]vpsorg.Snapshot, error) {
		s := vpsorg.Snapshot{ID: 1, ServerID: testServer, Name: testName, Status: "in_progress", Description: description(testRun, "update")}
		switch lists.Add(1) {
		case 1:
			return nil, apiSays(401)
		case 2:
			return []vpsorg.Snapshot{s}, nil
		case 3:
			return nil, apiSays(500)
		default:
			s.Status, s.SizeMB = "completed", 512
			return []vpsorg.Snapshot{s}, nil
		}
	}}
	a, _ := newActivities(api)
	poller := newPoller(api)
	defer poller.Close()
	a.watch = NewWatcher(poller)
	got, err := execute[contract.AwaitSnapshotResult](t, a, a.AwaitSnapshot,
		contract.AwaitSnapshotInput{Own: own(), ID: 1, Timeout: contract.Duration(time.Minute)})
	require.NoError(t, err, "a 401 and a 500 only cost time")
	assert.Equal(t, contract.AwaitDone, got.State)
	assert.EqualValues(t, 512, got.Snapshot.SizeMB)
	assert.Len(t, got.All, 1)
}

func TestAwaitSnapshotThatTimesOutSaysHowThingsStood(t *testing.T) {
	for name, c := range map[string]struct {
		looks     []Look[[]contract.Snapshot]
		want      string
		firstLook time.Duration
	}{
		"never listed": {[]Look[[]contract.Snapshot]{{Value: nil}}, "never appeared", time.Minute},
		"in progress":  {[]Look[[]contract.Snapshot]{{Value: []contract.Snapshot{snap(1, 1, status("in_progress"))}}}, "in_progress", time.Minute},
		"no answers":   {[]Look[[]contract.Snapshot]{{Err: apiSays(401)}}, "HTTP 401", waitedOutAfterALook},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _ := newActivities(&fakeAPI{})
			a.pace.firstLook = c.firstLook
			script := &scriptWatch{}
			script.snapshots.looks = c.looks
			a.watch = script
			got, err := execute[contract.AwaitSnapshotResult](t, a, a.AwaitSnapshot,
				contract.AwaitSnapshotInput{Own: own(), ID: 1, Timeout: contract.Duration(40 * time.Millisecond)})
			require.NoError(t, err)
			assert.Equal(t, contract.AwaitTimedOut, got.State)
			assert.Contains(t, got.Detail, c.want)
		})
	}
}

func TestFindSnapshotLooksOnlyAfterTheListHasSettled(t *testing.T) {
	var firstList atomic.Int64
	begun := time.Now()
	var lists atomic.Int32
	api := &fakeAPI{list: func() ([]vpsorg.Snapshot, error) {
		firstList.CompareAndSwap(0, int64(time.Since(begun)))
		if lists.Add(1) < 3 {
			return nil, &vpsorg.Error{Status: 200, Err: vpsorg.ErrNotWhole}
		}
		s := vpsorg.Snapshot{ID: 4, ServerID: testServer, Name: testName, Description: description(testRun, "update")}
		return []vpsorg.Snapshot{s}, nil
	}}
	a, _ := newActivities(api)
	got, err := execute[contract.FindSnapshotResult](t, a, a.FindSnapshot, contract.FindSnapshotInput{Own: own(), Timeout: contract.Duration(time.Minute)})
	require.NoError(t, err, "a list that is not whole is asked for again, never taken for absence")
	assert.Equal(t, []int64{4}, ids(got.Ours))
	assert.GreaterOrEqual(t, time.Duration(firstList.Load()), a.settle)
}

func TestLaw8FindSnapshotEndsWhenTheUsersTimeIsOver(t *testing.T) {
	a, _ := newActivities(&fakeAPI{readErr: apiSays(503)})
	_, err := execute[contract.FindSnapshotResult](t, a, a.FindSnapshot,
		contract.FindSnapshotInput{Own: own(), Timeout: contract.Duration(20 * time.Millisecond)})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrUnavailable, app.Type())
	assert.True(t, app.NonRetryable(), "not asked again for ever")
}

func TestFindSnapshotEndsOnAnAnswerThatCannotGetBetter(t *testing.T) {
	a, _ := newActivities(&fakeAPI{readErr: apiSays(401)})
	_, err := execute[contract.FindSnapshotResult](t, a, a.FindSnapshot, contract.FindSnapshotInput{Own: own()})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrUnauthorized, app.Type())
	assert.True(t, app.NonRetryable())
}
