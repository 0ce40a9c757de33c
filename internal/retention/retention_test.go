package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

var update = retention.Policy{Name: contract.PolicyUpdate, NamePrefix: "pre-update", KeepLast: 2}

// at is a creation time, n minutes after a fixed moment.
func at(n int64) time.Time {
	return time.Date(2025, 1, 15, 18, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
}

// ours is a completed snapshot made under the update policy, newer the higher its id.
func ours(id int64) contract.Snapshot {
	return contract.Snapshot{
		ID: id, ServerID: 7, Name: "pre-update-7-x", Status: contract.SnapshotCompleted, CreatedAt: at(id),
		Description: contract.Marker{RunID: "r", Policy: contract.PolicyUpdate}.Describe("before the deploy"),
	}
}

func byHand(id int64) contract.Snapshot {
	s := ours(id)
	s.Name, s.Description = "before-migration", "Before major migration"
	return s
}

func with(s contract.Snapshot, change func(*contract.Snapshot)) contract.Snapshot {
	change(&s)
	return s
}

func status(s contract.Snapshot, status contract.SnapshotStatus) contract.Snapshot {
	return with(s, func(s *contract.Snapshot) { s.Status = status })
}

func ids(snapshots []contract.Snapshot) []int64 {
	out := []int64{}
	for _, s := range snapshots {
		out = append(out, s.ID)
	}
	return out
}

func removed(t *testing.T, policy retention.Policy, opts retention.Options, snapshots ...contract.Snapshot) []int64 {
	t.Helper()
	plan, err := retention.Apply(snapshots, policy, opts)
	require.NoError(t, err)
	require.Len(t, plan.Decisions, len(snapshots))
	for _, d := range plan.Decisions {
		require.NotEmpty(t, d.Reason)
	}
	return ids(plan.Remove())
}

func TestTheNewestOfThePolicyStayAndTheRestGoesOldestFirst(t *testing.T) {
	assert.Equal(t, []int64{1, 2}, removed(t, update, retention.Options{}, ours(3), ours(1), ours(4), ours(2)))
	assert.Equal(t, []int64{}, removed(t, update, retention.Options{}, ours(3), ours(1)))
	assert.Equal(t, []int64{}, removed(t, update, retention.Options{}))
	one := update
	one.KeepLast = 1
	assert.Equal(t, []int64{1, 2, 3}, removed(t, one, retention.Options{}, ours(3), ours(1), ours(4), ours(2)))
}

func TestOnlyWhatThisPolicyMadeIsEverRemoved(t *testing.T) {
	newest := []contract.Snapshot{ours(8), ours(9)}
	for name, foreign := range map[string]contract.Snapshot{
		"made by hand":                 byHand(1),
		"prefix without marker":        with(ours(1), func(s *contract.Snapshot) { s.Description = "" }),
		"prefix with half a marker":    with(ours(1), func(s *contract.Snapshot) { s.Description = "policy=update run=r" }),
		"marker inside a word":         with(ours(1), func(s *contract.Snapshot) { s.Description = "not-managed-by=safepoint policy=update" }),
		"marker of another program":    with(ours(1), func(s *contract.Snapshot) { s.Description = "managed-by=safepointer policy=update" }),
		"marker without prefix":        with(ours(1), func(s *contract.Snapshot) { s.Name = "nightly-7-x" }),
		"prefix that goes on":          with(ours(1), func(s *contract.Snapshot) { s.Name = "pre-updates-7-x" }),
		"prefix and nothing":           with(ours(1), func(s *contract.Snapshot) { s.Name = "pre-update" }),
		"prefix in another case":       with(ours(1), func(s *contract.Snapshot) { s.Name = "Pre-update-7-x" }),
		"another policy":               with(ours(1), func(s *contract.Snapshot) { s.Description = "managed-by=safepoint policy=daily" }),
		"policy that begins like ours": with(ours(1), func(s *contract.Snapshot) { s.Description = "managed-by=safepoint policy=updates" }),
		"policy that ours begins like": with(ours(1), func(s *contract.Snapshot) { s.Description = "managed-by=safepoint policy=up" }),
		"no policy":                    with(ours(1), func(s *contract.Snapshot) { s.Description = "managed-by=safepoint" }),
		"failed, made by hand":         status(byHand(1), contract.SnapshotFailed),
		"protected":                    with(ours(1), func(s *contract.Snapshot) { s.Description += " protect=true" }),
		"protected by the user's text": with(ours(1), func(s *contract.Snapshot) { s.Description = "protect=true " + s.Description }),
		"protected and failed":         status(with(ours(1), func(s *contract.Snapshot) { s.Description += " protect=true" }), contract.SnapshotFailed),
		"in progress":                  status(ours(1), contract.SnapshotInProgress),
		"unknown status":               status(ours(1), "archiving"),
		"no status":                    status(ours(1), ""),
		"status in capitals":           status(ours(1), "FAILED"),
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []int64{}, removed(t, update, retention.Options{}, append(newest, foreign)...))
		})
	}
	assert.Equal(t, []int64{1}, removed(t, update, retention.Options{}, append(newest, ours(1))...), "the plain one would go")
}

func TestARestorePointIsNeverRemoved(t *testing.T) {
	points := retention.Options{RestorePoints: []int64{1, 3, 99}}
	assert.Equal(t, []int64{2}, removed(t, update, points, ours(1), ours(2), status(ours(3), contract.SnapshotFailed), ours(4), ours(5)))
}

func TestTheNewestCompletedOfTheServerIsNeverRemovedWhoeverMadeIt(t *testing.T) {
	all := retention.Options{Incoming: 5}
	assert.Equal(t, []int64{1}, removed(t, update, all, ours(1), ours(2)), "it is ours")
	assert.Equal(t, []int64{1, 2}, removed(t, update, all, ours(1), ours(2), byHand(3)), "it is by hand")
	assert.Equal(t, []int64{1}, removed(t, update, all, ours(1), ours(2), status(byHand(3), contract.SnapshotInProgress)), "one in progress is none")
}

func TestOursThatFailedGoesAndTakesNoPlace(t *testing.T) {
	assert.Equal(t, []int64{4, 5}, removed(t, update, retention.Options{},
		ours(2), ours(3), status(ours(4), contract.SnapshotFailed), status(ours(5), contract.SnapshotError)))
}

func TestSnapshotsAboutToBeMadeTakePlaces(t *testing.T) {
	assert.Equal(t, []int64{1}, removed(t, update, retention.Options{Incoming: 1}, ours(1), ours(2)))
	assert.Equal(t, []int64{1, 2}, removed(t, update, retention.Options{Incoming: 1}, ours(1), ours(2), ours(3)))
}

func TestTheOrderIsByTimeThenByIDAndByIDAloneWhenATimeIsMissing(t *testing.T) {
	moved := func(id, minute int64) contract.Snapshot {
		return with(ours(id), func(s *contract.Snapshot) { s.CreatedAt = at(minute) })
	}
	order := func(snapshots ...contract.Snapshot) []int64 {
		plan, err := retention.Apply(snapshots, update, retention.Options{})
		require.NoError(t, err)
		var out []int64
		for _, d := range plan.Decisions {
			out = append(out, d.Snapshot.ID)
		}
		return out
	}
	assert.Equal(t, []int64{1, 3, 2}, order(moved(3, 5), moved(1, 9), moved(2, 5)))
	noTime := with(ours(2), func(s *contract.Snapshot) { s.CreatedAt = time.Time{} })
	assert.Equal(t, []int64{3, 2, 1}, order(moved(3, 5), noTime, moved(1, 9)))
}

func TestEveryDecisionSaysWhy(t *testing.T) {
	plan, err := retention.Apply([]contract.Snapshot{
		ours(1), status(ours(2), contract.SnapshotFailed), ours(3), ours(4), ours(5), status(ours(6), contract.SnapshotInProgress), status(ours(7), "x\n"),
		with(ours(8), func(s *contract.Snapshot) { s.Description += " protect=true" }), byHand(9),
		with(ours(10), func(s *contract.Snapshot) { s.Description = "managed-by=safepoint policy=daily" }),
		with(ours(11), func(s *contract.Snapshot) { s.Name = "a" }),
	}, update, retention.Options{RestorePoints: []int64{3}})
	require.NoError(t, err)
	var reasons []string
	for _, d := range plan.Decisions {
		reasons = append(reasons, d.Reason)
	}
	assert.Equal(t, []string{
		"its name does not start with pre-update-",
		"made under another retention policy",
		"not made by Safepoint",
		"protected (protect=true)",
		`its status "x\n" is not known, so it counts as unfinished`,
		"still in progress",
		"one of the newest of policy update (keep_last 2)",
		"older than the newest 2 of policy update",
		"a running runbook may roll back to it",
		"failed, cannot be restored",
		"older than the newest 2 of policy update",
	}, reasons, "the protected one takes a place of keep_last")
}

func TestAPolicyThatKeepsNothingOrAListThatIsNotOneServersIsAnErrorAndDecidesNothing(t *testing.T) {
	list := []contract.Snapshot{ours(1), ours(2), ours(3)}
	for want, run := range map[string]func() (retention.Plan, error){
		"has no name": func() (retention.Plan, error) {
			return retention.Apply(list, retention.Policy{NamePrefix: "a", KeepLast: 1}, retention.Options{})
		},
		"has no name prefix": func() (retention.Plan, error) {
			return retention.Apply(list, retention.Policy{Name: "a", KeepLast: 1}, retention.Options{})
		},
		"the policy is empty": func() (retention.Plan, error) {
			return retention.Apply(list, retention.Policy{Name: "a", NamePrefix: "a"}, retention.Options{})
		},
		"keep_last: must not be negative, got -1": func() (retention.Plan, error) {
			return retention.Apply(list, retention.Policy{Name: "a", NamePrefix: "a", KeepLast: -1}, retention.Options{})
		},
		"not possible": func() (retention.Plan, error) { return retention.Apply(list, update, retention.Options{Incoming: -1}) },
		"mixes the servers 7 and 8": func() (retention.Plan, error) {
			return retention.Apply(append(list, with(ours(4), func(s *contract.Snapshot) { s.ServerID = 8 })), update, retention.Options{})
		},
		"snapshot 2 is in the list twice": func() (retention.Plan, error) {
			return retention.Apply(append(list, ours(2)), update, retention.Options{})
		},
	} {
		plan, err := run()
		require.ErrorContains(t, err, want)
		assert.Empty(t, plan.Decisions)
	}
	_, err := retention.PlanQuota(list, retention.Policy{}, retention.Options{})
	assert.Error(t, err)
}
