package activities

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/config"
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// marked makes a snapshot of server 1 that a run under a policy took so long ago.
func marked(id int64, policy string, ago time.Duration, change ...func(*vpsorg.Snapshot)) vpsorg.Snapshot {
	return taken(id, 1, "completed", ago, append([]func(*vpsorg.Snapshot){func(s *vpsorg.Snapshot) {
		s.Name, s.Description = fmt.Sprintf("pre-%s-1-%d-abc", policy, id), description("run-1", policy)
	}}, change...)...)
}

var defaultRules = []contract.RetentionRules{{Name: contract.PolicyUpdate, KeepLast: 2}, {Name: contract.PolicySafety, KeepLast: 1}}

func inventoryWith(t *testing.T, a *Activities, change ...func(*contract.InventoryInput)) contract.InventoryResult {
	t.Helper()
	in := contract.InventoryInput{Selector: contract.Selector{All: true}, Policies: defaultRules}
	for _, c := range change {
		c(&in)
	}
	got, err := execute[contract.InventoryResult](t, a, a.SnapshotInventory, in)
	require.NoError(t, err)
	return got
}

func TestAnInventorySaysOfEachSnapshotWhoseItIsAndWhatRetentionWouldDo(t *testing.T) {
	a, api, _ := auditWorld(2,
		marked(1, "update", 50*time.Hour), marked(2, "update", 40*time.Hour), marked(3, "update", 30*time.Hour),
		marked(4, "safety", 20*time.Hour), marked(5, "safety", 10*time.Hour),
		marked(6, "nightly", 9*time.Hour), marked(7, "update", 8*time.Hour, protectedOne),
		marked(8, "update", 7*time.Hour, handMade), marked(9, "update", 0, withoutTime, handMade),
		taken(10, 99, "completed", time.Hour))
	got := inventoryWith(t, a)
	var said []string
	for _, r := range got.Rows {
		said = append(said, fmt.Sprintf("%d/%d %s %s %s", r.ServerID, r.ID, r.Kind, r.Policy, r.Retention))
	}
	assert.Equal(t, []string{
		"1/8 foreign  keep", "1/7 protected daily keep", "1/6 ours nightly unknown", "1/5 safety safety keep", "1/4 safety safety remove",
		"1/3 ours update keep", "1/2 ours update keep", "1/1 ours update remove", "1/9 foreign  keep", "99/10 ours daily unknown",
	}, said, "by server, the newest first, those without a time last")
	assert.Equal(t, contract.InventoryCounts{Snapshots: 10, Ours: 5, Safety: 2, Protected: 1, Foreign: 2, Full: 1, Keep: 6, Remove: 2, Unknown: 2}, got.Counts)
	assert.Equal(t, []int64{1}, got.Full)
	assert.Equal(t, contract.Duration(50*time.Hour), got.Rows[7].Age)
	assert.Equal(t, "run-1", got.Rows[7].RunID)
	assert.Equal(t, "older than the newest 2 of policy update", got.Rows[7].Why)
	assert.Contains(t, got.Rows[2].Why, "policy nightly, whose rules its marker does not tell")
	assert.Contains(t, got.Rows[9].Why, "its server is not in the account any more")
	assert.Equal(t, []string{"update: keep_last 2", "safety: keep_last 1"}, got.Policies)
	assert.Equal(t, contract.ClockAPI, got.ClockOf)
	assert.Empty(t, api.sent(), "it writes nothing")
}

func TestAnInventoryJudgesByTheGivenPolicyAndOnlyNamesThatStartAlike(t *testing.T) {
	other := func(s *vpsorg.Snapshot) { s.Name = "web-1-7-abc" }
	a, _, _ := auditWorld(1, marked(1, "nightly", 30*time.Hour), marked(2, "nightly", 20*time.Hour), marked(3, "nightly", 10*time.Hour, other))
	got := inventoryWith(t, a, func(in *contract.InventoryInput) {
		in.Policies = append([]contract.RetentionRules{{Name: "nightly", KeepLast: 1}}, defaultRules...)
	})
	assert.Equal(t, contract.RetentionKeep, got.Rows[0].Retention, "the only one of its prefix")
	assert.Equal(t, contract.RetentionKeep, got.Rows[1].Retention)
	assert.Equal(t, contract.RetentionRemove, got.Rows[2].Retention)
	got = inventoryWith(t, a, func(in *contract.InventoryInput) { in.Selector = contract.Selector{Servers: []int64{5, 1}} })
	assert.Equal(t, []int64{5}, got.Missing)
	assert.Equal(t, 1, got.Counts.Missing)
}

func TestAnInventoryIsBoundedAndSaysHowManyAreLeftOut(t *testing.T) {
	const n = 300
	hostile := strings.Repeat("<\x1b[31m\u202e", 2000)
	var snapshots []vpsorg.Snapshot
	for id := int64(1); id <= n; id++ {
		for k := range int64(5) {
			snapshots = append(snapshots, taken(id*10+k, id, "weird"+hostile, time.Hour, func(s *vpsorg.Snapshot) {
				s.Name, s.Description = hostile, description("<<"+hostile[:500], "<"+hostile[:500])
			}))
		}
	}
	a, api, _ := auditWorld(n, snapshots...)
	for i := range api.servers {
		api.servers[i].Name = hostile
	}
	got := inventoryWith(t, a)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	assert.Less(t, len(text), 1<<20)
	assert.NotContains(t, string(text), `\u001b`)
	assert.NotContains(t, string(text), "\u202e")
	assert.NotEmpty(t, got.Rows)
	assert.LessOrEqual(t, len(got.Rows), contract.MaxInventoryRows)
	assert.Equal(t, 5*n, got.Counts.Snapshots)
	assert.Equal(t, 5*n-len(got.Rows), got.Left)
	assert.Equal(t, n, got.Counts.Full)
	assert.Len(t, got.Full, contract.MaxInventoryServers)

	plain, _, _ := auditWorld(n, func() (all []vpsorg.Snapshot) {
		for id := range int64(n * 2) {
			all = append(all, taken(id+1, 1+id/2, "completed", time.Hour))
		}
		return all
	}()...)
	got = inventoryWith(t, plain)
	assert.Len(t, got.Rows, contract.MaxInventoryRows, "honest texts fill the rows")
	assert.Equal(t, 2*n-contract.MaxInventoryRows, got.Left)
}

func TestAnInventoryJudgesNothingOfAListThatContradictsItself(t *testing.T) {
	a, _, _ := auditWorld(1, marked(1, "update", 30*time.Hour), marked(1, "update", 20*time.Hour))
	for _, row := range inventoryWith(t, a).Rows {
		assert.Equal(t, contract.RetentionUnknown, row.Retention)
		assert.Contains(t, row.Why, "contradicts itself")
	}
	var many []vpsorg.Snapshot
	for id := range int64(maxJudged + 1) {
		many = append(many, marked(id+1, "update", time.Hour))
	}
	a, _, _ = auditWorld(1, many...)
	got := inventoryWith(t, a)
	assert.Equal(t, maxJudged+1, got.Counts.Unknown)
	assert.Contains(t, got.Rows[0].Why, "101 snapshots of this server")
}

func TestAnInventorySaysWhatIsDatedInTheFutureAndByWhichClock(t *testing.T) {
	a, api, _ := auditWorld(1, marked(1, "update", -48*time.Hour))
	row := inventoryWith(t, a).Rows[0]
	assert.Contains(t, row.Why, "dated in the future")
	assert.Zero(t, row.Age)
	api.now = time.Time{}
	a.pace.now = func() time.Time { return auditNow }
	assert.Equal(t, contract.ClockWorker, inventoryWith(t, a).ClockOf)
}

func TestAnInventorySeesOnlyTheServersThatTheWorkerMayTouch(t *testing.T) {
	allowed, err := config.ParseServers([]string{"2"})
	require.NoError(t, err)
	api := &fakeAPI{servers: accountOf(3), snapshots: []vpsorg.Snapshot{taken(1, 1, "completed", time.Hour), taken(2, 2, "completed", time.Hour)}, now: auditNow}
	a := New(Options{API: api, Servers: allowed, Watch: &scriptWatch{}})
	got := inventoryWith(t, a)
	require.Len(t, got.Rows, 1)
	assert.EqualValues(t, 2, got.Rows[0].ServerID)
}

func TestAnInventoryThatCannotReadAWholeListSaysNothing(t *testing.T) {
	a, api, _ := auditWorld(1)
	api.list = func() ([]vpsorg.Snapshot, error) { return nil, apiSays(500) }
	_, err := execute[contract.InventoryResult](t, a, a.SnapshotInventory, contract.InventoryInput{Selector: contract.Selector{All: true}})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrUnavailable, app.Type())
	_, err = execute[contract.InventoryResult](t, a, a.SnapshotInventory, contract.InventoryInput{})
	require.ErrorAs(t, err, &app)
	assert.True(t, app.NonRetryable(), "an empty selector is not the whole account")
}
