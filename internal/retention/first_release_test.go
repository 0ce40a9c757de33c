package retention_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// firstRelease is what the first release decided, when keep_last was the only rule. It must never change: runs that were
// begun then are replayed against today's code, and their history holds these decisions, in this order, for these reasons.
func firstRelease(list []contract.Snapshot, policy retention.Policy, opts retention.Options) []retention.Decision {
	o := oracle{list: list, policy: policy, opts: opts}
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b contract.Snapshot) int {
		if older(b, a, hasTimes(list)) {
			return -1
		}
		return 1
	})
	newest, left := slices.IndexFunc(sorted, contract.Snapshot.Completed), max(policy.KeepLast-opts.Incoming, 0)
	var out []retention.Decision
	for i, s := range sorted {
		recent := o.mine(s) && s.Status == "completed" && left > 0
		if recent {
			left--
		}
		keep, reason := firstReason(o, s, recent, i == newest)
		out = append(out, retention.Decision{Snapshot: s, Keep: keep, Reason: reason})
	}
	return out
}

func firstReason(o oracle, s contract.Snapshot, recent, newest bool) (keep bool, reason string) {
	marker := contract.ParseMarker(s.Description)
	switch {
	case !marker.Managed:
		return true, "not made by Safepoint"
	case marker.Policy != "update":
		return true, "made under another retention policy"
	case !o.mine(s):
		return true, "its name does not start with pre-update-"
	case marker.Protected:
		return true, "protected (protect=true)"
	case s.Status == "in_progress":
		return true, "still in progress"
	case !s.Finished():
		return true, fmt.Sprintf("its status %q is not known, so it counts as unfinished", string(s.Status))
	case slices.Contains(o.opts.RestorePoints, s.ID):
		return true, "a running runbook may roll back to it"
	case s.Failed():
		return false, "failed, cannot be restored"
	case recent:
		return true, fmt.Sprintf("one of the newest of policy update (keep_last %d)", o.policy.KeepLast)
	case newest:
		return true, "the newest completed snapshot of the server"
	case o.opts.Incoming > 0:
		return false, fmt.Sprintf("older than the newest %d of policy update, counting %d about to be made", o.policy.KeepLast, o.opts.Incoming)
	default:
		return false, fmt.Sprintf("older than the newest %d of policy update", o.policy.KeepLast)
	}
}

func TestKeepLastAloneDecidesWordForWordAsInTheFirstRelease(t *testing.T) {
	check := func(list []contract.Snapshot, policy retention.Policy, opts retention.Options) {
		plan, err := retention.Apply(list, policy, opts)
		require.NoError(t, err)
		want := firstRelease(list, policy, opts)
		require.True(t, slices.Equal(want, plan.Decisions), "policy %s, options %+v\nwant %+v\ngot  %+v", policy.Describe(), opts, want, plan.Decisions)
	}
	forEachCase(t, check)
	r := rand.New(rand.NewPCG(1, 1))
	for range cases {
		opts := randomOptions(r)
		opts.Now = pick(r, time.Time{}, now.AddDate(5, 0, 0)) // a clock changes nothing while no snapshot is of its future
		check(randomHistory(r), policy(func(p *retention.Policy) { p.KeepLast = 1 + r.IntN(5) }), opts)
	}
}
