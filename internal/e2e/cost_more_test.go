package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/workflows"
)

// The bars of the other runbooks, the lock's own events included. A rollback has that of a committed run, whatever it
// is told to do before the restore.
const (
	maxEventsOfRotation = 70
	// maxEventsOfAudit holds however many servers there are.
	maxEventsOfAudit = 20
)

func TestCostOfARollback(t *testing.T) {
	t.Parallel()
	both := func(in map[string]any) {
		withSafety(in)
		withApproval(in)
	}
	for name, c := range map[string]struct {
		edit     func(in map[string]any)
		decide   workflows.Decision
		safeties int
	}{
		"plain":                  {},
		"with approval":          {edit: withApproval, decide: workflows.DecideApprove},
		"with a safety snapshot": {edit: withSafety, safeties: 1},
		"with both":              {edit: both, decide: workflows.DecideApprove, safeties: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.changed(true)
			r.startBack(r.id(), r.backInput(c.edit))
			if c.decide != "" {
				r.inPhase(r.id(), workflows.PhaseHold, patience)
				require.NoError(t, r.decide(r.id(), "d1", c.decide))
			}
			r.restored(r.end(r.id(), patience), c.safeties)
			events := r.eventsOf(r.id())
			t.Logf("%d events", events)
			require.LessOrEqual(t, events, maxEvents)
		})
	}
}

func TestCostOfARotationOfOneServerWithOnePrune(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inherited(r.server)
	r.startRotation(nil)
	report := r.end(r.id(), patience)
	r.rotated(report)
	require.Len(t, report.Pruned, 1)
	events := r.eventsOf(r.id())
	t.Logf("%d events", events)
	require.LessOrEqual(t, events, maxEventsOfRotation)
}

func TestCostOfAnAuditDoesNotGrowWithTheServers(t *testing.T) {
	t.Parallel()
	r := rigOfAccount(t, nil)
	for _, id := range r.neighbours(50) {
		r.aged(id, time.Hour)
	}
	report := r.audit(map[string]any{"all": true, "max_age": "26h"})
	require.Equal(t, workflows.OutcomeAudited, report.Outcome)
	require.Equal(t, 50, report.Audit.Servers)
	events := len(r.history(r.id() + "-audit").Events)
	t.Logf("%d events, no lock", events)
	require.LessOrEqual(t, events, maxEventsOfAudit)
}
