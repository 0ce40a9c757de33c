package workflows

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// Bounds of a retention policy.
const (
	maxProtect    = 100
	maxPolicyTime = 3650 * day
)

// otherPolicies belong to runbooks of their own: a rotation of that name would prune what they may still need.
var otherPolicies = []string{contract.PolicyUpdate, contract.PolicySafety}

// policy checks a retention policy. Counts end at the API's own limit: a rule that wants to keep more would fill the
// quota and then stop every rotation, days after it was written.
func (v *inputValidator) policy(in PolicyInput) {
	switch {
	case !validNamePrefix(in.Name):
		v.add("policy.name", "must be 1 to %d letters, digits, \"-\" or \"_\" and start with a letter or a digit, got %s",
			maxNamePrefix, strictjson.Quote(in.Name))
	case slices.Contains(otherPolicies, in.Name):
		v.add("policy.name", "must not be %s: those names belong to other runbooks", strings.Join(otherPolicies, " or "))
	}
	none := true
	for _, c := range []struct {
		name string
		n    int
		rule bool
	}{
		{"keep_last", in.KeepLast, true}, {"keep_hourly", in.KeepHourly, true}, {"keep_daily", in.KeepDaily, true},
		{"keep_weekly", in.KeepWeekly, true}, {"keep_monthly", in.KeepMonthly, true}, {"min_count", in.MinCount, false},
	} {
		none = none && (c.n == 0 || !c.rule)
		if c.n < 0 || c.n > maxKeepLast {
			v.add("policy."+c.name, "must be from 0 to %d (a server has at most %d snapshots), got %d", maxKeepLast, retention.QuotaPerServer, c.n)
		}
	}
	for _, d := range []struct {
		name string
		d    Duration
	}{{"keep_within", in.KeepWithin}, {"expire_after", in.ExpireAfter}} {
		none = none && d.d == 0
		v.duration("policy."+d.name, d.d, 0, maxPolicyTime)
	}
	if none && !v.unread("policy.") {
		v.add("policy", "has no rule: give at least one of keep_last, keep_hourly, keep_daily, keep_weekly, keep_monthly, "+
			"keep_within and expire_after (min_count and protect alone are no policy)")
	}
	v.protect(in.Protect)
}

// unread says whether decoding found a problem under the path: then what is missing may only not have been read.
func (v *inputValidator) unread(under string) bool {
	return slices.ContainsFunc(v.decoded, func(p strictjson.Problem) bool { return strings.HasPrefix(p.Path, under) })
}

func (v *inputValidator) protect(patterns []string) {
	if n := len(patterns); n > maxProtect {
		v.add("policy.protect", "must have at most %d patterns, has %d", maxProtect, n)
		return
	}
	for i, pattern := range patterns {
		v.line(indexed("policy.protect", i), pattern, contract.MaxServerText)
	}
	// The rest of this policy is sound: only the patterns are judged.
	err := retention.Policy{Name: contract.PolicyRotation, NamePrefix: contract.PolicyRotation, KeepLast: 1, Protect: patterns}.Validate()
	var invalid *retention.InvalidError
	if errors.As(err, &invalid) {
		for _, p := range invalid.Problems {
			v.add("policy."+p.Field, "%s", p.Text)
		}
	}
}

// rules is the policy as package retention applies it.
func (p PolicyInput) rules(namePrefix string) retention.Policy {
	return retention.Policy{
		Name: p.Name, NamePrefix: namePrefix,
		KeepLast: p.KeepLast, KeepHourly: p.KeepHourly, KeepDaily: p.KeepDaily, KeepWeekly: p.KeepWeekly, KeepMonthly: p.KeepMonthly,
		KeepWithin: time.Duration(p.KeepWithin), ExpireAfter: time.Duration(p.ExpireAfter),
		MinCount: p.MinCount, Protect: p.Protect,
	}
}
