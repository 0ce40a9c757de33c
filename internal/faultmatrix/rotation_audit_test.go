package faultmatrix

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// audits runs a SnapshotAudit of a server whose newest completed snapshot is a day old.
func audits(t *testing.T, maxAge string, faults ...vpsfake.Fault) ended {
	t.Helper()
	s := scenario{name: "audit", runbook: workflows.TypeSnapshotAudit}
	s.whole = func(*harness, string) object { return object{"all": true, "max_age": maxAge} }
	s.before = func(h *harness) {
		h.add("rotation-7-old", "completed", 24*time.Hour)
		h.add("rotation-7-stuck", "finalizing", 3*time.Hour) // it never completes
	}
	for _, fault := range faults {
		s.incidents = append(s.incidents, incident{fault: fault})
	}
	e := runbook(t, s)
	assert.Empty(t, e.fake.Violations())
	for _, r := range e.fake.Requests() {
		assert.Equal(t, "GET", r.Method, "an audit writes nothing")
	}
	return e
}

func TestAnAuditTellsStaleServersByTheAPIsClock(t *testing.T) {
	for maxAge, failure := range map[string]string{"72h": "", "20h": contract.FailStale} {
		e := audits(t, maxAge)
		assert.Equal(t, failure, e.failure, maxAge)
		require.NotNil(t, e.report.Audit)
		assert.Equal(t, 1, e.report.Audit.Servers)
		assert.Equal(t, contract.ClockAPI, e.report.Audit.ClockOf)
		assert.Equal(t, 1, e.report.Audit.Counts.Orphans, "the one that never completed")
	}
}

// Law 5: a list that is not whole is no proof that a server has no snapshot.
func TestLaw5AnAuditJudgesNoListThatIsNotWhole(t *testing.T) {
	for _, kind := range []vpsfake.FaultKind{vpsfake.Truncated, vpsfake.MalformedJSON, vpsfake.Error500First, vpsfake.TooMany, vpsfake.HTML502} {
		e := audits(t, "72h", vpsfake.Fault{Kind: kind, Op: vpsfake.OpListSnapshots, Times: 2})
		assert.Empty(t, e.failure, "%s: %v", kind, e.err)
		e.struck(kind)
	}
}
