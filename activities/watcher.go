package activities

import (
	"context"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
	"github.com/safepoint-dev/safepoint/internal/watch"
)

// NewWatcher lets the waits watch through the worker's shared poller.
func NewWatcher(p *watch.Poller) Watcher { return pollWatcher{p} }

type pollWatcher struct{ poller *watch.Poller }

// Snapshots feeds the whole list of one server's snapshots.
func (w pollWatcher) Snapshots(serverID int64) Feed[[]contract.Snapshot] {
	return pollFeed[[]vpsorg.Snapshot, []contract.Snapshot]{w.poller.Snapshots(serverID), snapshotsOf}
}

// Server feeds one server.
func (w pollWatcher) Server(serverID int64) Feed[contract.Server] {
	return pollFeed[vpsorg.Server, contract.Server]{w.poller.Server(serverID), serverOf}
}

// pollFeed is a subscription in the runbooks' own types.
type pollFeed[From, To any] struct {
	subscription *watch.Subscription[From]
	convert      func(From) To
}

// Next blocks until there is a look that was begun after the feed was opened and after the last one was delivered.
func (f pollFeed[From, To]) Next(ctx context.Context) (Look[To], error) {
	o, err := f.subscription.Next(ctx)
	if err != nil {
		return Look[To]{}, err
	}
	if o.Err != nil {
		return Look[To]{Err: o.Err}, nil
	}
	return Look[To]{Value: f.convert(o.Value)}, nil
}

// Close ends the subscription.
func (f pollFeed[From, To]) Close() { f.subscription.Close() }
