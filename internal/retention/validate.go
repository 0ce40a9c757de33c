package retention

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Problem is one thing that is wrong, and how to mend it.
type Problem struct {
	// Field is the setting's name as a user writes it ("keep_daily", "protect[0]"), or "now", "incoming" or "snapshots"
	// for what the caller brings.
	Field string
	// Text does not repeat the field.
	Text string
}

// InvalidError lists every problem of a policy, its options and its list. Nothing was decided.
type InvalidError struct {
	Problems []Problem
}

// Error names all problems, the first ones in full.
func (e *InvalidError) Error() string {
	const most = 20 // problems shown; a policy of people has fewer
	var texts []string
	for i, p := range e.Problems {
		if i == most {
			texts = append(texts, fmt.Sprintf("and %d more", len(e.Problems)-i))
			break
		}
		texts = append(texts, p.Field+": "+p.Text)
	}
	return "the retention policy cannot be applied: " + strings.Join(texts, "; ")
}

// problems collects what is wrong.
type problems []Problem

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, Problem{Field: field, Text: fmt.Sprintf(format, args...)})
}

// err is nil without a problem: an *InvalidError that is nil would not be a nil error.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &InvalidError{Problems: p}
}

// Validate says whether the policy can be applied at all; the error is an *InvalidError with every problem.
func (p Policy) Validate() error {
	var found problems
	p.check(&found)
	return found.err()
}

func (p Policy) check(found *problems) {
	if p.Name == "" {
		found.add("name", "the retention policy has no name")
	}
	if p.NamePrefix == "" {
		found.add("name_prefix", "the retention policy has no name prefix")
	}
	empty := true
	for _, n := range []struct {
		field string
		n     int
		rule  bool
	}{
		{"keep_last", p.KeepLast, true}, {"keep_hourly", p.KeepHourly, true}, {"keep_daily", p.KeepDaily, true},
		{"keep_weekly", p.KeepWeekly, true}, {"keep_monthly", p.KeepMonthly, true}, {"min_count", p.MinCount, false},
	} {
		if n.n < 0 {
			found.add(n.field, "must not be negative, got %d", n.n)
		}
		empty = empty && (n.n == 0 || !n.rule)
	}
	for _, d := range []struct {
		field string
		d     time.Duration
	}{{"keep_within", p.KeepWithin}, {"expire_after", p.ExpireAfter}} {
		if d.d < 0 {
			found.add(d.field, "must not be negative, got %s", contract.Duration(d.d))
		}
		empty = empty && d.d == 0
	}
	if empty {
		found.add("keep_last", "the policy is empty: it says neither what to keep nor what expires. Set at least one of keep_last, "+
			"keep_hourly, keep_daily, keep_weekly, keep_monthly, keep_within and expire_after (min_count and protect alone are no policy)")
	}
	for i, pattern := range p.Protect {
		p.checkPattern(found, fmt.Sprintf("protect[%d]", i), pattern)
	}
}

// checkPattern reads a pattern to its end, whatever it is matched with.
func (p Policy) checkPattern(found *problems, field, pattern string) {
	if pattern == "" {
		found.add(field, "is empty and would protect nothing: write a name or a pattern such as \"before-*\"")
	} else if _, err := path.Match(pattern, ""); err != nil {
		found.add(field, "%s is not a pattern: write a name with *, ? or [a-z] in it, and \\ before one of these that is meant as it is", quote(pattern))
	}
}

func validate(snapshots []contract.Snapshot, policy Policy, opts Options) error {
	var found problems
	policy.check(&found)
	if opts.Incoming < 0 {
		found.add("incoming", "%d incoming snapshots are not possible", opts.Incoming)
	}
	if policy.ByTime() && opts.Now.IsZero() {
		found.add("now", "the time of the API is not known, and %s cannot be applied without it", policy.Describe())
	}
	checkList(&found, snapshots)
	return found.err()
}

// checkList refuses a list that cannot be the whole list of one server (law 5).
func checkList(found *problems, snapshots []contract.Snapshot) {
	ids := make([]int64, 0, len(snapshots))
	mixed := false
	for _, s := range snapshots {
		if other := snapshots[0].ServerID; s.ServerID != other && !mixed {
			found.add("snapshots", "the list mixes the servers %d and %d: it must be that of one server", other, s.ServerID)
			mixed = true
		}
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	for i := 1; i < len(ids); i++ {
		if ids[i] == ids[i-1] && (i == 1 || ids[i-2] != ids[i]) {
			found.add("snapshots", "snapshot %d is in the list twice: the list is not whole, read it again", ids[i])
		}
	}
}
