package faultmatrix

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// expectation is the right end of a scenario.
type expectation struct {
	// failure is the failure class; empty is a committed run.
	failure string
	// held says that the run was held for a person on its way.
	held bool
	// restores are those that took effect.
	restores int
	// unmade: no snapshot of this run was made.
	unmade bool
	// left is how many snapshots of earlier runs are left.
	left int
}

// undisturbed is the right end of a scenario in which the API's faults change nothing.
func undisturbed(s scenario) expectation {
	want := expectation{left: s.old}
	if s.bad {
		want.failure, want.restores = contract.FailRolledBack, 1
	} else if s.old > 1 { // keep_last is 2: this run's and the newest of the others
		want.left = 1
	}
	return want
}

// fails is an end before the change.
func (w expectation) fails(failure string, made bool) expectation {
	w.failure, w.restores, w.unmade = failure, 0, !made
	return w
}

// holds is an end by a hold that nobody answered.
func (w expectation) holds(failure string, restores int) expectation {
	w.failure, w.restores, w.held = failure, restores, true
	return w
}

// check compares a run with its expectation and with everything that holds for every run.
func (e ended) check(want expectation) {
	t := e.t
	t.Helper()
	defer e.explain()
	assert.Equal(t, want.failure, e.failure, "failure class")
	held, why := e.onHold()
	assert.Equal(t, want.held, held, "held: %s", why)
	assert.Equal(t, want.restores, e.fake.Restores(serverID), "restores that took effect")
	if want.unmade {
		assert.Empty(t, e.own(), "snapshots of this run")
	} else {
		assert.Len(t, e.own(), 1, "snapshots of this run")
	}
	assert.Equal(t, want.left, e.earlier(), "snapshots of earlier runs")
	e.checkLaws()
	e.checkReport()
	e.checkServer()
}

// checkLaws is what no fault of the API excuses.
func (e ended) checkLaws() {
	t := e.t
	t.Helper()
	assert.Empty(t, e.fake.Violations(), "the fake's law book")
	assert.Empty(t, e.fake.Duplicates(), "law 1: duplicates at the end")
	assert.Empty(t, e.fake.LeftDown(), "law 11: servers left down")
	assert.LessOrEqual(t, len(e.own()), 1, "law 1: snapshots of this run at the end")
	assert.LessOrEqual(t, e.fake.Restores(serverID), 1, "law 3: restores that took effect")
	assert.LessOrEqual(t, e.fake.Deploys(serverID), 1, "a change is never made twice")
	assert.Equal(t, 1, e.released, "law 7: the lock was released")
	names := make([]string, 0, 5)
	for _, s := range e.fake.Snapshots(serverID) {
		names = append(names, s.Name)
	}
	assert.Contains(t, names, handMade, "law 4: what a person made stays")
	if e.report.Outcome == workflows.OutcomeCommitted && len(e.report.Decisions) == 0 {
		assert.Zero(t, e.fake.Restores(serverID), "a committed run restores nothing")
	}
	for where, text := range map[string]string{"histories or logs": e.wire.String(), "a request to a site or a hook": e.api.outside.String(), "the error": errorText(e.err)} {
		assert.False(t, strings.Contains(text, token), "law 10: the token is in %s", where)
	}
	assert.Zero(t, e.api.keyless, "requests to the API without the token")
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

var outcomeOf = map[string]workflows.Outcome{
	"": workflows.OutcomeCommitted, contract.FailRolledBack: workflows.OutcomeRolledBack,
	contract.FailRolledBackUnverified: workflows.OutcomeRolledBackUnverified, contract.FailRollback: workflows.OutcomeRollbackFailed,
	contract.FailChange: workflows.OutcomeChangeFailed, contract.FailChangeUnknown: workflows.OutcomeChangeUnknown,
	contract.FailPreflight: workflows.OutcomeNotChanged, contract.FailSnapshot: workflows.OutcomeNotChanged,
	contract.FailSnapshotLimit: workflows.OutcomeNotChanged, contract.FailBaseline: workflows.OutcomeNotChanged,
	contract.FailChangeNotStarted: workflows.OutcomeNotChanged,
}

// checkReport wants the report to say what happened.
func (e ended) checkReport() {
	t, r := e.t, e.report
	t.Helper()
	if e.canceled {
		assert.Equal(t, workflows.OutcomeCanceled, r.Outcome)
	} else {
		assert.Equal(t, outcomeOf[e.failure], r.Outcome, "report: outcome")
	}
	assert.Equal(t, e.failure, r.Failure, "report: failure")
	assert.NotEmpty(t, r.Summary)
	assert.False(t, r.EndedAt.Before(r.StartedAt), "report: it ended before it started")
	require.NotEmpty(t, r.Phases)
	assert.Equal(t, workflows.PhaseDone, r.Phases[len(r.Phases)-1].Phase)
	for i := 1; i < len(r.Phases); i++ {
		assert.False(t, r.Phases[i].StartedAt.Before(r.Phases[i-1].StartedAt), "report: phases out of order")
	}
	if r.Snapshot != nil && len(e.own()) == 1 {
		assert.Equal(t, e.own()[0].ID, r.Snapshot.ID, "report: the restore point")
		assert.Equal(t, "completed", e.own()[0].Status)
	}
	posts := 0
	if r.Rollback != nil {
		posts = r.Rollback.Posts
	}
	assert.GreaterOrEqual(t, posts, e.fake.Restores(serverID), "report: restore requests")
	if e.failure == contract.FailRolledBack {
		require.NotEmpty(t, r.Verifications)
		last := r.Verifications[len(r.Verifications)-1]
		assert.Equal(t, workflows.VerifiedRestore, last.Of)
		assert.Equal(t, contract.VerdictPassed, last.Verdict)
	}
}

// checkServer wants the server's content to be what the end of the run says.
func (e ended) checkServer() {
	t, now := e.t, e.fake.Server(serverID)
	t.Helper()
	switch {
	case e.failure == "" && !e.canceled && len(e.report.Decisions) == 0:
		assert.Equal(t, newVersion, now.Version, "a committed change is on the server")
		assert.True(t, now.Healthy)
	case e.failure == contract.FailRolledBack && now.ForeignRestores == 0:
		assert.Equal(t, oldVersion, now.Version, "a rolled back server serves the old version")
		assert.True(t, now.Healthy)
	case e.canceled || outcomeOf[e.failure] == workflows.OutcomeNotChanged:
		assert.Equal(t, oldVersion, now.Version, "the server was not changed")
		assert.Zero(t, now.Deploys)
		assert.Nil(t, e.report.Rollback)
	}
}

// explain prints what a person needs to see why a scenario failed.
func (e ended) explain() {
	if !e.t.Failed() {
		return
	}
	e.t.Logf("error: %v\nnotes: %q\nholds: %+v\nserver: %+v", e.err, e.report.Notes, e.holds, e.fake.Server(serverID))
	for _, r := range e.fake.Requests() {
		e.t.Logf("%4d %s %-6s %-40s %d %v effect=%v", r.Seq, r.Time.Format("05.000"), r.Method, r.Path, r.Status, r.Faults, r.Effect)
	}
}

// struck wants every fault that was set to have happened: one that never did proves nothing.
func (e ended) struck(kinds ...vpsfake.FaultKind) {
	e.t.Helper()
	hits := map[vpsfake.FaultKind]int{}
	for _, r := range e.fake.Requests() {
		for _, kind := range r.Faults {
			hits[kind]++
		}
	}
	for _, kind := range kinds {
		assert.NotZero(e.t, hits[kind], "%s never happened", kind)
	}
}

// workers is how many scenarios run at a time. They wait far more than they work.
const workers = 16

// each runs every scenario as a test of its own, a few at a time.
func each[S any](t *testing.T, all []S, name func(S) string, run func(t *testing.T, s S)) {
	t.Helper()
	require.NotEmpty(t, all)
	queue := make(chan S)
	var pool sync.WaitGroup
	for range workers {
		pool.Go(func() {
			for s := range queue {
				t.Run(name(s), func(t *testing.T) { run(t, s) })
			}
		})
	}
	for _, s := range all {
		queue <- s
	}
	close(queue)
	pool.Wait()
}
