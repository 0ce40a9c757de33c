package watch

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

const (
	defaultInterval   = 10 * time.Second
	defaultFewServers = 3
	// joinFraction is the part of the interval that lies between two polls at least, however many waits join: a
	// thousand waits that start together cost one or two requests, and each sees its first answer soon.
	joinFraction = 10
)

// ErrClosed ends the subscriptions of a closed poller, and a subscription that was closed itself.
var ErrClosed = errors.New("the watch is closed")

// API is what the poller asks. A *vpsorg.Client is one. Each call must end with its context, and by its own time-out.
type API interface {
	ListSnapshots(ctx context.Context, opts vpsorg.ListSnapshotsOpts) ([]vpsorg.Snapshot, error)
	ListServers(ctx context.Context, opts vpsorg.ListServersOpts) ([]vpsorg.Server, error)
	GetServer(ctx context.Context, serverID int64) (vpsorg.Server, error)
}

// Options say how often and in which way the poller asks.
type Options struct {
	// Interval is the time from one poll to the next (VPS_POLL_INTERVAL); default 10s.
	Interval time.Duration
	// FewServers is how many waited-for servers are still asked for one by one; more are served by one list of the
	// whole account. Zero means the default, 3; below zero always lists the whole account.
	FewServers int
	// Logger hears when the API asks for a pause, because that delays every wait of the process; default none.
	Logger *slog.Logger
}

// Poller polls while somebody is subscribed, and is wholly idle otherwise. It is safe for use by many goroutines.
type Poller struct {
	// Snapshots and servers are polled apart from each other: one slow request does not hold up the other kind.
	snapshots *feed[[]vpsorg.Snapshot]
	servers   *feed[vpsorg.Server]
	running   sync.WaitGroup
}

// New makes a poller. Close ends it.
func New(api API, opts Options) *Poller {
	if opts.Interval <= 0 {
		opts.Interval = defaultInterval
	}
	if opts.FewServers == 0 {
		opts.FewServers = defaultFewServers
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	rest := &pause{logger: opts.Logger}
	ask := &asker{api: api, few: opts.FewServers, pause: rest}
	p := &Poller{}
	p.snapshots = newFeed(opts.Interval, rest, &p.running, ask.snapshots, slices.Clone[[]vpsorg.Snapshot])
	p.servers = newFeed(opts.Interval, rest, &p.running, ask.servers, func(s vpsorg.Server) vpsorg.Server { return s })
	return p
}

// Snapshots subscribes to the snapshots of one server, and of no other. A server without snapshots is an empty list.
func (p *Poller) Snapshots(serverID int64) *Subscription[[]vpsorg.Snapshot] {
	return p.snapshots.subscribe(serverID)
}

// Server subscribes to one server. A server that is not there is an error with the status 404 (vpsorg.IsStatus).
func (p *Poller) Server(serverID int64) *Subscription[vpsorg.Server] {
	return p.servers.subscribe(serverID)
}

// Close ends every subscription with ErrClosed, cuts the requests under way and waits until nothing runs any more.
func (p *Poller) Close() {
	p.snapshots.close()
	p.servers.close()
	p.running.Wait()
}

// pause is the time until which the API wants to be left alone. It holds for both kinds of polls.
type pause struct {
	logger *slog.Logger
	mu     sync.Mutex
	end    time.Time
}

// longestPause bounds what one answer may ask for. The shortest of the long waits (a snapshot's 30 minutes) must see the
// API several times whatever a single answer said: blind for an hour, a good restore would end as a failed one. Twelve
// requests an hour are no load.
const longestPause = 5 * time.Minute

// note remembers what a failed request's answer asked for. Any status counts: a 503 may carry Retry-After too.
func (p *pause) note(err error) {
	var failed *vpsorg.Error
	if !errors.As(err, &failed) || failed.RetryAfter <= 0 {
		return
	}
	end := time.Now().Add(min(failed.RetryAfter, longestPause))
	p.mu.Lock()
	defer p.mu.Unlock()
	if !end.After(p.end) {
		return // an earlier answer asked for more
	}
	p.end = end
	p.logger.Warn("the API asked for a pause: no wait sees anything new before it has passed",
		"status", failed.Status, "pause", failed.RetryAfter)
}

func (p *pause) until() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end
}
