package contract

import "time"

// CheckKind is how a check looks at a server.
type CheckKind string

const (
	CheckHTTP CheckKind = "http"
	CheckTCP  CheckKind = "tcp"
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
	// Address is the host:port that a tcp check connects to.
	Address string `json:"address,omitempty"`
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
