package retention_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// histories is how many random histories and policies the laws are tried on.
func histories() int {
	if testing.Short() {
		return 5_000
	}
	return 100_000
}

// lawCase is one random history with a policy, what Apply says of it and what PlanQuota does.
type lawCase struct {
	oracle
	plan  retention.Plan
	quota retention.QuotaPlan
}

func newLawCase(o oracle) (lawCase, error) {
	plan, err := retention.Apply(o.list, o.policy, o.opts)
	if err != nil {
		return lawCase{}, err
	}
	quota, err := retention.PlanQuota(o.list, o.policy, o.opts)
	return lawCase{oracle: o, plan: plan, quota: quota}, err
}

// broken names the law that the plan breaks; empty when all hold. Plain comparisons, because it runs 100,000 times.
func (c lawCase) broken(r *rand.Rand) string {
	gone := c.plan.Remove()
	switch {
	case !c.partitions():
		return "keep and remove partition the list, each with a reason"
	case slices.ContainsFunc(gone, c.untouchable):
		return "nothing foreign, protected, unfinished, newest or a restore point is removed (law 4)"
	case slices.ContainsFunc(gone, func(s contract.Snapshot) bool { return s.Completed() }) && c.completedLeft(gone) == 0:
		return "a completed snapshot stays on the server (law 4)"
	case !slices.Equal(gone, c.remove()):
		return "what goes is exactly what the policy names, oldest first"
	case !c.orderIndependent(r):
		return "the order of the list does not matter"
	case !c.idempotent(gone):
		return "applied to what was kept, nothing more goes"
	default:
		return c.brokenQuota()
	}
}

func (c lawCase) partitions() bool {
	if len(c.plan.Decisions) != len(c.list) {
		return false
	}
	seen := map[int64]bool{}
	for _, d := range c.plan.Decisions {
		if seen[d.Snapshot.ID] || d.Reason == "" || !slices.Contains(c.list, d.Snapshot) {
			return false
		}
		seen[d.Snapshot.ID] = true
	}
	return true
}

// untouchable is law 4, whatever the policy says.
func (c lawCase) untouchable(s contract.Snapshot) bool {
	finished := s.Status == "completed" || s.Status == "failed" || s.Status == "error"
	newest := s.Status == "completed" && c.completed(func(other contract.Snapshot) bool { return c.newer(other, s) }) == 0
	return !c.mine(s) || c.protected(s) || !finished || newest || slices.Contains(c.opts.RestorePoints, s.ID)
}

func (c lawCase) completedLeft(gone []contract.Snapshot) int {
	return c.completed(func(s contract.Snapshot) bool { return !slices.Contains(gone, s) })
}

func (c lawCase) orderIndependent(r *rand.Rand) bool {
	shuffled := slices.Clone(c.list)
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	again, err := retention.Apply(shuffled, c.policy, c.opts)
	return err == nil && slices.Equal(again.Decisions, c.plan.Decisions)
}

// idempotent has the exception that the package names: keep_last alone, where a time is missing.
func (c lawCase) idempotent(gone []contract.Snapshot) bool {
	if !c.timed() && !hasTimes(c.list) {
		return true
	}
	again, err := retention.Apply(without(c.list, gone), c.policy, c.opts)
	return err == nil && len(again.Remove()) == 0
}

// brokenQuota is law 12 for the same history.
func (c lawCase) brokenQuota() string {
	plan, want := c.quota, c.oracle
	want.opts.Incoming = max(c.opts.Incoming, 1)
	removable, need := want.remove(), len(c.list)-4
	slices.SortStableFunc(removable, func(a, b contract.Snapshot) int { return restorable(a) - restorable(b) })
	switch {
	case plan.Detail == "":
		return "the quota plan says what is there"
	case need <= 0 && (!plan.Room || len(plan.Remove) > 0):
		return "with room nothing goes (law 12)"
	case need > 0 && len(removable) >= need && (!plan.Room || !slices.Equal(plan.Remove, removable[:need])):
		return "of what the policy would remove anyway the failed ones and then the oldest make the room, and no more (law 12)"
	case need > len(removable) && (plan.Room || len(plan.Remove) > 0):
		return "without enough to remove it is refused and nothing goes (law 12)"
	default:
		return ""
	}
}

func TestTheLawsHoldForAHundredThousandRandomHistoriesAndPolicies(t *testing.T) {
	r := rand.New(rand.NewPCG(20260101, 412)) // a fixed seed, so that a failure comes again
	removed, refused, expired := 0, 0, 0
	for range histories() {
		list := randomHistory(r)
		before := slices.Clone(list)
		c, err := newLawCase(oracle{list: list, policy: randomPolicy(r), opts: randomOptions(r)})
		if err != nil || !slices.Equal(before, list) {
			t.Fatalf("no plan, or the caller's list was changed: %v", err)
		}
		if law := c.broken(r); law != "" {
			t.Fatalf("broken: %s\npolicy %s, options %+v\nlist %+v\nplan %+v\nexpected to go %+v",
				law, c.policy.Describe(), c.opts, c.list, c.plan, c.remove())
		}
		removed += len(c.plan.Remove())
		for _, d := range c.plan.Decisions {
			if !d.Keep && d.Reason == "older than expire_after 1h" {
				expired++
			}
		}
		if !c.quota.Room {
			refused++
		}
	}
	require.Greater(t, removed, histories()/4, "the histories must lose something to prove anything")
	require.Greater(t, refused, histories()/20, "and some must be refused")
	require.Greater(t, expired, histories()/500, "and some must expire")
}
