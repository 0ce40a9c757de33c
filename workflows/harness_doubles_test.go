package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// registerDoubles registers the happy path of every activity by its contract name.
func (h *harness) registerDoubles() {
	double(h, contract.ActivityPreflight, func(contract.PreflightInput) contract.PreflightResult {
		return contract.PreflightResult{TokenName: "ci", Server: h.server, Snapshots: h.existing, RunID: testRunID}
	})
	double(h, contract.ActivityReadServer, func(contract.ServerInput) contract.ReadServerResult {
		return contract.ReadServerResult{Server: h.server, Snapshots: h.all(), RunID: testRunID}
	})
	find := func(contract.FindSnapshotInput) contract.FindSnapshotResult {
		return contract.FindSnapshotResult{All: h.existing, RunID: testRunID}
	}
	double(h, contract.ActivityListSnapshots, find)
	double(h, contract.ActivityFindSnapshot, find)
	double(h, contract.ActivityCreateSnapshot, func(in contract.CreateSnapshotInput) contract.CreateSnapshotResult {
		s := ownSnapshot(testSnapshotID, contract.SnapshotInProgress)
		s.Name, s.Description = in.Name, in.Description
		return contract.CreateSnapshotResult{Answer: accepted(), Snapshot: s}
	})
	double(h, contract.ActivityAwaitSnapshot, func(in contract.AwaitSnapshotInput) contract.AwaitSnapshotResult {
		s := ownSnapshot(in.ID, contract.SnapshotCompleted)
		s.Name, s.Description = in.Own.Name, contract.Marker{RunID: in.Own.RunID, Policy: contract.PolicyUpdate}.Describe("")
		return contract.AwaitSnapshotResult{State: contract.AwaitDone, Snapshot: s, All: append(h.existing[:len(h.existing):len(h.existing)], s)}
	})
	double(h, contract.ActivityDeleteSnapshot, func(contract.DeleteSnapshotInput) contract.DeleteSnapshotResult {
		return contract.DeleteSnapshotResult{Answer: accepted(), Deleted: true}
	})
	double(h, contract.ActivityRestoreSnapshot, func(contract.RestoreSnapshotInput) contract.RestoreSnapshotResult {
		return contract.RestoreSnapshotResult{Answer: accepted()}
	})
	double(h, contract.ActivityAwaitRestore, func(contract.AwaitRestoreInput) contract.AwaitRestoreResult {
		return contract.AwaitRestoreResult{RunID: testRunID, State: contract.AwaitDone, Server: h.server, SeenRestoring: true}
	})
	power := func(contract.PowerInput) contract.PowerResult { return contract.PowerResult{Answer: accepted()} }
	double(h, contract.ActivityStopServer, power)
	double(h, contract.ActivityStartServer, power)
	double(h, contract.ActivityAwaitServer, func(in contract.AwaitServerInput) contract.AwaitServerResult {
		s := h.server
		s.Status = in.Want
		return contract.AwaitServerResult{State: contract.AwaitDone, Server: s}
	})
	double(h, contract.ActivityAwaitAccess, func(contract.AwaitAccessInput) contract.AwaitAccessResult {
		return contract.AwaitAccessResult{State: contract.AwaitDone}
	})
	double(h, contract.ActivitySendWebhook, func(contract.SendWebhookInput) contract.SendWebhookResult {
		return contract.SendWebhookResult{Result: contract.ChangeSucceeded, Status: 200, Detail: "HTTP 200"}
	})
	double(h, contract.ActivityRunSSH, func(contract.RunSSHInput) contract.RunSSHResult {
		code := 0
		return contract.RunSSHResult{Result: contract.ChangeSucceeded, ExitCode: &code, Output: "done", Detail: "exit code 0"}
	})
	double(h, contract.ActivityFindBackup, func(contract.FindBackupInput) contract.FindBackupResult {
		return contract.FindBackupResult{RunID: testRunID}
	})
	double(h, contract.ActivityCreateBackup, func(in contract.CreateBackupInput) contract.CreateBackupResult {
		return contract.CreateBackupResult{Answer: accepted(), Backup: contract.Backup{ID: testBackupID, ServerID: in.ServerID, Status: contract.BackupInProgress}}
	})
	double(h, contract.ActivityAwaitBackup, func(in contract.AwaitBackupInput) contract.AwaitBackupResult {
		return contract.AwaitBackupResult{State: contract.AwaitDone, Backup: contract.Backup{ID: in.BackupID, Status: contract.BackupCompleted}}
	})
	double(h, contract.ActivityNotify, func(contract.NotifyInput) struct{} { return struct{}{} })
	double(h, contract.ActivityAwaitRun, func(in contract.AwaitRunInput) contract.AwaitRunResult {
		return contract.AwaitRunResult{State: contract.AwaitDone, Ended: []contract.RunEnd{{WorkflowID: in.Runs[0].WorkflowID, Status: contract.RunCompleted}}}
	})
	double(h, contract.ActivityVerify, func(contract.VerifyInput) contract.VerifyResult { return verdict(contract.VerdictPassed) })
	double(h, contract.ActivityAwaitLock, func(contract.AwaitLockInput) contract.AwaitLockResult {
		return contract.AwaitLockResult{Free: true}
	})
	double(h, contract.ActivityLastHolder, func(contract.LastHolderInput) contract.LastHolderResult {
		if len(h.locks) > 0 {
			return contract.LastHolderResult{Found: true, HolderWorkflowID: h.locks[len(h.locks)-1].HolderWorkflowID}
		}
		return contract.LastHolderResult{Found: true, HolderWorkflowID: testAfterRun, HolderRunID: "r41"}
	})
	double(h, contract.ActivityLockGrace, func(in contract.LockGraceInput) contract.LockGraceResult {
		return contract.LockGraceResult{Grace: in.WriteGrace}
	})
}

// all is the server's list once the run has its snapshot.
func (h *harness) all() []contract.Snapshot {
	own := ownSnapshot(testSnapshotID, contract.SnapshotCompleted)
	if h.originalRunID != "" {
		own.Description = contract.Marker{RunID: h.originalRunID, Policy: contract.PolicyUpdate}.Describe("")
	}
	return append(h.existing[:len(h.existing):len(h.existing)], own)
}

func ownSnapshot(id int64, status contract.SnapshotStatus) contract.Snapshot {
	return contract.Snapshot{ID: id, ServerID: testServerID, Name: "pre-update-12345-x", Status: status, CreatedAt: testTakenAt, SizeMB: 5120,
		Description: contract.Marker{RunID: testRunID, Policy: contract.PolicyUpdate}.Describe("")}
}

// olderSnapshot is a completed one that an earlier run of this runbook left; a higher id is a newer one.
func olderSnapshot(id int64) contract.Snapshot {
	return contract.Snapshot{ID: id, ServerID: testServerID, Name: "pre-update-12345-old", Status: contract.SnapshotCompleted,
		CreatedAt:   testStart.Add(-time.Duration(1000-id) * time.Hour),
		Description: contract.Marker{RunID: "an-older-run", Policy: contract.PolicyUpdate}.Describe("")}
}

// handMade is a snapshot that a person made: it counts for the quota and is never deleted.
func handMade(id int64) contract.Snapshot {
	s := olderSnapshot(id)
	s.Name, s.Description = "before-migration", "by hand"
	return s
}

func accepted() contract.WriteAnswer {
	return contract.WriteAnswer{Outcome: contract.WriteAccepted, Status: 200}
}

func write(outcome contract.WriteOutcome, status int) contract.WriteAnswer {
	return contract.WriteAnswer{Outcome: outcome, Status: status, Detail: "the API said " + string(outcome)}
}

func verdict(v contract.Verdict) contract.VerifyResult {
	return contract.VerifyResult{Verdict: v, Rounds: 3, Detail: "home is " + string(v), Last: []contract.CheckResult{{Name: "home", Verdict: v, Detail: "seen " + string(v)}}}
}

// Steps that many tests use.
func verified(v contract.Verdict) step { return step{reply: verdict(v)} }

func created(answer contract.WriteAnswer) step {
	return step{reply: contract.CreateSnapshotResult{Answer: answer}}
}

func restored(answer contract.WriteAnswer) step {
	return step{reply: contract.RestoreSnapshotResult{Answer: answer}}
}

func changed(result contract.ChangeResult) step {
	return step{reply: contract.SendWebhookResult{Result: result, Detail: "the change ended " + string(result)}}
}

func deleted(answer contract.WriteAnswer, gone bool) step {
	return step{reply: contract.DeleteSnapshotResult{Answer: answer, Deleted: gone}}
}

func powered(answer contract.WriteAnswer) step {
	return step{reply: contract.PowerResult{Answer: answer}}
}

// workerKilled is what a workflow sees of a write whose worker died.
func workerKilled() step {
	return step{err: temporal.NewTimeoutError(1 /* start to close */, nil)}
}

// unclearRestore is a wait that never saw the server restoring and could not tell by its updated_at.
func unclearRestore() step {
	return step{reply: func(in contract.AwaitRestoreInput) contract.AwaitRestoreResult {
		return contract.AwaitRestoreResult{RunID: testRunID, State: contract.AwaitDone, Server: in.Before, Unclear: true}
	}}
}

// apiError is a read that the activities gave up on, by failure class.
func apiError(class string) step {
	return step{err: temporal.NewNonRetryableApplicationError("the API said no", class, nil)}
}
