package activities

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// A list may lag by up to VPS_SETTLE behind one that was shown before, at any time of the wait: the time is counted from
// the first list that misses the snapshot.
func TestListsThatLagDoNotMakeASnapshotGone(t *testing.T) {
	const settle = 30 * time.Second
	var st snapshotWait
	look := func(at time.Duration, list ...contract.Snapshot) bool {
		next, got, over := st.judge(own(), 1, list)
		st, over = next.missing(got.State, over, at, settle)
		return over
	}
	assert.False(t, look(5*time.Minute, snap(1, 1, status("in_progress"))))
	for at := 5*time.Minute + 10*time.Second; at < 5*time.Minute+40*time.Second; at += 10 * time.Second {
		assert.False(t, look(at), "missing for %s", at-5*time.Minute-10*time.Second)
	}
	assert.True(t, look(5*time.Minute+40*time.Second), "missing for VPS_SETTLE")

	st = snapshotWait{}
	look(time.Minute, snap(1, 1, status("in_progress")))
	look(2 * time.Minute)
	look(3*time.Minute, snap(1, 1, status("in_progress")))
	assert.False(t, look(4*time.Minute), "seen in between: the time begins anew")
	assert.False(t, look(4*time.Minute+10*time.Second))
}

// Law 1: until the list has settled it is not asked at all, however slow the machine of this test is.
func TestFindSnapshotAsksNothingBeforeTheListHasSettled(t *testing.T) {
	var lists atomic.Int32
	a, _ := newActivities(&fakeAPI{list: func() ([]vpsorg.Snapshot, error) {
		lists.Add(1)
		return nil, apiSays(503)
	}})
	a.settle = time.Hour
	env := newEnv(t, a)
	stop := make(chan struct{})
	var once sync.Once
	env.SetWorkerStopChannel(stop)
	env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { once.Do(func() { close(stop) }) })
	_, err := env.ExecuteActivity(a.FindSnapshot, contract.FindSnapshotInput{Own: own()})
	assert.ErrorContains(t, err, "the worker is stopping")
	assert.Zero(t, lists.Load())
}
