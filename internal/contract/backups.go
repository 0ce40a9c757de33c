package contract

import (
	"strings"
	"time"
)

// MaxManualBackups is the vendor's limit of manual backups for one server (sure: vendor reference). Automatic ones do not
// count.
const MaxManualBackups = 10

// BackupDescription writes the description of a manual backup: the user's own text, then the marker words that
// ParseMarker reads. It names no policy, because the API cannot delete a backup.
func BackupDescription(text, runID string) string {
	return strings.TrimSpace(strings.TrimSpace(text) + " " + markerManaged + " " + markerRun + runID)
}

// Backup is one backup as the API's list shows it.
type Backup struct {
	ID       int64        `json:"id"`
	ServerID int64        `json:"server_id"`
	Status   BackupStatus `json:"status"`
	// Description is empty when it is too long for a history.
	Description string `json:"description,omitempty"`
	// CreatedAt is the API's own clock; zero when it did not say.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// SizeMB is in megabytes; zero while the backup is in progress.
	SizeMB int64 `json:"size_mb,omitempty"`
}

// BackupStatus is the API's word for a backup's state. The reference shows the field and not its words: all of these are
// assumed to be a snapshot's.
type BackupStatus string

// The words of a backup's state that are known.
const (
	BackupInProgress BackupStatus = "in_progress"
	BackupCompleted  BackupStatus = "completed"
	BackupFailed     BackupStatus = "failed"
	BackupError      BackupStatus = "error"
)

// Completed says whether the list shows the backup as usable. Any status that is not known is not completed.
func (b Backup) Completed() bool { return b.Status == BackupCompleted }

// Failed says whether the backup ended without becoming usable.
func (b Backup) Failed() bool { return b.Status == BackupFailed || b.Status == BackupError }

// CreateBackupInput is one POST of a manual backup.
type CreateBackupInput struct {
	Fence    Fence `json:"fence"`
	ServerID int64 `json:"server_id"`
	// Description is BackupDescription's: without its words FindBackup cannot find the backup again.
	Description string `json:"description"`
}

// CreateBackupResult carries the backup when the answer is accepted.
type CreateBackupResult struct {
	Answer WriteAnswer `json:"answer"`
	Backup Backup      `json:"backup,omitzero"`
}

// FindBackupInput looks at the manual backups of a server, on WaitTaskQueue because it may have to settle first: before the first POST for room and known ids, and after an
// ambiguous one for ours.
type FindBackupInput struct {
	ServerID int64 `json:"server_id"`
	// RunID is the runbook's original run id, as in the description.
	RunID string `json:"run_id"`
	// KnownIDs are the manual backups listed before the first POST: never ours. Empty after a reset, because there the
	// earlier run of the same original run id may have made one.
	KnownIDs []int64 `json:"known_ids,omitempty"`
	// Settle waits for VPS_SETTLE before it looks: after an ambiguous POST.
	Settle bool `json:"settle,omitempty"`
	// Timeout is how long it asks again, after VPS_SETTLE, while the API gives no whole list; zero asks once.
	Timeout Duration `json:"timeout,omitempty"`
}

// FindBackupResult is what one whole list of the server's manual backups shows.
type FindBackupResult struct {
	// Ours are the run's own, the lowest id first. There may be failed ones among them.
	Ours []Backup `json:"ours"`
	// IDs are all manual backups of the server, whoever made them, and Count is how many: MaxManualBackups is full.
	IDs   []int64 `json:"ids"`
	Count int     `json:"count"`
	// RunID is the run that looked: see Fence.LookedRunID.
	RunID string `json:"run_id"`
}

// AwaitBackupInput waits, on WaitTaskQueue, until the list shows a backup completed or failed.
type AwaitBackupInput struct {
	ServerID int64    `json:"server_id"`
	BackupID int64    `json:"backup_id"`
	Timeout  Duration `json:"timeout"`
}

// AwaitBackupResult is the backup at the end of the wait.
type AwaitBackupResult struct {
	// State is done (completed), failed, gone or timed_out.
	State AwaitState `json:"state"`
	// Backup is as it was last seen; zero when no list has shown it.
	Backup Backup `json:"backup,omitzero"`
	// Detail says in plain words why the state is not done.
	Detail string `json:"detail,omitempty"`
}
