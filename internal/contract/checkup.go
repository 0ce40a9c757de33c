package contract

// MaxCheckupServers bounds how many servers a finding of a checkup names.
const MaxCheckupServers = 20

// CheckupInput asks a worker about itself and about the API as it sees it. Nothing is written.
type CheckupInput struct {
	// ServerID is the server that it is about; zero means all that the worker may touch.
	ServerID int64 `json:"server_id,omitempty"`
}

// FindingState is what a finding means for whoever reads it.
type FindingState string

const (
	// FindingOK: nothing is to be done.
	FindingOK FindingState = "ok"
	// FindingWarn: runbooks work, and a person should know.
	FindingWarn FindingState = "warn"
	// FindingBad: runbooks do not work, or soon will not, until Mend is done.
	FindingBad FindingState = "bad"
	// FindingUnchecked: nobody knows, because something else must be mended first. Mend says what.
	FindingUnchecked FindingState = "not_checked"
)

// Finding is one thing that was looked at.
type Finding struct {
	// Name is stable, for programs: "token".
	Name  string       `json:"name"`
	State FindingState `json:"state"`
	// Detail says in plain words what was found.
	Detail string `json:"detail"`
	// Mend says what to do about it; empty for what is ok.
	Mend string `json:"mend,omitempty"`
	// Commands are what to type for it, one each.
	Commands []string `json:"commands,omitempty"`
}

// Names of the worker's findings.
const (
	FindingSettings    = "settings"
	FindingAPI         = "api"
	FindingToken       = "token"
	FindingPermissions = "permissions"
	FindingAPIClock    = "api clock"
	FindingWorkerClock = "worker clock"
	FindingServers     = "servers"
	FindingQuota       = "quota"
	FindingEgress      = "egress"
)

// WorkerFindings are the names of what a worker looks at, in its order.
func WorkerFindings() []string {
	return []string{
		FindingSettings, FindingWorkerClock, FindingAPI, FindingToken, FindingPermissions, FindingAPIClock,
		FindingServers, FindingQuota, FindingEgress,
	}
}

// CheckupResult is what a worker found. Findings have a fixed order, and each name stands in it once.
type CheckupResult struct {
	Findings []Finding `json:"findings"`
	// Version is the worker's own; empty when no worker answered.
	Version string `json:"version,omitempty"`
}

// WorkerFacts is what a worker knows of its own settings and may tell. It never holds a secret.
type WorkerFacts struct {
	// Version is the program's, Deployment and Build those of worker versioning, empty without it.
	Version    string
	Deployment string
	Build      string
	// APIURL is VPS_API_URL without user, password and query.
	APIURL         string
	RequestTimeout Duration
	// RateLimit is in requests a second.
	RateLimit float64
	// AllowServers, AllowURLs and AllowSSH are how many entries the SAFEPOINT_ALLOW_* settings have.
	AllowServers, AllowURLs, AllowSSH int
	// Warnings are those of the worker's start.
	Warnings []string
}
