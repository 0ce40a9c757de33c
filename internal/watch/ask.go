package watch

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// asker turns one poll into requests: one for each server while they are few, one for all of them otherwise.
type asker struct {
	api   API
	few   int
	pause *pause
}

// snapshots asks for the snapshots of some servers.
func (a *asker) snapshots(ctx context.Context, servers []int64, tell func(int64, Observation[[]vpsorg.Snapshot])) {
	if servers = sane(servers, tell); len(servers) == 0 {
		return
	}
	list := func(serverID int64) Observation[[]vpsorg.Snapshot] {
		return observe(a.pause, func() ([]vpsorg.Snapshot, error) {
			return a.api.ListSnapshots(ctx, vpsorg.ListSnapshotsOpts{ServerID: serverID})
		})
	}
	if len(servers) <= a.few {
		// The API's filter is not trusted: a snapshot of another server must never be taken for this one's.
		each(servers, func(id int64) {
			o := list(id)
			o.Value = byServer(o.Value)[id]
			tell(id, o)
		})
		return
	}
	all := list(0)
	grouped := byServer(all.Value)
	for _, id := range servers {
		tell(id, Observation[[]vpsorg.Snapshot]{Value: grouped[id], Err: all.Err, At: all.At})
	}
}

// servers asks for some servers.
func (a *asker) servers(ctx context.Context, servers []int64, tell func(int64, Observation[vpsorg.Server])) {
	if servers = sane(servers, tell); len(servers) == 0 {
		return
	}
	if len(servers) <= a.few {
		each(servers, func(id int64) {
			tell(id, observe(a.pause, func() (vpsorg.Server, error) { return a.api.GetServer(ctx, id) }))
		})
		return
	}
	all := observe(a.pause, func() ([]vpsorg.Server, error) { return a.api.ListServers(ctx, vpsorg.ListServersOpts{}) })
	found := make(map[int64]vpsorg.Server, len(all.Value))
	for _, server := range all.Value {
		found[server.ID] = server
	}
	for _, id := range servers {
		o := Observation[vpsorg.Server]{Value: found[id], Err: all.Err, At: all.At}
		if _, ok := found[id]; !ok && o.Err == nil {
			o.Err = absent(id)
		}
		tell(id, o)
	}
}

// observe makes one request. A failed one has no value, whatever the API returned with the error.
func observe[T any](rest *pause, request func() (T, error)) Observation[T] {
	at := time.Now()
	value, err := request()
	if err != nil {
		rest.note(err)
		return Observation[T]{Err: err, At: at}
	}
	return Observation[T]{Value: value, At: at}
}

// sane tells the waits for impossible servers so, and returns the other servers. The API reads the server id 0 as "all".
func sane[T any](servers []int64, tell func(int64, Observation[T])) []int64 {
	var good []int64
	for _, id := range servers {
		if id > 0 {
			good = append(good, id)
			continue
		}
		err := fmt.Errorf("server id %d is not above 0: %w", id, vpsorg.ErrInvalidArgument)
		tell(id, Observation[T]{Err: err, At: time.Now()})
	}
	return good
}

// each runs do for every server at the same time, so that one slow answer does not delay the others' requests, and
// waits for all of them.
func each(servers []int64, do func(serverID int64)) {
	var running sync.WaitGroup
	for _, id := range servers {
		running.Go(func() { do(id) })
	}
	running.Wait()
}

// absent is the error for a server that a whole list of the account does not hold. The client fails on a list that is
// not whole (law 5), so the absence is proved, and it is the same answer that a request for this one server would get.
func absent(serverID int64) error {
	return &vpsorg.Error{
		Op: "get server", Method: http.MethodGet, Path: fmt.Sprintf("/servers/%d/", serverID), Status: http.StatusNotFound,
		Message: "the list of all servers does not hold it; check the server id, and that the token is of the right account",
	}
}

// byServer sorts snapshots into their servers.
func byServer(all []vpsorg.Snapshot) map[int64][]vpsorg.Snapshot {
	grouped := make(map[int64][]vpsorg.Snapshot)
	for _, snapshot := range all {
		grouped[snapshot.ServerID] = append(grouped[snapshot.ServerID], snapshot)
	}
	return grouped
}
