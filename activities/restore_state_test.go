package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// sight is one look at a server: its status and the second of its updated_at (0: not said), at the second of the wait.
type sight struct {
	at      int
	status  contract.ServerStatus
	updated int64
}

func stamp(second int64) time.Time {
	if second == 0 {
		return time.Time{}
	}
	return time.Unix(second, 0).UTC()
}

// feedRestore plays sights and returns the decision of each.
func feedRestore(st restoreWait, before contract.Server, sights []sight) (restoreWait, []restoreEnd) {
	limits := restoreLimits{settle: 30 * time.Second, reach: 15 * time.Second}
	var ends []restoreEnd
	for _, s := range sights {
		var end restoreEnd
		st, end = st.see(before, contract.Server{Status: s.status, UpdatedAt: stamp(s.updated)}, time.Duration(s.at)*time.Second, limits)
		ends = append(ends, end)
	}
	return st, ends
}

// every makes sights of the same kind, ten seconds apart.
func every(from, to int, status contract.ServerStatus, updated int64) []sight {
	var all []sight
	for at := from; at <= to; at += 10 {
		all = append(all, sight{at, status, updated})
	}
	return all
}

func TestARestoreHasFinishedExactlyAsLawThreeSays(t *testing.T) {
	ran := contract.Server{Status: active, UpdatedAt: stamp(100)}
	undated := contract.Server{Status: active}
	down := contract.Server{Status: stopped, UpdatedAt: stamp(100)}
	both := func(a []sight, b ...sight) []sight { return append(append([]sight{}, a...), b...) }
	for name, c := range map[string]struct {
		before  contract.Server
		sights  []sight
		done    bool // after the last sight, and not before
		unclear bool
	}{
		"restoring, then active twice":         {ran, []sight{{1, restoring, 0}, {2, active, 0}, {3, active, 0}}, true, false},
		"restoring, then stopped twice":        {ran, []sight{{1, restoring, 0}, {2, stopped, 0}, {3, stopped, 0}}, true, false},
		"restoring, then active once":          {ran, []sight{{1, restoring, 0}, {2, active, 0}}, false, false},
		"stopped and active are not a row":     {ran, []sight{{1, restoring, 0}, {2, stopped, 0}, {3, active, 0}}, false, false},
		"a flicker within the restore":         {ran, []sight{{1, restoring, 0}, {2, active, 0}, {3, restoring, 0}, {4, active, 0}}, false, false},
		"stopped before it shows restoring":    {ran, both(every(1, 51, stopped, 100), sight{61, restoring, 100}), false, false},
		"still restoring after very long":      {ran, every(1, 3600, restoring, 0), false, false},
		"an unknown word is under way":         {ran, []sight{{1, restoring, 0}, {2, "finalizing", 0}, {3, "finalizing", 0}}, false, false},
		"suspended is under way":               {ran, []sight{{1, restoring, 0}, {2, "suspended", 0}, {3, "suspended", 0}}, false, false},
		"unseen, quiet, moved":                 {ran, every(1, 31, active, 200), true, false},
		"unseen, quiet, not moved":             {ran, every(1, 31, active, 100), true, true},
		"unseen, quiet, nothing to compare":    {undated, every(1, 31, active, 200), true, true},
		"unseen, quiet, no longer said":        {ran, every(1, 31, active, 0), true, true},
		"unseen, not quiet for long enough":    {ran, every(1, 21, active, 200), false, false},
		"a change begins the quiet anew":       {ran, both(every(1, 21, active, 100), every(31, 51, active, 200)...), false, false},
		"quiet after a change":                 {ran, both(every(1, 21, active, 100), every(31, 61, active, 200)...), true, false},
		"quiet in an unknown word is no quiet": {ran, every(1, 600, "busy", 200), false, false},
		"stopped that ran: longer quiet":       {ran, every(1, 51, stopped, 200), false, false},
		"stopped that ran, quiet at last":      {ran, every(1, 61, stopped, 200), true, false},
		"stopped that was down already":        {down, every(1, 31, stopped, 200), true, false},
		"active that was down":                 {down, every(1, 31, active, 200), true, false},
		"a gap is not watched":                 {ran, []sight{{1, active, 100}, {600, active, 100}}, false, false},
		"a gap counts a little":                {ran, []sight{{1, active, 100}, {600, active, 100}, {700, active, 100}}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, ends := feedRestore(restoreWait{}, c.before, c.sights)
			for i, end := range ends {
				assert.Equal(t, c.done && i == len(ends)-1, end.done, "look %d", i+1)
			}
			assert.Equal(t, c.unclear, ends[len(ends)-1].unclear)
			assert.Equal(t, c.done, ends[len(ends)-1].detail != "")
		})
	}
}

func TestSeenRestoringOutlivesAWorkerAndQuietDoesNotCountTheGap(t *testing.T) {
	st, _ := feedRestore(restoreWait{}, contract.Server{Status: active}, []sight{{1, restoring, 0}})
	// What another worker reads from the heartbeat.
	resumed := restoreWait{SeenRestoring: st.SeenRestoring, Status: st.Status, InARow: st.InARow}
	_, ends := feedRestore(resumed, contract.Server{Status: active}, []sight{{500, active, 0}, {510, active, 0}})
	assert.False(t, ends[0].done)
	assert.True(t, ends[1].done)

	st, _ = feedRestore(restoreWait{}, contract.Server{Status: active, UpdatedAt: stamp(100)}, every(1, 21, active, 100))
	resumed = restoreWait{Status: st.Status, UpdatedAt: st.UpdatedAt, InARow: st.InARow, Quiet: st.Quiet}
	_, ends = feedRestore(resumed, contract.Server{Status: active, UpdatedAt: stamp(100)}, []sight{{500, active, 100}, {510, active, 100}})
	assert.False(t, ends[0].done, "nobody watched before this look")
	assert.True(t, ends[1].done)
}

func TestAwaitRestoreGoesOnThroughErrorsAndSaysWhatItSaw(t *testing.T) {
	looks := statuses(active, restoring)
	looks = append(looks, Look[contract.Server]{Err: apiSays(401)})
	looks = append(looks, statuses(restoring, stopped, stopped)...)
	a, _ := newActivities(&fakeAPI{})
	script := &scriptWatch{}
	script.server.looks = looks
	a.watch = script
	got, err := execute[contract.AwaitRestoreResult](t, a, a.AwaitRestore,
		contract.AwaitRestoreInput{ServerID: testServer, Before: contract.Server{Status: active}, Timeout: contract.Duration(time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, contract.AwaitDone, got.State)
	assert.True(t, got.SeenRestoring)
	assert.False(t, got.Unclear)
	assert.Equal(t, stopped, got.Server.Status)
	assert.Equal(t, len(looks), script.server.n)

	script = &scriptWatch{}
	script.server.looks = statuses(restoring)
	a.watch = script
	got, err = execute[contract.AwaitRestoreResult](t, a, a.AwaitRestore,
		contract.AwaitRestoreInput{ServerID: testServer, Timeout: contract.Duration(30 * time.Millisecond)})
	require.NoError(t, err)
	assert.Equal(t, contract.AwaitTimedOut, got.State)
	assert.True(t, got.SeenRestoring)
	assert.Contains(t, got.Detail, "restoring")
}
