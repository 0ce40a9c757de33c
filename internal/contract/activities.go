package contract

import "time"

// Activity names, as they stand in histories.
const (
	ActivityPreflight       = "Preflight"
	ActivityReadServer      = "ReadServer"
	ActivityListSnapshots   = "ListSnapshots"
	ActivityCreateSnapshot  = "CreateSnapshot"
	ActivityFindSnapshot    = "FindSnapshot"
	ActivityAwaitSnapshot   = "AwaitSnapshot"
	ActivityDeleteSnapshot  = "DeleteSnapshot"
	ActivityRestoreSnapshot = "RestoreSnapshot"
	ActivityAwaitRestore    = "AwaitRestore"
	ActivityStopServer      = "StopServer"
	ActivityStartServer     = "StartServer"
	ActivityAwaitServer     = "AwaitServer"
	ActivityAwaitAccess     = "AwaitAccess"
	ActivitySendWebhook     = "SendWebhook"
	ActivityVerify          = "Verify"
	ActivityAwaitLock       = "AwaitLock"
	ActivityLockGrace       = "LockGrace"
)

// WaitTaskQueue is the queue of the long waits beside a task queue of short work. Waits have a queue of their own
// because a few hundred of them would otherwise take the slots of the writes that they wait for.
func WaitTaskQueue(taskQueue string) string { return taskQueue + "-wait" }

// Fence is what a write must still find true right before it is sent. It is checked by the write's own activity,
// because only that is close enough to the write: a lock that was terminated by hand, a run that was reset and a
// worker that was frozen all look fine from the workflow.
type Fence struct {
	// OriginalRunID is the runbook's original run id. When the activity finds itself in another run, the run was reset
	// and an earlier one may have sent this write already.
	OriginalRunID string `json:"original_run_id"`
	// LockWorkflowID and LockRunID name the lock that this runbook holds; both empty where no lock is needed.
	LockWorkflowID string `json:"lock_workflow_id,omitempty"`
	LockRunID      string `json:"lock_run_id,omitempty"`
	// Looked is true when the workflow has already looked for the effect of earlier attempts in this very run, so that
	// a reset alone no longer makes the write ambiguous.
	Looked bool `json:"looked,omitempty"`
}

// WriteOutcome says what is known about one write after it was tried once.
type WriteOutcome string

const (
	// WriteAccepted: the API said yes, and its answer could be read whole.
	WriteAccepted WriteOutcome = "accepted"
	// WriteRefused: a clear no (4xx but 401, 403 and 429); nothing took effect.
	WriteRefused WriteOutcome = "refused"
	// WriteUnauthorized: 401 or 403; nothing took effect, and nothing will before the token is mended.
	WriteUnauthorized WriteOutcome = "unauthorized"
	// WriteNotSent: nothing took effect and it may be sent again after RetryAfter (rate limit, no connection).
	WriteNotSent WriteOutcome = "not_sent"
	// WriteAmbiguous: it may have taken effect. Look before sending again.
	WriteAmbiguous WriteOutcome = "ambiguous"
	// WriteLockLost: not sent, because the server's lock is no longer held by this run.
	WriteLockLost WriteOutcome = "lock_lost"
)

// WriteAnswer is what every write activity returns. The expected answers are a result, not an error: the workflow
// branches on them, and an error would only hide which of them came.
type WriteAnswer struct {
	Outcome WriteOutcome `json:"outcome"`
	// Status is the HTTP status, zero when there was no answer.
	Status int `json:"status,omitempty"`
	// Detail says in plain words what happened.
	Detail string `json:"detail,omitempty"`
	// RetryAfter is what the API asked for; zero when it did not say.
	RetryAfter Duration `json:"retry_after,omitempty"`
}

// PreflightInput asks for everything a runbook must know before it touches a server.
type PreflightInput struct {
	ServerID int64 `json:"server_id"`
}

// PreflightResult is the whole picture at one moment. Snapshots are the listing before the first POST (law 1).
type PreflightResult struct {
	// TokenName is the name of the API token as the API shows it; empty when it does not.
	TokenName string     `json:"token_name,omitempty"`
	Server    Server     `json:"server"`
	Snapshots []Snapshot `json:"snapshots"`
	// RunID is the run that looked. It differs from the original run id when the run was reset before it looked.
	RunID string `json:"run_id"`
}

// ServerInput names the server that a read is about.
type ServerInput struct {
	ServerID int64 `json:"server_id"`
}

// ReadServerResult is a server and its snapshots, read together right before a rollback.
type ReadServerResult struct {
	Server    Server     `json:"server"`
	Snapshots []Snapshot `json:"snapshots"`
	// RunID is the run that looked, as in PreflightResult.
	RunID string `json:"run_id"`
}

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
}

// AwaitSnapshotInput waits until the list shows our snapshot completed and no twin of it is still in progress.
type AwaitSnapshotInput struct {
	Own OwnSnapshot `json:"own"`
	// ID is the snapshot that the create answered or that was adopted.
	ID      int64    `json:"id"`
	Timeout Duration `json:"timeout"`
}

// AwaitState is how a wait ended.
type AwaitState string

const (
	AwaitDone     AwaitState = "done"
	AwaitFailed   AwaitState = "failed"    // the thing waited for ended badly
	AwaitGone     AwaitState = "gone"      // it was there and is no longer
	AwaitTimedOut AwaitState = "timed_out" // the time the user gave is over
)

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

// SendWebhookInput is the change as one POST to the user's own URL. It is sent once in the life of a runbook.
type SendWebhookInput struct {
	Fence   Fence       `json:"fence"`
	URL     string      `json:"url"`
	Timeout Duration    `json:"timeout"`
	Body    WebhookBody `json:"body"`
}

// WebhookBody is what the user's endpoint receives as JSON.
type WebhookBody struct {
	WorkflowID string       `json:"workflow_id"`
	RunID      string       `json:"run_id"`
	ServerID   int64        `json:"server_id"`
	Reason     string       `json:"reason,omitempty"`
	Snapshot   RestorePoint `json:"snapshot"`
}

// RestorePoint is the snapshot a change may be rolled back to.
type RestorePoint struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// CreatedAt is when the API says the snapshot was taken: a restore loses everything written after it.
	CreatedAt time.Time `json:"created_at,omitzero"`
	SizeMB    int64     `json:"size_mb,omitempty"`
}

// ChangeResult is how a change ended.
type ChangeResult string

const (
	ChangeSucceeded ChangeResult = "succeeded"
	ChangeFailed    ChangeResult = "failed"
	ChangeUnknown   ChangeResult = "unknown"
	// ChangeNotStarted: provably nothing reached the target or no runner began.
	ChangeNotStarted ChangeResult = "not_started"
)

// SendWebhookResult is what the endpoint answered.
type SendWebhookResult struct {
	Result ChangeResult `json:"result"`
	Status int          `json:"status,omitempty"`
	Detail string       `json:"detail"`
	// LockLost is true when nothing was sent because the lock was no longer held.
	LockLost bool `json:"lock_lost,omitempty"`
}

// VerifyInput is one verification: a baseline, the verification of a change, or that of a restore.
type VerifyInput struct {
	Checks       []Check  `json:"checks"`
	InitialDelay Duration `json:"initial_delay"`
	Interval     Duration `json:"interval"`
	Timeout      Duration `json:"timeout"`
	// Successes and Failures are rounds in a row that decide.
	Successes int `json:"successes"`
	Failures  int `json:"failures"`
	// Inconclusives is how many inconclusive rounds in a row decide; zero waits for the time-out.
	Inconclusives int      `json:"inconclusives,omitempty"`
	BakeTime      Duration `json:"bake_time"`
}

// VerifyResult is the verdict and what it rests on.
type VerifyResult struct {
	Verdict Verdict `json:"verdict"`
	Rounds  int     `json:"rounds"`
	// Last is the last look of each check.
	Last   []CheckResult `json:"last"`
	Detail string        `json:"detail"`
	// Took counts the time that a worker really looked.
	Took Duration `json:"took"`
}

// AwaitLockInput waits for the lock of a server, or looks whether its holder is alive.
type AwaitLockInput struct {
	ServerID int64 `json:"server_id"`
	// OwnWorkflowID is this runbook: a lock it holds by an earlier, reset run is stale.
	OwnWorkflowID string `json:"own_workflow_id"`
	// Wait long-polls a live holder; without it a live holder is an answer at once.
	Wait    bool     `json:"wait"`
	Timeout Duration `json:"timeout"`
}

// AwaitLockResult says whether the lock may be tried again.
type AwaitLockResult struct {
	// Free is true when the lock closed or was taken from a holder that is gone.
	Free   bool       `json:"free"`
	Holder LockHolder `json:"holder,omitzero"`
	Detail string     `json:"detail,omitempty"`
}

// LockHolder is the runbook that holds a server's lock.
type LockHolder struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id,omitempty"`
	Type       string `json:"type,omitempty"`
	// Phase is the holder's SafepointPhase; empty when it is not known.
	Phase string `json:"phase,omitempty"`
}

// LockGraceInput asks how long a cancelled lock must keep its server closed.
type LockGraceInput struct {
	HolderWorkflowID string   `json:"holder_workflow_id"`
	HolderRunID      string   `json:"holder_run_id"`
	WriteGrace       Duration `json:"write_grace"`
	ChangeGrace      Duration `json:"change_grace"`
}

// LockGraceResult is the time to wait and why.
type LockGraceResult struct {
	Grace  Duration `json:"grace"`
	Detail string   `json:"detail,omitempty"`
}
