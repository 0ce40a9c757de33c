package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// makeRestorePoint takes the snapshot that the change can be rolled back to, and returns only when the list shows it
// completed (laws 1, 2, 12).
func (r *updateRun) makeRestorePoint(ctx workflow.Context) *ending {
	r.enter(ctx, PhaseSnapshot)
	if end := r.makeRoom(ctx); end != nil {
		return end
	}
	if r.in.Snapshot.StopServer {
		if why := frozen(ctx, r.notDuring, r.serverID); why != "" { // the baseline and the deletes may have taken long
			return notChanged(contract.FailPreflight, "A freeze window has opened: %s.", why).
				withNext("start the run again after the window, or take it out of not_during.")
		}
		if end := r.stopForSnapshot(ctx); end != nil {
			return end
		}
	}
	if end := r.takeSnapshot(ctx); end != nil {
		return end
	}
	r.usePoint(*r.made, r.snapshotAsked)
	if r.in.Snapshot.StopServer {
		return r.startAfterSnapshot(ctx)
	}
	return nil
}

// usePoint makes a completed snapshot the one that the server can be rolled back to. A restore loses what was written
// after from.
func (r *serverRun) usePoint(snapshot contract.Snapshot, from time.Time) {
	r.snapshot, r.lostFrom = &snapshot, from
	point := r.restorePoint()
	r.report.Snapshot = &point
}

// restorePoint is the snapshot as reports and runners see it.
func (r *serverRun) restorePoint() contract.RestorePoint {
	return contract.RestorePoint{ID: r.snapshot.ID, Name: r.snapshot.Name, CreatedAt: r.snapshot.CreatedAt, SizeMB: r.snapshot.SizeMB}
}
