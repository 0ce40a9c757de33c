package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// backupTries bounds how often a backup is asked for: it is the belt beside the snapshot's braces.
const backupTries = 3

// backupLookTimeout bounds a look at the list of backups.
const backupLookTimeout = 5 * time.Minute

// makeBackup asks for a manual backup as well. Without backup.required, one that cannot be made is a note.
func (r *updateRun) makeBackup(ctx workflow.Context) *ending {
	in := r.in.Backup
	if !in.Create {
		return nil
	}
	r.report.Backup = &BackupRecord{}
	problem := r.backUp(ctx)
	switch {
	case ctx.Err() != nil:
		return r.stoppedBeforeChange()
	case problem == "":
		return nil
	}
	r.report.Backup.Detail = problem
	if in.Required {
		return notChanged(contract.FailSnapshot, "The backup could not be made: %s.", problem).
			withNext("mend what it names, or set backup.required to false, then start the run again.")
	}
	r.note("no backup was made: %s", problem)
	return nil
}

// backUp makes the backup, at most one. It returns why it could not, or nothing.
func (r *updateRun) backUp(ctx workflow.Context) (problem string) {
	r.waitFor(ctx, "the API to accept a backup")
	seen, err := r.findBackup(ctx, contract.FindBackupInput{ServerID: r.serverID, RunID: r.own.RunID, Timeout: Duration(backupLookTimeout)})
	if err != nil {
		return "the backups could not be listed: " + plain(err)
	}
	wasReset := seen.RunID != r.report.OriginalRunID
	if len(seen.Ours) > 0 && wasReset { // an earlier run, before a reset, has made it
		return r.awaitBackup(ctx, seen.Ours[0])
	}
	if seen.Count >= contract.MaxManualBackups {
		return fmt.Sprintf("the server has %d manual backups, the API's limit", seen.Count)
	}
	look := contract.FindBackupInput{ServerID: r.serverID, RunID: r.own.RunID, Settle: true, Timeout: Duration(backupLookTimeout)}
	if !wasReset {
		look.KnownIDs = seen.IDs
	}
	looked := ""
	for try := 1; ; try++ {
		answer, made := r.postBackup(looked)
		switch answer.Outcome {
		case contract.WriteAccepted:
			return r.awaitBackup(ctx, made)
		case contract.WriteNotSent:
			// Nothing took effect: the same POST may be sent again.
		case contract.WriteLockLost:
			r.lockWasLost(ctx, r.lock) // ends ctx: the change has not begun
			return trimDot(answer.Detail)
		case contract.WriteRefused, contract.WriteUnauthorized:
			return trimDot(answer.Detail)
		default: // ambiguous: look before sending again
			found, err := r.findBackup(ctx, look)
			if err != nil {
				return "nobody knows whether the backup was begun: " + plain(err)
			}
			if len(found.Ours) > 0 {
				return r.awaitBackup(ctx, found.Ours[0])
			}
			looked = found.RunID
		}
		if try == backupTries {
			return trimDot(answer.Detail)
		}
		if err := pause(ctx, retryPause(answer, try), "pause before the backup is asked for again"); err != nil {
			return "the run was canceled"
		}
	}
}

// postBackup sends one POST and waits for its end, whatever happens to the run.
func (r *updateRun) postBackup(looked string) (contract.WriteAnswer, contract.Backup) {
	var result contract.CreateBackupResult
	err := workflow.ExecuteActivity(writeOptions(r.safe, "create the backup"), contract.ActivityCreateBackup, contract.CreateBackupInput{
		Fence: r.fenceLooked(looked), ServerID: r.serverID, Description: contract.BackupDescription(r.in.Snapshot.Description, r.own.RunID),
	}).Get(r.safe, &result)
	if err != nil {
		return ambiguous(err), contract.Backup{}
	}
	return result.Answer, result.Backup
}

func (r *updateRun) findBackup(ctx workflow.Context, in contract.FindBackupInput) (contract.FindBackupResult, error) {
	var found contract.FindBackupResult
	err := workflow.ExecuteActivity(waitOptions(ctx, backupLookTimeout, "list the backups"), contract.ActivityFindBackup, in).Get(ctx, &found)
	return found, err
}

// awaitBackup waits for the backup where the input says so.
func (r *updateRun) awaitBackup(ctx workflow.Context, made contract.Backup) (problem string) {
	record := r.report.Backup
	record.ID, record.Status = made.ID, string(made.Status)
	if !r.in.Backup.Wait {
		record.Detail = "begun; the run does not wait for it (backup.wait is false)"
		return ""
	}
	timeout := r.in.Backup.Timeout
	r.waitFor(ctx, "backup %d to be completed", made.ID)
	var result contract.AwaitBackupResult
	err := workflow.ExecuteActivity(waitOptions(ctx, timeout.Std(), "wait until the backup is completed"), contract.ActivityAwaitBackup,
		contract.AwaitBackupInput{ServerID: r.serverID, BackupID: made.ID, Timeout: timeout}).Get(ctx, &result)
	if err != nil {
		return fmt.Sprintf("the wait for backup %d failed: %s", made.ID, plain(err))
	}
	if result.Backup.ID != 0 {
		record.Status = string(result.Backup.Status)
	}
	if result.State != contract.AwaitDone {
		return fmt.Sprintf("backup %d is not completed: %s", made.ID, trimDot(result.Detail))
	}
	return ""
}
