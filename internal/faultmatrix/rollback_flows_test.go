package faultmatrix

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Ways through RollbackByRestore.
const (
	backRed   flow = "back"       // the checks are red before
	backGreen flow = "back-green" // the checks are green before: they prove nothing about the restore
	backSafe  flow = "back-safe"  // with a safety snapshot, and an older one to prune
	backRoom  flow = "back-room"  // with a safety snapshot that the older one must make room for
	backDown  flow = "back-down"  // the server comes back stopped
)

// chosenName is the snapshot that every one of them restores.
const chosenName = "pre-update-7-chosen"

// rollbackFlow is the flow without any fault; false for those of SnapshotUpdateVerify.
func rollbackFlow(f flow) (scenario, bool) {
	s := scenario{name: string(f), flow: f, runbook: workflows.TypeRollbackByRestore, bad: f != backGreen, whole: rollbackInput}
	switch f {
	case backRed, backGreen:
		s.before = func(h *harness) { h.seedRollback(0, 0) }
	case backSafe:
		s.before = func(h *harness) { h.seedRollback(1, 0) }
	case backRoom:
		s.before = func(h *harness) { h.seedRollback(1, 2) }
	case backDown:
		s.before = func(h *harness) {
			h.seedRollback(0, 0)
			h.fake.SetFault(vpsfake.Fault{Kind: vpsfake.ComesBackStopped, Op: vpsfake.OpRestoreSnapshot})
		}
	default: // another runbook's
		return scenario{}, false
	}
	return s, true
}

// seedRollback puts the new version on the server and the old one into the snapshot that an earlier run left.
func (h *harness) seedRollback(safety, byHand int) {
	at := time.Now().Add(-24 * time.Hour)
	for i := range byHand {
		h.fake.AddSnapshot(vpsfake.SnapshotSpec{ServerID: serverID, Name: fmt.Sprintf("by-hand-%d", i), CreatedAt: at.Add(-time.Hour)})
	}
	for range safety {
		marker := contract.Marker{RunID: "earlier-run", Policy: contract.PolicySafety, Purpose: contract.PurposeSafety}
		h.fake.AddSnapshot(vpsfake.SnapshotSpec{ServerID: serverID, Name: "safety-7-old", Description: marker.Describe(""), CreatedAt: at, Version: "0.8.0"})
	}
	marker := contract.Marker{RunID: "earlier-run", Policy: contract.PolicyUpdate}
	h.fake.AddSnapshot(vpsfake.SnapshotSpec{ServerID: serverID, Name: chosenName, Description: marker.Describe(""), CreatedAt: at.Add(time.Hour), Version: oldVersion})
	h.fake.Deploy(serverID, newVersion, !h.s.bad)
}

// rollbackInput is the runbook's input.
func rollbackInput(h *harness, site string) object {
	return object{
		"safety":    object{"snapshot": h.s.copies(), "ready_timeout": "2m"},
		"server_id": serverID,
		"snapshot":  "latest",
		"reason":    "undo " + newVersion,
		"verify": object{
			"initial_delay": "0s", "interval": "100ms", "timeout": "1m", "successes": 2, "failures": 2,
			"checks": []object{{"name": "home", "kind": "http", "url": site + "healthz"}},
		},
		"rollback": object{"restore_timeout": "2m"},
	}
}

// copies says whether the flow takes a safety snapshot.
func (s scenario) copies() bool { return s.flow == backSafe || s.flow == backRoom }

// restoredWell is the right end of a flow in which the API's faults change nothing.
func restoredWell(s scenario) expectation {
	return expectation{restores: 1, unmade: !s.copies(), left: 1} // an older safety snapshot is pruned, the chosen one stays
}

// withoutCopy is the end of a flow that went on without a safety snapshot: nothing is pruned then.
func withoutCopy(s scenario) expectation {
	want := expectation{restores: 1, unmade: true, left: 1}
	if s.flow == backSafe {
		want.left = 2
	}
	return want
}

// heldAndGivenUp is the end of a restore that nobody saw, held for a person who does not come.
func heldAndGivenUp(s scenario) expectation {
	want := restoredWell(s)
	if s.flow == backSafe {
		want.left = 2 // nothing is pruned
	}
	return want.holds(contract.FailRollback, 0)
}

// checkRollback compares a run with its expectation and with everything that holds for every run of RollbackByRestore.
func (e ended) checkRollback(want expectation) {
	t, r := e.t, e.report
	t.Helper()
	defer e.explain()
	assert.Equal(t, want.failure, e.failure, "failure class")
	held, why := e.onHold()
	assert.Equal(t, want.held, held, "held: %s", why)
	assert.Equal(t, want.restores, e.fake.Restores(serverID), "restores that took effect")
	assert.Equal(t, want.unmade, len(e.own()) == 0, "no safety snapshot: %+v", e.own())
	assert.Equal(t, want.left, e.earlier(), "snapshots of earlier runs")
	assert.Contains(t, e.names(), chosenName, "what was restored stays")
	e.checkLaws()
	assert.NotEmpty(t, r.Summary)
	assert.Equal(t, e.failure, r.Failure)
	assert.NotContains(t, r.Summary, "the change")
	e.checkRollbackReport()
}

// names are the snapshots that exist now.
func (e ended) names() []string {
	var names []string
	for _, s := range e.fake.Snapshots(serverID) {
		names = append(names, s.Name)
	}
	return names
}

// checkRollbackReport wants the report and the server to tell the same.
func (e ended) checkRollbackReport() {
	t, r, now := e.t, e.report, e.fake.Server(serverID)
	t.Helper()
	if e.failure == "" && !e.canceled {
		require.Equal(t, workflows.OutcomeRestored, r.Outcome)
		assert.Equal(t, oldVersion, now.Version, "a restored server serves the old version")
		assert.True(t, now.Healthy)
		assert.Contains(t, r.Loss, "the disk goes back to ")
		last := r.Verifications[len(r.Verifications)-1]
		assert.Equal(t, workflows.VerifiedRestore, last.Of)
		assert.Equal(t, contract.VerdictPassed, last.Verdict)
	}
	if now.Restores == 0 && now.ForeignRestores == 0 {
		assert.Equal(t, newVersion, now.Version, "nothing was restored")
		assert.NotEqual(t, workflows.OutcomeRestored, r.Outcome)
	}
	posts := 0
	if r.Rollback != nil {
		posts = r.Rollback.Posts
	}
	assert.GreaterOrEqual(t, posts, now.Restores, "report: restore requests")
	copied := slices.ContainsFunc(e.own(), func(s vpsfake.SnapshotState) bool { return s.Status == string(contract.SnapshotCompleted) })
	assert.Equal(t, r.SafetySnapshot != nil, copied && !e.canceled, "report: the safety snapshot")
}

func TestWithoutFaultsEveryRollbackEndsAsItShould(t *testing.T) {
	flows := []flow{backRed, backGreen, backSafe, backRoom, backDown}
	each(t, flows, func(f flow) string { return string(f) }, func(t *testing.T, f flow) {
		e := runbook(t, f.scenario())
		e.checkRollback(restoredWell(f.scenario()))
		assert.Empty(t, e.report.Notes, "nothing surprising happened")
		assert.Contains(t, e.report.Loss, "of writes since are lost", "the API's own clock is known")
	})
}
