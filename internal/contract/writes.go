package contract

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
	// Repeatable is true for writes that may be sent again whatever an earlier run did: power calls and deletes.
	Repeatable bool `json:"repeatable,omitempty"`
	// LookedRunID is the run in which a worker has looked for the effect of earlier requests. Only in that very run does
	// the look count: a later reset replays it, but the run that it was made in may have sent the write after it.
	LookedRunID string `json:"looked_run_id,omitempty"`
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
