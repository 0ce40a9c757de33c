package retention

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Decision is what becomes of one snapshot, and why.
type Decision struct {
	Snapshot contract.Snapshot
	Keep     bool
	// Reason is in plain words, for a report. A snapshot that several keep rules hold has the reasons of all of them,
	// separated by "; ".
	Reason string
}

// Plan holds one decision for every snapshot of the server, newest first.
type Plan struct {
	Decisions []Decision
}

// Remove returns the snapshots that go, oldest first.
func (p Plan) Remove() []contract.Snapshot {
	var remove []contract.Snapshot
	for _, d := range slices.Backward(p.Decisions) {
		if !d.Keep {
			remove = append(remove, d.Snapshot)
		}
	}
	return remove
}

// Apply decides about every snapshot in the list, which must be the whole list of one server. A list that cannot be
// that (two servers, one id twice) is an error and decides nothing (law 5), and so is a policy that would keep none. The
// error is an *InvalidError.
func Apply(snapshots []contract.Snapshot, policy Policy, opts Options) (Plan, error) {
	if err := validate(snapshots, policy, opts); err != nil {
		return Plan{}, err
	}
	r := newRuling(snapshots, policy, opts)
	plan := Plan{Decisions: make([]Decision, 0, len(r.sorted))}
	for i := range r.sorted {
		plan.Decisions = append(plan.Decisions, r.decide(i))
	}
	return plan, nil
}

// ruling is what the decision about each snapshot looks up: the list in order and what the rules say of it. The slices
// are by the position in sorted.
type ruling struct {
	policy  Policy
	opts    Options
	sorted  []contract.Snapshot
	markers []contract.Marker
	// foreign is why the policy has no say; empty for its own.
	foreign []string
	// counted are the positions of the completed snapshots of the policy, newest first: what the rules count.
	counted []int
	// kept are the reasons of the keep rules; none for what no rule keeps.
	kept [][]string
	// floor is true for the newest MinCount.
	floor []bool
	// newest is the position of the newest completed snapshot of the server, whoever made it; -1 without one.
	newest int
}

func newRuling(snapshots []contract.Snapshot, policy Policy, opts Options) *ruling {
	sorted := newestFirst(snapshots, policy)
	r := &ruling{
		policy: policy, opts: opts, sorted: sorted,
		markers: make([]contract.Marker, len(sorted)),
		foreign: make([]string, len(sorted)),
		kept:    make([][]string, len(sorted)),
		floor:   make([]bool, len(sorted)),
		newest:  slices.IndexFunc(sorted, contract.Snapshot.Completed),
	}
	for i, s := range sorted {
		r.markers[i] = contract.ParseMarker(s.Description)
		r.foreign[i] = policy.whyForeign(s, r.markers[i])
		if r.foreign[i] == "" && s.Completed() {
			r.counted = append(r.counted, i)
		}
	}
	r.applyRules()
	return r
}

// decide gives the decision about one snapshot: first what no rule may touch, then what the rules say.
func (r *ruling) decide(i int) Decision {
	s := r.sorted[i]
	d := Decision{Snapshot: s, Keep: true}
	pattern, protected := r.policy.protector(s.Name)
	switch {
	case r.foreign[i] != "":
		d.Reason = r.foreign[i]
	case r.markers[i].Protected:
		d.Reason = "protected (protect=true)"
	case protected:
		d.Reason = fmt.Sprintf("protected (its name matches %s)", quote(pattern))
	case !s.Finished():
		d.Reason = unfinished(s.Status)
	case slices.Contains(r.opts.RestorePoints, s.ID):
		d.Reason = "a running runbook may roll back to it"
	case s.Failed():
		d.Keep, d.Reason = false, "failed, cannot be restored"
	default: // a completed one of the policy
		d.Keep, d.Reason = r.judge(i)
	}
	return d
}

// judge is decide for a completed snapshot of the policy that nothing else protects.
func (r *ruling) judge(i int) (keep bool, reason string) {
	expired := r.expired(r.sorted[i])
	switch {
	case len(r.kept[i]) > 0 && !expired:
		return true, strings.Join(r.kept[i], "; ")
	case r.floor[i]:
		return true, fmt.Sprintf("one of the newest %d of policy %s (min_count %d)", r.policy.MinCount, r.policy.Name, r.policy.MinCount)
	case i == r.newest:
		return true, "the newest completed snapshot of the server"
	case expired:
		return false, "older than expire_after " + contract.Duration(r.policy.ExpireAfter).String()
	default:
		return false, r.surplus()
	}
}

// surplus is why a snapshot goes that no keep rule holds.
func (r *ruling) surplus() string {
	reason := fmt.Sprintf("no rule of policy %s keeps it (%s)", r.policy.Name, r.policy.describeKeeps())
	if r.policy.onlyKeepLast() {
		reason = fmt.Sprintf("older than the newest %d of policy %s", r.policy.KeepLast, r.policy.Name)
	}
	if r.opts.Incoming > 0 {
		reason += fmt.Sprintf(", counting %d about to be made", r.opts.Incoming)
	}
	return reason
}

func unfinished(status contract.SnapshotStatus) string {
	if status == contract.SnapshotInProgress {
		return "still in progress"
	}
	return fmt.Sprintf("its status %s is not known, so it counts as unfinished", quote(string(status)))
}

// newestFirst orders a copy of the list by the API's creation time, then by id. When a time is missing that matters, the
// ids order all of it: part by time and part by id is no order at all. Under rules by time only completed snapshots
// matter, because those without a time are never removed there: what a pass removes cannot change the next one's order.
func newestFirst(snapshots []contract.Snapshot, policy Policy) []contract.Snapshot {
	sorted := slices.Clone(snapshots)
	byTime := !slices.ContainsFunc(sorted, func(s contract.Snapshot) bool {
		return s.CreatedAt.IsZero() && (s.Completed() || !policy.ByTime())
	})
	slices.SortFunc(sorted, func(a, b contract.Snapshot) int {
		if byTime {
			if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
				return c
			}
		}
		return cmp.Compare(b.ID, a.ID)
	})
	return sorted
}
