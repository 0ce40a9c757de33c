package activities

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// restrictWatch lets waits watch allowed servers only. A wait for another one sees one look, which says why there will
// be no other, and runs into its own end.
func restrictWatch(w Watcher, servers Servers) Watcher { return restrictedWatch{w, servers} }

type restrictedWatch struct {
	watch   Watcher
	servers Servers
}

// Snapshots feeds the snapshots of an allowed server.
func (w restrictedWatch) Snapshots(serverID int64) Feed[[]contract.Snapshot] {
	if !w.servers.Allows(serverID) {
		return newRefusedFeed[[]contract.Snapshot]("list snapshots", "/snapshots/", serverID)
	}
	return w.watch.Snapshots(serverID)
}

// Server feeds an allowed server.
func (w restrictedWatch) Server(serverID int64) Feed[contract.Server] {
	if !w.servers.Allows(serverID) {
		return newRefusedFeed[contract.Server]("get server", fmt.Sprintf("/servers/%d/", serverID), serverID)
	}
	return w.watch.Server(serverID)
}

// refusedFeed delivers one error, and then nothing.
type refusedFeed[T any] struct {
	looks  chan Look[T]
	closed chan struct{}
	once   sync.Once
}

func newRefusedFeed[T any](op, path string, serverID int64) *refusedFeed[T] {
	f := &refusedFeed[T]{looks: make(chan Look[T], 1), closed: make(chan struct{})}
	f.looks <- Look[T]{Err: notListed(op, http.MethodGet, path, serverText(serverID))}
	return f
}

// Next delivers the refusal once, and blocks from then on.
func (f *refusedFeed[T]) Next(ctx context.Context) (Look[T], error) {
	select {
	case look := <-f.looks:
		return look, nil
	case <-f.closed:
		return Look[T]{}, context.Canceled
	case <-ctx.Done():
		return Look[T]{}, ctx.Err()
	}
}

// Close ends the feed.
func (f *refusedFeed[T]) Close() { f.once.Do(func() { close(f.closed) }) }
