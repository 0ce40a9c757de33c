package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

var (
	createSnapshot = contract.ActivityCreateSnapshot
	awaitSnapshot  = contract.ActivityAwaitSnapshot
	deleteSnapshot = contract.ActivityDeleteSnapshot
)

func TestARotationMakesItsSnapshotAndOnlyThenPrunesByThePolicy(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, []string{contract.ActivityPreflight, createSnapshot, awaitSnapshot, deleteSnapshot, deleteSnapshot}, e.names())
	assert.Equal(t, []int64{801, 802}, h.deletedIDs(), "one after the other, the oldest first")
	require.NotNil(t, e.report.Snapshot)
	assert.Equal(t, int64(testSnapshotID), e.report.Snapshot.ID)
	assert.ElementsMatch(t, []int64{803, testSnapshotID}, e.keptIDs())
	for _, p := range e.report.Pruned {
		assert.Equal(t, "older than the newest 2 of policy rotation", p.Reason)
		assert.True(t, p.Deleted)
	}
	assert.Contains(t, e.report.Kept[0].Reason, "keep_last 2")
	assert.Contains(t, e.report.Summary, "Pruned 2 snapshots by policy rotation (keep_last 2)")
	assert.Equal(t, []Phase{PhasePreflight, PhaseSnapshot, PhasePrune, PhaseDone}, e.phases())
}

func (e ended) phases() []Phase {
	var phases []Phase
	for _, p := range e.report.Phases {
		phases = append(phases, p.Phase)
	}
	return phases
}

func TestTheSnapshotIsMarkedWithThePolicyAndNamedByItsPrefix(t *testing.T) {
	h := newRotation(t, func(in *SnapshotRotationInput) {
		in.Policy.Name, in.Snapshot.NamePrefix, in.Snapshot.Description = "nightly", "night", "taken at night"
	})
	e := h.run()
	in := inputs[contract.CreateSnapshotInput](h, createSnapshot)[0]
	assert.Regexp(t, `^night-12345-20260301T120000Z-[0-9a-f]{8}$`, in.Name)
	assert.Equal(t, "taken at night managed-by=safepoint run="+testRunID+" policy=nightly", in.Description)
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
}

func TestWithoutACreateARotationOnlyPrunes(t *testing.T) {
	h := newRotation(t, pruneOnly)
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, []string{contract.ActivityPreflight, deleteSnapshot}, e.names())
	assert.Equal(t, []int64{801}, h.deletedIDs())
	assert.Nil(t, e.report.Snapshot)
	assert.Contains(t, e.report.Summary, "No snapshot was asked for")
}

// Law 4: what is foreign, protected, of another policy or unfinished stays, and so does the newest completed one.
func TestLaw4OnlyThePolicysOwnFinishedSnapshotsAreDeleted(t *testing.T) {
	safe := map[string]contract.Snapshot{
		"hand-made": handMade(801),
		"a deploy's": func() contract.Snapshot {
			s := olderSnapshot(801)
			s.CreatedAt = testStart.Add(-9 * day)
			return s
		}(),
		"another policy's": ofRotation(801, 9*day, func(s *contract.Snapshot) {
			s.Description = contract.Marker{RunID: "x", Policy: "rotation2"}.Describe("")
		}),
		"protected": ofRotation(801, 9*day, func(s *contract.Snapshot) {
			s.Description = contract.Marker{RunID: "x", Policy: contract.PolicyRotation, Protected: true}.Describe("")
		}),
		"of another prefix": ofRotation(801, 9*day, func(s *contract.Snapshot) { s.Name = "rotational-1" }),
		"protected by name": ofRotation(801, 9*day, func(s *contract.Snapshot) { s.Name = "rotation-keep-me" }),
		"of no known state": ofRotation(801, 9*day, withStatus("archiving")),
		"dated tomorrow":    ofRotation(801, -day),
	}
	for name, s := range safe {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t, func(in *SnapshotRotationInput) {
				in.Policy.KeepLast, in.Policy.ExpireAfter, in.Policy.Protect = 1, Duration(time.Hour), []string{"*keep-me"}
				in.Create = false
			})
			h.existing = []contract.Snapshot{s, ofRotation(802, 2*day), ofRotation(803, day)}
			e := h.run()
			assert.NotContains(t, h.deletedIDs(), int64(801))
			assert.Contains(t, e.keptIDs(), int64(801), "and the report says why")
		})
	}
}

func TestTheLastCompletedSnapshotIsNeverDeletedHoweverOld(t *testing.T) {
	h := newRotation(t, pruneOnly, func(in *SnapshotRotationInput) {
		in.Policy.KeepLast, in.Policy.ExpireAfter = 0, Duration(time.Hour)
	})
	h.existing = []contract.Snapshot{ofRotation(801, 300*day), ofRotation(802, 200*day)}
	h.run()
	assert.Equal(t, []int64{801}, h.deletedIDs())
}

// Law 5: a list that is not whole, or cannot be that of one server, decides nothing.
func TestLaw5AListThatIsNotWholeDecidesNothing(t *testing.T) {
	lists := map[string]func(h *harness){
		"the API gives none": func(h *harness) { h.on(contract.ActivityPreflight, apiError(contract.ErrUnavailable)) },
		"an id is there twice": func(h *harness) {
			h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(801, 3*day), ofRotation(803, day)}
		},
		"another server's is in it": func(h *harness) {
			h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day, func(s *contract.Snapshot) { s.ServerID = 5 }), ofRotation(803, day)}
		},
	}
	for name, script := range lists {
		t.Run(name, func(t *testing.T) {
			h := newRotation(t)
			script(h)
			e := h.run()
			assert.Equal(t, contract.FailPreflight, e.failure)
			assert.Empty(t, e.wrote())
			assert.Contains(t, e.report.Summary, "No snapshot was deleted")
		})
	}
}

func TestAPolicyByTimeIsNotAppliedWithoutTheAPIsClock(t *testing.T) {
	h := newRotation(t, func(in *SnapshotRotationInput) { in.Policy.KeepDaily = 2 })
	h.on(contract.ActivityPreflight, step{reply: contract.PreflightResult{Server: h.server, RunID: testRunID}})
	e := h.run()
	assert.Equal(t, contract.FailPreflight, e.failure)
	assert.Contains(t, e.report.Summary, "the time of the API is not known")
	assert.Empty(t, e.wrote())
}

// The new snapshot is the API's own proof of how late it is: it takes its day from the one that was the day's newest.
func TestTheNewSnapshotCountsInItsOwnHourAndDay(t *testing.T) {
	h := newRotation(t, func(in *SnapshotRotationInput) { in.Policy.KeepLast, in.Policy.KeepDaily = 0, 2 })
	h.existing = []contract.Snapshot{ofRotation(801, 26*time.Hour), ofRotation(802, 2*time.Hour)}
	e := h.run()
	assert.Equal(t, []int64{802}, h.deletedIDs(), "%v", e.report.Kept)
}

func TestAPruneThatFailsEndsIncompleteAndSaysWhatIsLeft(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day), ofRotation(803, day)}
	h.on(deleteSnapshot, deleted(write(contract.WriteRefused, 403), false), step{})
	e := h.run()
	assert.Equal(t, contract.FailRotation, e.failure)
	assert.Equal(t, OutcomeIncomplete, e.report.Outcome)
	assert.Equal(t, []int64{802}, h.deletedIDs(), "one failure does not stop the others")
	assert.Contains(t, e.report.Summary, "Snapshot 900")
	assert.Contains(t, e.report.Summary, "801 (the API said refused)")
	assert.NotEmpty(t, e.report.Next)
}

func TestADeleteWhoseAnswerIsLostIsSentAgain(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{ofRotation(801, 3*day), ofRotation(802, 2*day)}
	h.on(deleteSnapshot, workerKilled(), deleted(write(contract.WriteNotSent, 429), false), step{})
	e := h.run()
	assert.Equal(t, OutcomeRotated, e.report.Outcome)
	assert.Equal(t, 3, e.count(deleteSnapshot))
}

func TestAServerInNeitherStateIsNotRotated(t *testing.T) {
	for _, status := range []contract.ServerStatus{contract.ServerRestoring, contract.ServerSuspended, "migrating", ""} {
		t.Run(string(status), func(t *testing.T) {
			h := newRotation(t)
			h.server.Status = status
			e := h.run()
			assert.Equal(t, contract.FailPreflight, e.failure)
			assert.Empty(t, e.wrote())
		})
	}
}

func TestAnUnknownServerNamesItself(t *testing.T) {
	e := newRotation(t).on(contract.ActivityPreflight, apiError(contract.ErrNotFound)).run()
	assert.Equal(t, contract.FailPreflight, e.failure)
	assert.Empty(t, e.wrote())
}

func TestTheStatusOfARotationSaysWhatItWaitsFor(t *testing.T) {
	h := newRotation(t)
	var seen Status
	h.on(awaitSnapshot, step{reply: h.completes, during: func() { seen = h.status() }, takes: time.Minute})
	h.run()
	assert.Equal(t, TypeSnapshotRotation, seen.Runbook)
	assert.Equal(t, PhaseSnapshot, seen.Phase)
	assert.Contains(t, seen.WaitingFor, "snapshot 900 to be completed")
	assert.NotNil(t, seen.Window)
}
