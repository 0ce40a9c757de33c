package contract

import "time"

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
	// EarlierRun is true when nothing was sent because a run before a reset may have sent it: it may still be under way.
	EarlierRun bool `json:"earlier_run,omitempty"`
}
