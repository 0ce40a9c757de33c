package activities

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// everyWrite runs each write activity to the API with the same fence and returns its answer.
var everyWrite = map[string]func(t *testing.T, a *Activities, fence contract.Fence) contract.WriteAnswer{
	"create": func(t *testing.T, a *Activities, fence contract.Fence) contract.WriteAnswer {
		r, err := execute[contract.CreateSnapshotResult](t, a, a.CreateSnapshot, contract.CreateSnapshotInput{Fence: fence, ServerID: testServer, Name: testName})
		require.NoError(t, err)
		return r.Answer
	},
	"delete": func(t *testing.T, a *Activities, fence contract.Fence) contract.WriteAnswer {
		r, err := execute[contract.DeleteSnapshotResult](t, a, a.DeleteSnapshot, deletable(fence))
		require.NoError(t, err)
		assert.Equal(t, r.Answer.Outcome == contract.WriteAccepted, r.Deleted)
		return r.Answer
	},
	"restore": func(t *testing.T, a *Activities, fence contract.Fence) contract.WriteAnswer {
		r, err := execute[contract.RestoreSnapshotResult](t, a, a.RestoreSnapshot, contract.RestoreSnapshotInput{Fence: fence, ServerID: testServer, SnapshotID: 1})
		require.NoError(t, err)
		assert.Empty(t, r.Unfit)
		return r.Answer
	},
	"stop": func(t *testing.T, a *Activities, fence contract.Fence) contract.WriteAnswer {
		r, err := execute[contract.PowerResult](t, a, a.StopServer, contract.PowerInput{Fence: fence, ServerID: testServer})
		require.NoError(t, err)
		return r.Answer
	},
	"start": func(t *testing.T, a *Activities, fence contract.Fence) contract.WriteAnswer {
		r, err := execute[contract.PowerResult](t, a, a.StartServer, contract.PowerInput{Fence: fence, ServerID: testServer})
		require.NoError(t, err)
		return r.Answer
	},
}

func deletable(fence contract.Fence) contract.DeleteSnapshotInput {
	return contract.DeleteSnapshotInput{Fence: fence, ServerID: testServer, SnapshotID: 1, NamePrefix: "pre-update", Policy: "update"}
}

// readyAPI holds snapshot 1, which may be deleted and restored, and a newer one.
func readyAPI() *fakeAPI {
	old := vpsorg.Snapshot{
		ID: 1, ServerID: testServer, Name: testName, Status: "completed",
		Description: description("run-1", "update"), CreatedAt: time.Unix(100, 0).UTC(),
	}
	newer := vpsorg.Snapshot{ID: 2, ServerID: testServer, Name: "by-hand", Status: "completed", CreatedAt: time.Unix(200, 0).UTC()}
	return &fakeAPI{snapshots: []vpsorg.Snapshot{old, newer}, made: vpsorg.Snapshot{ID: 3, ServerID: testServer, Name: testName, Status: "in_progress"}}
}

func TestAWriteThatPassesTheFenceIsSentOnceWithABoundedRequest(t *testing.T) {
	for name, write := range everyWrite {
		t.Run(name, func(t *testing.T) {
			api := readyAPI()
			a, gate := newActivities(api)
			got := write(t, a, fenced())
			assert.Equal(t, contract.WriteAccepted, got.Outcome, got.Detail)
			assert.Len(t, api.sent(), 1)
			assert.Equal(t, []string{"lock server-lock/7 lock-run", "attempt"}, gate.asked, "the lock first, the attempt after it")
			assert.LessOrEqual(t, time.Until(api.deadline), contract.WriteRequestTimeout)
		})
	}
}

func TestNoWriteLeavesWhenTheFenceSaysNo(t *testing.T) {
	reset, noOriginal, halfLock := fenced(), fenced(), fenced()
	halfLock.LockRunID = ""
	reset.OriginalRunID, noOriginal.OriginalRunID = "an-earlier-run", ""
	for name, c := range map[string]struct {
		fence contract.Fence
		bend  func(a *Activities, gate *fakeGate)
		want  contract.WriteOutcome
	}{
		"after a reset":             {reset, func(*Activities, *fakeGate) {}, contract.WriteAmbiguous},
		"without an original run":   {noOriginal, func(*Activities, *fakeGate) {}, contract.WriteAmbiguous},
		"when the lock is lost":     {fenced(), func(_ *Activities, g *fakeGate) { g.lost = true }, contract.WriteLockLost},
		"when the lock has no run":  {halfLock, func(*Activities, *fakeGate) {}, contract.WriteLockLost},
		"when the lock is not read": {fenced(), func(_ *Activities, g *fakeGate) { g.lockErr = errors.New("no answer") }, contract.WriteNotSent},
		"when the attempt is over":  {fenced(), func(_ *Activities, g *fakeGate) { g.tokenErr = errors.New("not found") }, contract.WriteNotSent},
		"when it is too late":       {fenced(), func(a *Activities, g *fakeGate) { jump(a, g, contract.CheckedWriteSendWithin) }, contract.WriteNotSent},
	} {
		for kind, write := range everyWrite {
			t.Run(kind+" "+name, func(t *testing.T) {
				api := readyAPI()
				a, gate := newActivities(api)
				c.bend(a, gate)
				got := write(t, a, c.fence)
				assert.Equal(t, c.want, got.Outcome)
				assert.NotEmpty(t, got.Detail)
				assert.Empty(t, api.sent(), "nothing was sent")
			})
		}
	}
}

// jump moves the fence's clock while Temporal is asked about the attempt, which is the last question before the send.
func jump(a *Activities, gate *fakeGate, by time.Duration) {
	var offset time.Duration
	a.pace.now = func() time.Time { return time.Now().Add(offset) }
	gate.onToken = func() { offset = by }
}

func TestAWorkflowThatLookedMayWriteAfterAReset(t *testing.T) {
	fence := fenced()
	fence.OriginalRunID, fence.LookedRunID = "an-earlier-run", testRun
	api := readyAPI()
	a, _ := newActivities(api)
	assert.Equal(t, contract.WriteAccepted, everyWrite["create"](t, a, fence).Outcome)
	assert.Len(t, api.sent(), 1)
}

// A later reset replays the look, but the run that looked may have sent the write after it.
func TestALookOfAnEarlierRunDoesNotCount(t *testing.T) {
	fence := fenced()
	fence.OriginalRunID, fence.LookedRunID = "the-first-run", "the-second-run"
	for _, kind := range []string{"create", "restore"} {
		api := readyAPI()
		a, _ := newActivities(api)
		assert.Equal(t, contract.WriteAmbiguous, everyWrite[kind](t, a, fence).Outcome)
		assert.Empty(t, api.sent())
	}
}

func TestAPowerCallMayBeRepeatedAfterAReset(t *testing.T) {
	fence := fenced()
	fence.OriginalRunID, fence.Repeatable = "an-earlier-run", true
	api := readyAPI()
	a, _ := newActivities(api)
	assert.Equal(t, contract.WriteAccepted, everyWrite["start"](t, a, fence).Outcome)
}

func TestASecondAttemptIsAmbiguousEvenAfterTheWorkflowLooked(t *testing.T) {
	w := &write{fence: contract.Fence{OriginalRunID: testRun, LookedRunID: testRun, Repeatable: true}, runID: testRun, attempt: 2, gate: &fakeGate{}, now: time.Now, entry: time.Now()}
	sent := false
	got := w.send(context.Background(), func(context.Context) error { sent = true; return nil })
	assert.Equal(t, contract.WriteAmbiguous, got.Outcome)
	assert.False(t, sent)
}

func TestTheFenceCountsTimeInWhichTheMachineSlept(t *testing.T) {
	entry := time.Now()
	// Round(0) drops the monotonic reading: this is a wall clock that went on while the monotonic one stood still.
	w := &write{entry: entry, now: func() time.Time { return entry.Round(0).Add(time.Minute) }}
	assert.GreaterOrEqual(t, w.elapsed(), time.Minute)
}

func TestWithoutALockTheFenceAsksOnlyAboutTheAttempt(t *testing.T) {
	api := readyAPI()
	a, gate := newActivities(api)
	assert.Equal(t, contract.WriteAccepted, everyWrite["stop"](t, a, contract.Fence{OriginalRunID: testRun}).Outcome)
	assert.Equal(t, []string{"attempt"}, gate.asked)
}

func TestTheFenceHoldsTheWebhookToo(t *testing.T) {
	var posts atomic.Int32
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posts.Add(1) }))
	defer hook.Close()
	reset := fenced()
	reset.OriginalRunID = "an-earlier-run"
	for name, c := range map[string]struct {
		fence contract.Fence
		bend  func(a *Activities, gate *fakeGate)
		want  contract.ChangeResult
		lost  bool
	}{
		"after a reset":            {reset, func(*Activities, *fakeGate) {}, contract.ChangeUnknown, false},
		"when the lock is lost":    {fenced(), func(_ *Activities, g *fakeGate) { g.lost = true }, contract.ChangeNotStarted, true},
		"when the attempt is over": {fenced(), func(_ *Activities, g *fakeGate) { g.tokenErr = errors.New("not found") }, contract.ChangeNotStarted, false},
		"when it is too late":      {fenced(), func(a *Activities, g *fakeGate) { jump(a, g, contract.WriteSendWithin) }, contract.ChangeNotStarted, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, gate := newActivities(&fakeAPI{})
			c.bend(a, gate)
			got, err := execute[contract.SendWebhookResult](t, a, a.SendWebhook,
				contract.SendWebhookInput{Fence: c.fence, URL: hook.URL, Timeout: contract.Duration(time.Second)})
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Result)
			assert.Equal(t, c.lost, got.LockLost)
			assert.NotEmpty(t, got.Detail)
		})
	}
	assert.Zero(t, posts.Load(), "nothing was sent")
}
