package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func copiesFirst(in *RollbackByRestoreInput) { in.Safety.Snapshot = true }

func mustCopy(in *RollbackByRestoreInput) { in.Safety.Snapshot, in.Safety.Required = true, true }

// olderSafety is a safety snapshot that an earlier run left.
func olderSafety(id int64) contract.Snapshot {
	return listed(id, named("safety-12345-old"), func(s *contract.Snapshot) { s.Description = safetyMarker("an-older-run").Describe("") })
}

func TestASafetySnapshotIsCompletedBeforeTheRestoreAndKept(t *testing.T) {
	h := newRestore(t, copiesFirst)
	e := h.run()
	require.NoError(t, e.err)
	assert.Equal(t, []string{contract.ActivityPreflight, contract.ActivityCreateSnapshot, contract.ActivityAwaitSnapshot, readServer, restore, awaitRestore, verify}, e.names())
	made := inputs[contract.CreateSnapshotInput](h, contract.ActivityCreateSnapshot)[0]
	assert.Regexp(t, `^safety-12345-20260301T120000Z-[0-9a-f]{8}$`, made.Name)
	marker := contract.ParseMarker(made.Description)
	assert.Equal(t, contract.Marker{Managed: true, RunID: testRunID, Policy: contract.PolicySafety, Purpose: contract.PurposeSafety}, marker)
	assert.Equal(t, int64(testSnapshotID), e.report.SafetySnapshot.ID)
	assert.Equal(t, int64(801), e.report.Snapshot.ID)
	assert.Equal(t, int64(801), inputs[contract.RestoreSnapshotInput](h, restore)[0].SnapshotID, "never the copy")
}

func TestLaw4OlderSafetySnapshotsGoAfterAGoodRestoreAndNothingElse(t *testing.T) {
	h := newRestore(t, copiesFirst)
	h.existing = []contract.Snapshot{listed(801), olderSafety(802), listed(803, byHand)}
	e := h.run()
	assert.Equal(t, OutcomeRestored, e.report.Outcome)
	require.Len(t, e.report.Pruned, 1)
	assert.Equal(t, int64(802), e.report.Pruned[0].ID)
	in := inputs[contract.DeleteSnapshotInput](h, contract.ActivityDeleteSnapshot)[0]
	assert.ElementsMatch(t, []int64{801, testSnapshotID}, in.RestorePoints)
	assert.Equal(t, safetyPrefix, in.NamePrefix)
	names := e.names()
	assert.Equal(t, contract.ActivityDeleteSnapshot, names[len(names)-1], "after the verification")
	assert.True(t, e.entered(PhasePrune))
}

func TestAfterABadRestoreNothingIsPruned(t *testing.T) {
	h := newRestore(t, copiesFirst).on(verify, red)
	h.existing = []contract.Snapshot{listed(801), olderSafety(802)}
	e := h.run()
	assert.Equal(t, contract.FailRolledBackUnverified, e.failure)
	assert.Zero(t, e.count(contract.ActivityDeleteSnapshot))
	assert.Contains(t, e.report.Next, "snapshot 900")
	assert.Contains(t, e.report.Next, "holds the state of 2026-03-01 12:01 UTC")
}

func TestLaw4TheChosenSnapshotIsNeverPruned(t *testing.T) {
	for name, existing := range map[string][]contract.Snapshot{
		"with room":    {olderSafety(801), olderSafety(802)},
		"without room": {olderSafety(801), olderSafety(802), listed(803, byHand), listed(804, byHand), listed(805, byHand)},
	} {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t, copiesFirst) // 801 is a safety snapshot itself: a rollback is undone
			h.existing = existing
			e := h.run()
			assert.Equal(t, OutcomeRestored, e.report.Outcome)
			for _, in := range inputs[contract.DeleteSnapshotInput](h, contract.ActivityDeleteSnapshot) {
				assert.Equal(t, int64(802), in.SnapshotID)
			}
			assert.Equal(t, 1, e.count(contract.ActivityDeleteSnapshot))
		})
	}
}

func TestLaw12TheRoomForASafetySnapshotIsPlanned(t *testing.T) {
	full := []contract.Snapshot{listed(801), listed(802), listed(803), listed(804), listed(805)}
	cases := map[string]struct {
		change   func(*RollbackByRestoreInput)
		existing []contract.Snapshot
		outcome  Outcome
		wrote    []string
	}{
		"our own old copy makes room": {mustCopy, []contract.Snapshot{olderSafety(800), listed(801), listed(802), listed(803), listed(804)}, OutcomeRestored,
			[]string{contract.ActivityDeleteSnapshot, contract.ActivityCreateSnapshot, restore}},
		"no room, not required":               {copiesFirst, full, OutcomeRestored, []string{restore}},
		"no room, required":                   {mustCopy, full, OutcomeNotChanged, nil},
		"only the chosen one could make room": {mustCopy, []contract.Snapshot{olderSafety(801), listed(802), listed(803), listed(804), listed(805)}, OutcomeNotChanged, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t, c.change)
			h.existing = c.existing
			e := h.run()
			assert.Equal(t, c.outcome, e.report.Outcome)
			if c.wrote == nil {
				assert.Empty(t, e.wrote())
				assert.Equal(t, contract.FailSnapshotLimit, e.failure)
				assert.Contains(t, e.report.Next, "leave out safety.required")
				return
			}
			assert.Equal(t, c.wrote, e.wrote())
			if e.report.SafetySnapshot == nil {
				assert.Contains(t, e.report.Notes[0], "no safety snapshot was taken, there is no room")
			}
		})
	}
}

func TestASafetySnapshotThatFailsEndsTheRunOnlyWhereItIsRequiredOrStillBeingMade(t *testing.T) {
	failed := step{reply: contract.AwaitSnapshotResult{State: contract.AwaitFailed, Snapshot: listed(testSnapshotID, status("failed"))}}
	late := step{reply: contract.AwaitSnapshotResult{State: contract.AwaitTimedOut, Detail: "it is still in progress"}}
	begun := func(h *harness) { // the list shows the copy still in progress
		h.on(readServer, step{reply: func(contract.ServerInput) contract.ReadServerResult {
			in := inputs[contract.CreateSnapshotInput](h, contract.ActivityCreateSnapshot)[0]
			own := listed(testSnapshotID, named(in.Name), status(contract.SnapshotInProgress), func(s *contract.Snapshot) { s.Description = in.Description })
			return contract.ReadServerResult{Server: h.server, Snapshots: append(h.existing[:len(h.existing):len(h.existing)], own), RunID: testRunID}
		}})
	}
	cases := map[string]struct {
		change  func(*RollbackByRestoreInput)
		await   step
		set     func(h *harness)
		outcome Outcome
		failure string
	}{
		"failed":                            {copiesFirst, failed, nil, OutcomeRestored, ""},
		"failed, required":                  {mustCopy, failed, nil, OutcomeNotChanged, contract.FailSnapshot},
		"late, then seen to be gone":        {copiesFirst, late, nil, OutcomeRestored, ""},
		"late, still in progress":           {copiesFirst, late, begun, OutcomeNotChanged, contract.FailSnapshot},
		"late, required":                    {mustCopy, late, nil, OutcomeNotChanged, contract.FailSnapshot},
		"failed, then the API is not there": {copiesFirst, failed, func(h *harness) { h.on(readServer, apiError(contract.ErrUnavailable)) }, OutcomeNotChanged, contract.FailPreflight},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRestore(t, c.change).on(contract.ActivityAwaitSnapshot, c.await)
			if c.set != nil {
				c.set(h)
			}
			e := h.run()
			assert.Equal(t, c.outcome, e.report.Outcome)
			assert.Equal(t, c.failure, e.failure)
			assert.Nil(t, e.report.SafetySnapshot)
			if c.failure != "" {
				e.nothingRestored()
				assert.NotContains(t, e.err.Error(), "snapshot.ready_timeout if")
				return
			}
			assert.Contains(t, e.report.Notes[0], "no safety snapshot was taken: ")
		})
	}
}

func TestASafetySnapshotThatCostAnOlderOneIsNotGoneWithout(t *testing.T) {
	failed := step{reply: contract.AwaitSnapshotResult{State: contract.AwaitFailed, Snapshot: listed(testSnapshotID, status("failed"))}}
	h := newRestore(t, copiesFirst).on(contract.ActivityAwaitSnapshot, failed)
	h.existing = []contract.Snapshot{olderSafety(800), listed(801), listed(802), listed(803), listed(804)}
	e := h.run()
	assert.Equal(t, OutcomeNotChanged, e.report.Outcome)
	assert.Contains(t, e.report.Summary, "An older safety snapshot was deleted to make room for it, so nothing is restored without it. The server was not changed.")
	assert.Contains(t, e.report.Next, "without safety.snapshot")
	e.nothingRestored()
}

func TestAfterAResetTheReportDoesNotSayThatTheCopyHoldsEverything(t *testing.T) {
	h := newRestore(t, copiesFirst).on(verify, red)
	h.originalRunID = "the-run-before"
	e := h.run()
	assert.Equal(t, contract.FailRolledBackUnverified, e.failure)
	assert.Contains(t, e.report.Next, "this run was reset: what was written between that time and the last restore is in no snapshot")
}

func TestALateSafetySnapshotNamesItsOwnSetting(t *testing.T) {
	h := newRestore(t, mustCopy, func(in *RollbackByRestoreInput) { in.Safety.ReadyTimeout = Duration(5 * time.Minute) })
	h.on(contract.ActivityAwaitSnapshot, step{reply: contract.AwaitSnapshotResult{State: contract.AwaitTimedOut}})
	e := h.run()
	assert.Contains(t, e.report.Summary, "not completed within 5m")
	assert.Contains(t, e.report.Next, "raise safety.ready_timeout")
}
