package retention_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// fields are the settings that an error names, in its order.
func fields(t *testing.T, err error) []string {
	t.Helper()
	var invalid *retention.InvalidError
	require.ErrorAs(t, err, &invalid)
	var out []string
	for _, p := range invalid.Problems {
		require.NotEmpty(t, p.Text)
		require.Contains(t, err.Error(), p.Field+": "+p.Text)
		out = append(out, p.Field)
	}
	return out
}

func TestEveryProblemOfAPolicyIsInOneError(t *testing.T) {
	p := retention.Policy{
		KeepLast: -1, KeepHourly: -2, KeepDaily: -3, KeepWeekly: -4, KeepMonthly: -5, KeepWithin: -time.Hour, ExpireAfter: -time.Minute, MinCount: -6,
		Protect: []string{"good-*", "bad[", "", "bad\\"},
	}
	err := p.Validate()
	assert.Equal(t, []string{
		"name", "name_prefix", "keep_last", "keep_hourly", "keep_daily", "keep_weekly", "keep_monthly", "min_count", "keep_within", "expire_after",
		"protect[1]", "protect[2]", "protect[3]",
	}, fields(t, err))
	assert.ErrorContains(t, err, "keep_daily: must not be negative, got -3")
	assert.ErrorContains(t, err, "keep_within: must not be negative, got -1h")
	assert.ErrorContains(t, err, `protect[1]: "bad[" is not a pattern`)

	_, err = retention.Apply([]contract.Snapshot{ours(1), ours(1), ours(1), with(ours(2), func(s *contract.Snapshot) { s.ServerID = 8 })},
		policy(func(p *retention.Policy) { p.KeepDaily = 1; p.MinCount = -1 }), retention.Options{Incoming: -1})
	assert.Equal(t, []string{"min_count", "incoming", "now", "snapshots", "snapshots"}, fields(t, err))
}

func TestAPolicyWithoutAKeepRuleOrAnExpiryIsRefused(t *testing.T) {
	for _, set := range []func(*retention.Policy){
		func(*retention.Policy) {},
		func(p *retention.Policy) { p.MinCount = 3 },
		func(p *retention.Policy) { p.Protect = []string{"*"} },
	} {
		assert.ErrorContains(t, policy(set).Validate(), "the policy is empty: it says neither what to keep nor what expires")
	}
	for _, set := range []func(*retention.Policy){
		func(p *retention.Policy) { p.KeepLast = 1 }, func(p *retention.Policy) { p.KeepHourly = 1 },
		func(p *retention.Policy) { p.KeepDaily = 1 }, func(p *retention.Policy) { p.KeepWeekly = 1 },
		func(p *retention.Policy) { p.KeepMonthly = 1 }, func(p *retention.Policy) { p.KeepWithin = 1 },
		func(p *retention.Policy) { p.ExpireAfter = 1 },
	} {
		assert.NoError(t, policy(set).Validate(), "any one of them is a policy")
	}
}

func TestRulesThatReadTimesAreRefusedWithoutTheTimeOfTheAPI(t *testing.T) {
	for text, set := range map[string]func(*retention.Policy){
		"keep_hourly 1":    func(p *retention.Policy) { p.KeepHourly = 1 },
		"keep_daily 1":     func(p *retention.Policy) { p.KeepDaily = 1 },
		"keep_weekly 1":    func(p *retention.Policy) { p.KeepWeekly = 1 },
		"keep_monthly 1":   func(p *retention.Policy) { p.KeepMonthly = 1 },
		"keep_within 1h":   func(p *retention.Policy) { p.KeepWithin = time.Hour },
		"expire_after 48h": func(p *retention.Policy) { p.ExpireAfter = 48 * time.Hour },
	} {
		_, err := retention.Apply(nil, policy(set), retention.Options{})
		require.ErrorContains(t, err, "now: the time of the API is not known, and "+text+" cannot be applied without it")
		_, err = retention.PlanQuota(nil, policy(set), retention.Options{})
		require.Error(t, err)
		_, err = retention.Apply(nil, policy(set), retention.Options{Now: now})
		require.NoError(t, err)
	}
}

func TestAnErrorStaysShortAndPrintableWhateverThePolicyIs(t *testing.T) {
	p := policy(func(p *retention.Policy) { p.KeepDaily = 1 })
	for range 500 {
		p.Protect = append(p.Protect, "[\n"+strings.Repeat("x", 5000))
	}
	_, err := retention.Apply(nil, p, retention.Options{})
	require.ErrorContains(t, err, "; and 481 more")
	assert.Less(t, len(err.Error()), 10_000)
	assert.NotContains(t, err.Error(), "\n")
	assert.Less(t, len(p.Describe()), 1_000)
}

func TestAPolicyIsDescribedByTheNamesOfItsSettings(t *testing.T) {
	assert.Equal(t, "keep_last 2", update.Describe())
	assert.Equal(t, "keep_last 2, keep_daily 7, expire_after 720h", policy(func(p *retention.Policy) {
		p.KeepLast, p.KeepDaily, p.ExpireAfter = 2, 7, 720*time.Hour
	}).Describe())
	assert.Equal(t, `keep_hourly 1, keep_weekly 2, keep_monthly 3, keep_within 1h30m, min_count 4, protect "a*" "b"`, policy(func(p *retention.Policy) {
		p.KeepHourly, p.KeepWeekly, p.KeepMonthly, p.KeepWithin, p.MinCount, p.Protect = 1, 2, 3, 90*time.Minute, 4, []string{"a*", "b"}
	}).Describe())
	assert.Equal(t, "no rules", retention.Policy{}.Describe())
}
