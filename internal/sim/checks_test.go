package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/temporalfake"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// finding is one thing that is wrong with a world.
type finding struct {
	// Law says which promise it breaks: "law 3", "end", "hung", "report".
	Law    string `json:"law"`
	Detail string `json:"detail"`
}

func (f finding) String() string { return f.Law + ": " + f.Detail }

// verdict is everything that is known of a world that has come to rest.
type verdict struct {
	findings []finding
	ends     map[string]int
}

func (v *verdict) broken(law, format string, args ...any) {
	v.findings = append(v.findings, finding{law, fmt.Sprintf(format, args...)})
}

// judge checks every law and every end.
func (w *world) judge() verdict {
	v := verdict{ends: map[string]int{}}
	for _, t := range w.troubles {
		v.broken("set-up", "%s", t)
	}
	w.judgeLawBook(&v)
	w.judgeRest(&v)
	w.judgeSnapshots(&v)
	w.judgeLost(&v)
	w.judgeChanges(&v)
	for n := range w.plan.Runs {
		w.judgeRun(&v, w.plan.workflowID(n))
		w.judgeMany(&v, n)
	}
	w.judgeSecret(&v)
	for _, r := range w.temporal.Runs() {
		if strings.HasPrefix(r.WorkflowID, "next-") {
			w.judgeRun(&v, r.WorkflowID)
		}
		if r.ParentID != "" && documented[r.Type] != nil {
			w.judgeRun(&v, r.WorkflowID)
		}
	}
	w.cover()
	return v
}

// cover counts which faults met which call in which phase, and what else was met.
func (w *world) cover() {
	for _, r := range w.fake.Requests() {
		for _, f := range r.Faults {
			w.saw.count(fmt.Sprintf("fault %s of %s", f, r.Op), w.phaseAt(r.Time))
		}
	}
	on := map[int]int{}
	for _, r := range w.plan.Runs {
		on[r.Server]++
		if on[r.Server] == 2 {
			w.saw.count("worlds with two runs on one server", "")
			break
		}
	}
	if w.doubled {
		w.saw.count("worlds with two attempts at once", "")
	}
	if w.saw.sum("reset happened") > 0 {
		w.saw.count("worlds with a reset", "")
	}
}

// phaseAt is the phase that was entered last by then.
func (w *world) phaseAt(at time.Time) string {
	phase := "before"
	for _, e := range w.entries {
		if e.at.After(at) {
			break
		}
		phase = string(e.phase)
	}
	return phase
}

// judgeLawBook takes over what the API's stand-in has seen.
func (w *world) judgeLawBook(v *verdict) {
	for _, b := range w.fake.Violations() {
		if b.Law == 3 && strings.Contains(b.Detail, "twice with no change in between") && w.restoresAreDecided() {
			continue // the stand-in cannot know that two runs decided it
		}
		if b.Law == 12 && w.plan.lagsTooLong() {
			continue // such a list cannot be counted by; the API's refusal is told apart by counting again
		}
		if b.Law == 7 && w.plan.has(doReset) && w.powerMetChange(b) {
			continue // the change of the run before a reset: a start does not hurt it, and a restore waits for its end
		}
		v.broken(fmt.Sprintf("law %d", b.Law), "request %d: %s", b.Request, b.Detail)
	}
	for _, d := range w.fake.Duplicates() {
		if !w.lostHope() {
			v.broken("law 1", "a duplicate was left: snapshot %d %q", d.ID, d.Name)
		}
	}
	for _, id := range w.fake.LeftDown() {
		if why := w.mayBeDown(id); why == "" {
			v.broken("law 11", "server %d was left down", id)
		}
	}
}

// powerMetChange says whether a violation is a power call that was sent while a deploy hook was under way.
func (w *world) powerMetChange(b vpsfake.Violation) bool {
	all := w.fake.Requests()
	_, rest, _ := strings.Cut(b.Detail, " while request ")
	var open int
	if _, err := fmt.Sscanf(rest, "%d", &open); err != nil || open < 1 || open > len(all) {
		return false
	}
	op := all[b.Request-1].Op
	return all[open-1].Op == vpsfake.OpDeployHook && (op == vpsfake.OpStartServer || op == vpsfake.OpStopServer)
}

// lagsTooLong says whether a list may show a run less than there is: what was longer ago than VPS_SETTLE, or what another
// run made right before this one came. A run waits VPS_SETTLE out after its own writes only.
func (p plan) lagsTooLong() bool {
	return slices.ContainsFunc(p.Incidents, func(i incidentPlan) bool {
		return i.Fault != nil && i.Fault.Kind == vpsfake.ListLags && (i.Fault.Duration > settle || len(p.Runs) > 1)
	})
}

// lostHope says whether a run was terminated: then nobody was left who could have cleaned up after it.
func (w *world) lostHope() bool { return w.plan.has(doTerminate) }

// restoresAreDecided says whether no server was restored more often than runs and people decided to.
func (w *world) restoresAreDecided() bool {
	decided := map[int64]int{}
	for _, r := range w.temporal.Runs() {
		rep, ok := w.report(r)
		switch {
		case ok && rep.Rollback != nil:
			if !strings.HasPrefix(rep.Rollback.Cause, "a person decided so") {
				decided[rep.ServerID]++
			}
			for _, d := range rep.Decisions {
				if d.Decision == workflows.DecideRollback {
					decided[rep.ServerID]++
				}
			}
		case ok || r.Open():
		default: // terminated, or reset to another run, which decides anew: it may have restored before
			if n, known := w.plan.runOf(r.WorkflowID); known && r.Type != workflows.TypeFleetUpdate && r.Type != workflows.TypeSnapshotRotation {
				decided[w.plan.Servers[w.plan.Runs[n].Server].ID]++
			}
		}
	}
	for _, s := range w.plan.Servers {
		if w.fake.Server(s.ID).Restores > decided[s.ID] {
			return false
		}
	}
	return true
}

// mayBeDown says why a server may be down at the end; empty when nothing excuses it.
func (w *world) mayBeDown(server int64) string {
	if w.plan.faulty(vpsfake.NeverFinishes) {
		return "the API never finished an action"
	}
	for _, i := range w.plan.Incidents {
		if r := w.plan.Runs[i.Run]; i.Do == doTerminate && (r.ofMany() || w.plan.Servers[r.Server].ID == server) {
			return "its run was terminated"
		}
	}
	for _, r := range w.temporal.Runs() {
		rep, ok := w.report(r)
		if ok && rep.ServerID == server && strings.Contains(rep.Next, fmt.Sprintf("start server %d", server)) {
			return "a person was told to start it"
		}
		if ok && rep.ServerID == server && rep.Failure == contract.FailRollback {
			return "a person was told to look at a rollback that failed"
		}
	}
	return ""
}

// judgeRest wants nothing to be left open, and no workflow code that does not fit its history.
func (w *world) judgeRest(v *verdict) {
	for _, r := range w.temporal.Runs() {
		if r.Open() {
			v.broken("hung", "%s (%s, run %s) is still open after %s", r.WorkflowID, r.Type, r.RunID, boundOfWorld)
		}
	}
	for _, t := range w.temporal.Troubles() {
		v.broken("replay", "a workflow task of %s failed: %s", t.Run.WorkflowID, t.Failure.GetMessage())
	}
}

// judgeChanges wants every change to be made at most once for each server.
func (w *world) judgeChanges(v *verdict) {
	made := map[string]int{}
	for _, r := range w.fake.Requests() {
		if r.Op == vpsfake.OpDeployHook {
			made[fmt.Sprintf("%s of server %d", strings.Split(strings.SplitAfter(r.Path, "version=")[1], "&")[0], r.ServerID)]++
		}
	}
	for what, n := range made {
		if n > 1 {
			v.broken("once", "the change %s was sent %d times", what, n)
		}
	}
	for id, n := range w.saw["granted"] {
		if n > 1 {
			v.broken("once", "%s granted its change to %d runners", id, n)
		}
	}
}

func (w *world) report(r temporalfake.Run) (workflows.Report, bool) {
	events := w.temporal.History(r.RunID).GetEvents()
	if len(events) == 0 {
		return workflows.Report{}, false
	}
	return reportOf(events[len(events)-1])
}

// documented are the ends of each runbook.
var documented = map[string][]string{
	workflows.TypeSnapshotUpdateVerify: {
		"committed", "skipped", contract.FailPreflight, contract.FailBaseline, contract.FailSnapshotLimit, contract.FailSnapshot, contract.FailServerBusy,
		contract.FailChangeNotStarted, contract.FailLockLost, contract.FailRolledBack, contract.FailRolledBackUnverified, contract.FailRollback,
		contract.FailChange, contract.FailChangeUnknown, "canceled",
	},
	workflows.TypeRollbackByRestore: {
		"restored", "skipped", contract.FailPreflight, contract.FailSnapshotLimit, contract.FailSnapshot, contract.FailServerBusy, contract.FailLockLost,
		contract.FailRolledBackUnverified, contract.FailRollback, contract.FailNotApproved, contract.FailChangeUnknown, "canceled",
	},
	workflows.TypeSnapshotRotation: {
		"rotated", "skipped", contract.FailPreflight, contract.FailSnapshotLimit, contract.FailSnapshot, contract.FailServerBusy, contract.FailLockLost,
		contract.FailRotation, "canceled",
	},
	workflows.TypeFleetUpdate: {"committed", contract.FailFleet, contract.FailFleetStopped, contract.FailPreflight, "canceled"},
}

// judgeRun wants a run to have ended as documented, and the server to be what the end says.
func (w *world) judgeRun(v *verdict, workflowID string) {
	run, ok := w.temporal.Latest(workflowID)
	if !ok {
		v.broken("end", "%s was never started", workflowID)
		return
	}
	if run.Open() {
		return // reported as hung
	}
	if run.Status == enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED {
		v.ends["terminated"]++
		if !w.plan.has(doTerminate) {
			v.broken("end", "%s was terminated by nobody", workflowID)
		}
		return
	}
	rep, ok := w.report(run)
	if !ok {
		v.broken("report", "%s (%s) left no report", workflowID, run.Status)
		return
	}
	end := string(rep.Outcome)
	if rep.Failure != "" {
		end = rep.Failure
	}
	v.ends[end]++
	if !slices.Contains(documented[run.Type], end) {
		v.broken("end", "%s (%s) ended as %q: %s", workflowID, run.Type, end, rep.Summary)
	}
	w.judgeClose(v, run, rep)
	w.judgeServer(v, run, rep)
	w.judgeRestores(v, run, rep)
}

// judgeClose wants the way in which Temporal closed the run to fit its outcome.
func (w *world) judgeClose(v *verdict, run temporalfake.Run, rep workflows.Report) {
	completes := []workflows.Outcome{workflows.OutcomeCommitted, workflows.OutcomeSkipped, workflows.OutcomeRestored, workflows.OutcomeRotated}
	want := enumspb.WORKFLOW_EXECUTION_STATUS_FAILED
	switch {
	case rep.Outcome == workflows.OutcomeCanceled:
		want = enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED
	case slices.Contains(completes, rep.Outcome):
		want = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}
	if run.Status != want {
		v.broken("end", "%s closed as %s with the outcome %s", run.WorkflowID, run.Status, rep.Outcome)
	}
	if rep.Summary == "" || rep.EndedAt.Before(rep.StartedAt) || rep.EndedAt.After(run.Closed) {
		v.broken("report", "%s: summary %q, from %s to %s, closed at %s", run.WorkflowID, rep.Summary, rep.StartedAt, rep.EndedAt, run.Closed)
	}
}

// judgeServer holds a report against what the server was like in the moment when the run closed.
func (w *world) judgeServer(v *verdict, run temporalfake.Run, rep workflows.Report) {
	n, ok := w.plan.runOf(run.WorkflowID)
	if !ok || run.Type == workflows.TypeFleetUpdate || run.ParentID != "" && run.Type == workflows.TypeRollbackByRestore {
		return // the change that a fleet undoes was made by another run of it
	}
	p := w.plan.Runs[n]
	changes := p.Kind == runWebhook || p.Kind == runExternal || p.Kind == runFleet
	now, seen := w.closings[run.RunID]
	if !seen {
		return
	}
	deployed := w.deployed(n, rep.ServerID)
	if rep.Change != nil && rep.Change.Runner != "" && rep.Change.Result == contract.ChangeNotStarted {
		w.saw.count("granted and not begun", map[bool]string{true: "reported", false: "never confirmed"}[!strings.Contains(rep.Change.Detail, "promised a heartbeat")])
	}
	decided := func(d workflows.Decision) bool {
		return slices.ContainsFunc(rep.Decisions, func(r workflows.DecisionRecord) bool { return r.Decision == d })
	}
	// What nobody knows is committed only because update.on_unknown says so.
	unknown := rep.Change != nil && rep.Change.Result == contract.ChangeUnknown && p.OnUnknown == "commit"
	disturbed := w.overtaken(n, rep.ServerID) || w.plan.faulty(vpsfake.ForeignRestore) || w.plan.has(doTerminate, doTerminateLock)
	// Law 3: where nobody saw a restore, green checks after red ones are taken for it, and the report says so. Checks that
	// were red for another reason than the change deceive it.
	deceived := strings.Contains(strings.Join(rep.Notes, " "), "taken as restored") && !p.Bad
	switch {
	case rep.Outcome == workflows.OutcomeNotChanged || rep.Outcome == workflows.OutcomeSkipped || rep.Outcome == workflows.OutcomeCanceled:
		// A reset run does not know what the run before it did, and says so.
		if deployed > 0 && !strings.Contains(rep.Summary, "this run was reset") {
			v.broken("report", "%s says %s, and the change was made: %s", run.WorkflowID, rep.Outcome, rep.Summary)
		}
	case rep.Outcome == workflows.OutcomeRolledBack && changes && !disturbed && !deceived:
		if now.server.Version == version(n) {
			v.broken("report", "%s is rolled back, and server %d still has %s", run.WorkflowID, rep.ServerID, version(n))
		}
	case rep.Outcome == workflows.OutcomeCommitted && changes && !disturbed && !decided(workflows.DecideCommit) && !unknown:
		if now.server.Version != version(n) || !now.server.Healthy && !p.Unchecked {
			v.broken("report", "%s is committed, and server %d has %s, healthy %v", run.WorkflowID, rep.ServerID, now.server.Version, now.server.Healthy)
		}
	}
	if rep.Outcome == workflows.OutcomeCommitted && p.Kind == runWebhook && p.Bad && !p.Unchecked && !unknown && !decided(workflows.DecideCommit) && deployed > 0 && !disturbed {
		v.broken("report", "%s committed a change that broke server %d", run.WorkflowID, rep.ServerID)
	}
}

// judgeRestores holds what a run says of restores against the server, where nobody else can have restored it.
func (w *world) judgeRestores(v *verdict, run temporalfake.Run, rep workflows.Report) {
	if len(w.plan.Runs) > 1 || w.plan.Runs[0].ofMany() || w.plan.has(doReset, doTerminate) {
		return
	}
	restores := w.fake.Server(rep.ServerID).Restores
	switch {
	case rep.Rollback == nil && restores > 0:
		v.broken("report", "%s says %s and nothing of a restore, and server %d was restored %d times", run.WorkflowID, rep.Outcome, rep.ServerID, restores)
	case rep.Rollback != nil && rep.Rollback.Posts < restores:
		v.broken("report", "%s says that it asked for %d restores, and server %d was restored %d times", run.WorkflowID, rep.Rollback.Posts, rep.ServerID, restores)
	case rep.Outcome == workflows.OutcomeRestored && restores == 0 && !w.plan.faulty(vpsfake.ForeignRestore):
		v.broken("report", "%s says restored, and server %d never was", run.WorkflowID, rep.ServerID)
	}
	if limit := 1 + len(rep.Decisions); restores > limit {
		v.broken("law 3", "server %d was restored %d times, and %d were decided", rep.ServerID, restores, limit)
	}
}

// deployed is how often the n-th run's change took effect on the server.
func (w *world) deployed(n int, server int64) int {
	made := 0
	for _, r := range w.fake.Requests() {
		if r.Op == vpsfake.OpDeployHook && r.ServerID == server && r.Effect && strings.Contains(r.Path, "version="+version(n)+"&") {
			made++
		}
	}
	return made
}
