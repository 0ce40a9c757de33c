package watch

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// askFunc asks the API about some servers and tells what came of it, once for each of them, before it returns.
type askFunc[T any] func(ctx context.Context, servers []int64, tell func(serverID int64, o Observation[T]))

// feed polls one kind of thing for its subscribers. Its goroutine lives from the first subscriber to the last.
type feed[T any] struct {
	interval time.Duration
	spacing  time.Duration // between two polls at least, whoever joins
	pause    *pause
	running  *sync.WaitGroup // the poller's
	ask      askFunc[T]
	clone    func(T) T

	mu      sync.Mutex
	closed  bool
	waiting map[int64]map[*Subscription[T]]struct{} // by server; no empty inner maps
	session *session                                // nil while nobody waits
	joined  bool                                    // somebody waits for a first observation
	begun   uint64                                  // polls that have begun
	// The last poll's times outlive the session: leaving and joining again does not poll more often.
	lastBegin, lastEnd time.Time
}

// session is one life of the feed's goroutine.
type session struct {
	ctx    context.Context // of the requests too: when nobody waits any more, they are cut
	cancel context.CancelFunc
	wake   chan struct{} // the next poll may be due earlier than it was
}

// turn is one poll that has begun.
type turn struct {
	number  uint64
	servers []int64
}

func newFeed[T any](interval time.Duration, rest *pause, running *sync.WaitGroup, ask askFunc[T], clone func(T) T) *feed[T] {
	return &feed[T]{
		interval: interval, spacing: interval / joinFraction, pause: rest, running: running, ask: ask, clone: clone,
		waiting: make(map[int64]map[*Subscription[T]]struct{}),
	}
}

// subscribe adds a subscriber, and starts the goroutine with the first.
func (f *feed[T]) subscribe(serverID int64) *Subscription[T] {
	s := &Subscription[T]{feed: f, serverID: serverID, arrived: make(chan struct{}, 1), ended: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		s.end()
		return s
	}
	s.from = f.begun + 1
	if f.waiting[serverID] == nil {
		f.waiting[serverID] = make(map[*Subscription[T]]struct{})
	}
	f.waiting[serverID][s] = struct{}{}
	f.joined = true
	if f.session == nil {
		ctx, cancel := context.WithCancel(context.Background())
		f.session = &session{ctx: ctx, cancel: cancel, wake: make(chan struct{}, 1)}
		started := f.session
		f.running.Go(func() { f.run(started) })
		return s
	}
	select {
	case f.session.wake <- struct{}{}:
	default: // the goroutine will look anyway
	}
	return s
}

// leave takes a subscriber away, and stops the goroutine with the last.
func (f *feed[T]) leave(s *Subscription[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.end()
	delete(f.waiting[s.serverID], s)
	if len(f.waiting[s.serverID]) == 0 {
		delete(f.waiting, s.serverID)
	}
	if len(f.waiting) == 0 {
		f.stop()
	}
}

// close ends every subscription, now and later.
func (f *feed[T]) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, subscriptions := range f.waiting {
		for s := range subscriptions {
			s.end()
		}
	}
	clear(f.waiting)
	f.stop()
}

// stop ends the session. The mutex is held.
func (f *feed[T]) stop() {
	if f.session != nil {
		f.session.cancel()
		f.session = nil
	}
}

// run polls until the session ends.
func (f *feed[T]) run(s *session) {
	for s.ctx.Err() == nil {
		if now, wait := f.begin(s); now != nil {
			f.poll(s.ctx, *now)
		} else {
			s.sleep(wait)
		}
	}
}

// sleep waits for a time, a new subscriber or the end of the session, whatever comes first.
func (s *session) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.wake:
	case <-s.ctx.Done():
	}
}

// begin starts a poll if one is due, else says how long until it may be.
func (f *feed[T]) begin(s *session) (*turn, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, 0
	}
	if wait := time.Until(f.due()); wait > 0 {
		return nil, wait
	}
	now := f.take()
	return &now, 0
}

// due is when the next poll may begin. The mutex is held. A poll that took long is followed by a short rest, so that a
// slow API is not asked without end and subscribers can fetch an observation before the next poll begins.
func (f *feed[T]) due() time.Time {
	due := f.lastBegin.Add(f.interval)
	if f.joined {
		due = f.lastBegin.Add(f.spacing)
	}
	for _, other := range []time.Time{f.lastEnd.Add(f.spacing), f.pause.until()} {
		if other.After(due) {
			due = other
		}
	}
	return due
}

// take begins a poll for everybody who waits now. The mutex is held.
func (f *feed[T]) take() turn {
	f.begun++
	f.joined = false
	f.lastBegin = time.Now()
	return turn{number: f.begun, servers: slices.Sorted(maps.Keys(f.waiting))}
}

// poll asks, and hands out what came back.
func (f *feed[T]) poll(ctx context.Context, now turn) {
	f.ask(ctx, now.servers, func(serverID int64, o Observation[T]) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for s := range f.waiting[serverID] {
			s.put(now.number, &o)
		}
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lastEnd = time.Now()
}
