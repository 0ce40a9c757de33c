package workflows

import "time"

// FleetRecord is what became of the servers of a runbook of many. The results stand in pages, each the result of a
// workflow of its own, because 10,000 of them do not fit one payload; Targets has them too when one page holds all.
type FleetRecord struct {
	// Total is how many servers were selected, Started how many of them a run was started for.
	Total   int         `json:"total"`
	Started int         `json:"started"`
	Counts  FleetCounts `json:"counts"`
	// Targets are the results, in the order in which they ended, when one page holds them all; with Pages, those that could
	// not be stored (a note says so).
	Targets []TargetResult `json:"targets,omitempty"`
	// Pages are the workflows whose results hold the results, in order.
	Pages []RunReference `json:"pages,omitempty"`
	// LastFailures are the newest results that are neither committed nor skipped, at most 20.
	LastFailures []TargetResult `json:"last_failures,omitempty"`
	// InFlight are the runs under way, at most 100 of them (a status only).
	InFlight []RunReference `json:"in_flight,omitempty"`
	// Missing are asked-for servers that the account does not have, at most 1000.
	Missing []int64 `json:"missing,omitempty"`
	// NotStarted are the servers that a stopped or canceled run never took up, in the order of their ids; retry_of takes
	// them. NotStartedUnknown is true when nobody knows which they are, because the run ended before it had chosen its
	// servers: retry_of then refuses this fleet.
	NotStarted        []int64 `json:"not_started,omitempty"`
	NotStartedUnknown bool    `json:"not_started_unknown,omitempty"`
	// Reverted are the servers whose run was committed and which on_stop rolled back, or tried to without a known end.
	// They are no longer committed, whatever their own result says; retry_of takes them.
	Reverted []int64 `json:"reverted,omitempty"`
	// StoppedBy says why the fleet stopped before its end; empty when it did not.
	StoppedBy string `json:"stopped_by,omitempty"`
	// Paused is true while no further target is started.
	Paused bool `json:"paused,omitempty"`
	// Undone are the committed targets that on_stop rolled back, newest first, and those that it refused, when one page
	// holds them all; UndonePages are the workflows whose results hold them otherwise.
	Undone      []TargetResult `json:"undone,omitempty"`
	UndonePages []RunReference `json:"undone_pages,omitempty"`
	// UndoneCounts count them: done are those that were rolled back.
	UndoneCounts UndoneCounts `json:"undone_counts,omitzero"`
}

// FleetCounts counts targets by how they ended. Every started target that has ended is in exactly one of them.
type FleetCounts struct {
	// Done: committed, or rotated, and not undone since.
	Done    int `json:"done"`
	Skipped int `json:"skipped"`
	Planned int `json:"planned"`
	// RolledBack: a change was rolled back, well or not. It counts for max_rollbacks.
	RolledBack int `json:"rolled_back"`
	// Errors: ended in any other way. They count for max_errors.
	Errors int `json:"errors"`
	// Undone: committed first and no longer, see Reverted. Only on_stop makes any.
	Undone int `json:"undone,omitempty"`
}

// ended is how many targets have ended.
func (c FleetCounts) ended() int {
	return c.Done + c.Skipped + c.Planned + c.RolledBack + c.Errors + c.Undone
}

// UndoneCounts counts what on_stop did with the targets that were committed.
type UndoneCounts struct {
	// Restored: rolled back and verified. Refused: ended in any other way, the results say why.
	Restored int `json:"restored"`
	Refused  int `json:"refused"`
	// Left: not tried, because the fleet was canceled meanwhile.
	Left int `json:"left"`
}

// RunReference names one run.
type RunReference struct {
	ServerID   int64  `json:"server_id,omitempty"`
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id,omitempty"`
}

// TargetResult is what became of one server.
type TargetResult struct {
	ServerID int64  `json:"server_id"`
	Name     string `json:"name,omitempty"`
	// WorkflowID and RunID are the run of this server; empty when none was started.
	WorkflowID string `json:"workflow_id,omitempty"`
	RunID      string `json:"run_id,omitempty"`
	// Outcome is how that run ended; empty when nobody knows. What on_stop did later stands in Undone and Reverted.
	Outcome Outcome `json:"outcome"`
	Failure string  `json:"failure,omitempty"`
	// Summary has at most 300 bytes; the run's own report has it all.
	Summary    string    `json:"summary,omitempty"`
	SnapshotID int64     `json:"snapshot_id,omitempty"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
}

// FleetPageResult is the result of a FleetPage.
type FleetPageResult struct {
	Results []TargetResult `json:"results"`
}
