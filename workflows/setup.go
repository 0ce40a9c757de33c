package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// newUpdateRun makes the run from its input and identity.
func newUpdateRun(ctx workflow.Context, in SnapshotUpdateVerifyInput) *updateRun {
	r := &updateRun{in: in, serverRun: newServerRun(ctx, in.ServerID, in.Reason)}
	r.lockInput, r.verify = in.Lock, in.Verify
	r.restoreTimeout, r.holdTimeout = in.Rollback.RestoreTimeout, in.Rollback.HoldTimeout
	r.changeGrace = in.Update.grace()
	r.egress = egressOf(in.Update, in.Verify.Checks, in.Notify)
	r.notDuring = in.NotDuring
	if !in.DryRun {
		r.notifier.targets = in.Notify
	}
	r.takes(ctx, in.Snapshot, retention.Policy{
		Name: contract.PolicyUpdate, NamePrefix: in.Snapshot.NamePrefix, KeepLast: in.Retention.KeepLast,
	}, "")
	return r
}

// setup answers queries and takes updates before the first wait.
func (r *updateRun) setup(ctx workflow.Context) error {
	if err := r.setHandlers(ctx); err != nil {
		return err
	}
	return r.open(ctx)
}

// snapshotName is made from the run: prefix, server, start time and a hash of the original run id. The same after a
// reset, another for every run; at most 24+1+12+1+16+1+8 = 63 characters (the API's limit is unknown, 64 is assumed).
func snapshotName(prefix string, serverID int64, info *workflow.Info) string {
	sum := sha256.Sum256([]byte(info.OriginalRunID))
	return fmt.Sprintf("%s-%d-%s-%s", prefix, serverID,
		info.WorkflowStartTime.UTC().Format("20060102T150405Z"), hex.EncodeToString(sum[:4]))
}

// fence is what every write of this run must still find true right before it is sent.
func (r *serverRun) fence() contract.Fence {
	fence := contract.Fence{OriginalRunID: r.report.OriginalRunID}
	if r.lock != nil {
		fence.LockWorkflowID, fence.LockRunID = r.lock.workflowID, r.lock.runID
	}
	return fence
}

// fenceLooked is the fence of a write whose effect was looked for in the given run; empty when nobody has looked.
func (r *serverRun) fenceLooked(runID string) contract.Fence {
	fence := r.fence()
	fence.LookedRunID = runID
	return fence
}

// fenceRepeatable is the fence of a write that may be sent again whatever was sent before.
func (r *serverRun) fenceRepeatable() contract.Fence {
	fence := r.fence()
	fence.Repeatable = true
	return fence
}
