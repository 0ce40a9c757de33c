package workflows

import (
	"fmt"
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
	incoming := r.incoming()
	if young, found := r.young(); found && incoming > 0 {
		r.planned("wait for snapshot %d %q, which an earlier run began, instead of making another (3 to 10 minutes)", young.ID, young.Name)
		r.assumeCompleted(young.ID)
		incoming = 0
	}
	first, end := r.planCreate(incoming)
	if end != nil {
		return end
	}
	plan, err := r.decide(incoming)
	if err != nil {
		return notChanged(contract.FailPreflight, "The policy cannot be applied: %s.", trimDot(err.Error()))
	}
	for _, d := range slices.Backward(plan.Decisions) {
		switch {
		case d.Keep:
			r.report.Kept = append(r.report.Kept, r.kept(d))
		case !slices.ContainsFunc(first, func(s contract.Snapshot) bool { return s.ID == d.Snapshot.ID }):
			r.planned("delete snapshot %d %q: %s", d.Snapshot.ID, d.Snapshot.Name, d.Reason)
		}
	}
	return &ending{outcome: OutcomePlanned, summary: "Dry run: nothing was written. The plan says what a real run would do, kept what would stay and why."}
}

// planCreate plans a new snapshot and names what goes before it.
func (r *rotationRun) planCreate(incoming int) (first []contract.Snapshot, end *ending) {
	if incoming == 0 {
		return nil, nil
	}
	if first, end = r.planPlace(); end != nil {
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

func (r *rotationRun) planned(format string, args ...any) {
	r.report.Plan = append(r.report.Plan, fmt.Sprintf(format, args...))
}

// assumeCompleted plans as if a snapshot that is being made were done.
func (r *rotationRun) assumeCompleted(id int64) {
	r.snapshots = slices.Clone(r.snapshots)
	for i := range r.snapshots {
		if r.snapshots[i].ID == id {
			r.snapshots[i].Status = contract.SnapshotCompleted
		}
	}
}
