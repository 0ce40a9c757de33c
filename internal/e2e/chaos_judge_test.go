package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// runbooks are what people start; fleets and rotations start them too.
var runbooks = []string{
	workflows.TypeSnapshotUpdateVerify, workflows.TypeRollbackByRestore, workflows.TypeSnapshotRotation, workflows.TypeFleetUpdate,
}

// completing are the outcomes of a run that completes, failing the failure classes with the outcomes that they go with:
// the table "How a runbook ends".
var (
	completing = []workflows.Outcome{workflows.OutcomeCommitted, workflows.OutcomeSkipped, workflows.OutcomePlanned, workflows.OutcomeRestored, workflows.OutcomeRotated}
	failing    = map[string]workflows.Outcome{
		contract.FailInvalidInput: workflows.OutcomeNotChanged, contract.FailPreflight: workflows.OutcomeNotChanged,
		contract.FailBaseline: workflows.OutcomeNotChanged, contract.FailSnapshotLimit: workflows.OutcomeNotChanged,
		contract.FailSnapshot: workflows.OutcomeNotChanged, contract.FailServerBusy: workflows.OutcomeNotChanged,
		contract.FailChangeNotStarted: workflows.OutcomeNotChanged, contract.FailLockLost: workflows.OutcomeNotChanged,
		contract.FailNotApproved: workflows.OutcomeNotChanged, contract.FailRolledBack: workflows.OutcomeRolledBack,
		contract.FailRolledBackUnverified: workflows.OutcomeRolledBackUnverified, contract.FailRollback: workflows.OutcomeRollbackFailed,
		contract.FailChange: workflows.OutcomeChangeFailed, contract.FailChangeUnknown: workflows.OutcomeChangeUnknown,
		contract.FailRotation: workflows.OutcomeIncomplete, contract.FailFleet: workflows.OutcomeFleetFailed,
		contract.FailFleetStopped: workflows.OutcomeFleetStopped,
	}
)

// verdict is a run that has ended, with its report.
type verdict struct {
	id, runbook string
	report      workflows.Report
}

// judge looks at everything once it is over, and says how many runs ended how.
func (w *world) judge(c *crowd) string {
	w.t.Helper()
	runs := w.verdicts()
	var state vpsfake.State
	w.control(http.MethodGet, "state", nil, &state)
	w.lawfulButForDecisions(state.Violations, runs)
	assert.Empty(w.t, state.LeftDown, "servers that were left down")
	assert.Empty(w.t, state.Duplicates, "duplicate snapshots")
	w.changedOnce()
	for _, server := range state.Servers {
		if slices.Contains(w.servers, server.ID) {
			w.asTheReportsSay(c, server, runs)
		}
	}
	started := map[string]int{}
	for _, m := range c.snapshotOfMembers() {
		started[m.kind]++
	}
	for _, k := range kinds {
		assert.NotZero(w.t, started[k.name], "no run of the kind %q", k.name)
	}
	outcomes := map[string]int{}
	for _, run := range runs {
		name := string(run.report.Outcome)
		if run.report.Outcome == workflows.OutcomeNotChanged {
			name += " (" + run.report.Failure + ")"
		}
		outcomes[name]++
	}
	return fmt.Sprintf("%d runs started, %d with those of fleets and rotations: %s; decisions %v", len(c.snapshotOfMembers()), len(runs), counts(outcomes), c.decided)
}

// counts is a tally in a fixed order.
func counts(of map[string]int) string {
	var words []string
	for _, o := range slices.Sorted(maps.Keys(of)) {
		words = append(words, fmt.Sprintf("%d %s", of[o], o))
	}
	return strings.Join(words, ", ")
}

// verdicts are the ends of all runbooks, in their order.
func (w *world) verdicts() []verdict {
	w.t.Helper()
	all, err := w.list("")
	require.NoError(w.t, err)
	var runs []verdict
	for _, info := range all {
		if slices.Contains(runbooks, info.GetType().GetName()) {
			runs = append(runs, w.verdictOf(info))
		}
	}
	slices.SortStableFunc(runs, func(a, b verdict) int { return a.report.EndedAt.Compare(b.report.EndedAt) })
	return runs
}

// verdictOf reads how a run ended and wants it to be a documented end with a report.
func (w *world) verdictOf(info *workflowpb.WorkflowExecutionInfo) verdict {
	w.t.Helper()
	v := verdict{id: info.GetExecution().GetWorkflowId(), runbook: info.GetType().GetName()}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := w.temp.GetWorkflow(ctx, v.id, info.GetExecution().GetRunId()).Get(ctx, &v.report)
	var app *temporal.ApplicationError
	var canceled *temporal.CanceledError
	switch {
	case err == nil:
		assert.Contains(w.t, completing, v.report.Outcome, "%s completed", v.id)
	case errors.As(err, &canceled):
		if assert.NoError(w.t, canceled.Details(&v.report), "%s was canceled without a report", v.id) {
			assert.Equal(w.t, workflows.OutcomeCanceled, v.report.Outcome, "%s was canceled", v.id)
		}
	case errors.As(err, &app):
		outcome, documented := failing[app.Type()]
		assert.True(w.t, documented, "%s ended in a way that is not documented: %v", v.id, err)
		assert.True(w.t, app.NonRetryable(), "%s: every failed end is non-retryable", v.id)
		if assert.NoError(w.t, app.Details(&v.report), "%s failed without a report: %v", v.id, err) {
			assert.Equal(w.t, outcome, v.report.Outcome, "%s failed as %s", v.id, app.Type())
			assert.Equal(w.t, app.Type(), v.report.Failure, v.id)
		}
	default: // terminated, timed out, or Temporal cannot say
		assert.Fail(w.t, "not a documented end", "%s: %s %v", v.id, info.GetStatus(), err)
	}
	assert.False(w.t, v.report.EndedAt.IsZero(), "the report of %s", v.id)
	assert.NotEmpty(w.t, v.report.Phases, "the report of %s", v.id)
	return v
}

// lawfulButForDecisions wants no law broken. The law book does not know who decided: two people may each have one
// snapshot restored, one after the other. So it is asked here whether a snapshot was restored more often than runs
// decided to, and only then is its word on that taken.
func (w *world) lawfulButForDecisions(broken []vpsfake.Violation, runs []verdict) {
	w.t.Helper()
	decisions, effects, snapshotOf := map[int64]int{}, map[int64]int{}, map[int]int64{}
	for _, run := range runs {
		if run.report.Rollback == nil || run.report.Snapshot == nil {
			continue
		}
		for _, phase := range run.report.Phases { // a rollback that could not go on was held, and decided again
			if phase.Phase == workflows.PhaseRollback || phase.Phase == workflows.PhaseRestore {
				decisions[run.report.Snapshot.ID]++
			}
		}
	}
	var all []vpsfake.Request
	w.control(http.MethodGet, "requests", nil, &all)
	for _, q := range all {
		if q.Op == vpsfake.OpRestoreSnapshot && q.Effect {
			effects[q.SnapshotID]++
			snapshotOf[q.Seq] = q.SnapshotID
		}
	}
	for id, times := range effects {
		assert.LessOrEqual(w.t, times, decisions[id], "snapshot %d was restored more often than runs decided to", id)
	}
	for _, v := range broken {
		id, restore := snapshotOf[v.Request]
		if v.Law == 3 && restore && strings.HasSuffix(v.Detail, "twice with no change in between") && effects[id] <= decisions[id] {
			continue
		}
		w.t.Errorf("a law is broken: %s", v)
	}
}

// changedOnce wants every change to have been sent once at the most, whatever died.
func (w *world) changedOnce() {
	w.t.Helper()
	var all []vpsfake.Request
	w.control(http.MethodGet, "requests", nil, &all)
	sent := map[string]int{}
	for _, q := range all {
		if q.Op != vpsfake.OpDeployHook {
			continue
		}
		path, err := url.Parse(q.Path)
		require.NoError(w.t, err)
		sent[fmt.Sprintf("server %d, %s", q.ServerID, path.Query().Get("version"))]++
	}
	assert.NotEmpty(w.t, sent)
	for change, times := range sent {
		assert.Equal(w.t, 1, times, "the change was sent more than once: %s", change)
	}
}

// asTheReportsSay follows a server through the reports of its runs, in their order, and wants its site to be what they
// say in the end. Where a report says that nobody knows, both are right.
func (w *world) asTheReportsSay(c *crowd, server vpsfake.ServerState, runs []verdict) {
	w.t.Helper()
	may := map[string]bool{firstVersion: true}
	restores, story := 0, []string{firstVersion}
	for _, run := range runs {
		if run.report.ServerID != server.ID {
			continue
		}
		restored := ""
		if run.report.Snapshot != nil {
			restored = c.versionOf(run.report.Snapshot.ID)
		}
		root, _, _ := strings.Cut(run.id, "/")
		switch run.report.Outcome {
		case workflows.OutcomeCommitted, workflows.OutcomeChangeFailed, workflows.OutcomeChangeUnknown:
			if change := run.report.Change; change != nil && change.Result == contract.ChangeSucceeded {
				may = map[string]bool{}
			}
			may[versionOf(root)] = true
			if run.runbook == workflows.TypeRollbackByRestore {
				may[restored] = true
			}
		case workflows.OutcomeRolledBack, workflows.OutcomeRolledBackUnverified, workflows.OutcomeRestored:
			restores++
			assert.NotEmpty(w.t, restored, "%s: what was on snapshot %+v?", run.id, run.report.Snapshot)
			if run.runbook == workflows.TypeSnapshotUpdateVerify {
				assert.True(w.t, may[restored], "%s rolled back to %s, which was not there before: %v", run.id, restored, story)
			}
			may = map[string]bool{restored: true}
		case workflows.OutcomeRollbackFailed:
			may[restored], may[versionOf(root)] = true, true
		default: // nothing was changed
		}
		story = append(story, fmt.Sprintf("%s %s (%v)", run.id, run.report.Outcome, slices.Sorted(maps.Keys(may))))
	}
	assert.True(w.t, may[server.Version], "server %d has %s, and its runs say: %s", server.ID, server.Version, strings.Join(story, "; "))
	assert.GreaterOrEqual(w.t, server.Restores, restores, "server %d: restores that took effect: %s", server.ID, strings.Join(story, "; "))
	assert.Equal(w.t, "active", server.Status, "server %d", server.ID)
}
