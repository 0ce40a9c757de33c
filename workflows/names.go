package workflows

import (
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Workflow types.
const (
	TypeSnapshotUpdateVerify = "SnapshotUpdateVerify"
	TypeRollbackByRestore    = "RollbackByRestore"
	TypeSnapshotRotation     = "SnapshotRotation"
	TypeSnapshotAudit        = "SnapshotAudit"
	TypeFleetUpdate          = "FleetUpdate"
	// Looks that the command line starts (safepoint snapshots, safepoint doctor) and that anybody may: no runbooks.
	TypeSnapshotInventory = "SnapshotInventory"
	TypeCheckup           = "Checkup"
	// Internal: started by runbooks, never by people.
	TypeServerLock   = "ServerLock"
	TypeFleetPage    = "FleetPage"
	TypeNotification = "Notification"
)

// What a running runbook can be asked and told.
const (
	QueryStatus     = "status"
	UpdateBegin     = "begin"
	UpdateReport    = "report"
	UpdateDecide    = "decide"
	SignalHeartbeat = "heartbeat"
	// A fleet starts no further target while it is paused, and never again once it is aborted.
	UpdatePause  = "pause"
	UpdateResume = "resume"
	UpdateAbort  = "abort"
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

// maxRunID is how many bytes the workflow id of a run of one server may have: its notifications and its change are
// workflows that are named after it, with up to 30 bytes more, and Temporal takes 1000.
const maxRunID = 900

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

	// Phases of the runbooks that are not SnapshotUpdateVerify.
	PhaseRestore Phase = "restore"
	PhasePrune   Phase = "prune"
	PhaseSelect  Phase = "select"
	PhaseCanary  Phase = "canary"
	PhaseRollout Phase = "rollout"
	PhaseUndo    Phase = "undo" // a stopped fleet rolls back what it committed
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

	// OutcomeRestored: RollbackByRestore restored the server and verified it.
	OutcomeRestored Outcome = "restored"
	// OutcomeRotated: SnapshotRotation made its snapshot and pruned by its policy.
	OutcomeRotated Outcome = "rotated"
	// OutcomeIncomplete: a rotation of many servers in which at least one failed, or of one that pruned in part.
	OutcomeIncomplete Outcome = "incomplete"
	// OutcomeAudited: SnapshotAudit found nothing stale; OutcomeStale: it did.
	OutcomeAudited Outcome = "audited"
	OutcomeStale   Outcome = "stale"
	// OutcomeFleetFailed: every target was tried and at least one was not committed.
	OutcomeFleetFailed Outcome = "fleet_failed"
	// OutcomeFleetStopped: the fleet stopped before every target was tried, by its rule or by a person.
	OutcomeFleetStopped Outcome = "fleet_stopped"
)

// Check is one required check of a server. Programs outside of this module, which cannot import the package that it lives
// in, need the name to write an input's verify.checks.
type Check = contract.Check
