package sim

import (
	"github.com/safepoint-dev/safepoint/workflows"
)

// judgeMany holds the counts of a runbook of many servers against the runs that it started. After a reset or a
// termination there are runs of which it does not know.
func (w *world) judgeMany(v *verdict, n int) {
	run, ok := w.temporal.Latest(w.plan.workflowID(n))
	if !ok || run.Open() || !w.plan.Runs[n].ofMany() || w.plan.has(doReset, doTerminate) {
		return
	}
	rep, ok := w.report(run)
	if !ok || rep.Fleet == nil {
		return // no report is a finding already; without a record no server was selected
	}
	f := rep.Fleet
	var started, undone int
	var ends workflows.FleetCounts
	for _, r := range w.temporal.Runs() {
		one, ok := w.report(r)
		if r.ParentID != run.WorkflowID || documented[r.Type] == nil || !ok {
			continue
		}
		if r.Type == workflows.TypeRollbackByRestore {
			undone++
			continue
		}
		started++
		switch one.Outcome {
		case workflows.OutcomeCommitted, workflows.OutcomeRotated:
			ends.Done++
		case workflows.OutcomeSkipped:
			ends.Skipped++
		case workflows.OutcomeRolledBack, workflows.OutcomeRolledBackUnverified:
			ends.RolledBack++
		default: // every other end is an error
			ends.Errors++
		}
	}
	c := f.Counts
	c.Done, c.Undone = c.Done+c.Undone, 0
	if f.Total != len(w.plan.Servers) || f.Started != started || c != ends {
		v.broken("report", "%s counts %d of %d started, %+v; its runs are %d of %d, %+v", run.WorkflowID, f.Started, f.Total, f.Counts, started, len(w.plan.Servers), ends)
	}
	if u := f.UndoneCounts; u.Restored+u.Refused < undone {
		v.broken("report", "%s counts %+v undone servers, and has %d runs that undo", run.WorkflowID, u, undone)
	}
	if undone > 0 {
		w.saw.count("fleets that undo what they committed", "")
	}
}
