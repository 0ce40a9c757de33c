package contract

// RunSSHInput is the change as one command over ssh. It is sent once in the life of a runbook.
type RunSSHInput struct {
	Fence Fence `json:"fence"`
	// Address is the server as host:port; the user and the key are the worker's settings.
	Address string `json:"address"`
	// Command is given to the user's login shell on the server.
	Command string `json:"command"`
	// Timeout bounds the connection and the command together. A command that outlives it is not stopped.
	Timeout Duration `json:"timeout"`
}

// RunSSHResult is how the command ended.
type RunSSHResult struct {
	Result ChangeResult `json:"result"`
	// ExitCode is nil when the command was killed by a signal, was not sent, or nobody knows how it ended.
	ExitCode *int `json:"exit_code,omitempty"`
	// Output is the end of what the command wrote, at most 64 KiB: valid UTF-8 without control characters but newline
	// and tab.
	Output string `json:"output,omitempty"`
	// OutputCut is true when the command wrote more than Output holds.
	OutputCut bool `json:"output_cut,omitempty"`
	// Detail says in plain words what happened; it never holds a part of the output.
	Detail string `json:"detail"`
	// LockLost is true when nothing was sent because the lock was no longer held.
	LockLost bool `json:"lock_lost,omitempty"`
	// EarlierRun: see SendWebhookResult.
	EarlierRun bool `json:"earlier_run,omitempty"`
}
