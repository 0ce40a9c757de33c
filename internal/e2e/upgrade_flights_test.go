package e2e

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// flight is one run that is under way while its worker is replaced.
type flight struct {
	phase string
	r     *rig
	id    string
	want  workflows.Outcome
	runID string // its first, when it continues as new
	// land lets it go on; nil when it goes on by itself or with another one.
	land func()
}

// takeOff starts one run for each kind of wait for people and for other runs, and returns when each is in it.
func (r *temporalRig) takeOff() []flight {
	r.t.Helper()
	return append(r.flyHold(), r.flyExternal(), r.flyApproval(), r.flyFleet())
}

// takeOffLate is the same for the waits for the API, which a gate keeps from ending.
func (r *temporalRig) takeOffLate() []flight {
	r.t.Helper()
	return []flight{r.flyRotation(), r.flySnapshot()}
}

// underWay is what a drill rests on: at the moment of the replacement no flight is over.
func underWay(t *testing.T, flights []flight) {
	t.Helper()
	for _, f := range flights {
		d, err := f.r.temp.DescribeWorkflowExecution(t.Context(), f.id, "")
		require.NoError(t, err)
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, d.GetWorkflowExecutionInfo().GetStatus(), "%s is over", f.phase)
	}
}

// flying is a run of this rig that is in its wait.
func (r *rig) flying(phase, id string, want workflows.Outcome, land func()) flight {
	r.t.Helper()
	return flight{phase: phase, r: r, id: id, runID: r.latest(id), want: want, land: land}
}

// flySnapshot is an update that waits for its snapshot.
func (r *temporalRig) flySnapshot() flight {
	one := r.beside()
	one.inWaitAfter(vpsfake.OpCreateSnapshot, func() { one.start(one.id(), one.input(true, nil)) })
	return one.flying("snapshot", one.id(), workflows.OutcomeCommitted, one.open)
}

// flyRotation is a rotation that waits for its snapshot.
func (r *temporalRig) flyRotation() flight {
	one := r.beside()
	one.inherited(one.server)
	one.inWaitAfter(vpsfake.OpCreateSnapshot, func() { one.startRotation(nil) })
	return one.flying("rotation", one.id(), workflows.OutcomeRotated, one.open)
}

// flyExternal is an update whose runner has begun and has not reported.
func (r *temporalRig) flyExternal() flight {
	one := r.beside()
	one.granted(field("update", "heartbeat_timeout", "5m"))
	return one.flying("external change", one.id(), workflows.OutcomeCommitted, func() {
		one.deploys(true)
		one.report(one.id(), workflows.ReportRequest{Runner: "runner-a", Result: contract.ChangeSucceeded})
	})
}

// flyApproval is a rollback that asks before it restores.
func (r *temporalRig) flyApproval() flight {
	one := r.beside()
	one.changed(true)
	one.startBack(one.id(), one.backInput(withApproval))
	one.inPhase(one.id(), workflows.PhaseHold, patience)
	return one.flying("approval", one.id(), workflows.OutcomeRestored, func() {
		require.NoError(one.t, one.decide(one.id(), "d1", workflows.DecideApprove))
	})
}

// flyHold is an update that a person must judge, and another one that waits for its lock.
func (r *temporalRig) flyHold() []flight {
	one := r.beside()
	one.held(one.id())
	next := one.id() + "-next"
	one.start(next, one.input(true, onBusy("wait")))
	one.inPhase(next, workflows.PhaseLock, patience)
	return []flight{
		one.flying("hold", one.id(), workflows.OutcomeRolledBack, func() {
			require.NoError(one.t, one.decide(one.id(), "d1", workflows.DecideRollback))
		}),
		one.flying("lock", next, workflows.OutcomeCommitted, nil),
	}
}

// flyFleet is a fleet in the middle, which Temporal wants to continue as new again and again.
func (r *temporalRig) flyFleet() flight {
	f := &fleetRig{rig: r.beside(), broken: map[int64]bool{}, gates: map[int64]chan struct{}{}, sent: map[int64]bool{}}
	f.servers = f.neighbours(6)
	f.hooks = httptest.NewServer(http.HandlerFunc(f.deploy))
	f.t.Cleanup(func() {
		f.release(f.servers...)
		f.hooks.Close()
	})
	f.hold(f.servers[1:]...)
	first := f.startOf(workflows.TypeFleetUpdate, f.id(), map[string]any{"servers": f.servers, "template": f.template(), "max_concurrency": 2})
	f.deploying(f.servers[0], f.servers[1])
	flown := f.flying("fleet", f.id(), workflows.OutcomeCommitted, func() { f.release(f.servers...) })
	flown.runID = first.GetRunID()
	return flown
}

// landed lets every flight go on and looks at its end.
func landed(t *testing.T, flights []flight) {
	t.Helper()
	for _, f := range flights {
		if f.land != nil {
			f.land()
		}
	}
	for _, f := range flights {
		report := f.r.end(f.id, fleetBar)
		assert.Equal(t, f.want, report.Outcome, "%s: %s %v", f.phase, report.Summary, report.Notes)
		f.r.lawful()
	}
}

// onGround is the bar of a run that began after the replacement.
func (r *temporalRig) onGround() flight {
	r.t.Helper()
	one := r.beside()
	one.start(one.id(), one.input(true, nil))
	one.committed(one.end(one.id(), patience))
	return one.flying("new", one.id(), workflows.OutcomeCommitted, nil)
}
