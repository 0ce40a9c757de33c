package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func foundOurs(id int64) step {
	s := ownSnapshot(id, contract.SnapshotInProgress)
	return step{reply: contract.FindSnapshotResult{RunID: testRunID, Ours: []contract.Snapshot{s}, All: []contract.Snapshot{s}}}
}

var (
	foundNone       = step{reply: contract.FindSnapshotResult{RunID: testRunID}}
	createAmbiguous = created(write(contract.WriteAmbiguous, 502))
)

func TestAfterAnUnclearCreateTheRunLooksBeforeASecondPost(t *testing.T) {
	for name, unclear := range map[string]step{"answer lost": createAmbiguous, "worker killed": workerKilled(), "a word not known": created(write("later", 0))} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t).on(contract.ActivityCreateSnapshot, unclear, step{}).on(contract.ActivityFindSnapshot, foundNone)
			e := h.run()
			assert.Equal(t, OutcomeCommitted, e.report.Outcome)
			assert.Equal(t, []string{contract.ActivityCreateSnapshot, contract.ActivityFindSnapshot, contract.ActivityCreateSnapshot}, e.names()[2:5])
			posts := inputs[contract.CreateSnapshotInput](h, contract.ActivityCreateSnapshot)
			assert.Empty(t, posts[0].Fence.LookedRunID)
			assert.NotEmpty(t, posts[1].Fence.LookedRunID)
			assert.Equal(t, posts[0].Name, posts[1].Name, "the same name, so that a twin is recognised")
			assert.Equal(t, posts[0].Description, posts[1].Description)
		})
	}
}

func TestASnapshotFoundAfterAnUnclearCreateIsAdopted(t *testing.T) {
	h := newHarness(t).on(contract.ActivityCreateSnapshot, createAmbiguous).on(contract.ActivityFindSnapshot, foundOurs(777))
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, 1, e.count(contract.ActivityCreateSnapshot))
	assert.Equal(t, int64(777), inputs[contract.AwaitSnapshotInput](h, contract.ActivityAwaitSnapshot)[0].ID)
	assert.Equal(t, int64(777), e.report.Snapshot.ID)
}

func TestARefusalAfterAnUnclearCreateIsNotBelievedBeforeALook(t *testing.T) {
	refused := created(write(contract.WriteRefused, 400))
	e := newHarness(t).on(contract.ActivityCreateSnapshot, createAmbiguous, refused).on(contract.ActivityFindSnapshot, foundNone, foundOurs(777)).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, int64(777), e.report.Snapshot.ID)
	assert.Equal(t, 2, e.count(contract.ActivityCreateSnapshot))

	e = newHarness(t).on(contract.ActivityCreateSnapshot, createAmbiguous, refused).on(contract.ActivityFindSnapshot, foundNone).run()
	assert.Equal(t, contract.FailSnapshot, e.failure)
	assert.Equal(t, 2, e.count(contract.ActivityFindSnapshot))
}

func TestALookThatFailsAfterAnUnclearCreateNeverPostsAgain(t *testing.T) {
	e := newHarness(t).on(contract.ActivityCreateSnapshot, createAmbiguous).on(contract.ActivityFindSnapshot, apiError(contract.ErrUnauthorized)).run()
	assert.Equal(t, contract.FailSnapshot, e.failure)
	assert.Equal(t, 1, e.count(contract.ActivityCreateSnapshot))
	assert.Contains(t, e.report.Next, "may exist")
}

func TestACreateThatWasNotSentIsSentAgainAfterRetryAfter(t *testing.T) {
	busy := write(contract.WriteNotSent, 429)
	busy.RetryAfter = Duration(90 * time.Second)
	h := newHarness(t).on(contract.ActivityCreateSnapshot, created(busy), step{})
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Zero(t, e.count(contract.ActivityFindSnapshot), "nothing took effect, so nothing is looked for")
	var at []time.Time
	for _, c := range h.calls {
		if c.name == contract.ActivityCreateSnapshot {
			at = append(at, c.at)
		}
	}
	require.Len(t, at, 2)
	assert.GreaterOrEqual(t, at[1].Sub(at[0]), 90*time.Second)
}

func TestTwinsAreDeletedOnceTheKeptOneIsCompleted(t *testing.T) {
	h := newHarness(t)
	twin := ownSnapshot(901, contract.SnapshotCompleted)
	h.on(contract.ActivityAwaitSnapshot, step{reply: contract.AwaitSnapshotResult{
		State: contract.AwaitDone, Snapshot: ownSnapshot(900, contract.SnapshotCompleted), Twins: []contract.Snapshot{twin},
		All: []contract.Snapshot{ownSnapshot(900, contract.SnapshotCompleted), twin},
	}})
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	deletes := inputs[contract.DeleteSnapshotInput](h, contract.ActivityDeleteSnapshot)
	require.Len(t, deletes, 1, "the commit does not delete the twin a second time")
	assert.Equal(t, int64(901), deletes[0].SnapshotID)
	assert.Equal(t, int64(900), deletes[0].TwinOf)
	assert.Equal(t, []int64{900}, deletes[0].RestorePoints)
	assert.True(t, e.report.Pruned[0].Deleted)
}

func TestATwinThatShowsUpLateIsRemovedAtTheEnd(t *testing.T) {
	h := newHarness(t).on(contract.ActivityCreateSnapshot, createAmbiguous, step{}).on(contract.ActivityFindSnapshot, foundNone)
	h.on(contract.ActivityAwaitSnapshot, step{}, step{reply: func(in contract.AwaitSnapshotInput) contract.AwaitSnapshotResult {
		kept, late := ownSnapshot(900, contract.SnapshotCompleted), ownSnapshot(899, contract.SnapshotCompleted)
		kept.Name, late.Name = in.Own.Name, in.Own.Name
		return contract.AwaitSnapshotResult{State: contract.AwaitDone, Snapshot: late, Twins: []contract.Snapshot{kept}}
	}})
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	deletes := inputs[contract.DeleteSnapshotInput](h, contract.ActivityDeleteSnapshot)
	require.Len(t, deletes, 1)
	assert.Equal(t, int64(899), deletes[0].SnapshotID, "the restore point itself stays, whatever its id")
	assert.Equal(t, int64(900), deletes[0].TwinOf)
}

func TestSnapshotsListedBeforeTheFirstPostAreNeverAdopted(t *testing.T) {
	h := newHarness(t).on(contract.ActivityCreateSnapshot, createAmbiguous, step{}).on(contract.ActivityFindSnapshot, foundNone)
	impostor := ownSnapshot(850, contract.SnapshotCompleted) // carries this run's marker, and was there before it
	impostor.Name = snapshotName("pre-update", testServerID, &workflow.Info{OriginalRunID: testRunID, WorkflowStartTime: testStart})
	h.existing = []contract.Snapshot{handMade(801), impostor}
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	for _, find := range inputs[contract.FindSnapshotInput](h, contract.ActivityFindSnapshot) {
		assert.Equal(t, []int64{801, 850}, find.Own.KnownIDs)
	}
	for _, await := range inputs[contract.AwaitSnapshotInput](h, contract.ActivityAwaitSnapshot) {
		assert.Equal(t, []int64{801, 850}, await.Own.KnownIDs)
	}
}

func TestARunThatWasResetMayAdoptWhatItsEarlierRunMade(t *testing.T) {
	h := newHarness(t)
	h.originalRunID = "the-run-before-the-reset"
	earlier := ownSnapshot(880, contract.SnapshotCompleted)
	earlier.Name = snapshotName("pre-update", testServerID, &workflow.Info{OriginalRunID: h.originalRunID, WorkflowStartTime: testStart})
	earlier.Description = contract.Marker{RunID: h.originalRunID, Policy: contract.PolicyUpdate}.Describe("")
	h.existing = []contract.Snapshot{handMade(801), handMade(802), handMade(803), handMade(804), earlier} // no room for another
	h.on(contract.ActivityCreateSnapshot, createAmbiguous)                                                // the activity sees the reset and does not send
	h.on(contract.ActivityFindSnapshot, foundOurs(880))
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, int64(880), e.report.Snapshot.ID)
	assert.Equal(t, []int64{801, 802, 803, 804}, inputs[contract.FindSnapshotInput](h, contract.ActivityFindSnapshot)[0].Own.KnownIDs)
	assert.Empty(t, inputs[contract.CreateSnapshotInput](h, contract.ActivityCreateSnapshot)[0].Fence.LookedRunID)
}

func TestASnapshotsNameIsMadeFromTheRun(t *testing.T) {
	info := &workflow.Info{OriginalRunID: "run-1", WorkflowStartTime: testStart}
	name := snapshotName("pre-update", testServerID, info)
	assert.Regexp(t, `^pre-update-12345-20260301T120000Z-[0-9a-f]{8}$`, name)
	assert.Equal(t, name, snapshotName("pre-update", testServerID, &workflow.Info{OriginalRunID: "run-1", WorkflowStartTime: testStart,
		WorkflowExecution: workflow.Execution{RunID: "after a reset"}}))
	assert.NotEqual(t, name, snapshotName("pre-update", testServerID, &workflow.Info{OriginalRunID: "run-2", WorkflowStartTime: testStart}))
	longest := snapshotName("a23456789012345678901234", maxServerID, info)
	assert.LessOrEqual(t, len(longest), 64)
	assert.Regexp(t, `^[A-Za-z0-9_-]+$`, longest)
}

func TestTheDescriptionCarriesTheMarkerAndTheWholeOriginalRunID(t *testing.T) {
	h := newHarness(t, func(in *SnapshotUpdateVerifyInput) { in.Snapshot.Description = "before web 2.14.0" })
	h.run()
	post := inputs[contract.CreateSnapshotInput](h, contract.ActivityCreateSnapshot)[0]
	assert.Equal(t, contract.Marker{Managed: true, RunID: testRunID, Policy: contract.PolicyUpdate}, contract.ParseMarker(post.Description))
	assert.Contains(t, post.Description, "before web 2.14.0")
}
