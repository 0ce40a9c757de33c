package workflows

import (
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Report is what every run ends with: the result of a completed run, the details of a failed one. It lives in
// Temporal, outside the server, so it survives a restore; it goes with the namespace's retention.
type Report struct {
	Runbook       string `json:"runbook"`
	WorkflowID    string `json:"workflow_id"`
	RunID         string `json:"run_id"`
	OriginalRunID string `json:"original_run_id"`
	ServerID      int64  `json:"server_id"`
	ServerName    string `json:"server_name,omitempty"`
	Reason        string `json:"reason,omitempty"`

	Outcome Outcome `json:"outcome"`
	// Failure is the failure class of a failed end, such as RolledBack; empty otherwise.
	Failure string `json:"failure,omitempty"`
	// Summary says in one or two sentences what happened to the server.
	Summary string `json:"summary"`
	// Next says what a person should do now; empty when nothing.
	Next string `json:"next,omitempty"`

	StartedAt time.Time     `json:"started_at"`
	EndedAt   time.Time     `json:"ended_at"`
	Phases    []PhaseRecord `json:"phases"`

	Snapshot      *contract.RestorePoint `json:"snapshot,omitempty"`
	Change        *ChangeRecord          `json:"change,omitempty"`
	Verifications []VerificationRecord   `json:"verifications,omitempty"`
	Rollback      *RollbackRecord        `json:"rollback,omitempty"`
	Decisions     []DecisionRecord       `json:"decisions,omitempty"`
	Pruned        []PrunedSnapshot       `json:"pruned,omitempty"`
	// Plan is what a dry run would do.
	Plan []string `json:"plan,omitempty"`
	// BusyWith is the runbook that held the server when this one gave up or skipped.
	BusyWith *contract.LockHolder `json:"busy_with,omitempty"`
	// Kept are the snapshots that a rotation keeps, and why; Stuck are those that it found late or failed.
	Kept  []KeptSnapshot  `json:"kept,omitempty"`
	Stuck []StuckSnapshot `json:"stuck,omitempty"`
	// SafetySnapshot is the copy that RollbackByRestore took before it restored.
	SafetySnapshot *contract.RestorePoint `json:"safety_snapshot,omitempty"`
	// Loss says what a restore by RollbackByRestore overwrites, by the API's own clock.
	Loss string `json:"loss,omitempty"`
	// Backup is the manual backup that was made beside the snapshot.
	Backup *BackupRecord `json:"backup,omitempty"`
	// Fleet is what became of the servers of a runbook of many.
	Fleet *FleetRecord `json:"fleet,omitempty"`
	// Audit is what SnapshotAudit found.
	Audit *contract.AuditResult `json:"audit,omitempty"`
	// Notes are surprises along the way that did not change the outcome.
	Notes []string `json:"notes,omitempty"`
}

// PhaseRecord is one phase with its times (the Temporal server's clock).
type PhaseRecord struct {
	Phase     Phase     `json:"phase"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
}

// ChangeRecord is what is known of the change.
type ChangeRecord struct {
	Kind   UpdateKind            `json:"kind"`
	Result contract.ChangeResult `json:"result"`
	Detail string                `json:"detail,omitempty"`
	// ExitCode and Output are of an ssh change: the last 64 KiB of what it wrote.
	ExitCode  *int   `json:"exit_code,omitempty"`
	Output    string `json:"output,omitempty"`
	OutputCut bool   `json:"output_cut,omitempty"`
	// WorkflowID is the child of a workflow change.
	WorkflowID string `json:"workflow_id,omitempty"`
	// Runner is the external runner that was granted the change.
	Runner string `json:"runner,omitempty"`
	// HeartbeatTimeout is how long that runner may be silent; zero for a change that no runner makes.
	HeartbeatTimeout Duration  `json:"heartbeat_timeout,omitempty"`
	StartedAt        time.Time `json:"started_at"`
	EndedAt          time.Time `json:"ended_at,omitzero"`
}

// VerificationOf says what a verification was for.
type VerificationOf string

const (
	VerifiedBaseline VerificationOf = "baseline"
	VerifiedChange   VerificationOf = "change"
	VerifiedRestore  VerificationOf = "restore"
)

// VerificationRecord is one verification and its verdict.
type VerificationRecord struct {
	Of        VerificationOf         `json:"of"`
	Verdict   contract.Verdict       `json:"verdict"`
	Detail    string                 `json:"detail"`
	Rounds    int                    `json:"rounds"`
	Checks    []contract.CheckResult `json:"checks,omitempty"`
	StartedAt time.Time              `json:"started_at"`
	EndedAt   time.Time              `json:"ended_at"`
}

// RollbackRecord is one rollback by restore.
type RollbackRecord struct {
	Cause string `json:"cause"`
	// Posts is how many restore requests were sent; at most one took effect.
	Posts int `json:"posts"`
	// SeenRestoring is true when the server's status was seen restoring.
	SeenRestoring bool `json:"seen_restoring"`
	// LostFrom and LostUntil bound the writes that the restore undid: from the request for the snapshot to the acceptance
	// of the restore, both by the Temporal server's clock. The snapshot itself was taken a little after LostFrom. Of a
	// snapshot that another run or a person made only the API's own time is known: LostFrom is that one then.
	LostFrom  time.Time `json:"lost_from,omitzero"`
	LostUntil time.Time `json:"lost_until,omitzero"`
	// StartedServer is true when the restore left the server stopped and the run started it.
	StartedServer bool   `json:"started_server,omitempty"`
	Detail        string `json:"detail,omitempty"`
}

// Decision is what a person decides for a held run.
type Decision string

const (
	DecideCommit   Decision = "commit"
	DecideRollback Decision = "rollback"
	DecideExtend   Decision = "extend"
	// DecideApprove and DecideDeny answer a run that asks before it goes on.
	DecideApprove Decision = "approve"
	DecideDeny    Decision = "deny"
)

// DecisionRecord is one decision with who and when.
type DecisionRecord struct {
	Decision Decision  `json:"decision"`
	By       string    `json:"by,omitempty"`
	Note     string    `json:"note,omitempty"`
	At       time.Time `json:"at"`
}

// PrunedSnapshot is one snapshot that retention looked at for removal.
type PrunedSnapshot struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	Reason  string `json:"reason"`
	Deleted bool   `json:"deleted"`
	Detail  string `json:"detail,omitempty"`
}

// KeptSnapshot is one snapshot that a rotation's policy keeps.
type KeptSnapshot struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// StuckSnapshot is one snapshot of an earlier run that did not come out as it should, and what was done about it.
type StuckSnapshot struct {
	ID     int64                   `json:"id"`
	Name   string                  `json:"name"`
	Status contract.SnapshotStatus `json:"status"`
	Detail string                  `json:"detail"`
}

// BackupRecord is the manual backup of a run.
type BackupRecord struct {
	ID     int64  `json:"id,omitempty"`
	Status string `json:"status,omitempty"`
	Detail string `json:"detail,omitempty"`
}
