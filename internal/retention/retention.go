package retention

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Policy is one rule of what to keep. It rules over the snapshots that were made under it and over no others.
type Policy struct {
	// Name is matched whole against policy=<name> in a snapshot's description.
	Name string
	// NamePrefix starts the snapshot's name, followed by "-".
	NamePrefix string
	// KeepLast is how many completed snapshots of the policy stay, the newest ones; at least 1.
	KeepLast int
}

// Options is what the decision needs to know beside the list and the policy.
type Options struct {
	// RestorePoints are ids that a running runbook may roll back to: never removed.
	RestorePoints []int64
	// Incoming is how many snapshots are about to be made under the policy. They count as the newest kept ones.
	Incoming int
}

// Decision is what becomes of one snapshot, and why.
type Decision struct {
	Snapshot contract.Snapshot
	Keep     bool
	// Reason is in plain words, for a report.
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
// that (two servers, one id twice) is an error and decides nothing (law 5), and so is a policy that would keep none.
func Apply(snapshots []contract.Snapshot, policy Policy, opts Options) (Plan, error) {
	if err := validate(snapshots, policy, opts); err != nil {
		return Plan{}, err
	}
	sorted := newestFirst(snapshots)
	newest := slices.IndexFunc(sorted, contract.Snapshot.Completed)
	// places is how many more completed snapshots of the policy stay.
	places := max(policy.KeepLast-opts.Incoming, 0)
	plan := Plan{Decisions: make([]Decision, 0, len(sorted))}
	for i, s := range sorted {
		marker := contract.ParseMarker(s.Description)
		foreign := whyForeign(s, marker, policy)
		recent := false
		if foreign == "" && s.Completed() && places > 0 {
			recent = true
			places--
		}
		d := Decision{Snapshot: s, Keep: true}
		switch {
		case foreign != "":
			d.Reason = foreign
		case marker.Protected:
			d.Reason = "protected (protect=true)"
		case !s.Finished():
			d.Reason = unfinished(s.Status)
		case slices.Contains(opts.RestorePoints, s.ID):
			d.Reason = "a running runbook may roll back to it"
		case s.Failed():
			d.Keep, d.Reason = false, "failed, cannot be restored"
		case recent:
			d.Reason = fmt.Sprintf("one of the newest of policy %s (keep_last %d)", policy.Name, policy.KeepLast)
		case i == newest:
			d.Reason = "the newest completed snapshot of the server"
		default:
			d.Keep, d.Reason = false, tooMany(policy, opts)
		}
		plan.Decisions = append(plan.Decisions, d)
	}
	return plan, nil
}

// whyForeign says why the policy has no say over a snapshot; empty when it has. The name alone proves nothing: anybody
// can give it.
func whyForeign(s contract.Snapshot, marker contract.Marker, policy Policy) string {
	switch {
	case !marker.Managed:
		return "not made by Safepoint"
	case marker.Policy != policy.Name:
		return "made under another retention policy"
	case !strings.HasPrefix(s.Name, policy.NamePrefix+"-"):
		return fmt.Sprintf("its name does not start with %s-", policy.NamePrefix)
	default:
		return ""
	}
}

func unfinished(status contract.SnapshotStatus) string {
	if status == contract.SnapshotInProgress {
		return "still in progress"
	}
	return fmt.Sprintf("its status %s is not known, so it counts as unfinished", quote(string(status)))
}

func tooMany(policy Policy, opts Options) string {
	reason := fmt.Sprintf("older than the newest %d of policy %s", policy.KeepLast, policy.Name)
	if opts.Incoming > 0 {
		reason += fmt.Sprintf(", counting %d about to be made", opts.Incoming)
	}
	return reason
}

func validate(snapshots []contract.Snapshot, policy Policy, opts Options) error {
	switch {
	case policy.Name == "":
		return errors.New("the retention policy has no name")
	case policy.NamePrefix == "":
		return errors.New("the retention policy has no name prefix")
	case policy.KeepLast < 1:
		return fmt.Errorf("the retention policy %s keeps %d snapshots: it must keep at least 1", policy.Name, policy.KeepLast)
	case opts.Incoming < 0:
		return fmt.Errorf("%d incoming snapshots are not possible", opts.Incoming)
	}
	ids := make([]int64, 0, len(snapshots))
	for _, s := range snapshots {
		if s.ServerID != snapshots[0].ServerID {
			return fmt.Errorf("the list mixes the servers %d and %d: it must be that of one server", snapshots[0].ServerID, s.ServerID)
		}
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	for i := 1; i < len(ids); i++ {
		if ids[i] == ids[i-1] {
			return fmt.Errorf("snapshot %d is in the list twice: the list is not whole, read it again", ids[i])
		}
	}
	return nil
}

// newestFirst orders a copy of the list by the API's creation time, then by id. When any time is missing the ids order
// all of it: part by time and part by id is no order at all.
func newestFirst(snapshots []contract.Snapshot) []contract.Snapshot {
	sorted := slices.Clone(snapshots)
	byTime := !slices.ContainsFunc(sorted, func(s contract.Snapshot) bool { return s.CreatedAt.IsZero() })
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
