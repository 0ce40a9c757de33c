package contract

// PreflightInput asks for everything a runbook must know before it touches a server.
type PreflightInput struct {
	ServerID int64 `json:"server_id"`
}

// PreflightResult is the whole picture at one moment. Snapshots are the listing before the first POST (law 1).
type PreflightResult struct {
	// TokenName is the name of the API token as the API shows it; empty when it does not.
	TokenName string     `json:"token_name,omitempty"`
	Server    Server     `json:"server"`
	Snapshots []Snapshot `json:"snapshots"`
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
