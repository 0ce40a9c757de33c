package faultmatrix

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Ways through SnapshotRotation of one server. The policy keeps the newest two.
const (
	rotatePlain flow = "rotate"      // one to prune, one protected
	rotateFull  flow = "rotate-full" // the quota is full: one makes room, two are pruned after it
	rotateOnly  flow = "rotate-only" // without a create: two to prune
	rotateStop  flow = "rotate-stop" // with stop_server
)

var rotateFlows = []flow{rotatePlain, rotateFull, rotateOnly, rotateStop}

// protectedName is a snapshot of the policy that a person has protected.
const protectedName = "rotation-7-protected"

// rotationFlow is the flow without any fault; false for those of other runbooks.
func rotationFlow(f flow) (scenario, bool) {
	s := scenario{name: string(f), flow: f, runbook: workflows.TypeSnapshotRotation, whole: rotationInput}
	switch f {
	case rotatePlain, rotateStop:
		s.before = func(h *harness) { h.seedRotation(1, 2) }
	case rotateFull, rotateOnly:
		s.before = func(h *harness) { h.seedRotation(0, 4) }
	default: // another runbook's
		return scenario{}, false
	}
	return s, true
}

// seedRotation puts what earlier rotations left on the server, the protected ones the oldest.
func (h *harness) seedRotation(protected, old int) {
	at := time.Now().Add(-10 * 24 * time.Hour)
	marker := contract.Marker{RunID: "earlier-run", Policy: contract.PolicyRotation}
	for range protected {
		kept := marker
		kept.Protected = true
		h.fake.AddSnapshot(vpsfake.SnapshotSpec{ServerID: serverID, Name: protectedName, Description: kept.Describe(""), CreatedAt: at.Add(-time.Hour)})
	}
	for n := range old {
		h.fake.AddSnapshot(vpsfake.SnapshotSpec{
			ServerID: serverID, Name: fmt.Sprintf("rotation-7-old-%d", n), Description: marker.Describe(""), CreatedAt: at.Add(time.Duration(n) * 24 * time.Hour),
		})
	}
}

// rotationInput is the runbook's input.
func rotationInput(h *harness, _ string) object {
	return object{
		"servers":  []int64{serverID},
		"create":   h.s.flow != rotateOnly,
		"snapshot": object{"stop_server": h.s.flow == rotateStop, "ready_timeout": "2m"},
		"policy":   object{"keep_last": 2},
	}
}

// rotatedWell is the right end of a flow in which the API's faults change nothing.
func rotatedWell(s scenario) expectation {
	switch s.flow {
	case rotatePlain, rotateStop:
		return expectation{left: 2} // the protected one and the newest old one
	case rotateOnly:
		return expectation{left: 2, unmade: true}
	default: // full
		return expectation{left: 1}
	}
}

// untouched is the end of a flow that wrote nothing but what had to go before the create.
func untouched(s scenario, failure string, madeRoom, made bool) expectation {
	want := expectation{failure: failure, unmade: !made, left: 4}
	if s.flow == rotatePlain || s.flow == rotateStop {
		want.left = 3
	}
	if madeRoom && s.flow == rotateFull {
		want.left--
	}
	return want
}

var rotationOutcomes = map[string]workflows.Outcome{
	"": workflows.OutcomeRotated, contract.FailRotation: workflows.OutcomeIncomplete,
	contract.FailPreflight: workflows.OutcomeNotChanged, contract.FailSnapshot: workflows.OutcomeNotChanged, contract.FailSnapshotLimit: workflows.OutcomeNotChanged,
}

// checkRotation compares a run with its expectation and with everything that holds for every rotation.
func (e ended) checkRotation(want expectation) {
	t, r := e.t, e.report
	t.Helper()
	defer e.explain()
	assert.Equal(t, want.failure, e.failure, "failure class")
	assert.Equal(t, want.unmade, len(e.own()) == 0, "no snapshot of this run: %+v", e.own())
	assert.Equal(t, want.left, e.earlier(), "snapshots of earlier runs")
	e.checkLaws()
	assert.NotEmpty(t, r.Summary)
	if e.canceled {
		assert.Equal(t, workflows.OutcomeCanceled, r.Outcome)
	} else {
		assert.Equal(t, rotationOutcomes[e.failure], r.Outcome, "report: outcome")
	}
	assert.Equal(t, oldVersion, e.fake.Server(serverID).Version, "a rotation changes nothing on the server")
	assert.Equal(t, "active", e.fake.Server(serverID).Status)
	if e.s.flow == rotatePlain || e.s.flow == rotateStop {
		assert.Contains(t, e.names(), protectedName, "law 4: what is protected stays")
	}
	e.checkRotationReport()
}

// checkRotationReport wants the report to name exactly what is gone and, at a good end, exactly what is there.
func (e ended) checkRotationReport() {
	t, r := e.t, e.report
	t.Helper()
	there := map[int64]bool{}
	for _, s := range e.fake.Snapshots(serverID) {
		there[s.ID] = true
	}
	for _, p := range r.Pruned {
		assert.Equal(t, p.Deleted, !there[p.ID], "report: snapshot %d, deleted %v: %s", p.ID, p.Deleted, p.Detail)
		assert.NotEmpty(t, p.Reason)
	}
	if e.failure != "" || e.canceled {
		return
	}
	var kept []int64
	for _, k := range r.Kept {
		kept = append(kept, k.ID)
		assert.NotEmpty(t, k.Reason)
	}
	var now []int64
	for id := range there {
		now = append(now, id)
	}
	assert.ElementsMatch(t, now, kept, "report: what is kept")
	if e.s.flow != rotateOnly {
		require.NotNil(t, r.Snapshot)
		assert.True(t, there[r.Snapshot.ID])
	}
}

func TestWithoutFaultsEveryRotationEndsAsItShould(t *testing.T) {
	each(t, rotateFlows, func(f flow) string { return string(f) }, func(t *testing.T, f flow) {
		e := runbook(t, f.scenario())
		e.checkRotation(rotatedWell(f.scenario()))
		assert.Empty(t, e.report.Notes, "nothing surprising happened")
		assert.Empty(t, e.report.Stuck)
	})
}
