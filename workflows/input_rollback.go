package workflows

// RollbackByRestoreInput is the one JSON object that starts RollbackByRestore. Only server_id, snapshot and, unless
// verify.skip is set, verify.checks have no default.
type RollbackByRestoreInput struct {
	// ServerID is the server's number at VPS.org, from 1 to 999999999999.
	ServerID int64 `json:"server_id"`
	// Snapshot is what to restore: an id (801 or "801"), a name, "latest" (the newest completed one of Safepoint's, never
	// a safety snapshot) or "latest_any" (hand-made ones count too).
	Snapshot SnapshotChoice `json:"snapshot"`
	// Reason is free text for people; up to 500 characters.
	Reason string `json:"reason,omitempty"`
	// Approval holds the run until a person decides, after the preflight has said what will be lost.
	Approval ApprovalInput `json:"approval"`
	// Safety takes a snapshot of the present state first, when the quota has room for it.
	Safety SafetyInput `json:"safety"`
	// Verify judges the restored server; there is no baseline before a rollback.
	Verify   VerifyInput    `json:"verify"`
	Rollback RestoreLimits  `json:"rollback"`
	Lock     LockInput      `json:"lock"`
	Notify   []NotifyTarget `json:"notify,omitempty"`
	// AfterRun is a workflow id: the restore is refused when another run has held the server's lock since that one. A
	// fleet that undoes its commits sets it.
	AfterRun string `json:"after_run,omitempty"`
	// DryRun says what would be lost and writes nothing; default false.
	DryRun bool `json:"dry_run,omitempty"`
}

// ApprovalInput asks a person before the server is overwritten.
type ApprovalInput struct {
	// Required holds the run until decide approves or denies; default false.
	Required bool `json:"required,omitempty"`
	// Timeout ends the hold as not approved, from 1s to 720h; default 24h.
	Timeout Duration `json:"timeout,omitempty"`
}

// SafetyInput is the copy of the state that is about to be overwritten.
type SafetyInput struct {
	// Snapshot takes one when a slot is free or can be planned free; default false.
	Snapshot bool `json:"snapshot,omitempty"`
	// Required ends the run as SnapshotLimit when there is no room, instead of going on without; default false.
	Required bool `json:"required,omitempty"`
	// ReadyTimeout is how long the snapshot may take, from 1s to 24h; default 30m.
	ReadyTimeout Duration `json:"ready_timeout,omitempty"`
}

// RestoreLimits bound a restore and its holds.
type RestoreLimits struct {
	// RestoreTimeout is how long a restore may take, from 1s to 24h; default 45m (the API says 5 to 15 minutes).
	RestoreTimeout Duration `json:"restore_timeout,omitempty"`
	// HoldTimeout is how long a restore that cannot go on waits for a person, from 1s to 720h; default 24h.
	HoldTimeout Duration `json:"hold_timeout,omitempty"`
}
