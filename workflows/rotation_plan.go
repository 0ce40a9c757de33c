package workflows

import (
	"fmt"
	"math"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// dryRun says what would happen and writes nothing, so it needs no lock.
func (r *rotationRun) dryRun(ctx workflow.Context) *ending {
	if end := r.skipFrozen(ctx); end != nil {
		return end
	}
	if end := r.look(ctx); end != nil {
		return end
	}
	if end := r.planMake(); end != nil {
		return end
	}
	plan, err := r.decide(0)
	if err != nil {
		return notChanged(contract.FailPreflight, "The policy cannot be applied: %s.", trimDot(err.Error()))
	}
	misdated := r.dateDoubt() != ""
	for _, d := range slices.Backward(plan.Decisions) {
		switch {
		case d.Snapshot.ID == plannedID: // stands in the plan already
		case d.Keep || r.isMade(d.Snapshot):
			r.report.Kept = append(r.report.Kept, r.kept(d))
		case misdated:
			r.report.Kept = append(r.report.Kept, KeptSnapshot{ID: d.Snapshot.ID, Name: d.Snapshot.Name, Reason: reasonMisdated})
		default:
			r.planned("delete snapshot %d %q: %s", d.Snapshot.ID, d.Snapshot.Name, d.Reason)
		}
	}
	return &ending{outcome: OutcomePlanned, summary: "Dry run: nothing was written. The plan says what a real run would do, kept what would stay and why."}
}

// planMake plans the new snapshot, and goes on as if it were completed: a real run prunes only then, and by a list that
// shows it.
func (r *rotationRun) planMake() *ending {
	if r.incoming() == 0 {
		return nil
	}
	if young, found := r.young(); found {
		r.planned("wait for snapshot %d %q, which an earlier run began, instead of making another (3 to 10 minutes)", young.ID, young.Name)
		r.assumeCompleted(young)
		return nil
	}
	first, end := r.planCreate()
	if end != nil {
		return end
	}
	r.snapshots = slices.DeleteFunc(slices.Clone(r.snapshots), func(s contract.Snapshot) bool {
		return slices.ContainsFunc(first, func(gone contract.Snapshot) bool { return gone.ID == s.ID })
	})
	r.assumeCompleted(r.plannedSnapshot())
	return nil
}

// planCreate plans a new snapshot and names what goes before it.
func (r *rotationRun) planCreate() (first []contract.Snapshot, end *ending) {
	if first, _, end = r.planPlace(); end != nil {
		return nil, end
	}
	for _, s := range first {
		r.planned("delete snapshot %d %q first, to make room: the policy would remove it anyway", s.ID, s.Name)
	}
	stops := r.in.Snapshot.StopServer && r.server.Status == contract.ServerActive
	if stops {
		r.planned("stop the server")
	}
	r.planned("create a snapshot named %s-%d-<time>-<hash> and wait until it is completed (3 to 10 minutes)", r.in.Snapshot.NamePrefix, r.serverID)
	if stops {
		r.planned("start the server")
	}
	return first, nil
}

// plannedID stands for the id of a snapshot that is not made yet: a new one has the highest of all.
const plannedID int64 = math.MaxInt64

// plannedSnapshot is the one that a real run would make, dated now by the API's clock. Where that is not known, it is no
// older than the newest that there is.
func (r *rotationRun) plannedSnapshot() contract.Snapshot {
	at := r.apiNowAt()
	if at.IsZero() {
		for _, s := range r.snapshots {
			if s.CreatedAt.After(at) {
				at = s.CreatedAt
			}
		}
	}
	return contract.Snapshot{ID: plannedID, ServerID: r.serverID, Name: r.own.Name, CreatedAt: at,
		Description: contract.Marker{RunID: r.own.RunID, Policy: r.policy.Name}.Describe("")}
}

func (r *rotationRun) planned(format string, args ...any) {
	r.report.Plan = append(r.report.Plan, fmt.Sprintf(format, args...))
}

// assumeCompleted plans as if a snapshot were done and this run's own.
func (r *rotationRun) assumeCompleted(made contract.Snapshot) {
	made.Status = contract.SnapshotCompleted
	r.made = &made
	r.snapshots = append(slices.DeleteFunc(slices.Clone(r.snapshots), func(s contract.Snapshot) bool { return s.ID == made.ID }), made)
}
