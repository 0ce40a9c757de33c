package workflows

// SnapshotRotationInput is the one JSON object that starts SnapshotRotation. Exactly one of servers, selector and all
// says which servers; policy needs at least one rule.
type SnapshotRotationInput struct {
	// Servers are ids, up to 10,000. With exactly one server the run rotates it itself, else each has a run of its own.
	Servers  []int64        `json:"servers,omitempty"`
	Selector *SelectorInput `json:"selector,omitempty"`
	// All selects every server of the account.
	All    bool   `json:"all,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Create takes a new snapshot before anything is pruned; default true.
	Create   bool          `json:"create"`
	Snapshot SnapshotInput `json:"snapshot"` // name_prefix: default the policy's name
	Policy   PolicyInput   `json:"policy"`
	// MaxConcurrency is how many servers are rotated at a time, from 1 to 200 or a percentage; default 10.
	MaxConcurrency Amount         `json:"max_concurrency,omitzero"`
	Lock           LockInput      `json:"lock"` // on_busy: default skip
	Notify         []NotifyTarget `json:"notify,omitempty"`
	// NotDuring are freeze windows: a server in one is skipped.
	NotDuring []FreezeWindow `json:"not_during,omitempty"`
	DryRun    bool           `json:"dry_run,omitempty"`
}

// SelectorInput chooses servers by what the API's list says of them. Every field that is given must fit.
type SelectorInput struct {
	// Name is a glob on the server's name, such as "web-*".
	Name     string `json:"name,omitempty"`
	Location string `json:"location,omitempty"`
	Status   string `json:"status,omitempty"`
	// Exclude are ids, and ExcludeNames globs, of servers that are left out.
	Exclude      []int64  `json:"exclude,omitempty"`
	ExcludeNames []string `json:"exclude_names,omitempty"`
}

// PolicyInput is a retention policy. The keep rules are restic's; at least one rule or expire_after is needed.
type PolicyInput struct {
	// Name marks the snapshots of this policy, and it deletes no others: letters, digits, "-" and "_", up to 24; default
	// "rotation".
	Name string `json:"name,omitempty"`
	// The keep rules and MinCount are from 0 to 5, the API's own limit of snapshots a server; 0 means that a rule is not used.
	KeepLast    int `json:"keep_last,omitempty"`
	KeepHourly  int `json:"keep_hourly,omitempty"`
	KeepDaily   int `json:"keep_daily,omitempty"`
	KeepWeekly  int `json:"keep_weekly,omitempty"`
	KeepMonthly int `json:"keep_monthly,omitempty"`
	// KeepWithin keeps everything this close to the newest snapshot of the policy, such as "7d".
	KeepWithin Duration `json:"keep_within,omitempty"`
	// ExpireAfter removes what is older, whatever the keep rules say, down to min_count. Both times are up to 3650d.
	ExpireAfter Duration `json:"expire_after,omitempty"`
	// MinCount is how many completed snapshots of the policy stay whatever the other rules say.
	MinCount int `json:"min_count,omitempty"`
	// Protect are up to 100 globs of snapshot names that are never removed.
	Protect []string `json:"protect,omitempty"`
}

// SnapshotAuditInput is the one JSON object that starts SnapshotAudit. Exactly one of servers, selector and all says
// which servers.
type SnapshotAuditInput struct {
	Servers  []int64        `json:"servers,omitempty"`
	Selector *SelectorInput `json:"selector,omitempty"`
	All      bool           `json:"all,omitempty"`
	// MaxAge is how old a server's newest completed snapshot may be, by the API's clock, from 1m to 8760h; required.
	MaxAge Duration `json:"max_age"`
	// StuckAfter is how long a snapshot may be in progress, from 1m to 168h; default 1h (the API says 3 to 10 minutes).
	StuckAfter Duration `json:"stuck_after,omitempty"`
}
