package sim

import (
	"fmt"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// judgeSnapshots wants what is not ours to be there still.
func (w *world) judgeSnapshots(v *verdict) {
	for _, s := range w.plan.Servers {
		left := map[string]bool{}
		for _, snap := range w.fake.Snapshots(s.ID) {
			left[snap.Name] = true
		}
		for n := range s.ByHand {
			if name := fmt.Sprintf("by-hand-%d", n); !left[name] {
				v.broken("law 4", "%s of server %d, made by hand, is gone", name, s.ID)
			}
		}
		if s.Protected && !left["kept"] {
			v.broken("law 4", "the protected snapshot of server %d is gone", s.ID)
		}
		w.judgePolicy(v, s, left, contract.PolicyUpdate, s.Updates, fmt.Sprintf("pre-update-%d-old", s.ID), runPlan.updates)
		w.judgePolicy(v, s, left, contract.PolicyRotation, s.Rotations, fmt.Sprintf("rotation-%d-old", s.ID),
			func(r runPlan) bool { return r.workflowType() == workflows.TypeSnapshotRotation })
	}
}

// judgePolicy wants what one policy left on the server to be pruned by runs of that policy only, and never below what
// they are told to keep. Where nothing went wrong, they keep no more than that either.
func (w *world) judgePolicy(v *verdict, s serverPlan, left map[string]bool, policy string, before int, prefix string, own func(runPlan) bool) {
	keep, runs := 0, 0
	for _, r := range w.plan.Runs {
		if own(r) && (r.ofMany() || w.plan.Servers[r.Server].ID == s.ID) {
			runs++
			if keep == 0 || r.Keep < keep {
				keep = r.Keep
			}
		}
	}
	old := 0
	for n := range before {
		if left[fmt.Sprintf("%s-%d", prefix, n)] {
			old++
		}
	}
	if runs == 0 && old < before {
		v.broken("law 4", "%d snapshots of the policy %s are gone from server %d, and no run was its", before-old, policy, s.ID)
		return
	}
	all := 0
	for _, snap := range w.fake.Snapshots(s.ID) {
		if m := contract.ParseMarker(snap.Description); m.Policy == policy && !m.Protected && snap.Status == "completed" {
			all++
		}
	}
	// One less may be left: room is made for a snapshot that retention counts on, and that may then fail (law 12).
	if all < min(keep, before)-1 {
		v.broken("law 4", "%d snapshots of the policy %s are left on server %d: there were %d, and %d were to be kept", all, policy, s.ID, before, keep)
	}
	if runs == 1 && w.calm() && all > keep {
		v.broken("law 4", "%d snapshots of the policy %s are left on server %d: %d were to be kept", all, policy, s.ID, keep)
	}
}

// calm says whether the world's only run had its way, with nothing that went wrong.
func (w *world) calm() bool {
	if len(w.plan.Incidents) > 0 || len(w.plan.Runs) > 1 {
		return false
	}
	run, _ := w.temporal.Latest(w.plan.workflowID(0))
	rep, _ := w.report(run)
	return rep.Outcome == workflows.OutcomeCommitted || rep.Outcome == workflows.OutcomeRotated
}

// secretEvery is how many worlds there are to one whose histories are searched for the token: the search costs as much as
// the world.
const secretEvery = 50

// judgeSecret wants the token in no history.
func (w *world) judgeSecret(v *verdict) {
	if w.plan.Seed%secretEvery != 0 {
		return
	}
	for _, r := range w.temporal.Runs() {
		if strings.Contains(w.temporal.History(r.RunID).String(), token) {
			v.broken("law 10", "the token stands in the history of %s", r.WorkflowID)
		}
	}
}
