package contract

// Failure classes: the Type of the application error that a runbook or an activity ends with. They are a contract
// with whoever started the run. Every one of them is non-retryable, so that a retry policy set by a caller changes
// nothing.
const (
	FailInvalidInput         = "InvalidInput"
	FailPreflight            = "PreflightFailed"
	FailBaseline             = "BaselineFailed"
	FailSnapshotLimit        = "SnapshotLimit"
	FailSnapshot             = "SnapshotFailed"
	FailServerBusy           = "ServerBusy"
	FailChangeNotStarted     = "ChangeNotStarted"
	FailLockLost             = "LockLost"
	FailRolledBack           = "RolledBack"
	FailRolledBackUnverified = "RolledBackUnverified"
	FailRollback             = "RollbackFailed"
	FailChange               = "ChangeFailed"
	FailChangeUnknown        = "ChangeUnknown"
	FailNotApproved          = "NotApproved"
	FailRotation             = "RotationFailed"
	FailStale                = "Stale"
	FailFleet                = "FleetFailed"
	FailFleetStopped         = "FleetStopped"
)

// Classes of errors that activities return to workflows.
const (
	// ErrUnauthorized: 401 or 403. Not retried: only a person can mend a token.
	ErrUnauthorized = "APIUnauthorized"
	// ErrNotFound: the API says that the thing does not exist. Not retried.
	ErrNotFound = "APINotFound"
	// ErrRefused: any other clear no to a read. Not retried.
	ErrRefused = "APIRefused"
	// ErrNotAllowed: the worker's own policy (SAFEPOINT_ALLOW_*) refuses it. Not retried: only an operator can allow it.
	ErrNotAllowed = "NotAllowed"
	// ErrUnavailable: the API could not be asked or did not answer sensibly. Retried.
	ErrUnavailable = "APIUnavailable"
	// ErrWorkerStopping: the worker shuts down; another one goes on with the wait. Retried at once.
	ErrWorkerStopping = "WorkerStopping"
)
