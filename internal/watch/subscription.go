package watch

import (
	"context"
	"fmt"
	"time"
)

// Observation is what one request showed.
type Observation[T any] struct {
	// Value is the caller's own copy. It is the zero value when Err is set.
	Value T
	// Err is the request's failure. The poller goes on: the next observation may be fine.
	Err error
	// At is when the request began, by this machine's monotonic clock.
	At time.Time
}

// Subscription is one wait for one server. One goroutine at a time may use it.
type Subscription[T any] struct {
	feed     *feed[T]
	serverID int64

	// arrived holds a token when newest was set; ended is closed with the subscription or the poller.
	arrived chan struct{}
	ended   chan struct{}

	// Guarded by the feed's mutex.
	over   bool
	newest *Observation[T]
	// from is the number of the first poll that may be delivered: it had not begun when the subscription was made,
	// or when the last observation was delivered.
	from uint64
}

// Next blocks until there is an observation from a request that began after the subscription was made and after the
// previous observation was delivered. Of several it is the newest. A failed request is an observation; Next itself fails
// only when ctx ends, or with ErrClosed.
func (s *Subscription[T]) Next(ctx context.Context) (Observation[T], error) {
	for {
		if err := ctx.Err(); err != nil {
			return Observation[T]{}, fmt.Errorf("wait for the next poll: %w", err)
		}
		if o, ok, err := s.take(); ok || err != nil {
			return o, err
		}
		select {
		case <-s.arrived:
		case <-s.ended:
		case <-ctx.Done():
		}
	}
}

// take returns the newest observation, if one waits.
func (s *Subscription[T]) take() (Observation[T], bool, error) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	if s.over {
		return Observation[T]{}, false, ErrClosed
	}
	if s.newest == nil {
		return Observation[T]{}, false, nil
	}
	o := *s.newest
	s.newest = nil
	s.from = s.feed.begun + 1
	o.Value = s.feed.clone(o.Value)
	return o, true, nil
}

// put leaves an observation for the subscriber, in the place of one that was not fetched. The feed's mutex is held.
func (s *Subscription[T]) put(poll uint64, o *Observation[T]) {
	if poll < s.from {
		return
	}
	s.newest = o
	select {
	case s.arrived <- struct{}{}:
	default: // a token is there already
	}
}

// Close ends the subscription. With the last one the poller falls idle. It may be called twice.
func (s *Subscription[T]) Close() { s.feed.leave(s) }

// end wakes the subscriber for the last time. The feed's mutex is held.
func (s *Subscription[T]) end() {
	if !s.over {
		s.over, s.newest = true, nil
		close(s.ended)
	}
}
