package contract

// Bounds of what is asked about other runs.
const (
	// MaxAwaitRuns is how many runs one AwaitRun waits for; each is one long poll.
	MaxAwaitRuns = 1000
	// MaxRunSummary is how many bytes of a run's summary are kept.
	MaxRunSummary = 300
	// MaxFailedTargets is how many servers FailedTargets returns.
	MaxFailedTargets = 10_000
)

// RunRef names one run of a workflow.
type RunRef struct {
	WorkflowID string `json:"workflow_id"`
	// RunID may be empty: then the latest run is meant.
	RunID string `json:"run_id,omitempty"`
	// ChildOf, when set, is the workflow id that must have started the run: one that it has not is RunForeign, at once.
	// Only AwaitRun looks at it.
	ChildOf string `json:"child_of,omitempty"`
}

// AwaitRunInput waits until at least one of the runs has closed.
type AwaitRunInput struct {
	// Runs are 1 to MaxAwaitRuns.
	Runs    []RunRef `json:"runs"`
	Timeout Duration `json:"timeout"`
}

// AwaitRunResult is every run that has closed, in the order of the input. The rest goes on.
type AwaitRunResult struct {
	// State is done (at least one has closed) or timed_out (none has).
	State AwaitState `json:"state"`
	Ended []RunEnd   `json:"ended,omitempty"`
	// Detail says why nothing is known, when Temporal could not be asked.
	Detail string `json:"detail,omitempty"`
}

// RunStatus is how a run closed, in Temporal's own words.
type RunStatus string

const (
	RunCompleted  RunStatus = "completed"
	RunFailed     RunStatus = "failed"
	RunCanceled   RunStatus = "canceled"
	RunTerminated RunStatus = "terminated"
	RunTimedOut   RunStatus = "timed_out"
	// RunGone: Temporal does not know the run (any more). Nobody knows how it ended.
	RunGone RunStatus = "gone"
	// RunForeign: somebody else started the run, see RunRef.ChildOf. Whether it has closed is not said.
	RunForeign RunStatus = "foreign"
)

// RunEnd is how one run ended. What its report does not say, or without a report, is empty.
type RunEnd struct {
	// WorkflowID and RunID are as they were asked for.
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id,omitempty"`
	// LastRunID is the run that ended, where it is another one than asked for: after a reset.
	LastRunID string    `json:"last_run_id,omitempty"`
	Status    RunStatus `json:"status"`
	// ServerID, Outcome and Failure are the report's own; Failure is the error's type for a run without a report.
	ServerID int64  `json:"server_id,omitempty"`
	Outcome  string `json:"outcome,omitempty"`
	Failure  string `json:"failure,omitempty"`
	// Summary is one line of at most MaxRunSummary bytes.
	Summary string `json:"summary,omitempty"`
	// SnapshotID is the restore point of the run.
	SnapshotID int64 `json:"snapshot_id,omitempty"`
}

// FailedTargetsInput names an earlier FleetUpdate that has ended.
type FailedTargetsInput struct {
	WorkflowID string `json:"workflow_id"`
	// RunID may be empty: then the latest run is meant.
	RunID string `json:"run_id,omitempty"`
}

// FailedTargetsResult is what that fleet did not get done.
type FailedTargetsResult struct {
	// ServerIDs are the servers that are not committed (or planned, in a dry run): those whose run ended in any other way,
	// those that the fleet rolled back when it stopped, or may have, and those that were never begun; in order.
	ServerIDs []int64 `json:"server_ids"`
	// RunID is the run whose report was read.
	RunID string `json:"run_id"`
}

// LastHolderInput asks who held the lock of a server last.
type LastHolderInput struct {
	ServerID int64 `json:"server_id"`
}

// LastHolderResult is the runbook that held the lock last, or holds it.
type LastHolderResult struct {
	// HolderWorkflowID and HolderRunID are empty for a lock that was started by hand.
	HolderWorkflowID string `json:"holder_workflow_id,omitempty"`
	HolderRunID      string `json:"holder_run_id,omitempty"`
	// Running is true while the lock is open: the server is somebody's now.
	Running bool `json:"running"`
	// Found is false when Temporal knows no lock of the server: no runbook held it within the namespace's retention.
	Found bool `json:"found"`
}
