package workflows

import (
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// BeginRequest asks to make the change (update "begin"). Runner is random, one a process, and part of the update id.
type BeginRequest struct {
	Runner string `json:"runner"`
	// Confirms is the runner's promise to begin only after Temporal has taken a heartbeat that it sent after its grant, and
	// after a look since then that showed the run waiting for it. One that is granted the change and then never heard of has
	// changed nothing: there is nothing to verify and nothing to hold.
	Confirms bool `json:"confirms,omitempty"`
}

// BeginAnswer tells a runner whether it may change the server.
type BeginAnswer struct {
	// Granted is true for exactly one runner in the life of a run. Every other runner awaits the verdict.
	Granted  bool                  `json:"granted"`
	Snapshot contract.RestorePoint `json:"snapshot,omitzero"`
	// Detail says why it was not granted.
	Detail string `json:"detail,omitempty"`
	// Timeout is how long the change may take, and HeartbeatTimeout how long the runner may be silent. A runner stops
	// its own work before HeartbeatTimeout has passed since its last acknowledged heartbeat.
	Timeout          Duration `json:"timeout,omitempty"`
	HeartbeatTimeout Duration `json:"heartbeat_timeout,omitempty"`
}

// ReportRequest is the granted runner's word on its change (update "report").
type ReportRequest struct {
	Runner string `json:"runner"`
	// Result is succeeded, failed, or not_started: the runner was granted the change and knows that nothing of it was done.
	Result contract.ChangeResult `json:"result"`
	Detail string                `json:"detail,omitempty"`
}

// ReportAnswer says what the run makes of the report.
type ReportAnswer struct {
	Accepted bool   `json:"accepted"`
	Detail   string `json:"detail"`
}

// HeartbeatSignal says that a runner is alive (signal "heartbeat").
type HeartbeatSignal struct {
	Runner string `json:"runner"`
}

// DecideRequest is a person's decision for a held run (update "decide").
type DecideRequest struct {
	Decision Decision `json:"decision"`
	By       string   `json:"by,omitempty"`
	Note     string   `json:"note,omitempty"`
	// RunID says which run is meant, as its status shows it; empty is whichever runs. Temporal delivers updates again to a
	// run that was reset: with it a decision from before the reset is not taken for a new one.
	RunID string `json:"run_id,omitempty"`
}

// DecideAnswer says what follows.
type DecideAnswer struct {
	Accepted bool   `json:"accepted"`
	Detail   string `json:"detail"`
}

// Status is the answer of the query "status".
type Status struct {
	Runbook string `json:"runbook"`
	// RunID is the run that answers: another one after a reset.
	RunID    string `json:"run_id"`
	ServerID int64  `json:"server_id"`
	Phase    Phase  `json:"phase"`
	// Since is when the phase began (the Temporal server's clock).
	Since time.Time `json:"since"`
	// WaitingFor says in plain words what the run waits for.
	WaitingFor string `json:"waiting_for"`
	// Window is how long the API says the present wait takes; empty when the API says nothing about it.
	Window   *Window                `json:"window,omitempty"`
	Snapshot *contract.RestorePoint `json:"snapshot,omitempty"`
	Change   *ChangeRecord          `json:"change,omitempty"`
	// LastVerification is the last finished verification.
	LastVerification *VerificationRecord `json:"last_verification,omitempty"`
	// Hold says why the run is held and until when; empty when it is not.
	Hold *Hold `json:"hold,omitempty"`
	// CanDo are the things that a person may do now, as commands.
	CanDo []string `json:"can_do,omitempty"`
	// Loss says what a restore by RollbackByRestore overwrites.
	Loss    string        `json:"loss,omitempty"`
	Outcome Outcome       `json:"outcome,omitempty"`
	Phases  []PhaseRecord `json:"phases"`
	Notes   []string      `json:"notes,omitempty"`
	// Fleet is how a run of many servers stands: counts, the last failures, what is under way.
	Fleet *FleetRecord `json:"fleet,omitempty"`
}

// Window is the documented length of a wait, counted from Status.Window.From.
type Window struct {
	From time.Time `json:"from"`
	Min  Duration  `json:"min"`
	Max  Duration  `json:"max"`
}

// Hold is a run that waits for a person.
type Hold struct {
	Why       string     `json:"why"`
	Until     time.Time  `json:"until"`
	Decisions []Decision `json:"decisions"`
}
