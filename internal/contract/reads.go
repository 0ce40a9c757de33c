package contract

import "time"

// PreflightInput asks for everything a runbook must know before it touches a server.
type PreflightInput struct {
	ServerID int64 `json:"server_id"`
	// Egress is everything that the runbook would let the worker connect to. What the worker's policy refuses ends the
	// preflight with ErrNotAllowed before the API is asked anything.
	Egress []EgressTarget `json:"egress,omitempty"`
}

// PreflightResult is the whole picture at one moment. Snapshots are the listing before the first POST (law 1).
type PreflightResult struct {
	// TokenName is the name of the API token as the API shows it; empty when it does not.
	TokenName string     `json:"token_name,omitempty"`
	Server    Server     `json:"server"`
	Snapshots []Snapshot `json:"snapshots"`
	// Now is the API's own clock when it was read; zero when the API does not say. Only times of the API's own are compared
	// with it.
	Now time.Time `json:"now,omitzero"`
	// RunID is the run that looked. It differs from the original run id when the run was reset before it looked.
	RunID string `json:"run_id"`
}

// ServerInput names the server that a read is about.
type ServerInput struct {
	ServerID int64 `json:"server_id"`
}

// ReadServerResult is a server and its snapshots, read together right before a rollback.
type ReadServerResult struct {
	Server    Server     `json:"server"`
	Snapshots []Snapshot `json:"snapshots"`
	// RunID is the run that looked, as in PreflightResult.
	RunID string `json:"run_id"`
}
