package contract

import "time"

// MaxInventoryRows bounds the rows of an InventoryResult, MaxInventoryServers its list of servers without room.
const (
	MaxInventoryRows    = 400
	MaxInventoryServers = 100
)

// RetentionRules is one retention policy to judge snapshots by. The fields are those of a rotation's policy, and a rule
// that is zero is not used.
type RetentionRules struct {
	// Name is matched whole against the policy of a snapshot's marker. A run counts only the snapshots whose names start
	// like its own, so those of each such prefix are judged by themselves.
	Name        string   `json:"name"`
	KeepLast    int      `json:"keep_last,omitempty"`
	KeepHourly  int      `json:"keep_hourly,omitempty"`
	KeepDaily   int      `json:"keep_daily,omitempty"`
	KeepWeekly  int      `json:"keep_weekly,omitempty"`
	KeepMonthly int      `json:"keep_monthly,omitempty"`
	KeepWithin  Duration `json:"keep_within,omitempty"`
	ExpireAfter Duration `json:"expire_after,omitempty"`
	MinCount    int      `json:"min_count,omitempty"`
	Protect     []string `json:"protect,omitempty"`
}

// InventoryInput asks for the snapshots of servers, and what retention would do with each. Nothing is written.
type InventoryInput struct {
	Selector Selector `json:"selector"`
	// Policies are what the snapshots made under them are judged by. A snapshot of ours under another policy is listed
	// without a judgement: its marker names the policy and not its rules.
	Policies []RetentionRules `json:"policies"`
}

// SnapshotKind is whose a snapshot is.
type SnapshotKind string

const (
	// KindOurs: made by a runbook, and a policy may remove it.
	KindOurs SnapshotKind = "ours"
	// KindSafety: made by a runbook before it restored; never the "latest" to go back to.
	KindSafety SnapshotKind = "safety"
	// KindProtected: its description says protect=true, so nothing of Safepoint removes it.
	KindProtected SnapshotKind = "protected"
	// KindForeign: made by hand or by another program, so nothing of Safepoint removes it.
	KindForeign SnapshotKind = "foreign"
)

// RetentionVerdict is what retention would do with a snapshot now.
type RetentionVerdict string

const (
	RetentionKeep   RetentionVerdict = "keep"
	RetentionRemove RetentionVerdict = "remove"
	// RetentionUnknown: the rules of the policy that made it are not known here.
	RetentionUnknown RetentionVerdict = "unknown"
)

// InventoryResult is what there is. Rows are ordered by server, and of one server the newest come first.
type InventoryResult struct {
	// Now is the moment that ages are measured at, by the clock of ClockOf.
	Now     time.Time `json:"now"`
	ClockOf ClockOf   `json:"clock_of"`
	// Servers is how many servers are chosen, Missing the asked-for ids that the account does not have (the first
	// MaxAuditRows of them).
	Servers int     `json:"servers"`
	Missing []int64 `json:"missing,omitempty"`
	// Full are the chosen servers on which not one more snapshot fits, the first MaxInventoryServers of them.
	Full []int64 `json:"full,omitempty"`
	// Policies say in words what the snapshots were judged by.
	Policies []string       `json:"policies"`
	Rows     []InventoryRow `json:"rows"`
	// Left is how many snapshots more there are than Rows has.
	Left   int             `json:"left,omitempty"`
	Counts InventoryCounts `json:"counts"`
}

// InventoryCounts count all of the snapshots, those beyond the rows too.
type InventoryCounts struct {
	Snapshots int `json:"snapshots"`
	Ours      int `json:"ours"`
	Safety    int `json:"safety"`
	Protected int `json:"protected"`
	Foreign   int `json:"foreign"`
	Missing   int `json:"missing"`
	Full      int `json:"full"`
	Keep      int `json:"keep"`
	Remove    int `json:"remove"`
	Unknown   int `json:"unknown"`
}

// InventoryRow is one snapshot.
type InventoryRow struct {
	ServerID   int64        `json:"server_id"`
	ServerName string       `json:"server_name,omitempty"`
	ID         int64        `json:"id"`
	Name       string       `json:"name"`
	Kind       SnapshotKind `json:"kind"`
	// Policy and RunID are those of the marker; empty for a foreign one.
	Policy    string         `json:"policy,omitempty"`
	RunID     string         `json:"run_id,omitempty"`
	Status    SnapshotStatus `json:"status"`
	CreatedAt time.Time      `json:"created_at,omitzero"`
	// Age is zero when the API does not say when the snapshot was begun.
	Age Duration `json:"age,omitempty"`
	// SizeMB is in megabytes; zero while the API does not say.
	SizeMB int64 `json:"size_mb,omitempty"`
	// Retention is what would become of it now, Why says why in plain words.
	Retention RetentionVerdict `json:"retention"`
	Why       string           `json:"why"`
}
