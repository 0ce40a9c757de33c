package contract

// EgressKind is the way in which a runbook wants a worker to reach a target. Each has its own setting.
type EgressKind string

const (
	// EgressURL is an http check, a webhook or a notification: SAFEPOINT_ALLOW_URLS.
	EgressURL EgressKind = "url"
	// EgressTCP is the host:port of a tcp check: SAFEPOINT_ALLOW_URLS too.
	EgressTCP EgressKind = "tcp"
	// EgressSSH is the host:port of an ssh check or change: SAFEPOINT_ALLOW_SSH.
	EgressSSH EgressKind = "ssh"
)

// EgressTarget is something of an input that the worker would connect to. The worker's policy judges it before the
// runbook begins, and once more whenever it connects.
type EgressTarget struct {
	// Path is where the target stands in the input, as validation names it: "update.url", "verify.checks[0].url".
	Path string     `json:"path"`
	Kind EgressKind `json:"kind"`
	// Target is the URL of an EgressURL, the host:port of the others.
	Target string `json:"target"`
}
