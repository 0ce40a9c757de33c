package activities

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// errHandOver is the cause of a wait's context when its worker stops.
var errHandOver = errors.New("the worker is stopping; another one goes on with the wait")

// beat is what a wait's heartbeats carry. Elapsed is a duration, counted by the workers that watched: their clocks are
// never compared, and the time in which nobody watched is not held against the thing waited for.
type beat[S any] struct {
	Elapsed contract.Duration `json:"elapsed"`
	State   S                 `json:"state"`
}

// wait is one attempt of a wait with the state S, which outlives the attempt. Its heartbeats run on a ticker of their
// own, so that a slow API never looks like a dead worker.
type wait[S any] struct {
	parent context.Context
	ctx    context.Context
	cancel context.CancelCauseFunc
	begun  time.Time
	base   time.Duration
	nudges chan struct{}
	ended  chan struct{}

	mu    sync.Mutex
	state S
}

// startWait resumes from the last attempt's heartbeat or begins with fresh. The caller works with w.ctx and calls
// w.end when it is done. (A function and not a method of Activities, because Go has no generic methods.)
func startWait[S any](ctx context.Context, every time.Duration, fresh S) *wait[S] {
	w := &wait[S]{parent: ctx, begun: time.Now(), state: fresh, nudges: make(chan struct{}, 1), ended: make(chan struct{})}
	if activity.HasHeartbeatDetails(ctx) {
		var last beat[S]
		if err := activity.GetHeartbeatDetails(ctx, &last); err == nil {
			w.base, w.state = last.Elapsed.Std(), last.State
		} else {
			activity.GetLogger(ctx).Warn("The last attempt's progress cannot be read; the wait begins anew", "Error", err)
		}
	}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	go w.heartbeat(every)
	return w
}

// heartbeat sends the progress until the wait ends, and ends the wait when the worker stops.
func (w *wait[S]) heartbeat(every time.Duration) {
	defer close(w.ended)
	tick := time.NewTicker(every)
	defer tick.Stop()
	stopping := activity.GetWorkerStopChannel(w.parent)
	for {
		select {
		case <-tick.C:
		case <-w.nudges:
		case <-stopping:
			w.cancel(errHandOver)
			w.record() // the SDK delivers it with the error that ends this attempt; end waits for it
			return
		case <-w.ctx.Done():
			return
		}
		w.record()
	}
}

func (w *wait[S]) record() {
	activity.RecordHeartbeat(w.parent, beat[S]{Elapsed: contract.Duration(w.elapsed()), State: w.read()})
}

// end stops the heartbeats and waits until the last one is out.
func (w *wait[S]) end() {
	w.cancel(nil)
	<-w.ended
}

// elapsed is how long this and earlier attempts watched.
func (w *wait[S]) elapsed() time.Duration { return w.base + time.Since(w.begun) }

// here is how long this attempt has watched.
func (w *wait[S]) here() time.Duration { return time.Since(w.begun) }

// read returns the state. Slices in it are shared: replace them, never change them.
func (w *wait[S]) read() S {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// write replaces the state and has it sent soon.
func (w *wait[S]) write(s S) {
	w.mu.Lock()
	w.state = s
	w.mu.Unlock()
	select {
	case w.nudges <- struct{}{}:
	default: // one is under way and will carry it
	}
}

// interrupted returns the error to end this attempt with when it must not go on: nil while it may.
func (w *wait[S]) interrupted() error {
	switch {
	case w.parent.Err() != nil:
		return w.parent.Err()
	case errors.Is(context.Cause(w.ctx), errHandOver):
		return workerStopping(errHandOver.Error())
	default:
		return nil
	}
}

// pause waits, unless the attempt is interrupted.
func (w *wait[S]) pause(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.ctx.Done():
	}
	return w.interrupted()
}
