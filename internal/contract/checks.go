package contract

import "time"

// CheckKind is how a check looks at a server.
type CheckKind string

const (
	CheckHTTP CheckKind = "http"
	CheckTCP  CheckKind = "tcp"
	// CheckSSH runs a command on the server and passes when it ends with exit code 0.
	CheckSSH CheckKind = "ssh"
)

// Check is one required check of a server. Every check must pass for a round to pass.
type Check struct {
	// Name tells the check apart in reports; default "check-<n>".
	Name string    `json:"name"`
	Kind CheckKind `json:"kind"`
	// URL is what an http check gets, http or https. Redirects are an answer, not followed.
	URL string `json:"url,omitempty"`
	// ExpectStatus is the HTTP status that passes; default 200.
	ExpectStatus int `json:"expect_status,omitempty"`
	// ExpectBody is text that the first 64 KiB of the body must contain; empty means any body.
	ExpectBody string `json:"expect_body,omitempty"`
	// Address is the host:port that a tcp or an ssh check connects to.
	Address string `json:"address,omitempty"`
	// Command is what an ssh check runs on the server. It must only look: it runs again and again.
	Command string `json:"command,omitempty"`
	// Timeout bounds one look; default 10s.
	Timeout Duration `json:"timeout,omitempty"`
}

// Verdict is what a check, a round or a whole verification says. The third value is the point (law 6): a checker that
// could not look says nothing about the server.
type Verdict string

const (
	VerdictPassed       Verdict = "passed"
	VerdictFailed       Verdict = "failed"
	VerdictInconclusive Verdict = "inconclusive"
)

// CheckResult is one look of one check.
type CheckResult struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	// Detail says in plain words what was seen; it never holds a response body.
	Detail string    `json:"detail"`
	At     time.Time `json:"at"`
	// Took is how long the look lasted.
	Took Duration `json:"took"`
}

// VerifyInput is one verification: a baseline, the verification of a change, or that of a restore.
type VerifyInput struct {
	Checks []Check `json:"checks"`
	// ServerUp names a server that was just started: the rounds begin when the API shows it active on two polls in a
	// row, and a server that never gets there has failed. Zero looks at once.
	ServerUp     int64    `json:"server_up,omitempty"`
	InitialDelay Duration `json:"initial_delay"`
	Interval     Duration `json:"interval"`
	Timeout      Duration `json:"timeout"`
	// Successes and Failures are rounds in a row that decide.
	Successes int `json:"successes"`
	Failures  int `json:"failures"`
	// Inconclusives is how many inconclusive rounds in a row decide; zero waits for the time-out.
	Inconclusives int      `json:"inconclusives,omitempty"`
	BakeTime      Duration `json:"bake_time"`
}

// VerifyResult is the verdict and what it rests on.
type VerifyResult struct {
	Verdict Verdict `json:"verdict"`
	Rounds  int     `json:"rounds"`
	// Last is the last look of each check.
	Last   []CheckResult `json:"last"`
	Detail string        `json:"detail"`
	// Took counts the time that a worker really looked.
	Took Duration `json:"took"`
	// RunID is the run that looked; empty in histories of earlier releases.
	RunID string `json:"run_id,omitempty"`
}
