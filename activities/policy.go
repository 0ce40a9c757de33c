package activities

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// Servers says which servers the runbooks of this worker may touch. A config.Servers is one.
type Servers interface{ Allows(serverID int64) bool }

// Restrict lets only calls about allowed servers through to the API. Anything else is a clear no, and nothing of it is
// sent. From lists of the whole account everything about other servers is left out: "every server" of a runbook means
// every one that it may touch, and the others' snapshots are nobody's business who starts one.
//
// The shared poller does not go through here: its lists must stay whole. See restrictWatch.
func Restrict(api API, servers Servers) API {
	return &restricted{api: api, servers: servers, recent: map[int64]int64{}}
}

// restricted has every method of API by its own: one that is added there does not compile before it is judged here.
type restricted struct {
	api     API
	servers Servers

	mu sync.Mutex
	// recent and older are the servers of the snapshots that were listed. Restores and deletes name a snapshot only, and
	// its server never changes. A list does not take out what it lacks: it may have been asked for before a later one.
	recent, older map[int64]int64
}

// mostRecent bounds the memory of owners: twice as many are kept at most. A snapshot is listed right before it is
// written to, so only the recent ones matter.
const mostRecent = 50_000

// Me is about no server.
func (r *restricted) Me(ctx context.Context) (vpsorg.Account, error) { return r.api.Me(ctx) }

// GetServer reads an allowed server.
func (r *restricted) GetServer(ctx context.Context, serverID int64) (vpsorg.Server, error) {
	if err := r.refuse("get server", http.MethodGet, serverID); err != nil {
		return vpsorg.Server{}, err
	}
	return r.api.GetServer(ctx, serverID)
}

// ListServers lists the allowed servers.
func (r *restricted) ListServers(ctx context.Context, o vpsorg.ListServersOpts) ([]vpsorg.Server, error) {
	all, err := r.api.ListServers(ctx, o)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(s vpsorg.Server) bool { return !r.servers.Allows(s.ID) }), nil
}

// StartServer starts an allowed server.
func (r *restricted) StartServer(ctx context.Context, serverID int64) error {
	if err := r.refuse("start server", http.MethodPost, serverID); err != nil {
		return err
	}
	return r.api.StartServer(ctx, serverID)
}

// StopServer stops an allowed server.
func (r *restricted) StopServer(ctx context.Context, serverID int64) error {
	if err := r.refuse("stop server", http.MethodPost, serverID); err != nil {
		return err
	}
	return r.api.StopServer(ctx, serverID)
}

// ListSnapshots lists the snapshots of an allowed server, or those of every allowed one.
func (r *restricted) ListSnapshots(ctx context.Context, o vpsorg.ListSnapshotsOpts) ([]vpsorg.Snapshot, error) {
	if o.ServerID != 0 {
		if err := r.refuse("list snapshots", http.MethodGet, o.ServerID); err != nil {
			return nil, err
		}
	}
	list, err := r.api.ListSnapshots(ctx, o)
	if err != nil {
		return nil, err
	}
	r.remember(list)
	return slices.DeleteFunc(slices.Clone(list), func(s vpsorg.Snapshot) bool { return !r.servers.Allows(s.ServerID) }), nil
}

// CreateSnapshot makes a snapshot of an allowed server.
func (r *restricted) CreateSnapshot(ctx context.Context, o vpsorg.CreateSnapshotOpts) (vpsorg.Snapshot, error) {
	if err := r.refuse("create snapshot", http.MethodPost, o.ServerID); err != nil {
		return vpsorg.Snapshot{}, err
	}
	return r.api.CreateSnapshot(ctx, o)
}

// RestoreSnapshot restores a snapshot that was listed as one of an allowed server.
func (r *restricted) RestoreSnapshot(ctx context.Context, snapshotID int64) (vpsorg.Restore, error) {
	if err := r.refuseSnapshot("restore snapshot", http.MethodPost, snapshotID); err != nil {
		return vpsorg.Restore{}, err
	}
	return r.api.RestoreSnapshot(ctx, snapshotID)
}

// DeleteSnapshot deletes a snapshot that was listed as one of an allowed server.
func (r *restricted) DeleteSnapshot(ctx context.Context, snapshotID int64) error {
	if err := r.refuseSnapshot("delete snapshot", http.MethodDelete, snapshotID); err != nil {
		return err
	}
	return r.api.DeleteSnapshot(ctx, snapshotID)
}

func (r *restricted) remember(list []vpsorg.Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range list {
		if len(r.recent) >= mostRecent {
			r.recent, r.older = map[int64]int64{}, r.recent
		}
		r.recent[s.ID] = s.ServerID
	}
}

func (r *restricted) owner(snapshotID int64) (serverID int64, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if serverID, known = r.recent[snapshotID]; !known {
		serverID, known = r.older[snapshotID]
	}
	return serverID, known
}

func (r *restricted) refuse(op, method string, serverID int64) error {
	if r.servers.Allows(serverID) {
		return nil
	}
	return notListed(op, method, fmt.Sprintf("/servers/%d/", serverID), serverText(serverID))
}

// refuseSnapshot relies on the activities, which list the server's snapshots right before they write to one.
func (r *restricted) refuseSnapshot(op, method string, snapshotID int64) error {
	owner, known := r.owner(snapshotID)
	path := fmt.Sprintf("/snapshots/%d/", snapshotID)
	switch {
	case !known:
		return notListed(op, method, path, fmt.Sprintf("no list says of which server snapshot %d is, so it may be of one that is not allowed", snapshotID))
	case !r.servers.Allows(owner):
		return notListed(op, method, path, fmt.Sprintf("snapshot %d: %s", snapshotID, serverText(owner)))
	default:
		return nil
	}
}

func serverText(serverID int64) string {
	return fmt.Sprintf("server %d is not in the worker's SAFEPOINT_ALLOW_SERVERS: list it there to allow it", serverID)
}

// notListed has the form of the client's own refusals: final for a read, and a clear no to a write.
func notListed(op, method, path, why string) error {
	return &vpsorg.Error{Op: op, Method: method, Path: path, Message: why, NotSent: true, Err: vpsorg.ErrInvalidArgument}
}
