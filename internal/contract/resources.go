package contract

import "time"

// Snapshot is one snapshot as the API's list shows it.
type Snapshot struct {
	ID          int64          `json:"id"`
	ServerID    int64          `json:"server_id"`
	Name        string         `json:"name"`
	Status      SnapshotStatus `json:"status"`
	Description string         `json:"description,omitempty"`
	// CreatedAt is the API's own clock (zero when it did not say). It orders snapshots among themselves and is never
	// compared with a clock of ours.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// SizeMB is in megabytes; zero while the snapshot is in progress.
	SizeMB int64 `json:"size_mb,omitempty"`
}

// SnapshotStatus is the API's word for a snapshot's state. The set is open: only the three classes below are known.
type SnapshotStatus string

const (
	SnapshotInProgress SnapshotStatus = "in_progress" // sure: vendor reference
	SnapshotCompleted  SnapshotStatus = "completed"   // sure: vendor reference
	SnapshotFailed     SnapshotStatus = "failed"      // assumed
	SnapshotError      SnapshotStatus = "error"       // assumed
)

// Completed says whether the list shows the snapshot as usable. Any status that is not known is not completed (law 2).
func (s Snapshot) Completed() bool { return s.Status == SnapshotCompleted }

// Failed says whether the snapshot ended without becoming usable.
func (s Snapshot) Failed() bool { return s.Status == SnapshotFailed || s.Status == SnapshotError }

// Finished says whether the API is done with the snapshot, for good or ill. An unknown status is not finished.
func (s Snapshot) Finished() bool { return s.Completed() || s.Failed() }

// Server is one server as the API shows it.
type Server struct {
	ID        int64        `json:"id"`
	Name      string       `json:"name"`
	Status    ServerStatus `json:"status"`
	Hostname  string       `json:"hostname,omitempty"`
	IPAddress string       `json:"ip_address,omitempty"`
	// Location is the API's own word for it.
	Location string `json:"location,omitempty"`
	// UpdatedAt is the API's own clock (zero when it did not say): only ever compared with another reading of itself.
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// ServerStatus is the API's word for a server's state. The set is open.
type ServerStatus string

const (
	ServerActive    ServerStatus = "active"    // sure: vendor reference
	ServerStopped   ServerStatus = "stopped"   // sure: vendor reference
	ServerSuspended ServerStatus = "suspended" // sure: vendor reference
	ServerRestoring ServerStatus = "restoring" // sure: the restore answer
)
