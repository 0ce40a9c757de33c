package e2e

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// status asks the run until it answers; the zero value when it did not within patience. Temporal refuses a query for a
// moment now and then: before the first task of a run, between two runs of a chain, or when it is busy.
func (r *rig) status(id string) workflows.Status {
	r.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) { // the pause of a bounded poll
		s, err := r.look(id)
		if err == nil {
			return s
		}
		if time.Now().After(deadline) {
			r.t.Logf("the run %s did not answer within %s: %v", id, patience, err)
			return workflows.Status{}
		}
	}
}

// look asks the run once.
func (r *rig) look(id string) (workflows.Status, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var s workflows.Status
	v, err := r.temp.QueryWorkflow(ctx, id, "", workflows.QueryStatus)
	if err == nil {
		err = v.Get(&s)
	}
	return s, err
}

// changeOf is what the run knows of its change; the zero value before it has come to it.
func (r *rig) changeOf(id string) workflows.ChangeRecord {
	r.t.Helper()
	if change := r.status(id).Change; change != nil {
		return *change
	}
	return workflows.ChangeRecord{}
}

// changeIs waits until the run takes its change for this.
func (r *rig) changeIs(id string, result contract.ChangeResult) {
	r.t.Helper()
	r.eventually(patience, "the change to be "+string(result), func() bool { return r.changeOf(id).Result == result })
}

// holdOf is the hold that the run is in.
func (r *rig) holdOf(id string) workflows.Hold {
	r.t.Helper()
	s := r.status(id)
	require.NotNil(r.t, s.Hold, "no hold: %+v", s)
	return *s.Hold
}

// inPhase waits until the run is in a phase.
func (r *rig) inPhase(id string, phase workflows.Phase, within time.Duration) {
	r.t.Helper()
	deadline := time.Now().Add(within)
	for s := r.status(id); s.Phase != phase; s = r.status(id) {
		if time.Now().After(deadline) {
			r.t.Fatalf("not within %s: phase %s; the run is in %q, outcome %q, and waits for %s", within, phase, s.Phase, s.Outcome, s.WaitingFor)
		}
		time.Sleep(50 * time.Millisecond) // the pause of a bounded poll
	}
}
