package contract

// AwaitState is how a wait ended.
type AwaitState string

const (
	AwaitDone     AwaitState = "done"
	AwaitFailed   AwaitState = "failed"    // the thing waited for ended badly
	AwaitGone     AwaitState = "gone"      // it was there and is no longer
	AwaitTimedOut AwaitState = "timed_out" // the time the user gave is over
)

// RestoreSnapshotInput is one POST of a restore. The activity checks the snapshot itself right before (law 3).
type RestoreSnapshotInput struct {
	Fence      Fence `json:"fence"`
	ServerID   int64 `json:"server_id"`
	SnapshotID int64 `json:"snapshot_id"`
}

// RestoreSnapshotResult is the API's answer.
type RestoreSnapshotResult struct {
	Answer WriteAnswer `json:"answer"`
	// Unfit says why the snapshot may not be restored (not completed, of another server, gone); nothing was sent.
	Unfit string `json:"unfit,omitempty"`
}

// AwaitRestoreInput watches a server until a restore has finished.
type AwaitRestoreInput struct {
	ServerID int64 `json:"server_id"`
	// Before is the server as it was right before the first POST of this decision.
	Before  Server   `json:"before"`
	Timeout Duration `json:"timeout"`
}

// AwaitRestoreResult says what was seen.
type AwaitRestoreResult struct {
	// State is done (finished, or quiet without proof: see Unclear) or timed_out.
	State  AwaitState `json:"state"`
	Server Server     `json:"server"`
	// SeenRestoring is true when the status was seen restoring.
	SeenRestoring bool `json:"seen_restoring"`
	// Unclear is true when the server was never seen restoring and its updated_at proves nothing either: only
	// verification can tell whether the restore took effect.
	Unclear bool   `json:"unclear,omitempty"`
	Detail  string `json:"detail,omitempty"`
	// RunID is the run that looked: see Fence.LookedRunID.
	RunID string `json:"run_id"`
}

// PowerInput starts or stops a server.
type PowerInput struct {
	Fence    Fence `json:"fence"`
	ServerID int64 `json:"server_id"`
}

// PowerResult is the API's answer.
type PowerResult struct {
	Answer WriteAnswer `json:"answer"`
}

// AwaitServerInput waits for a server's status.
type AwaitServerInput struct {
	ServerID int64        `json:"server_id"`
	Want     ServerStatus `json:"want"`
	// Settle watches for VPS_SETTLE even when the status is already there, because a power call sent before may still
	// take effect; the wait then ends with whatever the status is after that time.
	Settle  bool     `json:"settle,omitempty"`
	Timeout Duration `json:"timeout"`
}

// AwaitServerResult is the server at the end of the wait.
type AwaitServerResult struct {
	State  AwaitState `json:"state"`
	Server Server     `json:"server"`
	Detail string     `json:"detail,omitempty"`
}

// AwaitAccessInput waits until the token works again.
type AwaitAccessInput struct {
	Timeout Duration `json:"timeout"`
}

// AwaitAccessResult says whether it did.
type AwaitAccessResult struct {
	State AwaitState `json:"state"`
}
