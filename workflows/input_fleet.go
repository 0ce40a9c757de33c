package workflows

import "encoding/json"

// FleetUpdateInput is the one JSON object that starts FleetUpdate. Exactly one of servers, selector and all says which
// servers; template is a SnapshotUpdateVerify input without server_id.
type FleetUpdateInput struct {
	// Servers are ids, up to 10,000.
	Servers  []int64        `json:"servers,omitempty"`
	Selector *SelectorInput `json:"selector,omitempty"`
	All      bool           `json:"all,omitempty"`
	// Reason is free text for people, up to 500 characters; also that of every run whose template has none.
	Reason string `json:"reason,omitempty"`
	// Template's strings may use {{.ServerID}}, {{.Name}}, {{.Hostname}}, {{.IPAddress}} and {{.Location}} of the target.
	Template json.RawMessage `json:"template"`
	Canary   CanaryInput     `json:"canary"`
	// MaxConcurrency is how many targets are under way at a time, a number up to 200 or a percentage of all
	// (rounded down, at least 1 and at most 200); default 5.
	MaxConcurrency Amount `json:"max_concurrency,omitzero"`
	// MaxErrors is how many errors the fleet takes: it stops when one more arrives. An error is a target that ended in
	// any way but committed, skipped, planned or rolled back. A number or a percentage of all, rounded down; default 0.
	MaxErrors Amount `json:"max_errors,omitzero"`
	// MaxRollbacks is the same for targets that were rolled back, well or not; default 0: the first one stops the fleet.
	MaxRollbacks Amount `json:"max_rollbacks,omitzero"`
	// OnStop is what a fleet that stopped does with the targets it committed: leave (default) or rollback_committed (the
	// newest first, one after the other). It counts whoever stopped the fleet, an abort too; a cancel leaves them.
	OnStop OnStop `json:"on_stop,omitempty"`
	// RetryOf is the workflow id of an earlier, closed FleetUpdate. It stands for servers, selector and all, and picks
	// every target of that run that is not committed (or planned, in a dry run): those that failed, were rolled back,
	// skipped or canceled, those that its on_stop rolled back or may have, and those that were never started because it
	// stopped. What it committed is never changed again. A run that left no whole report (terminated, or never got as far
	// as to choose its servers) is refused.
	RetryOf string         `json:"retry_of,omitempty"`
	Notify  []NotifyTarget `json:"notify,omitempty"`
	// DryRun makes every target a dry run. It waits for nothing after the canaries and asks nobody.
	DryRun bool `json:"dry_run,omitempty"`
}

// CanaryInput tries a few targets first. Every one of them must be committed (planned, in a dry run): one that ends in
// any other way, also skipped, stops the fleet.
type CanaryInput struct {
	// Count is how many, a number or a percentage of all (rounded up); default 0: no canary.
	Count Amount `json:"count,omitzero"`
	// Pause is how long the fleet waits after the canaries are green, from 0s to 720h; default 0s.
	Pause Duration `json:"pause,omitempty"`
	// Decide holds the fleet after the canaries until a person approves; default false.
	Decide bool `json:"decide,omitempty"`
	// DecideTimeout ends that hold and stops the fleet, from 1s to 720h; default 24h.
	DecideTimeout Duration `json:"decide_timeout,omitempty"`
}

// OnStop is what a stopped fleet does with what it has committed.
type OnStop string

const (
	StopLeave             OnStop = "leave"
	StopRollbackCommitted OnStop = "rollback_committed"
)
