package vpsfake

import (
	"cmp"
	"slices"
	"time"
)

// automaticKept is how long an automatic backup is kept, in API time. It is made up: the reference gives no number.
const automaticKept = 7 * 24 * time.Hour

// backupType is a backup's type, as the filter of the list takes it.
type backupType string

const (
	backupManual    backupType = "manual"
	backupAutomatic backupType = "automatic"
)

// backup is the slower product beside snapshots. Only its list and its creation are in the reference.
type backup struct {
	id, serverID int64
	kind         backupType
	description  string
	born         time.Time // real; zero for one that was there before the fake
	gone         time.Time // real; zero while it exists
	created      time.Time // API clock
	status       timeline[snapshotStatus]
}

func (b *backup) liveAt(t time.Time) bool {
	return !t.Before(b.born) && (b.gone.IsZero() || t.Before(b.gone))
}

func (b *backup) statusAt(t time.Time) snapshotStatus {
	v, _ := b.status.at(t)
	return v
}

// BackupSpec describes a backup that exists already.
type BackupSpec struct {
	ServerID    int64  `json:"server_id"`
	Description string `json:"description"`
	// Automatic says that the API made it by itself; default a manual one.
	Automatic bool `json:"automatic"`
	// Status defaults to "completed"; it stays as it is.
	Status string `json:"status"`
}

// BackupState is the truth about a backup.
type BackupState struct {
	ID          int64     `json:"id"`
	ServerID    int64     `json:"server_id"`
	Automatic   bool      `json:"automatic"`
	Description string    `json:"description"`
	Status      string    `json:"status"`
	CreatedAt   time.Time `json:"created_at"`
}

// AddBackup adds a backup that was always there and answers its id. It panics when there is no such server.
func (f *Fake) AddBackup(spec BackupSpec) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := &backup{
		id: f.takeBackupID(), serverID: f.mustServer(spec.ServerID).id, kind: backupManual, description: spec.Description,
		created: f.stampNow(),
		status:  timeline[snapshotStatus]{{value: cmp.Or(snapshotStatus(spec.Status), snapshotCompleted)}},
	}
	if spec.Automatic {
		b.kind = backupAutomatic
	}
	f.backups = append(f.backups, b)
	return b.id
}

// RemoveBackup takes a backup away, as a person may in the vendor's panel; an id that is not there is no matter.
func (f *Fake) RemoveBackup(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	for _, b := range f.backups {
		if b.id == id && b.liveAt(now) {
			b.gone = now
		}
	}
}

// Backups are the backups that exist now, in order of id; server 0 means all.
func (f *Fake) Backups(serverID int64) []BackupState {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	states := []BackupState{}
	for _, b := range f.liveBackups(serverID, now) {
		states = append(states, b.state(now))
	}
	return states
}

// DuplicateBackups are the backups that exist now beside an older one of the same server and run (law 1). The API cannot
// delete one, so a list that lagged for longer than Settle leaves it for good. Ask when the traffic is over.
func (f *Fake) DuplicateBackups() []BackupState {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	found := []BackupState{}
	live := f.liveBackups(0, now)
	for _, b := range live {
		if slices.ContainsFunc(live, func(o *backup) bool { return o.id < b.id && sameBackup(o, b, now) }) {
			found = append(found, b.state(now))
		}
	}
	return found
}

func (b *backup) state(t time.Time) BackupState {
	return BackupState{
		ID: b.id, ServerID: b.serverID, Automatic: b.kind == backupAutomatic, Description: b.description,
		Status: string(b.statusAt(t)), CreatedAt: b.created,
	}
}

func (f *Fake) takeBackupID() int64 { return int64(9001 + len(f.backups)) } // none is ever forgotten

// liveBackups are those that exist at t, in order of id.
func (f *Fake) liveBackups(serverID int64, t time.Time) []*backup {
	var live []*backup
	for _, b := range f.backups {
		if b.liveAt(t) && (serverID == 0 || b.serverID == serverID) {
			live = append(live, b)
		}
	}
	return live
}

func (f *Fake) manualBackups(serverID int64, t time.Time) int {
	count := 0
	for _, b := range f.liveBackups(serverID, t) {
		if b.kind == backupManual {
			count++
		}
	}
	return count
}
