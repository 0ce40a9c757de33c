package vpsfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// maxSnapshots is the vendor's limit for one server. Failed ones take a place too (assumed).
const maxSnapshots = 5

// snapshotName is the vendor's rule; the length is assumed.
var snapshotName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

type serverRef struct {
	ID     int64        `json:"id"`
	Name   string       `json:"name"`
	Status serverStatus `json:"status,omitempty"`
}

type snapshotRow struct {
	ID          int64          `json:"id"`
	Server      serverRef      `json:"server"`
	Name        string         `json:"name"`
	Status      snapshotStatus `json:"status"`
	SizeMB      *int64         `json:"size_mb"`
	CreatedAt   time.Time      `json:"created_at"`
	Description string         `json:"description"`
	Message     string         `json:"message,omitempty"`
}

func (f *Fake) snapshotRow(s *snapshot, t time.Time) snapshotRow {
	return snapshotRow{
		ID: s.id, Server: serverRef{ID: s.serverID, Name: f.servers[s.serverID].name}, Name: s.name, Status: s.statusAt(t),
		SizeMB: s.sizeAt(t), CreatedAt: s.created, Description: s.description,
	}
}

func (f *Fake) callListSnapshots(r *http.Request) call {
	serverID, problem := serverFilter(r)
	if problem != nil {
		return always(OpListSnapshots, *problem)
	}
	return call{op: OpListSnapshots, serverID: serverID, effect: func(now time.Time, e *record) answer {
		t := f.listedAt(now, e)
		rows := []any{}
		for _, s := range f.liveSnapshots(serverID, t) {
			rows = append(rows, f.snapshotRow(s, t))
		}
		return f.list(r, e, rows)
	}}
}

func (f *Fake) callCreateSnapshot(body []byte) call {
	var in struct {
		ServerID    int64  `json:"server_id"`
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return always(OpCreateSnapshot, refuse(http.StatusBadRequest, "JSON parse error."))
	}
	// The log keeps no more of a name than it takes to see that it is too long.
	c := call{op: OpCreateSnapshot, serverID: in.ServerID, name: in.Name[:min(len(in.Name), 80)]}
	c.effect = func(now time.Time, e *record) answer {
		if in.ServerID == 0 {
			return fieldError("server_id", "This field is required.")
		}
		if !snapshotName.MatchString(in.Name) {
			return fieldError("name", "Use 1 to 64 letters, digits, hyphens and underscores.")
		}
		srv, ok := f.servers[in.ServerID]
		if !ok {
			return refuse(http.StatusNotFound, "Server not found.")
		}
		if srv.restoringAt(now) {
			return answer{status: http.StatusBadRequest, body: map[string]string{"error": "The server is not in a valid state for a snapshot."}}
		}
		if len(f.liveSnapshots(srv.id, now)) >= maxSnapshots {
			return answer{status: http.StatusBadRequest, body: map[string]string{"error": fmt.Sprintf("Snapshot limit reached: at most %d snapshots per server.", maxSnapshots)}}
		}
		snap := f.beginSnapshot(now, e, srv)
		snap.name, snap.description = in.Name, in.Description
		row := f.snapshotRow(snap, now)
		row.Status = snapshotInProgress // the first answer always says so, whatever the list shows then
		row.SizeMB = nil
		row.Message = "Snapshot creation started. This may take 3-10 minutes."
		return answer{status: http.StatusCreated, body: row, took: true}
	}
	return c
}

// beginSnapshot captures the server's site and plans the snapshot's life.
func (f *Fake) beginSnapshot(now time.Time, e *record, srv *server) *snapshot {
	snap := &snapshot{
		id: f.takeSnapshotID(), serverID: srv.id, born: now, created: f.stampAt(now), content: srv.contentAt(now),
		status: f.planLife(now, e),
	}
	f.snapshots[snap.id] = snap
	e.SnapshotID = snap.id
	return snap
}

// planLife plans how the status of a new snapshot or backup goes on, faults included.
func (f *Fake) planLife(now time.Time, e *record) timeline[snapshotStatus] {
	status := timeline[snapshotStatus]{{now, snapshotInProgress}}
	ends, final := now.Add(f.clock.real(f.opts.SnapshotTime)), snapshotCompleted
	if fault, ok := f.faults.takeKind(e, UnknownStatus); ok {
		status = timeline[snapshotStatus]{{now, snapshotStatus(fault.madeUpStatus())}}
		ends = now.Add(fault.orForever())
	}
	if fault, ok := f.faults.takeKind(e, SnapshotFails); ok {
		final = snapshotFailed
		if fault.Status != "" {
			final = snapshotStatus(fault.Status)
		}
	}
	if _, ok := f.faults.takeKind(e, NeverFinishes); !ok {
		status.insert(step[snapshotStatus]{ends, final})
	}
	return status
}

func (t Fault) madeUpStatus() string {
	if t.Status != "" {
		return t.Status
	}
	return "finalizing"
}

func (t Fault) orForever() time.Duration {
	if t.Duration > 0 {
		return t.Duration
	}
	return forever
}

func (f *Fake) callDelete(id int64) call {
	return call{op: OpDeleteSnapshot, snapshotID: id, effect: func(now time.Time, _ *record) answer {
		snap, ok := f.snapshots[id]
		if !ok || !snap.liveAt(now) {
			return refuse(http.StatusNotFound, "Snapshot not found.")
		}
		if snap.statusAt(now) == snapshotInProgress {
			return answer{status: http.StatusBadRequest, body: map[string]string{"error": "The snapshot is in progress and cannot be deleted."}}
		}
		snap.gone = now
		f.forgetSnapshots(now)
		return answer{status: http.StatusNoContent, took: true}
	}}
}

// forgetSnapshots drops those that were deleted too long ago for any list to show.
func (f *Fake) forgetSnapshots(now time.Time) {
	for id, s := range f.snapshots {
		if !s.gone.IsZero() && now.Sub(s.gone) > historyKept {
			delete(f.snapshots, id)
		}
	}
}
