package activities

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// CreateBackup sends one POST of a manual backup. Accepted means started, not usable.
func (a *Activities) CreateBackup(ctx context.Context, in contract.CreateBackupInput) (contract.CreateBackupResult, error) {
	w := a.begin(ctx, in.Fence)
	var made vpsorg.Backup
	known := w.send(ctx, func(ctx context.Context) (err error) {
		made, err = a.api.CreateBackup(ctx, vpsorg.CreateBackupOpts{ServerID: in.ServerID, Description: in.Description})
		return err
	})
	if known.Outcome != contract.WriteAccepted {
		return contract.CreateBackupResult{Answer: known}, nil
	}
	return contract.CreateBackupResult{Answer: known, Backup: backupOf(made)}, nil
}

// FindBackup reads one whole list of a server's manual backups, counts them and finds ours; with Settle only when
// VPS_SETTLE has passed. Without a whole list within in.Timeout it ends with a final error: nobody knows, and nothing
// may be sent again.
func (a *Activities) FindBackup(ctx context.Context, in contract.FindBackupInput) (contract.FindBackupResult, error) {
	w := startWait(ctx, a.pace.heartbeat, struct{}{})
	defer w.end()
	var settle time.Duration
	if in.Settle {
		settle = a.settle
	}
	if left := settle - w.elapsed(); left > 0 {
		if err := w.pause(left); err != nil {
			return contract.FindBackupResult{}, err
		}
	}
	for pause := a.pace.retry; ; pause = min(2*pause, a.poll) {
		list, err := a.manualBackups(w.ctx, in.ServerID)
		if stop := w.interrupted(); stop != nil {
			return contract.FindBackupResult{}, stop
		}
		if err == nil {
			return foundBackups(in, list, activity.GetInfo(ctx).WorkflowExecution.RunID), nil
		}
		if err = readError(w.ctx, err); hopeless(err) {
			return contract.FindBackupResult{}, err
		}
		if w.elapsed() >= settle+in.Timeout.Std() {
			return contract.FindBackupResult{}, temporal.NewNonRetryableApplicationError(
				"the API gave no whole list of backups within "+in.Timeout.String()+": "+short(err.Error()), contract.ErrUnavailable, nil)
		}
		if err := w.pause(pause); err != nil {
			return contract.FindBackupResult{}, err
		}
	}
}

// manualBackups is one whole list of a server's manual backups, the lowest id first.
func (a *Activities) manualBackups(ctx context.Context, serverID int64) ([]contract.Backup, error) {
	list, err := a.api.ListBackups(ctx, vpsorg.ListBackupsOpts{ServerID: serverID, Type: vpsorg.BackupManual})
	if err != nil {
		return nil, err
	}
	backups := make([]contract.Backup, 0, len(list))
	for _, b := range list {
		backups = append(backups, backupOf(b))
	}
	slices.SortFunc(backups, func(a, b contract.Backup) int { return cmp.Compare(a.ID, b.ID) })
	return backups, nil
}

// foundBackups picks the run's own out of a list: those that carry its marker and were not there before its first POST.
func foundBackups(in contract.FindBackupInput, list []contract.Backup, runID string) contract.FindBackupResult {
	found := contract.FindBackupResult{Ours: []contract.Backup{}, IDs: []int64{}, Count: len(list), RunID: runID}
	for _, b := range list {
		found.IDs = append(found.IDs, b.ID)
		marker := contract.ParseMarker(b.Description)
		if marker.Managed && in.RunID != "" && marker.RunID == in.RunID && !slices.Contains(in.KnownIDs, b.ID) {
			found.Ours = append(found.Ours, b)
		}
	}
	return found
}

// backupOf translates one backup. A description that is too long is dropped whole, as a snapshot's is.
func backupOf(b vpsorg.Backup) contract.Backup {
	description := b.Description
	if len(description) > longestDescription {
		description = ""
	}
	return contract.Backup{
		ID: b.ID, ServerID: b.ServerID, Status: contract.BackupStatus(b.Status),
		Description: description, CreatedAt: b.CreatedAt, SizeMB: b.SizeMB,
	}
}
