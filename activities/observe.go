package activities

import (
	"context"
	"errors"
	"time"
)

// observation bounds one wait on a feed.
type observation struct {
	// timeout is the user's time for the whole wait, over all attempts.
	timeout time.Duration
	// least is how many answers this attempt must have seen before it may say that time is over: what was waited for may
	// have happened while no worker looked.
	least int
	// grace bounds how much longer than the user's time an attempt looks for those answers.
	grace time.Duration
}

// observe hands every look of the feed to step until step returns true. It returns true when time is over. An
// error interrupts the attempt.
func observe[S, T any](w *wait[S], feed Feed[T], o observation, step func(Look[T]) bool) (timedOut bool, err error) {
	answers := 0
	for {
		left := o.timeout - w.elapsed()
		if answers < o.least {
			left = max(left, o.grace-w.here())
		}
		if left <= 0 {
			return true, w.interrupted()
		}
		look, err := next(w.ctx, feed, left)
		if stop := w.interrupted(); stop != nil {
			return false, stop
		}
		if errors.Is(err, errNoLook) {
			continue // time is over, which the top of the loop says
		}
		if err != nil {
			return false, workerStopping("the shared poll has ended: " + short(err.Error()))
		}
		if look.Err == nil {
			answers++
		}
		if step(look) {
			return false, nil
		}
	}
}

// errNoLook means that no look came in time.
var errNoLook = errors.New("no look in time")

func next[T any](ctx context.Context, feed Feed[T], within time.Duration) (Look[T], error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	look, err := feed.Next(ctx)
	if err != nil && ctx.Err() != nil {
		return look, errNoLook
	}
	return look, err
}
