package retention_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

const cases = 5_000

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomCase makes a list of one server with every kind of snapshot, in any order, and a policy with options.
func randomCase(r *rand.Rand) ([]contract.Snapshot, retention.Policy, retention.Options) {
	var list []contract.Snapshot
	noTimes := r.IntN(5) == 0
	for i := range r.IntN(10) {
		marker := contract.Marker{RunID: "r", Policy: pick(r, "update", "update", "update", "daily", "updates"), Protected: r.IntN(6) == 0}
		s := contract.Snapshot{
			ID: int64(i + 1), ServerID: 7, CreatedAt: at(int64(r.IntN(8))),
			Name:        pick(r, "pre-update-7-a", "pre-update-7-b", "pre-update-7-c", "pre-updates-7", "nightly"),
			Status:      pick(r, contract.SnapshotCompleted, "completed", "completed", "in_progress", "failed", "error", "archiving", ""),
			Description: pick(r, marker.Describe("text"), marker.Describe(""), marker.Describe("a"), "by hand", "policy=update"),
		}
		if noTimes && r.IntN(2) == 0 {
			s.CreatedAt = time.Time{}
		}
		list = append(list, s)
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	opts := retention.Options{Incoming: r.IntN(3)}
	for range r.IntN(3) {
		opts.RestorePoints = append(opts.RestorePoints, int64(r.IntN(10)+1))
	}
	return list, retention.Policy{Name: "update", NamePrefix: "pre-update", KeepLast: 1 + r.IntN(4)}, opts
}

// mine is law 4's ownership, written down a second time on purpose.
func mine(s contract.Snapshot) bool {
	words := strings.Fields(s.Description)
	return strings.HasPrefix(s.Name, "pre-update-") &&
		slices.Contains(words, "managed-by=safepoint") && slices.Contains(words, "policy=update")
}

func older(a, b contract.Snapshot, byTime bool) bool {
	if byTime && !a.CreatedAt.Equal(b.CreatedAt) {
		return a.CreatedAt.Before(b.CreatedAt)
	}
	return a.ID < b.ID
}

func hasTimes(list []contract.Snapshot) bool {
	return !slices.ContainsFunc(list, func(s contract.Snapshot) bool { return s.CreatedAt.IsZero() })
}

func forEachCase(t *testing.T, check func(list []contract.Snapshot, policy retention.Policy, opts retention.Options)) {
	t.Helper()
	r := rand.New(rand.NewPCG(20250115, 4)) // a fixed seed, so that a failure comes again
	for range cases {
		check(randomCase(r))
	}
}

func TestWhatIsRemovedIsAlwaysOursFinishedAndSpareable(t *testing.T) {
	total := 0
	forEachCase(t, func(list []contract.Snapshot, policy retention.Policy, opts retention.Options) {
		plan, err := retention.Apply(list, policy, opts)
		require.NoError(t, err)
		byTime := hasTimes(list)
		for _, s := range plan.Remove() {
			total++
			require.True(t, mine(s), "%+v", s)
			require.NotContains(t, s.Description, "protect=true")
			require.Contains(t, []string{"completed", "failed", "error"}, string(s.Status))
			require.NotContains(t, opts.RestorePoints, s.ID)
			if s.Status != "completed" {
				continue
			}
			newerMine, newer := 0, 0
			for _, other := range list {
				if other.Status == "completed" && older(s, other, byTime) {
					newer++
					if mine(other) {
						newerMine++
					}
				}
			}
			require.Positive(t, newer, "the newest completed one of the server stays")
			require.GreaterOrEqual(t, newerMine+opts.Incoming, policy.KeepLast, "the newest keep_last stay")
		}
	})
	require.Greater(t, total, cases/10, "the cases must remove something to prove anything")
}

func TestWhatMayGoDoesGo(t *testing.T) {
	forEachCase(t, func(list []contract.Snapshot, policy retention.Policy, opts retention.Options) {
		plan, err := retention.Apply(list, policy, opts)
		require.NoError(t, err)
		spare := 0
		for _, d := range plan.Decisions {
			s := d.Snapshot
			if d.Keep && mine(s) && s.Finished() && !strings.Contains(s.Description, "protect=true") && !slices.Contains(opts.RestorePoints, s.ID) {
				require.True(t, s.Completed(), "a failed one of ours goes")
				spare++
			}
		}
		// One more than the places: the newest completed one of the server.
		require.LessOrEqual(t, spare, max(policy.KeepLast-opts.Incoming, 0)+1)
	})
}

func TestEverySnapshotGetsOneDecisionWithAReasonNewestFirst(t *testing.T) {
	forEachCase(t, func(list []contract.Snapshot, policy retention.Policy, opts retention.Options) {
		before := slices.Clone(list)
		plan, err := retention.Apply(list, policy, opts)
		require.NoError(t, err)
		require.Equal(t, before, list, "the caller's list is left alone")
		require.Len(t, plan.Decisions, len(list))
		seen := []int64{}
		for i, d := range plan.Decisions {
			require.NotEmpty(t, d.Reason)
			require.Contains(t, list, d.Snapshot)
			require.NotContains(t, seen, d.Snapshot.ID)
			seen = append(seen, d.Snapshot.ID)
			if i > 0 {
				require.True(t, older(d.Snapshot, plan.Decisions[i-1].Snapshot, hasTimes(list)))
			}
		}
		slices.Reverse(list)
		again, err := retention.Apply(list, policy, opts)
		require.NoError(t, err)
		require.Equal(t, plan, again, "the order of the list does not matter")
	})
}

// without is the list after some of it was removed.
func without(list, gone []contract.Snapshot) []contract.Snapshot {
	return slices.DeleteFunc(slices.Clone(list), func(s contract.Snapshot) bool { return slices.Contains(ids(gone), s.ID) })
}

func TestRemovingTwiceRemovesNothingMore(t *testing.T) {
	forEachCase(t, func(list []contract.Snapshot, policy retention.Policy, opts retention.Options) {
		if !hasTimes(list) {
			// Where the one without a time goes, the rest is ordered by time again: another list, another order.
			return
		}
		plan, err := retention.Apply(list, policy, opts)
		require.NoError(t, err)
		again, err := retention.Apply(without(list, plan.Remove()), policy, opts)
		require.NoError(t, err)
		require.Empty(t, again.Remove())
	})
}

// restorable is 1 for what a restore can use.
func restorable(s contract.Snapshot) int {
	if s.Status == "completed" {
		return 1
	}
	return 0
}

func TestTheQuotaTakesNoMoreThanNeededAndOnlyWhatThePolicyWouldTake(t *testing.T) {
	seen := [3]int{}
	forEachCase(t, func(list []contract.Snapshot, policy retention.Policy, opts retention.Options) {
		plan, err := retention.PlanQuota(list, policy, opts)
		require.NoError(t, err)
		opts.Incoming = max(opts.Incoming, 1)
		byPolicy, err := retention.Apply(list, policy, opts)
		require.NoError(t, err)
		removable := byPolicy.Remove()
		switch {
		case len(list) < retention.QuotaPerServer:
			seen[0]++
			require.True(t, plan.Room)
			require.Empty(t, plan.Remove)
		case plan.Room:
			seen[1]++
			require.Equal(t, retention.QuotaPerServer-1, len(list)-len(plan.Remove), "just enough room for one")
			slices.SortStableFunc(removable, func(a, b contract.Snapshot) int { return restorable(a) - restorable(b) })
			require.Equal(t, removable[:len(plan.Remove)], plan.Remove, "of what the policy would remove the failed ones, then the oldest")
		default:
			seen[2]++
			require.Empty(t, plan.Remove)
			require.Greater(t, len(list)-len(removable), retention.QuotaPerServer-1)
			for _, s := range list {
				require.Contains(t, plan.Detail, s.Name)
			}
		}
	})
	for _, n := range seen {
		require.Greater(t, n, cases/100)
	}
}
