package workflows

import (
	"encoding/json"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Duration is a duration written as a string in JSON, such as "30m".
type Duration = contract.Duration

// SnapshotUpdateVerifyInput is the one JSON object that starts the runbook. Only server_id, update.kind and, unless
// verify.skip is set, verify.checks have no default.
type SnapshotUpdateVerifyInput struct {
	// ServerID is the server's number at VPS.org, from 1 to 999999999999.
	ServerID int64 `json:"server_id"`
	// Reason is free text for people: who changes what; up to 500 characters.
	Reason    string         `json:"reason,omitempty"`
	Snapshot  SnapshotInput  `json:"snapshot"`
	Update    UpdateInput    `json:"update"`
	Verify    VerifyInput    `json:"verify"`
	Rollback  RollbackInput  `json:"rollback"`
	Retention RetentionInput `json:"retention"`
	Lock      LockInput      `json:"lock"`
	// Backup asks for a manual backup as well: snapshots are short-term, backups long-term (the vendor's own advice).
	Backup BackupInput `json:"backup,omitzero"`
	// Notify are URLs that are told how the run goes; up to 10.
	Notify []NotifyTarget `json:"notify,omitempty"`
	// NotDuring are freeze windows: the change does not begin in one; up to 100.
	NotDuring []FreezeWindow `json:"not_during,omitempty"`
	// DryRun says what would happen and writes nothing; default false.
	DryRun bool `json:"dry_run,omitempty"`
}

// SnapshotInput is about the restore point.
type SnapshotInput struct {
	// NamePrefix starts the snapshot's name: letters, digits, "-" and "_", up to 24; default "pre-update".
	NamePrefix string `json:"name_prefix,omitempty"`
	// Description stands before Safepoint's own marker in the snapshot's description; up to 150 characters.
	Description string `json:"description,omitempty"`
	// StopServer stops the server for the time of the snapshot (a consistent copy, at 3 to 10 minutes of downtime).
	StopServer bool `json:"stop_server,omitempty"`
	// ReadyTimeout is how long the snapshot may take, from 1s to 24h; default 30m (the API says 3 to 10 minutes).
	ReadyTimeout Duration `json:"ready_timeout,omitempty"`
}

// UpdateKind is who makes the change.
type UpdateKind string

const (
	// UpdateNone: nobody; the run takes a snapshot, verifies and commits.
	UpdateNone UpdateKind = "none"
	// UpdateExternal: a deploy system, which begins and reports.
	UpdateExternal UpdateKind = "external"
	// UpdateWebhook: one POST to a URL of the user.
	UpdateWebhook UpdateKind = "webhook"
	// UpdateSSH: one command over ssh, with the worker's own key and user.
	UpdateSSH UpdateKind = "ssh"
	// UpdateWorkflow: the user's own child workflow.
	UpdateWorkflow UpdateKind = "workflow"
)

// OnUnknown is what follows when nobody knows whether the change was made and verification is not red.
type OnUnknown string

const (
	UnknownHold     OnUnknown = "hold"
	UnknownCommit   OnUnknown = "commit"
	UnknownRollback OnUnknown = "rollback"
)

// UpdateInput is about the change.
type UpdateInput struct {
	// Kind has no default: a forgotten change would look like a success.
	Kind UpdateKind `json:"kind"`
	// URL is what a webhook change posts to: http or https.
	URL string `json:"url,omitempty"`
	// Address is the host:port that an ssh change connects to, and Command what it runs there, once.
	Address string `json:"address,omitempty"`
	Command string `json:"command,omitempty"`
	// Type is the workflow type of a workflow change, TaskQueue where its worker polls, Input its one JSON argument.
	Type      string          `json:"type,omitempty"`
	TaskQueue string          `json:"task_queue,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	// Timeout is how long the change may take, from 1s to 24h; default 30m.
	Timeout Duration `json:"timeout,omitempty"`
	// HeartbeatTimeout is how long an external runner may be silent, from 1s to 24h and at least a 1000th of Timeout;
	// default 2m.
	HeartbeatTimeout Duration `json:"heartbeat_timeout,omitempty"`
	// BeginTimeout is how long the run waits for an external runner to begin, from 1s to 24h; default 30m.
	BeginTimeout Duration `json:"begin_timeout,omitempty"`
	// OnUnknown is hold (default), commit or rollback.
	OnUnknown OnUnknown `json:"on_unknown,omitempty"`
}

// VerifyInput is about how the server is judged.
type VerifyInput struct {
	// Baseline runs the checks before the change too and stops the run when they are red; default true.
	Baseline bool `json:"baseline"`
	// Skip allows a run without checks; default false.
	Skip bool `json:"skip,omitempty"`
	// InitialDelay passes before the first look, from 0s to 24h; default 10s.
	InitialDelay Duration `json:"initial_delay"`
	// Interval passes between two rounds, from 100ms to 1h; default 10s.
	Interval Duration `json:"interval,omitempty"`
	// Timeout ends a verification that came to no verdict, from 1s to 24h; default 10m. It does not count the initial delay and
	// the bake time.
	Timeout Duration `json:"timeout,omitempty"`
	// Successes is how many green rounds in a row pass, from 1 to 1000; default 3.
	Successes int `json:"successes,omitempty"`
	// Failures is how many red rounds in a row fail, from 1 to 1000; default 3.
	Failures int `json:"failures,omitempty"`
	// BakeTime is how long the server must stay green after it passed, from 0s to 24h; default 0s.
	BakeTime Duration `json:"bake_time"`
	// Checks must all be green for a round to be green; 1 to 50.
	Checks []contract.Check `json:"checks,omitempty"`
}

// OnFailure is what "roll back" means for a run.
type OnFailure string

const (
	FailureRestore OnFailure = "restore"
	FailureHold    OnFailure = "hold"
	FailureNone    OnFailure = "none"
)

// RollbackInput is about what follows a bad change.
type RollbackInput struct {
	// OnFailure is restore (default), hold or none.
	OnFailure OnFailure `json:"on_failure,omitempty"`
	// RestoreTimeout is how long a rollback may take, from 1s to 24h; default 45m (the API says 5 to 15 minutes).
	RestoreTimeout Duration `json:"restore_timeout,omitempty"`
	// HoldTimeout is how long a held run waits for a person, from 1s to 720h; default 24h.
	HoldTimeout Duration `json:"hold_timeout,omitempty"`
}

// RetentionInput is about the snapshots that earlier runs of this runbook left on the server.
type RetentionInput struct {
	// KeepLast is how many of them stay after a commit, this run's own included, from 1 to 5; default 2.
	KeepLast int `json:"keep_last,omitempty"`
}

// OnBusy is what a run does when another runbook holds the server.
type OnBusy string

const (
	BusyWait OnBusy = "wait"
	BusyFail OnBusy = "fail"
	BusySkip OnBusy = "skip"
)

// LockInput is about the server's lock.
type LockInput struct {
	// OnBusy is wait (default), fail or skip.
	OnBusy OnBusy `json:"on_busy,omitempty"`
	// Timeout is how long to wait for the lock, from 1s to 168h; default 30m.
	Timeout Duration `json:"timeout,omitempty"`
}
