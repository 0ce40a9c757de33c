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

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

var auditNow = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// taken makes a snapshot of a server that was begun so long ago.
func taken(id, server int64, status string, ago time.Duration, change ...func(*vpsorg.Snapshot)) vpsorg.Snapshot {
	s := vpsorg.Snapshot{ID: id, ServerID: server, Name: fmt.Sprintf("s%d", id), Status: status,
		Description: description("run-1", "daily"), CreatedAt: auditNow.Add(-ago)}
	for _, c := range change {
		c(&s)
	}
	return s
}

func handMade(s *vpsorg.Snapshot)    { s.Description = "by hand" }
func withoutTime(s *vpsorg.Snapshot) { s.CreatedAt = time.Time{} }
func protectedOne(s *vpsorg.Snapshot) {
	s.Description = contract.Marker{RunID: "r", Policy: "daily", Protected: true}.Describe("")
}

// auditWorld is an API with these snapshots on servers 1 to n, and a Temporal without any run.
func auditWorld(n int, snapshots ...vpsorg.Snapshot) (*Activities, *fakeAPI, *fakeLocks) {
	api := &fakeAPI{servers: accountOf(n), snapshots: snapshots, now: auditNow}
	a, _ := newActivities(api)
	f := &fakeLocks{runs: map[string]run{}}
	a.locks = f
	return a, api, f
}

func auditWith(t *testing.T, a *Activities, change ...func(*contract.AuditInput)) contract.AuditResult {
	t.Helper()
	in := contract.AuditInput{Selector: contract.Selector{All: true}, MaxAge: contract.Duration(24 * time.Hour), StuckAfter: contract.Duration(2 * time.Hour)}
	for _, c := range change {
		c(&in)
	}
	got, err := execute[contract.AuditResult](t, a, a.AuditSnapshots, in)
	require.NoError(t, err)
	return got
}

func serversOf(rows []contract.AuditRow) []int64 {
	ids := []int64{}
	for _, r := range rows {
		ids = append(ids, r.ServerID)
	}
	return ids
}

func snapshotIDs(rows []contract.AuditSnapshot) []int64 {
	ids := []int64{}
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestAServerWithoutAYoungCompletedSnapshotIsStale(t *testing.T) {
	a, _, _ := auditWorld(8,
		taken(11, 1, "completed", 23*time.Hour), taken(12, 1, "completed", 100*time.Hour), // fresh
		taken(21, 2, "completed", 25*time.Hour),
		taken(31, 3, "in_progress", time.Minute), taken(32, 3, "weird", time.Minute), taken(33, 3, "completed", 48*time.Hour),
		taken(41, 4, "failed", time.Minute),
		taken(51, 5, "completed", -4*time.Minute),                                        // a little ahead is just made
		taken(61, 6, "completed", time.Hour, withoutTime),                                // proves nothing
		taken(71, 7, "completed", time.Minute, handMade),                                 // hand-made ones are snapshots too
		taken(72, 7, "completed", 24*time.Hour), taken(81, 8, "completed", 24*time.Hour), // exactly max_age is not older
	)
	got := auditWith(t, a)
	assert.Equal(t, []int64{4, 6, 3, 2}, serversOf(got.Stale), "those without a known time first, then the oldest")
	assert.Equal(t, 4, got.Counts.Stale)
	assert.Equal(t, 8, got.Servers)
	assert.Equal(t, contract.ClockAPI, got.ClockOf)
	assert.Equal(t, auditNow, got.Now)
	assert.Contains(t, got.Stale[0].Detail, "no completed snapshot")
	assert.Contains(t, got.Stale[3].Detail, "25h old, more than 24h")
	assert.Equal(t, contract.Duration(25*time.Hour), got.Stale[3].Age)
	assert.Equal(t, auditNow.Add(-25*time.Hour), got.Stale[3].Newest)
	assert.Equal(t, 3, got.Stale[2].Snapshots)

	got = auditWith(t, a, func(in *contract.AuditInput) { in.MaxAge = 0 })
	assert.Equal(t, []int64{4}, serversOf(got.Stale), "without max_age only those that have none")
	got = auditWith(t, a, func(in *contract.AuditInput) { in.Policy = "daily" })
	assert.Contains(t, serversOf(got.Stale), int64(4))
	assert.NotContains(t, serversOf(got.Stale), int64(7), "24h old under the policy")
	got = auditWith(t, a, func(in *contract.AuditInput) { in.Policy = "weekly" })
	assert.Len(t, got.Stale, 8, "a policy is matched whole")
}

func TestAnOrphanIsOursAndNothingWillCleanItUp(t *testing.T) {
	a, _, _ := auditWorld(3,
		taken(1, 99, "completed", time.Hour),              // its server is gone
		taken(2, 99, "completed", time.Hour, handMade),    // not ours
		taken(3, 1, "in_progress", 3*time.Hour),           // stuck
		taken(4, 1, "in_progress", time.Hour),             // under way
		taken(5, 1, "failed", 3*time.Hour),                // left behind
		taken(6, 1, "error", time.Hour),                   // may still be looked after
		taken(7, 1, "in_progress", 3*time.Hour, handMade), // not ours
		taken(8, 1, "completed", 300*time.Hour),           // just old
		taken(9, 2, "failed", 0, withoutTime),             // nobody knows since when, and of no use
		taken(10, 2, "in_progress", 0, withoutTime),       // nobody knows since when
		taken(11, 3, "failed", 3*time.Hour, protectedOne), // the word protects it from policies, not from being seen
		taken(12, 3, "queued-somewhere", 3*time.Hour),     // an unknown status is not finished
		taken(13, 3, "completed", 300*time.Hour, protectedOne),
	)
	got := auditWith(t, a)
	assert.Equal(t, []int64{1, 3, 5, 9, 11, 12}, snapshotIDs(got.Orphans))
	assert.Equal(t, 6, got.Counts.Orphans)
	assert.Equal(t, []int64{11, 13}, snapshotIDs(got.Protected))
	assert.Equal(t, []int64{7}, snapshotIDs(got.Foreign), "of the chosen servers")
	assert.Equal(t, "daily", got.Orphans[0].Policy)
	assert.Empty(t, got.Foreign[0].Policy)

	got = auditWith(t, a, func(in *contract.AuditInput) { in.Selector = contract.Selector{Servers: []int64{2, 77}} })
	assert.Equal(t, []int64{1, 9}, snapshotIDs(got.Orphans), "a server that is gone cannot be chosen, so its snapshots are always listed")
	assert.Equal(t, []int64{77}, got.Missing)
	assert.Equal(t, 1, got.Servers)
	assert.Empty(t, got.Protected)
	got = auditWith(t, a, func(in *contract.AuditInput) { in.StuckAfter = 0 })
	assert.Equal(t, []int64{1}, snapshotIDs(got.Orphans))
}

func TestAServerWithoutRoomForOneMoreIsFull(t *testing.T) {
	var snapshots []vpsorg.Snapshot
	for i := range int64(9) {
		snapshots = append(snapshots, taken(i+1, 1+i/5, "completed", time.Hour)) // 5 of server 1, 4 of server 2
	}
	a, _, _ := auditWorld(2, snapshots...)
	got := auditWith(t, a)
	assert.Equal(t, []int64{1}, serversOf(got.Full))
	assert.Equal(t, 5, got.Full[0].Snapshots)
	assert.Contains(t, got.Full[0].Detail, "5 of 5")
}

func TestWithoutTheAPIsClockTheWorkersIsUsedAndTheResultSaysSo(t *testing.T) {
	a, api, _ := auditWorld(1, taken(1, 1, "completed", time.Hour))
	api.now = time.Time{}
	a.pace.now = func() time.Time { return auditNow.Add(30 * time.Hour) }
	got := auditWith(t, a)
	assert.Equal(t, contract.ClockWorker, got.ClockOf)
	assert.Equal(t, auditNow.Add(30*time.Hour), got.Now)
	assert.Equal(t, []int64{1}, serversOf(got.Stale))
}

func TestEveryListOfAnAuditIsBoundedWithItsWholeCountBesideIt(t *testing.T) {
	const n = 250
	hostile := strings.Repeat("<", 5000)
	var snapshots []vpsorg.Snapshot
	for id := int64(1); id <= n; id++ {
		for k := range int64(5) {
			s := taken(id*10+k, id, "failed", 300*time.Hour, func(s *vpsorg.Snapshot) { s.Name = hostile })
			switch k {
			case 0:
				s.Description = "protect=true"
			case 1:
				s.ServerID += 1_000_000
			}
			snapshots = append(snapshots, s)
		}
		snapshots = append(snapshots, taken(id*10+6, id, "failed", time.Hour))
	}
	a, api, _ := auditWorld(n, snapshots...)
	for i := range api.servers {
		api.servers[i].Name = hostile
	}
	got := auditWith(t, a)
	assert.Equal(t, contract.AuditCounts{Stale: n, Orphans: 4 * n, Full: n, Protected: n, Foreign: n}, got.Counts)
	for _, rows := range []int{len(got.Stale), len(got.Orphans), len(got.Full), len(got.Protected), len(got.Foreign)} {
		assert.Equal(t, contract.MaxAuditRows, rows)
	}
	text, err := json.Marshal(got)
	require.NoError(t, err)
	assert.Less(t, len(text), 1<<20)
}

func TestAnAuditThatCannotReadAWholeListSaysNothing(t *testing.T) {
	a, api, _ := auditWorld(1)
	api.list = func() ([]vpsorg.Snapshot, error) { return nil, apiSays(500) }
	_, err := execute[contract.AuditResult](t, a, a.AuditSnapshots, contract.AuditInput{Selector: contract.Selector{All: true}})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrUnavailable, app.Type())
	assert.False(t, app.NonRetryable())
	_, err = execute[contract.AuditResult](t, a, a.AuditSnapshots, contract.AuditInput{})
	require.ErrorAs(t, err, &app)
	assert.True(t, app.NonRetryable(), "an empty selector is not the whole account")
}
