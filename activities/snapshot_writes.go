package activities

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// CreateSnapshot sends one POST of a snapshot. Accepted means started, not usable.
func (a *Activities) CreateSnapshot(ctx context.Context, in contract.CreateSnapshotInput) (contract.CreateSnapshotResult, error) {
	w := a.begin(ctx, in.Fence)
	var made vpsorg.Snapshot
	known := w.send(ctx, func(ctx context.Context) (err error) {
		made, err = a.api.CreateSnapshot(ctx, vpsorg.CreateSnapshotOpts{ServerID: in.ServerID, Name: in.Name, Description: in.Description})
		return err
	})
	if known.Outcome != contract.WriteAccepted {
		return contract.CreateSnapshotResult{Answer: known}, nil
	}
	return contract.CreateSnapshotResult{Answer: known, Snapshot: snapshotOf(made)}, nil
}

// DeleteSnapshot lists, asks the guard of law 4 and sends one DELETE. A snapshot that is gone already is a success.
func (a *Activities) DeleteSnapshot(ctx context.Context, in contract.DeleteSnapshotInput) (contract.DeleteSnapshotResult, error) {
	w := a.beginChecked(ctx, in.Fence)
	if no := w.again(); no != nil {
		return contract.DeleteSnapshotResult{Answer: *no}, nil
	}
	all, err := a.listBefore(ctx, w, in.ServerID)
	if err != nil {
		return contract.DeleteSnapshotResult{Answer: unread(err)}, nil
	}
	refusal, gone := mayDelete(all, in)
	switch {
	case gone:
		known := contract.WriteAnswer{Outcome: contract.WriteAccepted, Detail: fmt.Sprintf("snapshot %d was gone already", in.SnapshotID)}
		return contract.DeleteSnapshotResult{Answer: known, Deleted: true}, nil
	case refusal != "":
		no := refrain(contract.WriteRefused, "snapshot %d was not deleted: %s", in.SnapshotID, refusal)
		return contract.DeleteSnapshotResult{Answer: *no}, nil
	}
	known := w.send(ctx, func(ctx context.Context) error { return a.api.DeleteSnapshot(ctx, in.SnapshotID) })
	if known.Outcome == contract.WriteRefused && known.Status == http.StatusNotFound {
		known.Outcome, known.Detail = contract.WriteAccepted, fmt.Sprintf("snapshot %d was gone already", in.SnapshotID)
	}
	return contract.DeleteSnapshotResult{Answer: known, Deleted: known.Outcome == contract.WriteAccepted}, nil
}

// RestoreSnapshot looks at the snapshot itself and sends one POST of a restore, which overwrites the server's data.
func (a *Activities) RestoreSnapshot(ctx context.Context, in contract.RestoreSnapshotInput) (contract.RestoreSnapshotResult, error) {
	w := a.beginChecked(ctx, in.Fence)
	if no := w.again(); no != nil {
		return contract.RestoreSnapshotResult{Answer: *no}, nil
	}
	all, err := a.listBefore(ctx, w, in.ServerID)
	if err != nil {
		return contract.RestoreSnapshotResult{Answer: unread(err)}, nil
	}
	if why := unfit(all, in); why != "" {
		return contract.RestoreSnapshotResult{Answer: *refrain(contract.WriteRefused, "nothing was sent: %s", why), Unfit: why}, nil
	}
	var started vpsorg.Restore
	known := w.send(ctx, func(ctx context.Context) (err error) {
		started, err = a.api.RestoreSnapshot(ctx, in.SnapshotID)
		return err
	})
	if known.Outcome == contract.WriteAccepted {
		known = believed(known, started, in.ServerID)
	}
	return contract.RestoreSnapshotResult{Answer: known}, nil
}

// believed doubts a yes to a restore that names another server or another state than "success": the workflow then
// looks at the server before anything else. Whatever the API does not say is not held against it.
func believed(known contract.WriteAnswer, started vpsorg.Restore, serverID int64) contract.WriteAnswer {
	switch {
	case started.Server.ID != 0 && started.Server.ID != serverID:
		known.Outcome = contract.WriteAmbiguous
		known.Detail = fmt.Sprintf("the API took the restore but answered about server %d, not %d", started.Server.ID, serverID)
	case started.Status != "" && !strings.EqualFold(started.Status, "success"):
		known.Outcome = contract.WriteAmbiguous
		known.Detail = short(fmt.Sprintf("the API took the restore but its answer says %q", started.Status))
	}
	return known
}

// listBefore reads the server's whole list right before a write, within the time in which the write may still leave.
func (a *Activities) listBefore(ctx context.Context, w *write, serverID int64) ([]contract.Snapshot, error) {
	ctx, cancel := w.preparing(ctx)
	defer cancel()
	list, err := a.api.ListSnapshots(ctx, vpsorg.ListSnapshotsOpts{ServerID: serverID})
	if err != nil {
		return nil, err
	}
	return snapshotsOf(list), nil
}
