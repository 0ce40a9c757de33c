package vpsfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// maxBackups is the vendor's limit of manual backups for one server; automatic ones do not count. Failed ones take a
// place too (assumed).
const maxBackups = 10

type backupRow struct {
	ID          int64          `json:"id"`
	Server      serverRef      `json:"server"`
	BackupType  backupType     `json:"backup_type"`
	Status      snapshotStatus `json:"status"`
	SizeMB      *int64         `json:"size_mb"`
	CreatedAt   time.Time      `json:"created_at"`
	ExpiresAt   *time.Time     `json:"expires_at"` // null: a manual one does not expire
	Description string         `json:"description"`
}

func (f *Fake) backupRow(b *backup, t time.Time) backupRow {
	row := backupRow{
		ID: b.id, Server: serverRef{ID: b.serverID, Name: f.servers[b.serverID].name}, BackupType: b.kind,
		Status: b.statusAt(t), CreatedAt: b.created, Description: b.description,
	}
	if row.Status == snapshotCompleted {
		size := int64(5120)
		row.SizeMB = &size
	}
	if b.kind == backupAutomatic {
		expires := b.created.Add(automaticKept)
		row.ExpiresAt = &expires
	}
	return row
}

func (f *Fake) callListBackups(r *http.Request) call {
	serverID, problem := serverFilter(r)
	if problem != nil {
		return always(OpListBackups, *problem)
	}
	kind := backupType(r.URL.Query().Get("backup_type"))
	switch kind {
	case "", backupManual, backupAutomatic:
	default: // not a type that the reference names
		return always(OpListBackups, fieldError("backup_type", "Choose manual or automatic."))
	}
	return call{op: OpListBackups, serverID: serverID, effect: func(now time.Time, e *record) answer {
		e.hidesManual = kind == backupAutomatic
		t := f.listedAt(now, e)
		rows := []any{}
		for _, b := range f.liveBackups(serverID, t) {
			if kind == "" || b.kind == kind {
				rows = append(rows, f.backupRow(b, t))
			}
		}
		return f.list(r, e, rows)
	}}
}

func (f *Fake) callCreateBackup(body []byte) call {
	var in struct {
		ServerID    int64  `json:"server_id"`
		Description string `json:"description"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return always(OpCreateBackup, refuse(http.StatusBadRequest, "JSON parse error."))
	}
	c := call{op: OpCreateBackup, serverID: in.ServerID, intent: backupIntent(in.Description)}
	c.effect = func(now time.Time, e *record) answer {
		srv, ok := f.servers[in.ServerID]
		if !ok {
			return refuse(http.StatusNotFound, "Server not found.")
		}
		if f.manualBackups(srv.id, now) >= maxBackups {
			return answer{status: http.StatusBadRequest, body: map[string]string{"error": fmt.Sprintf("Backup limit reached: at most %d manual backups per server.", maxBackups)}}
		}
		b := f.beginBackup(now, e, srv)
		b.description = in.Description
		row := f.backupRow(b, now)
		row.Status, row.SizeMB = snapshotInProgress, nil // the first answer always says so, whatever the list shows then
		return answer{status: http.StatusCreated, body: row, took: true}
	}
	return c
}

// beginBackup plans a manual backup's life, faults included. It takes as long as a snapshot: the reference gives no time.
func (f *Fake) beginBackup(now time.Time, e *record, srv *server) *backup {
	b := &backup{
		id: f.takeBackupID(), serverID: srv.id, kind: backupManual, born: now, created: f.stampAt(now),
		status: f.planLife(now, e),
	}
	f.backups = append(f.backups, b)
	return b
}
