package contract

import "time"

// MaxAuditRows bounds every list of an AuditResult; the whole number stands beside it in AuditCounts.
const MaxAuditRows = 100

// AuditInput asks how well servers are covered by snapshots. Nothing is written.
type AuditInput struct {
	Selector Selector `json:"selector"`
	// MaxAge is how old the newest completed snapshot of a server may be; zero looks for servers that have none.
	MaxAge Duration `json:"max_age"`
	// StuckAfter is how long a snapshot of ours may be in progress or failed before it is an orphan; zero lists none of them.
	StuckAfter Duration `json:"stuck_after"`
	// Policy counts only snapshots of this retention policy as fresh; empty counts every completed snapshot.
	Policy string `json:"policy,omitempty"`
}

// ClockOf says whose clock ages were measured with.
type ClockOf string

const (
	ClockAPI    ClockOf = "api"
	ClockWorker ClockOf = "worker" // the API did not say; ages may be off by as much as the two clocks differ
)

// AuditResult is what was found. Every list has at most MaxAuditRows rows, see Counts.
type AuditResult struct {
	// Now is the moment that ages are measured at, by the clock of ClockOf.
	Now     time.Time `json:"now"`
	ClockOf ClockOf   `json:"clock_of"`
	// Servers is how many servers the selector chooses, Missing its own ids that the account does not have.
	Servers int     `json:"servers"`
	Missing []int64 `json:"missing,omitempty"`
	// Stale are servers without a completed snapshot that is young enough, the oldest first.
	Stale []AuditRow `json:"stale,omitempty"`
	// Orphans are snapshots of ours that nothing will clean up: of a server that the account no longer has (whatever the
	// selector says), or in progress or failed for longer than StuckAfter.
	Orphans []AuditSnapshot `json:"orphans,omitempty"`
	// Full are servers on which not one more snapshot fits.
	Full []AuditRow `json:"full,omitempty"`
	// Protected are snapshots that say protect=true, Foreign those that Safepoint did not make.
	Protected []AuditSnapshot `json:"protected,omitempty"`
	Foreign   []AuditSnapshot `json:"foreign,omitempty"`
	// StoppedByRun are stopped servers whose last runbook ended in a way that may have left them so.
	StoppedByRun []AuditRow `json:"stopped_by_run,omitempty"`
	// StoppedUnread is how many stopped servers were not looked at for that, because there are too many or Temporal did
	// not answer.
	StoppedUnread int         `json:"stopped_unread,omitempty"`
	Counts        AuditCounts `json:"counts"`
}

// AuditCounts are the whole lengths of the lists.
type AuditCounts struct {
	Missing      int `json:"missing"`
	Stale        int `json:"stale"`
	Orphans      int `json:"orphans"`
	Full         int `json:"full"`
	Protected    int `json:"protected"`
	Foreign      int `json:"foreign"`
	StoppedByRun int `json:"stopped_by_run"`
}

// AuditRow is one server.
type AuditRow struct {
	ServerID   int64  `json:"server_id"`
	ServerName string `json:"server_name,omitempty"`
	// Newest is when the newest completed snapshot that counts was taken; zero without one. Age is how long ago that is.
	Newest time.Time `json:"newest,omitzero"`
	Age    Duration  `json:"age,omitempty"`
	// Snapshots is how many snapshots the server has, of whatever kind.
	Snapshots int `json:"snapshots"`
	// WorkflowID and RunID are the runbook that may have left the server stopped.
	WorkflowID string `json:"workflow_id,omitempty"`
	RunID      string `json:"run_id,omitempty"`
	// Detail says in plain words what is wrong.
	Detail string `json:"detail"`
}

// AuditSnapshot is one snapshot.
type AuditSnapshot struct {
	ID         int64          `json:"id"`
	ServerID   int64          `json:"server_id"`
	ServerName string         `json:"server_name,omitempty"`
	Name       string         `json:"name"`
	Status     SnapshotStatus `json:"status"`
	CreatedAt  time.Time      `json:"created_at,omitzero"`
	Age        Duration       `json:"age,omitempty"`
	// Policy is the retention policy that made it; empty when it is not ours.
	Policy string `json:"policy,omitempty"`
	// Detail says in plain words why it is listed.
	Detail string `json:"detail"`
}
