package retention

import (
	"path"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Policy is one rule of what to keep. It rules over the snapshots that were made under it and over no others. At least
// one keep rule or ExpireAfter must be set; zero means that a rule is not used. Hours, days, weeks and months are those of
// UTC and there is no setting for it: time zone data differs from machine to machine, and a workflow must decide alike
// wherever it is replayed.
type Policy struct {
	// Name is matched whole against policy=<name> in a snapshot's description.
	Name string
	// NamePrefix starts the snapshot's name, followed by "-".
	NamePrefix string

	// KeepLast is how many completed snapshots of the policy stay, the newest ones.
	KeepLast int
	// KeepHourly is for how many hours that have a snapshot the newest one stays.
	KeepHourly int
	// KeepDaily is for how many days that have a snapshot the newest one stays.
	KeepDaily int
	// KeepWeekly is for how many weeks (ISO 8601: from Monday) that have a snapshot the newest one stays.
	KeepWeekly int
	// KeepMonthly is for how many months that have a snapshot the newest one stays.
	KeepMonthly int
	// KeepWithin keeps what is less than this older than the newest snapshot of the policy.
	KeepWithin time.Duration

	// ExpireAfter removes what is older than this by Options.Now, also where a keep rule would hold it.
	ExpireAfter time.Duration
	// MinCount is how many completed snapshots of the policy stay whatever the rules above say, the newest ones. Alone it
	// is no policy.
	MinCount int
	// Protect are patterns (path.Match) on the whole name of a snapshot: one that matches is never removed. Alone they are
	// no policy.
	Protect []string
}

// Options is what the decision needs to know beside the list and the policy.
type Options struct {
	// RestorePoints are ids that a running runbook may roll back to: never removed.
	RestorePoints []int64
	// Incoming is how many snapshots are about to be made under the policy. They count as the newest kept ones, made at
	// Now.
	Incoming int
	// Now is the moment of the decision by the API's clock, read together with the list or after it: a snapshot made later
	// than that by more than Skew counts as dated in the future. It must never come from a snapshot: one that is dated wrong
	// would make all the others old. Needed by every rule that reads times; zero will do for KeepLast alone.
	Now time.Time
	// Hanging are ids of snapshots of the policy that should long be finished and are not; see Stuck. PlanQuota does not
	// count on one more to come out better.
	Hanging []int64
}

// ByTime says whether a rule reads creation times, beyond putting the snapshots in order.
func (p Policy) ByTime() bool { return p.byCalendar() || p.KeepWithin > 0 || p.ExpireAfter > 0 }

func (p Policy) byCalendar() bool {
	return p.KeepHourly > 0 || p.KeepDaily > 0 || p.KeepWeekly > 0 || p.KeepMonthly > 0
}

// Keeps says whether there is a keep rule at all: without one, ExpireAfter alone decides.
func (p Policy) Keeps() bool { return p.KeepLast > 0 || p.byCalendar() || p.KeepWithin > 0 }

// onlyKeepLast says whether KeepLast is the only keep rule.
func (p Policy) onlyKeepLast() bool { return p.KeepLast > 0 && !p.byCalendar() && p.KeepWithin == 0 }

// protector returns the first pattern that the name matches. The API's names have no slash, which a star of path.Match
// would not cover. A bad pattern never gets here, validate refuses it.
func (p Policy) protector(name string) (pattern string, protected bool) {
	for _, pattern := range p.Protect {
		if matched, err := path.Match(pattern, name); err == nil && matched {
			return pattern, true
		}
	}
	return "", false
}

// whyForeign says why the policy has no say over a snapshot; empty when it has. The name alone proves nothing: anybody
// can give it.
func (p Policy) whyForeign(s contract.Snapshot, marker contract.Marker) string {
	switch {
	case !marker.Managed:
		return "not made by Safepoint"
	case marker.Policy != p.Name:
		return "made under another retention policy"
	case !strings.HasPrefix(s.Name, p.NamePrefix+"-"):
		return "its name does not start with " + p.NamePrefix + "-"
	default:
		return ""
	}
}
