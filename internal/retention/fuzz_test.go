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

// FuzzApply lets everything of one snapshot be what the API or a user may write, among others made from a seed. Whatever
// it is, the plan obeys the laws or the policy was refused.
func FuzzApply(f *testing.F) {
	f.Add(uint64(1), "pre-update-7-x", "completed", "managed-by=safepoint policy=update", now.Unix(), 2, 3, int64(time.Hour), int64(day), "*-gold")
	f.Add(uint64(2), "pre-update-\xff\x00", "failed", "policy=update policy=\x00 protect=true", int64(-1)<<62, 1, 0, int64(-1), int64(1)<<62, "[")
	f.Add(uint64(3), "", "", "", int64(0), 0, 1<<31, int64(0), int64(0), "")
	f.Fuzz(func(t *testing.T, seed uint64, name, status, description string, created int64, last, daily int, within, expire int64, pattern string) {
		r := rand.New(rand.NewPCG(seed, 1))
		list := append(randomHistory(r), contract.Snapshot{
			ID: 99, ServerID: 7, Name: name, Status: contract.SnapshotStatus(status), Description: description, CreatedAt: time.Unix(created, 0),
		})
		p := randomPolicy(r)
		p.KeepLast, p.KeepDaily, p.KeepWithin, p.ExpireAfter = last, daily, time.Duration(within), time.Duration(expire)
		p.Protect = append(slices.Clone(p.Protect), pattern)
		opts := randomOptions(r)
		plan, err := retention.Apply(list, p, opts)
		if err != nil {
			require.Empty(t, plan.Decisions)
			require.Error(t, p.Validate(), "with a clock and a whole list only a policy can be refused")
			return
		}
		c := lawCase{oracle: oracle{list: list, policy: p, opts: opts}, plan: plan}
		require.True(t, c.partitions())
		require.False(t, slices.ContainsFunc(plan.Remove(), c.untouchable), "law 4")
		require.True(t, c.orderIndependent(r))
		require.True(t, c.idempotent(plan.Remove()))
		for _, d := range plan.Decisions {
			require.NotContains(t, d.Reason, "\n")
		}
		quota, err := retention.PlanQuota(list, p, opts)
		require.NoError(t, err)
		require.True(t, len(list) < retention.QuotaPerServer || !quota.Room || len(list)-len(quota.Remove) == retention.QuotaPerServer-1)
		late, failed := retention.Stuck(list, p, now, time.Hour)
		require.False(t, slices.ContainsFunc(append(late, failed...), func(s contract.Snapshot) bool { return !c.mine(s) || s.Completed() }))
	})
}

// FuzzValidate only asks that reading a pattern ends, and that what it lets through can be matched.
func FuzzValidate(f *testing.F) {
	for _, seed := range []string{"*", "a[b-", "[^]a]", "\\", strings.Repeat("*", 40), "a/b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, pattern []byte) {
		p := policy(func(p *retention.Policy) { p.KeepLast, p.Protect = 1, []string{string(pattern)} })
		_, err := retention.Apply([]contract.Snapshot{ours(1), ours(2)}, p, retention.Options{})
		require.Equal(t, p.Validate(), err)
	})
}
