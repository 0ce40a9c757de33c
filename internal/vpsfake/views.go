package vpsfake

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// ServerState is the truth about a server, whatever the API shows at the moment.
type ServerState struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// Status is the true status; ShownStatus is what the API answers, which a fault may hold back.
	Status      string    `json:"status"`
	ShownStatus string    `json:"shown_status"`
	UpdatedAt   time.Time `json:"updated_at"`
	// Restoring is true while a restore runs, ours or a foreign one.
	Restoring bool   `json:"restoring"`
	Version   string `json:"version"`
	Healthy   bool   `json:"healthy"`
	// Restores and ForeignRestores count restores that took effect; Starts, Stops and Deploys count effects too, except
	// that Deploys counts every call of the deploy hook.
	Restores        int `json:"restores"`
	ForeignRestores int `json:"foreign_restores"`
	Starts          int `json:"starts"`
	Stops           int `json:"stops"`
	Deploys         int `json:"deploys"`
}

// SnapshotState is the truth about a snapshot.
type SnapshotState struct {
	ID          int64     `json:"id"`
	ServerID    int64     `json:"server_id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Status      string    `json:"status"`
	CreatedAt   time.Time `json:"created_at"`
	// Version and Healthy are the site that the snapshot holds.
	Version string `json:"version"`
	Healthy bool   `json:"healthy"`
}

// Server is the server's state now; the zero value when there is no such server.
func (f *Fake) Server(id int64) ServerState {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.servers[id]; ok {
		return s.state(f.clock.now())
	}
	return ServerState{}
}

// Servers are all servers' states now, in order of id.
func (f *Fake) Servers() []ServerState {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	states := []ServerState{}
	for _, s := range f.sortedServers() {
		states = append(states, s.state(now))
	}
	return states
}

// Snapshots are the snapshots that exist now, in order of id; server 0 means all.
func (f *Fake) Snapshots(serverID int64) []SnapshotState {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	states := []SnapshotState{}
	for _, s := range f.liveSnapshots(serverID, now) {
		states = append(states, s.state(now))
	}
	return states
}

// Restores is how many restores of the server took effect, foreign ones not counted.
func (f *Fake) Restores(serverID int64) int { return f.Server(serverID).Restores }

// Deploys is how often the server's deploy hook was called, whatever came of it.
func (f *Fake) Deploys(serverID int64) int { return f.Server(serverID).Deploys }

// SitePath is the path of the server's web site on the fake, with its last slash.
func (f *Fake) SitePath(serverID int64) string { return fmt.Sprintf("/sites/%d/", serverID) }

// LeftDown are the servers that are stopped now because of a stop or a restore (law 11). Ask when the traffic is over.
func (f *Fake) LeftDown() []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	down := []int64{}
	for _, s := range f.sortedServers() {
		if s.touched && !s.restoringAt(now) && s.trueAt(now).status == serverStopped {
			down = append(down, s.id)
		}
	}
	return down
}

// Duplicates are the snapshots that exist now beside an older one of the same server, name and run (law 1). A list that
// lagged for longer than Settle excuses making one, never leaving it. Ask when the traffic is over.
func (f *Fake) Duplicates() []SnapshotState {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	found := []SnapshotState{}
	live := f.liveSnapshots(0, now)
	for _, s := range live {
		if slices.ContainsFunc(live, func(o *snapshot) bool { return o.id < s.id && sameIntent(o, s, now) }) {
			found = append(found, s.state(now))
		}
	}
	return found
}

func (f *Fake) sortedServers() []*server {
	all := make([]*server, 0, len(f.servers))
	for _, s := range f.servers {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *server) int { return cmp.Compare(a.id, b.id) })
	return all
}

// liveSnapshots are those that exist at t, in order of id: the newest is last, where a cut list loses it.
func (f *Fake) liveSnapshots(serverID int64, t time.Time) []*snapshot {
	var live []*snapshot
	for _, s := range f.snapshots {
		if s.liveAt(t) && (serverID == 0 || s.serverID == serverID) {
			live = append(live, s)
		}
	}
	slices.SortFunc(live, func(a, b *snapshot) int { return cmp.Compare(a.id, b.id) })
	return live
}

func (s *server) state(t time.Time) ServerState {
	truth, site := s.trueAt(t), s.contentAt(t)
	return ServerState{
		ID: s.id, Name: s.name, Status: string(truth.status), ShownStatus: string(s.shownAt(t).status),
		UpdatedAt: truth.updated, Restoring: s.restoringAt(t), Version: site.version, Healthy: site.healthy,
		Restores: s.restores, ForeignRestores: s.foreign, Starts: s.starts, Stops: s.stops, Deploys: s.deploys,
	}
}

func (s *snapshot) state(t time.Time) SnapshotState {
	return SnapshotState{
		ID: s.id, ServerID: s.serverID, Name: s.name, Description: s.description, Status: string(s.statusAt(t)),
		CreatedAt: s.created, Version: s.content.version, Healthy: s.content.healthy,
	}
}
