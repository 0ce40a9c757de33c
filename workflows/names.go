package workflows

import "go.temporal.io/sdk/temporal"

// Workflow types.
const (
	TypeSnapshotUpdateVerify = "SnapshotUpdateVerify"
	TypeServerLock           = "ServerLock"
)

// What a running runbook can be asked and told.
const (
	QueryStatus     = "status"
	UpdateBegin     = "begin"
	UpdateReport    = "report"
	UpdateDecide    = "decide"
	SignalHeartbeat = "heartbeat"
	// SignalRelease ends a ServerLock cleanly.
	SignalRelease = "release"
)

// Names of the search attributes; the worker registers them at its start.
const (
	SearchAttributeServerID = "SafepointServerId"
	SearchAttributePhase    = "SafepointPhase"
	SearchAttributeOutcome  = "SafepointOutcome"
)

// Search attributes, upserted only where the phase changes: each upsert is one event and one billed action.
var (
	serverIDAttribute = temporal.NewSearchAttributeKeyInt64(SearchAttributeServerID)
	phaseAttribute    = temporal.NewSearchAttributeKeyKeyword(SearchAttributePhase)
	outcomeAttribute  = temporal.NewSearchAttributeKeyKeyword(SearchAttributeOutcome)
)

// Phase is where a runbook is.
type Phase string

const (
	PhaseLock      Phase = "lock"
	PhasePreflight Phase = "preflight"
	PhaseSnapshot  Phase = "snapshot"
	PhaseChange    Phase = "change"
	PhaseVerify    Phase = "verify"
	PhaseHold      Phase = "hold"
	PhaseCommit    Phase = "commit"
	PhaseRollback  Phase = "rollback"
	PhaseDone      Phase = "done"
)

// Outcome is how a runbook ended; it is the value of SafepointOutcome.
type Outcome string

const (
	OutcomeCommitted Outcome = "committed"
	OutcomeSkipped   Outcome = "skipped"
	OutcomePlanned   Outcome = "planned"
	// OutcomeNotChanged: ended before the change; the failure class says why.
	OutcomeNotChanged Outcome = "not_changed"
	// OutcomeCanceled: canceled by a person before the change.
	OutcomeCanceled             Outcome = "canceled"
	OutcomeRolledBack           Outcome = "rolled_back"
	OutcomeRolledBackUnverified Outcome = "rolled_back_unverified"
	OutcomeRollbackFailed       Outcome = "rollback_failed"
	OutcomeChangeFailed         Outcome = "change_failed"
	OutcomeChangeUnknown        Outcome = "change_unknown"
)
