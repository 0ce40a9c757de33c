package vpsfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// maxBackups is the vendor's limit of manual backups for one server.
const maxBackups = 10

// backupType is a backup's type, as the filter of the list takes it.
type backupType string

const (
	backupManual    backupType = "manual"
	backupAutomatic backupType = "automatic"
)

// backup is the slower product beside snapshots. Only its list and its creation are in the reference.
type backup struct {
	id, serverID int64
	description  string
	born         time.Time // real
	ready        time.Time // real
	created      time.Time // API clock
}

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
		ID: b.id, Server: serverRef{ID: b.serverID, Name: f.servers[b.serverID].name}, BackupType: backupManual,
		Status: snapshotInProgress, CreatedAt: b.created, Description: b.description,
	}
	if !t.Before(b.ready) {
		size := int64(5120)
		row.Status, row.SizeMB = snapshotCompleted, &size
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
		t := f.listedAt(now, e)
		rows := []any{}
		for _, b := range f.backups {
			wanted := (serverID == 0 || b.serverID == serverID) && kind != backupAutomatic // none is ever made by itself here
			if wanted && !t.Before(b.born) {
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
	return call{op: OpCreateBackup, serverID: in.ServerID, effect: func(now time.Time, _ *record) answer {
		srv, ok := f.servers[in.ServerID]
		if !ok {
			return refuse(http.StatusNotFound, "Server not found.")
		}
		count := 0
		for _, b := range f.backups {
			if b.serverID == srv.id {
				count++
			}
		}
		if count >= maxBackups {
			return answer{status: http.StatusBadRequest, body: map[string]string{"error": fmt.Sprintf("Backup limit reached: at most %d manual backups per server.", maxBackups)}}
		}
		b := &backup{
			id: int64(9000 + len(f.backups) + 1), serverID: srv.id, description: in.Description,
			born: now, ready: now.Add(f.clock.real(f.opts.SnapshotTime)), created: f.stampAt(now),
		}
		f.backups = append(f.backups, b)
		return answer{status: http.StatusCreated, body: f.backupRow(b, now), took: true}
	}}
}
