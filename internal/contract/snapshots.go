package contract

// CreateSnapshotInput is one POST of a snapshot.
type CreateSnapshotInput struct {
	Fence       Fence  `json:"fence"`
	ServerID    int64  `json:"server_id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// CreateSnapshotResult carries the snapshot when the answer is accepted.
type CreateSnapshotResult struct {
	Answer   WriteAnswer `json:"answer"`
	Snapshot Snapshot    `json:"snapshot,omitzero"`
}

// OwnSnapshot tells how the snapshot of one run is recognised in a list: by its name and the whole original run id in
// its description, and by not having been there before the first POST.
type OwnSnapshot struct {
	ServerID int64  `json:"server_id"`
	Name     string `json:"name"`
	RunID    string `json:"run_id"`
	// KnownIDs are the snapshots listed before the first POST: never adopted. Empty after a reset, because there the
	// earlier run of the same original run id may have made it.
	KnownIDs []int64 `json:"known_ids,omitempty"`
}

// FindSnapshotInput looks for our snapshot after an ambiguous create, once VPS_SETTLE has passed.
type FindSnapshotInput struct {
	Own OwnSnapshot `json:"own"`
	// Timeout is how long FindSnapshot asks again after VPS_SETTLE while the API gives no whole list. ListSnapshots asks
	// once and does not read it.
	Timeout Duration `json:"timeout,omitempty"`
}

// FindSnapshotResult is the whole list of the server and ours in it, lowest id first.
type FindSnapshotResult struct {
	Ours []Snapshot `json:"ours"`
	All  []Snapshot `json:"all"`
	// RunID is the run that looked: see Fence.LookedRunID.
	RunID string `json:"run_id"`
}

// AwaitSnapshotInput waits until the list shows our snapshot completed and no twin of it is still in progress.
type AwaitSnapshotInput struct {
	Own OwnSnapshot `json:"own"`
	// ID is the snapshot that the create answered or that was adopted.
	ID      int64    `json:"id"`
	Timeout Duration `json:"timeout"`
}

// AwaitSnapshotResult is the state of our snapshot at the end of the wait.
type AwaitSnapshotResult struct {
	State    AwaitState `json:"state"`
	Snapshot Snapshot   `json:"snapshot"`
	// Twins are further snapshots of the same name and run, all finished.
	Twins []Snapshot `json:"twins,omitempty"`
	// All is the whole list of the server at that moment.
	All    []Snapshot `json:"all,omitempty"`
	Detail string     `json:"detail,omitempty"`
}

// DeleteSnapshotInput deletes one snapshot of ours. The activity lists right before and refuses whatever the guard
// does not cover (law 4).
type DeleteSnapshotInput struct {
	Fence      Fence  `json:"fence"`
	ServerID   int64  `json:"server_id"`
	SnapshotID int64  `json:"snapshot_id"`
	NamePrefix string `json:"name_prefix"`
	// Policy must match the snapshot's own policy whole.
	Policy string `json:"policy"`
	// RestorePoints are the snapshots a running runbook may still roll back to: never deleted.
	RestorePoints []int64 `json:"restore_points,omitempty"`
	// TwinOf is set when the snapshot is a duplicate that this very run made: the kept one's id.
	TwinOf int64 `json:"twin_of,omitempty"`
}

// DeleteSnapshotResult says what became of the snapshot.
type DeleteSnapshotResult struct {
	Answer WriteAnswer `json:"answer"`
	// Deleted is true when the snapshot is gone, by this call or before it.
	Deleted bool `json:"deleted"`
}
