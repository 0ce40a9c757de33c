package contract

import "time"

// NotifyTimeout is how long one attempt of Notify takes at most: give it a start-to-close time-out above this.
const NotifyTimeout = 15 * time.Second

// Classes of errors of Notify, besides ErrNotAllowed. The run that notifies goes on whatever they say.
const (
	// ErrNotifyFailed: 429, 5xx or no answer. Retried, after the answer's Retry-After where it has one.
	ErrNotifyFailed = "NotifyFailed"
	// ErrNotifyRefused: any other answer than 2xx, or a URL that cannot be posted to. Not retried.
	ErrNotifyRefused = "NotifyRefused"
)

// NotifyEvent is what a notification is about.
type NotifyEvent string

// The events of a run.
const (
	NotifyStarted        NotifyEvent = "started"
	NotifyHeld           NotifyEvent = "held"
	NotifyRolledBack     NotifyEvent = "rolled_back"
	NotifyRollbackFailed NotifyEvent = "rollback_failed"
	NotifyCommitted      NotifyEvent = "committed"
	NotifyEnded          NotifyEvent = "ended" // any other end
)

// NotifyInput is one notification. It may arrive twice: it is no write, and no lock or fence is asked.
type NotifyInput struct {
	// URL is http or https and often holds a key: it is never repeated in an error.
	URL     string        `json:"url"`
	Message NotifyMessage `json:"message"`
}

// NotifyMessage is what the user's endpoint receives as JSON. All fields but Text are as they are, for programs: who shows
// them to people must escape them. (Google Chat refuses fields that it does not know, so it gets Text alone.)
type NotifyMessage struct {
	Event NotifyEvent `json:"event"`
	// Text is one plain line, which chat tools show. Leave it empty: Notify then writes NotifyText. A text of one's own
	// must be safe to show, as NotifyText's is.
	Text    string `json:"text"`
	Runbook string `json:"runbook"`
	// WorkflowID and RunID are the run that notifies.
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	// ServerID and ServerName are empty for a run of many servers.
	ServerID   int64  `json:"server_id,omitempty"`
	ServerName string `json:"server_name,omitempty"`
	// Outcome is the run's outcome; empty while it runs. Failure is the failure class it ends with.
	Outcome string `json:"outcome,omitempty"`
	Failure string `json:"failure,omitempty"`
	// Summary says in plain words what happened, Next what a person does now: the command to type.
	Summary string `json:"summary,omitempty"`
	Next    string `json:"next,omitempty"`
	// At is when it happened, by Temporal's clock.
	At time.Time `json:"at,omitzero"`
	// Reason is the caller's own word for why the run was started.
	Reason string `json:"reason,omitempty"`
}
