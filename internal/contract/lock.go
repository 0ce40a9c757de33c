package contract

import (
	"strconv"
	"time"
)

// WriteDeadline is the start-to-close time of a write to the API that asks it nothing first (create, power). It may
// leave the worker within WriteSendWithin of its start, and its answer is waited for WriteRequestTimeout; together they
// stay under the deadline, with room to report the answer.
const (
	WriteDeadline       = 45 * time.Second
	WriteSendWithin     = 10 * time.Second
	WriteRequestTimeout = 30 * time.Second
)

// CheckedWriteDeadline is the same for a write that reads the list right before it is sent (restore, delete): one slow
// answer of the API, of up to WriteRequestTimeout, must not keep a rollback from being sent at all.
const (
	CheckedWriteDeadline   = 80 * time.Second
	CheckedWriteSendWithin = 45 * time.Second
)

// WriteGrace is how long a server stays closed after its holder died: the longest write's deadline, because a worker
// may die with that write in flight, and nothing else may write to the server before it is over.
const WriteGrace = CheckedWriteDeadline

// Memo keys of a ServerLock: how long it keeps a server closed after its holder died. The first when the holder was
// not changing the server through a webhook, the second when it may have been.
const (
	MemoWriteGrace  = "safepoint_write_grace"
	MemoChangeGrace = "safepoint_change_grace"
)

// LockWorkflowID is the id of the lock of one server: the id is the lock, because Temporal runs one workflow of an id.
func LockWorkflowID(serverID int64) string {
	return "server-lock/" + strconv.FormatInt(serverID, 10)
}

// LockRequest starts the ServerLock of one server.
type LockRequest struct {
	ServerID int64 `json:"server_id"`
	// HolderWorkflowID and HolderRunID are the runbook that holds the lock; Runbook is its workflow type.
	HolderWorkflowID string `json:"holder_workflow_id"`
	HolderRunID      string `json:"holder_run_id"`
	Runbook          string `json:"runbook"`
	// WriteGrace and ChangeGrace are how long the server stays closed after the holder died, see MemoWriteGrace.
	WriteGrace  Duration `json:"write_grace"`
	ChangeGrace Duration `json:"change_grace"`
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
