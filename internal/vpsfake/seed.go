package vpsfake

import (
	"cmp"
	"fmt"
	"time"
)

// AddServer adds a server that was always there, or starts the one with this id afresh.
func (f *Fake) AddServer(spec ServerSpec) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.stampNow()
	status := cmp.Or(serverStatus(spec.Status), serverActive)
	f.servers[spec.ID] = &server{
		id:       spec.ID,
		name:     cmp.Or(spec.Name, fmt.Sprintf("server-%d", spec.ID)),
		location: cmp.Or(spec.Location, "amsterdam"),
		created:  now.Add(-30 * 24 * time.Hour),
		status:   timeline[shownServer]{{value: shownServer{status, now.Add(-time.Hour)}}},
		site:     timeline[content]{{value: content{version: cmp.Or(spec.Version, "1.0.0"), healthy: true}}},
	}
}

// AddSnapshot adds a snapshot that was always there and answers its id. It panics when there is no such server: a
// mistake in a test's set-up must be loud.
func (f *Fake) AddSnapshot(spec SnapshotSpec) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	srv := f.mustServer(spec.ServerID)
	snap := &snapshot{
		id: f.takeSnapshotID(), serverID: srv.id, name: spec.Name, description: spec.Description,
		created: spec.CreatedAt.UTC().Truncate(time.Second), content: srv.contentAt(now),
		status: timeline[snapshotStatus]{{value: cmp.Or(snapshotStatus(spec.Status), snapshotCompleted)}},
	}
	if spec.CreatedAt.IsZero() {
		snap.created = f.stampNow()
	}
	if spec.Version != "" {
		snap.content = content{version: spec.Version, healthy: true}
	}
	if snap.statusAt(now) == snapshotInProgress {
		ready := cmp.Or(time.Duration(spec.ReadySeconds)*time.Second, f.clock.real(f.opts.SnapshotTime))
		snap.status.insert(step[snapshotStatus]{now.Add(ready), snapshotCompleted})
	}
	f.snapshots[snap.id] = snap
	return snap.id
}

// Deploy alters the server's site at once, past the hook and without being counted as a call of it. It panics when
// there is no such server.
func (f *Fake) Deploy(serverID int64, version string, healthy bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mustServer(serverID).change(f.clock.now(), content{version: version, healthy: healthy})
}

// change alters what is on the server. A restore that is running still overwrites it when it ends.
func (s *server) change(now time.Time, c content) {
	s.site = forget(s.site, now)
	s.site.insert(step[content]{now, c})
	s.changes++
}

func (f *Fake) mustServer(id int64) *server {
	srv, ok := f.servers[id]
	if !ok {
		panic(fmt.Sprintf("vpsfake: there is no server %d: add it with AddServer first", id))
	}
	return srv
}

func (f *Fake) takeSnapshotID() int64 {
	id := f.nextSnapshot
	f.nextSnapshot++
	return id
}

// stampAt is the API's clock at a real time, off by what the options and the clock_off faults say now.
func (f *Fake) stampAt(t time.Time) time.Time {
	return f.clock.stamp(t, f.opts.ClockOffset+f.faults.clockOffset())
}

func (f *Fake) stampNow() time.Time { return f.stampAt(f.clock.now()) }

// planned is a server status that begins at a real time.
type planned struct {
	from   time.Time
	status serverStatus
}

// replanServer replaces the server's future. Each step moves updated_at, even two inside one second; a clock that was
// set back moves it back, which a real one would do too.
func (f *Fake) replanServer(s *server, now time.Time, plan ...planned) {
	last := s.trueAt(now).updated
	steps := make([]step[shownServer], 0, len(plan))
	for _, p := range plan {
		updated := f.stampAt(p.from)
		if updated.Equal(last) {
			updated = updated.Add(time.Second)
		}
		last = updated
		steps = append(steps, step[shownServer]{p.from, shownServer{p.status, updated}})
	}
	s.status.replan(now, steps...)
}
