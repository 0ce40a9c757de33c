package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// judgeLost wants no restore that a run decides by itself to undo the change of another run, made after the snapshot. Only
// changes that a worker makes count: it makes them under the server's lock. A runner may be late.
func (w *world) judgeLost(v *verdict) {
	all := w.fake.Requests()
	for _, restore := range all {
		if restore.Op != vpsfake.OpRestoreSnapshot || !restore.Effect {
			continue
		}
		n, made, ok := w.restorePointOf(restore)
		if !ok {
			continue
		}
		for _, change := range all {
			if change.Op != vpsfake.OpDeployHook || !change.Effect || change.ServerID != restore.ServerID ||
				change.Time.Before(made) || change.Time.After(restore.Time) {
				continue
			}
			for other, p := range w.plan.Runs {
				if other != n && p.Kind != runExternal && strings.Contains(change.Path, "version="+version(other)+"&") {
					v.broken("lost", "run-%d restored snapshot %d by itself, and undid the change of run-%d (request %d)", n, restore.SnapshotID, other, change.Seq)
				}
			}
		}
	}
}

// restorePointOf is the run whose restore point a restore used, and when that was made. It is not ok where somebody may
// have asked for the restore.
func (w *world) restorePointOf(restore vpsfake.Request) (n int, made time.Time, ok bool) {
	for _, p := range w.plan.Runs {
		if p.Kind == runRollback || p.Undo {
			return 0, made, false
		}
	}
	snapshots := w.fake.Snapshots(restore.ServerID)
	i := slices.IndexFunc(snapshots, func(s vpsfake.SnapshotState) bool { return s.ID == restore.SnapshotID })
	if i < 0 {
		return 0, made, false
	}
	owner := contract.ParseMarker(snapshots[i].Description).RunID
	for _, r := range w.temporal.Runs() {
		if r.OriginalRunID != owner || r.Type != workflows.TypeSnapshotUpdateVerify {
			continue
		}
		if n, ok = w.plan.runOf(r.WorkflowID); !ok {
			return 0, made, false
		}
		rep, _ := w.report(r)
		if slices.ContainsFunc(rep.Decisions, func(d workflows.DecisionRecord) bool { return d.Decision == workflows.DecideRollback }) {
			return 0, made, false
		}
	}
	for _, r := range w.fake.Requests() { // its own date is in whole seconds
		if r.Op == vpsfake.OpCreateSnapshot && r.Name == snapshots[i].Name && r.Effect {
			made = r.Time
		}
	}
	return n, made, ok && !made.IsZero()
}

// overtaken says whether another run changed or restored the server after the n-th one did, and that one was reset after
// its end.
func (w *world) overtaken(n int, server int64) bool {
	if !slices.ContainsFunc(w.plan.Incidents, func(i incidentPlan) bool { return i.Closed }) {
		return false
	}
	last := ""
	for _, r := range w.fake.Requests() {
		if (r.Op == vpsfake.OpDeployHook || r.Op == vpsfake.OpRestoreSnapshot) && r.ServerID == server && r.Effect {
			last = r.Path
		}
	}
	return !strings.Contains(last, "version="+version(n)+"&")
}
