package vpsfake

import (
	"net/http"
	"time"
)

type restoreBody struct {
	Status   string      `json:"status"`
	Message  string      `json:"message"`
	Snapshot restoredRef `json:"snapshot"`
	Server   serverRef   `json:"server"`
}

type restoredRef struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

func (f *Fake) callRestore(id int64) call {
	return call{op: OpRestoreSnapshot, snapshotID: id, effect: func(now time.Time, e *record) answer {
		snap, ok := f.snapshots[id]
		if !ok || !snap.liveAt(now) {
			return refuse(http.StatusNotFound, "Snapshot not found.")
		}
		srv := f.servers[snap.serverID]
		status := srv.trueAt(now).status
		if srv.restoringAt(now) || (status != serverActive && status != serverStopped) {
			return answer{status: http.StatusBadRequest, body: map[string]string{"error": "The server is not in a valid state for restoration."}}
		}
		if snap.statusAt(now) != snapshotCompleted {
			return answer{status: http.StatusBadRequest, body: map[string]string{"error": "The snapshot is not completed."}}
		}
		f.beginRestore(now, e, srv, snap.content)
		srv.restores++
		srv.touched = true
		return answer{status: http.StatusOK, took: true, body: restoreBody{
			Status: "success", Message: "Restore started. This may take 5-15 minutes.",
			Snapshot: restoredRef{snap.id, snap.name, snap.created},
			Server:   serverRef{srv.id, srv.name, serverRestoring},
		}}
	}}
}

// beginRestore plans the server's way through a restore, faults included, and what is on it afterwards.
func (f *Fake) beginRestore(now time.Time, e *record, srv *server, to content) {
	if fault, ok := f.faults.takeKind(e, StatusLags); ok {
		srv.masks = append(srv.masks, mask{now, now.Add(fault.Duration), srv.shownAt(now)})
	}
	plan, ends := f.planRestore(now, e)
	f.replanServer(srv, now, plan...)
	srv.restoringUntil = ends
	srv.site.replan(now, step[content]{ends, to})
}

func (f *Fake) planRestore(now time.Time, e *record) (plan []planned, ends time.Time) {
	final := serverActive
	if _, ok := f.faults.takeKind(e, ComesBackStopped); ok {
		final = serverStopped
	}
	if _, ok := f.faults.takeKind(e, EndsAtOnce); ok {
		return []planned{{now, final}}, now
	}
	begins, shown, length := now, serverRestoring, f.clock.real(f.opts.RestoreTime)
	if fault, ok := f.faults.takeKind(e, StoppedBeforeRestoring); ok {
		plan = append(plan, planned{now, serverStopped})
		begins = now.Add(fault.Duration)
	}
	if fault, ok := f.faults.takeKind(e, UnknownStatus); ok {
		shown, length = serverStatus(fault.madeUpStatus()), fault.orForever()
	}
	if _, ok := f.faults.takeKind(e, NeverFinishes); ok {
		length = forever
	}
	ends = begins.Add(length)
	return append(plan, planned{begins, shown}, planned{ends, final}), ends
}

// foreignBefore starts somebody else's restore on the server of a request that is about to happen.
func (f *Fake) foreignBefore(now time.Time, e *record, fault Fault) {
	id := e.ServerID
	if id == 0 {
		id = fault.ServerID
	}
	if srv, ok := f.servers[id]; ok {
		f.beginForeignRestore(now, srv)
	}
}

// beginForeignRestore is a restore by somebody else, from the oldest completed snapshot, or of the same content when
// there is none. One that is running already is left alone.
func (f *Fake) beginForeignRestore(now time.Time, srv *server) {
	if srv.restoringAt(now) {
		return
	}
	to := srv.contentAt(now)
	for _, s := range f.liveSnapshots(srv.id, now) {
		if s.statusAt(now) == snapshotCompleted {
			to = s.content
			break
		}
	}
	ends := now.Add(f.clock.real(f.opts.RestoreTime))
	f.replanServer(srv, now, planned{now, serverRestoring}, planned{ends, serverActive})
	srv.restoringUntil = ends
	srv.site.replan(now, step[content]{ends, to})
	srv.foreign++
	srv.changes++
}
