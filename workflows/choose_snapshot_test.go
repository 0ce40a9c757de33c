package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// listed is a completed snapshot of the test's server; a higher id is a newer one.
func listed(id int64, change ...func(*contract.Snapshot)) contract.Snapshot {
	s := contract.Snapshot{ID: id, ServerID: testServerID, Name: "pre-update-12345-x", Status: contract.SnapshotCompleted,
		CreatedAt: testStart.Add(time.Duration(id-1000) * time.Hour), Description: contract.Marker{RunID: "r", Policy: contract.PolicyUpdate}.Describe("")}
	for _, f := range change {
		f(&s)
	}
	return s
}

func byHand(s *contract.Snapshot)    { s.Name, s.Description = "by-hand", "before the migration" }
func safety(s *contract.Snapshot)    { s.Description = safetyMarker("r").Describe("") }
func elsewhere(s *contract.Snapshot) { s.ServerID = 777 }
func old(s *contract.Snapshot)       { s.CreatedAt = testStart.Add(-9999 * time.Hour) }
func ahead(s *contract.Snapshot)     { s.CreatedAt = testStart.Add(10 * time.Minute) }
func undated(s *contract.Snapshot)   { s.CreatedAt = time.Time{} }

func status(word contract.SnapshotStatus) func(*contract.Snapshot) {
	return func(s *contract.Snapshot) { s.Status = word }
}

func named(name string) func(*contract.Snapshot) {
	return func(s *contract.Snapshot) { s.Name = name }
}

func safetyMarker(run string) contract.Marker {
	return contract.Marker{RunID: run, Policy: contract.PolicySafety, Purpose: contract.PurposeSafety}
}

func TestChooseSnapshotFindsTheOneThatIsMeant(t *testing.T) {
	latest, latestAny := SnapshotChoice{Latest: LatestSnapshot}, SnapshotChoice{Latest: LatestAnySnapshot}
	list := func(s ...contract.Snapshot) []contract.Snapshot { return s }
	cases := map[string]struct {
		all    []contract.Snapshot
		choice SnapshotChoice
		want   int64
	}{
		"by id":                                 {list(listed(801), listed(802)), SnapshotChoice{ID: 801}, 801},
		"a hand-made one by id":                 {list(listed(801, byHand)), SnapshotChoice{ID: 801}, 801},
		"a safety snapshot by id":               {list(listed(801, safety)), SnapshotChoice{ID: 801}, 801},
		"by name":                               {list(listed(801), listed(802, named("nightly"))), SnapshotChoice{Name: "nightly"}, 802},
		"by a name that another server has too": {list(listed(801, named("nightly")), listed(802, named("nightly"), elsewhere)), SnapshotChoice{Name: "nightly"}, 801},
		"latest":                                {list(listed(801), listed(803), listed(802)), latest, 803},
		"latest by id where a time is missing":  {list(listed(803, undated), listed(804), listed(801)), latest, 804},
		"latest is never made by hand":          {list(listed(801), listed(802, byHand)), latest, 801},
		"latest is never a safety snapshot":     {list(listed(801), listed(802, safety)), latest, 801},
		"latest is completed":                   {list(listed(801), listed(802, status(contract.SnapshotInProgress)), listed(803, status("failed")), listed(804, status("ready"))), latest, 801},
		"latest is of this server":              {list(listed(801), listed(802, elsewhere)), latest, 801},
		"latest_any is made by anybody":         {list(listed(801), listed(802, byHand)), latestAny, 802},
		"latest_any is never a safety snapshot": {list(listed(801, byHand), listed(802, safety)), latestAny, 801},
		"latest_any is completed":               {list(listed(801, byHand), listed(802, status(contract.SnapshotInProgress))), latestAny, 801},
		"an id that is somebody's name too":     {list(listed(801), listed(802, named("801x"))), SnapshotChoice{ID: 801}, 801},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			chosen, problem := chooseSnapshot(c.all, testServerID, c.choice, time.Time{})
			assert.Empty(t, problem)
			assert.Equal(t, c.want, chosen.ID)
		})
	}
}

func TestChooseSnapshotRefusesAndSaysWhatIsThere(t *testing.T) {
	list := func(s ...contract.Snapshot) []contract.Snapshot { return s }
	two := `802 "pre-update-12345-x" (completed, created 2026-02-21 06:00 UTC), 801 "pre-update-12345-x" (completed, created 2026-02-21 05:00 UTC)`
	cases := map[string]struct {
		all    []contract.Snapshot
		choice SnapshotChoice
		want   string
	}{
		"gone, or of another server": {list(listed(801), listed(802)), SnapshotChoice{ID: 900}, "server 12345 has no snapshot 900; it has: " + two},
		"none at all":                {nil, SnapshotChoice{ID: 900}, "server 12345 has no snapshot 900; it has none"},
		"of another server in the list": {list(listed(801), listed(802), listed(900, elsewhere)), SnapshotChoice{ID: 900},
			"snapshot 900 is of server 777, not of server 12345; it has: " + two},
		"no such name": {list(listed(801), listed(802)), SnapshotChoice{Name: "nightly"}, `server 12345 has no snapshot named "nightly"; it has: ` + two},
		"a name that two have": {list(listed(801), listed(802)), SnapshotChoice{Name: "pre-update-12345-x"},
			`server 12345 has 2 snapshots named "pre-update-12345-x", with the ids 801, 802: give the id; it has: ` + two},
		"in progress": {list(listed(801, status(contract.SnapshotInProgress))), SnapshotChoice{ID: 801},
			`snapshot 801 "pre-update-12345-x" is in_progress, not completed; it has: 801 "pre-update-12345-x" (in_progress, created 2026-02-21 05:00 UTC)`},
		"failed, by name":       {list(listed(801, status("failed"))), SnapshotChoice{Name: "pre-update-12345-x"}, `snapshot 801 "pre-update-12345-x" is failed, not completed; it has: `},
		"a status nobody knows": {list(listed(801, status("rea\x1bdy"))), SnapshotChoice{ID: 801}, `is "rea\x1bdy", not completed`},
		"the id twice":          {list(listed(801), listed(801)), SnapshotChoice{ID: 801}, "the list shows snapshot 801 more than once; it has: "},
		"no latest": {list(listed(801, byHand), listed(802, safety)), SnapshotChoice{Latest: LatestSnapshot},
			"server 12345 has no completed snapshot of Safepoint's (safety snapshots do not count); it has: 802 "},
		"latest by one clock only": {list(listed(803, old), listed(801)), SnapshotChoice{Latest: LatestSnapshot},
			"snapshot 801 is the newest by its date, but snapshot 803 by its number, so nobody can tell which one is the latest: give the id; it has: 801 "},
		"latest is dated in the future": {list(listed(801), listed(802, ahead)), SnapshotChoice{Latest: LatestAnySnapshot},
			"is dated in the future (2026-03-01 12:10 UTC, the API's clock says 2026-03-01 12:00 UTC), so nobody can tell which one is the latest: give the id"},
		"no latest_any":   {list(listed(802, safety)), SnapshotChoice{Latest: LatestAnySnapshot}, "server 12345 has no completed snapshot (safety snapshots do not count); it has: 802 "},
		"no time is told": {list(listed(801, undated)), SnapshotChoice{ID: 1}, "(completed, created at an unknown time)"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			chosen, problem := chooseSnapshot(c.all, testServerID, c.choice, testStart)
			assert.Contains(t, problem, c.want)
			assert.Zero(t, chosen)
		})
	}
}

func TestWhatIsThereIsBounded(t *testing.T) {
	var all []contract.Snapshot
	for id := range int64(500) {
		all = append(all, listed(id+1, named(strings.Repeat("n", 4000)), status(contract.SnapshotStatus(strings.Repeat("s", 4000)))))
	}
	_, problem := chooseSnapshot(all, testServerID, SnapshotChoice{ID: 999}, time.Time{})
	assert.Contains(t, problem, "and 490 more")
	assert.Less(t, len(problem), 5000)
	_, problem = chooseSnapshot(all, testServerID, SnapshotChoice{Name: all[0].Name}, time.Time{})
	assert.Less(t, len(problem), 5000)
}

func TestANewerSnapshotOfARunbookIsSeen(t *testing.T) {
	chosen := listed(801)
	cases := map[string]struct {
		all  []contract.Snapshot
		want int64
	}{
		"none":                    {[]contract.Snapshot{listed(800), chosen}, 0},
		"one":                     {[]contract.Snapshot{chosen, listed(802)}, 802},
		"one in progress":         {[]contract.Snapshot{chosen, listed(802, status(contract.SnapshotInProgress))}, 802},
		"made by hand":            {[]contract.Snapshot{chosen, listed(802, byHand)}, 0},
		"a safety snapshot":       {[]contract.Snapshot{chosen, listed(802, safety)}, 0},
		"of another server":       {[]contract.Snapshot{chosen, listed(802, elsewhere)}, 0},
		"newer by its number":     {[]contract.Snapshot{chosen, listed(802, old)}, 802},
		"newer by its date":       {[]contract.Snapshot{chosen, listed(800, ahead)}, 800},
		"before a safety one too": {[]contract.Snapshot{chosen, listed(802), listed(803, safety)}, 802},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			newer := newerManaged(c.all, chosen)
			if c.want == 0 {
				require.Nil(t, newer)
				return
			}
			require.NotNil(t, newer)
			assert.Equal(t, c.want, newer.ID)
		})
	}
}
