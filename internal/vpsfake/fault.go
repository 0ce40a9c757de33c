package vpsfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Op is what a request asks for.
type Op string

// The operations of the API, the two of the sites, and the groups that a fault may name.
const (
	OpMe              Op = "me"
	OpListSnapshots   Op = "list_snapshots"
	OpCreateSnapshot  Op = "create_snapshot"
	OpRestoreSnapshot Op = "restore_snapshot"
	OpDeleteSnapshot  Op = "delete_snapshot"
	OpListServers     Op = "list_servers"
	OpGetServer       Op = "get_server"
	OpStartServer     Op = "start_server"
	OpStopServer      Op = "stop_server"
	OpListBackups     Op = "list_backups"
	OpCreateBackup    Op = "create_backup"

	// OpDeployHook and OpSite are not the API's: no group holds them, a fault must name them.
	OpDeployHook Op = "deploy_hook"
	OpSite       Op = "site"

	OpAny      Op = "any"
	OpAnyWrite Op = "any_write"
	OpAnyRead  Op = "any_read"

	// Only in the request log, never in a fault.
	opRedirect Op = "redirect"
	opUnknown  Op = "unknown"
)

var (
	readOps  = []Op{OpMe, OpListSnapshots, OpListServers, OpGetServer, OpListBackups}
	writeOps = []Op{OpCreateSnapshot, OpRestoreSnapshot, OpDeleteSnapshot, OpStartServer, OpStopServer, OpCreateBackup}
	siteOps  = []Op{OpDeployHook, OpSite}
	listOps  = []Op{OpListSnapshots, OpListServers, OpListBackups}
	groupOps = []Op{OpAny, OpAnyWrite, OpAnyRead}
)

// covers says whether a fault on o is meant for a request of the kind other.
func (o Op) covers(other Op) bool {
	switch o {
	case OpAny, "":
		return slices.Contains(readOps, other) || slices.Contains(writeOps, other)
	case OpAnyRead:
		return slices.Contains(readOps, other)
	case OpAnyWrite:
		return slices.Contains(writeOps, other)
	default: // a single operation
		return o == other
	}
}

// FaultKind is what goes wrong.
type FaultKind string

// What goes wrong with the request itself. At most one of these happens to a request, the one set first.
const (
	LostBefore    FaultKind = "lost_before"    // the connection is cut before any effect
	LostAfter     FaultKind = "lost_after"     // the effect happens, then the connection is cut
	Error500First FaultKind = "500_before"     // 500, no effect
	Error500After FaultKind = "500_after"      // the effect happens, then 500
	Hang          FaultKind = "hang"           // no answer until the client gives up, or for Duration; see Effect
	TooMany       FaultKind = "429"            // 429 with RetryAfter, no effect
	HTML502       FaultKind = "html_502"       // a proxy's HTML page; no effect unless Effect is "before"
	MalformedJSON FaultKind = "malformed_json" // the effect happens, the answer breaks off inside its JSON
	Unauthorized  FaultKind = "unauthorized"   // 401 though the token is right
	Held          FaultKind = "held"           // waits until the fault is removed (or for Duration), then as if nothing had been; see Effect
)

// What goes wrong with lists.
const (
	ListLags  FaultKind = "list_lags" // the list shows the state of Duration ago
	Paged     FaultKind = "paged"     // pages of PageSize rows (default 1) with next
	Truncated FaultKind = "truncated" // count is larger than the rows, no next; PageSize rows, default all but the last
)

// What goes wrong with an action after it began. They are used up only when the action takes effect.
const (
	SnapshotFails          FaultKind = "snapshot_fails"           // ends as Status (default "failed"); a backup too
	UnknownStatus          FaultKind = "unknown_status"           // snapshot, backup or restore shows Status (default "finalizing") for Duration (0: for ever), then ends well
	NeverFinishes          FaultKind = "never_finishes"           // snapshot, backup, restore or power stays as it is while running
	ComesBackStopped       FaultKind = "comes_back_stopped"       // the server is stopped after the restore
	StatusLags             FaultKind = "status_lags"              // the server shows its state from before the restore for Duration
	StoppedBeforeRestoring FaultKind = "stopped_before_restoring" // the server shows stopped for Duration before restoring
	EndsAtOnce             FaultKind = "ends_at_once"             // the restore is over at once; only updated_at tells
	ForeignRestore         FaultKind = "foreign_restore"          // somebody else's restore begins right before the request; with no Op: now
	ClockOff               FaultKind = "clock_off"                // the API's clock is off by Duration (may be negative) while the fault is set
)

// HangEffect says when a hanging or held request takes effect.
type HangEffect string

const (
	EffectNone   HangEffect = "none"   // never, the default of hang; one that was held is cut off when it is let go
	EffectBefore HangEffect = "before" // at once, then silence
	EffectAfter  HangEffect = "after"  // when the client has given up: the request that was thought dead; held: when it is let go, the default
)

// Fault makes matching requests go wrong.
type Fault struct {
	// ID is given by the fake; what is set here is ignored.
	ID   string    `json:"id,omitempty"`
	Kind FaultKind `json:"kind"`
	// Op is which requests; default "any", of those that the kind can happen to.
	Op Op `json:"op,omitempty"`
	// ServerID is which server; 0 is any. A list of the whole account is about every server, but held leaves it alone when
	// it names one: others wait for that list.
	ServerID int64 `json:"server_id,omitempty"`
	// Times is how often it happens; 0 is until it is removed. A held fault that has happened this often must still be
	// removed: that is what lets its requests go.
	Times int `json:"times,omitempty"`
	// Skip is how many matching requests pass unharmed first.
	Skip int `json:"skip,omitempty"`
	// Chance is how likely a matching request is hit, from 0 to 1; 0 means always. The same requests in the same order are
	// hit each time.
	Chance float64 `json:"chance,omitempty"`
	// Duration is in real time whatever the speed (clock_off: API time). In JSON a string such as "30s".
	Duration time.Duration `json:"-"`
	// Status is the word to show: snapshot_fails and unknown_status.
	Status string `json:"status,omitempty"`
	// Effect belongs to hang, held and html_502.
	Effect HangEffect `json:"effect,omitempty"`
	// RetryAfter is in seconds; 0 leaves the header out. It belongs to 429.
	RetryAfter int `json:"retry_after,omitempty"`
	// PageSize is in rows: paged and truncated.
	PageSize int `json:"page_size,omitempty"`
	// Hits is how often it has happened; what is set here is ignored.
	Hits int `json:"hits,omitempty"`
}

// kindOps says which operations each kind can happen to; it is also the list of the kinds.
var kindOps = map[FaultKind][]Op{
	LostBefore: requestOps, LostAfter: requestOps, Error500First: requestOps, Error500After: requestOps, Hang: requestOps,
	TooMany: requestOps, HTML502: requestOps, MalformedJSON: requestOps, Unauthorized: requestOps, Held: requestOps,
	ListLags: listOps, Paged: listOps, Truncated: listOps,
	SnapshotFails:    {OpCreateSnapshot, OpCreateBackup},
	UnknownStatus:    {OpCreateSnapshot, OpCreateBackup, OpRestoreSnapshot},
	NeverFinishes:    {OpCreateSnapshot, OpCreateBackup, OpRestoreSnapshot, OpStartServer, OpStopServer},
	ComesBackStopped: {OpRestoreSnapshot}, StatusLags: {OpRestoreSnapshot}, EndsAtOnce: {OpRestoreSnapshot},
	StoppedBeforeRestoring: {OpRestoreSnapshot},
	ForeignRestore:         {OpRestoreSnapshot, OpCreateSnapshot, OpStartServer, OpStopServer, OpDeleteSnapshot, OpGetServer},
	ClockOff:               nil,
}

var requestOps = slices.Concat(readOps, writeOps, siteOps)

// ofRequest says whether the kind is one that happens to the request itself.
func (k FaultKind) ofRequest() bool { return slices.Contains(kindOps[k], OpSite) }

// Validate says everything that is wrong with the fault.
func (t Fault) Validate() error {
	var problems []error
	ops, known := kindOps[t.Kind]
	if !known {
		problems = append(problems, fmt.Errorf("kind: %q is not a fault; the kinds are %v", t.Kind, sortedKinds()))
	}
	if t.Op != "" && !slices.Contains(requestOps, t.Op) && !slices.Contains(groupOps, t.Op) {
		problems = append(problems, fmt.Errorf("op: %q is not an operation; they are %v", t.Op, slices.Concat(requestOps, groupOps)))
	} else if known && ops != nil && !slices.ContainsFunc(ops, t.Op.covers) {
		problems = append(problems, fmt.Errorf("op: %s never happens to %s, only to %v", t.Kind, t.Op, ops))
	}
	if t.Times < 0 || t.Skip < 0 || t.PageSize < 0 || t.RetryAfter < 0 {
		problems = append(problems, errors.New("times, skip, page_size and retry_after: leave them out or give a positive number"))
	}
	if !(t.Chance >= 0 && t.Chance <= 1) {
		problems = append(problems, errors.New("chance: give a probability from 0 to 1"))
	}
	if t.Duration < 0 && t.Kind != ClockOff {
		problems = append(problems, errors.New("duration: only clock_off may be negative"))
	}
	needsDuration := []FaultKind{ListLags, StatusLags, StoppedBeforeRestoring, ClockOff}
	if t.Duration == 0 && slices.Contains(needsDuration, t.Kind) {
		problems = append(problems, fmt.Errorf("duration: %s needs one, such as \"30s\"", t.Kind))
	}
	if !slices.Contains([]HangEffect{"", EffectNone, EffectBefore, EffectAfter}, t.Effect) {
		problems = append(problems, fmt.Errorf("effect: %q is not one of none, before, after", t.Effect))
	}
	if t.Kind == ForeignRestore && t.Op == "" && t.ServerID == 0 {
		problems = append(problems, errors.New("server_id: a foreign_restore with no op begins now and must name its server"))
	}
	return errors.Join(problems...)
}

func sortedKinds() []FaultKind {
	kinds := make([]FaultKind, 0, len(kindOps))
	for k := range kindOps {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

type faultFields Fault

type faultJSON struct {
	faultFields
	Duration string `json:"duration,omitempty"`
}

// MarshalJSON writes the duration as a string.
func (t Fault) MarshalJSON() ([]byte, error) {
	j := faultJSON{faultFields: faultFields(t)}
	if t.Duration != 0 {
		j.Duration = t.Duration.String()
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads the duration as a string and refuses fields that it does not know: a misspelt one would make a
// fault that never happens.
func (t *Fault) UnmarshalJSON(b []byte) error {
	var j faultJSON
	if err := decodeStrict(b, &j); err != nil {
		return err
	}
	*t = Fault(j.faultFields)
	if j.Duration == "" {
		return nil
	}
	d, err := time.ParseDuration(j.Duration)
	if err != nil {
		return fmt.Errorf("duration: %q is not a duration: write \"500ms\" or \"30s\"", j.Duration)
	}
	t.Duration = d
	return nil
}
