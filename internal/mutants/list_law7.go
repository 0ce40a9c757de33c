package main

var law7 = []Mutant{
	{
		Name: "no-lock", Law: Law7,
		Does: "SnapshotUpdateVerify does not take the server's lock.",
		File: "workflows/snapshot_update_verify.go",
		Find: `		func() *ending { return r.takeLock(r.beforeChange) },                    // 1. one runbook a server
`,
		Kill: by("workflows", "TestABusyServerFailsTheRunAndNamesTheHolder"),
	},
	{
		Name: "no-lock-for-a-rollback", Law: Law7,
		Does: "RollbackByRestore does not take the server's lock.",
		File: "workflows/rollback_by_restore.go",
		Find: `		r.takeLock,       // 2. one runbook a server
`,
		Kill: by("workflows", "TestABusyServerIsHandledAsOnBusySays"),
	},
	{
		Name: "no-lock-for-a-rotation", Law: Law7,
		Does: "SnapshotRotation does not take the server's lock.",
		File: "workflows/rotation.go",
		Find: `		r.takeLock,      // 2. one runbook a server
`,
		Kill: by("workflows", "TestABusyServerIsSkippedAndSaidSo"),
	},
	{
		Name: "no-stale-lock-take-over", Law: Law7,
		Does:    "The lock of a runbook that is gone counts as busy for ever.",
		File:    "activities/lock_state.go",
		Find:    `look.state, look.why = lockStale, "the runbook that held the lock is gone"`,
		Replace: `look.state, look.why = lockBusy, "the runbook that held the lock is gone"`,
		Kill:    by("activities", "TestALockIsTakenOnlyFromAHolderThatIsGoneAndAfterItsGrace/holder_ended"),
	},
	{
		Name: "own-lock-of-before-the-reset-is-busy", Law: Law7,
		Does:    "A reset run waits for the lock that the run before it holds: for itself.",
		File:    "activities/lock_state.go",
		Find:    `case lock.open() && holder.open() && !mine:`,
		Replace: `case lock.open() && holder.open():`,
		Kill:    by("activities", "TestALockIsTakenOnlyFromAHolderThatIsGoneAndAfterItsGrace/mine,_of_an_earlier_run"),
	},
	{
		Name: "take-over-without-run-id", Law: Law7,
		Does:    "A stale lock is terminated by its id alone: another runbook's fresh lock may be hit.",
		File:    "activities/await_lock.go",
		Find:    `a.locks.TerminateWorkflow(ctx, lockID, look.lockRunID, takenOver)`,
		Replace: `a.locks.TerminateWorkflow(ctx, lockID, "", takenOver)`,
		Kill:    by("activities", "TestTheLockOfADeadHolderIsTerminatedByRunIDAfterTheGrace"),
	},
	{
		Name: "take-over-without-grace", Law: Law7,
		Does:    "A stale lock is taken at once, while the last write of its holder may be in flight.",
		File:    "activities/await_lock.go",
		Find:    `if look.state == lockStale && left <= 0 {`,
		Replace: `if look.state == lockStale {`,
		Kill:    by("activities", "TestAStaleLockWhoseGraceIsLongerThanTheTimeSaysWhenItMayBeTaken"),
	},
	{
		Name: "grace-forgets-the-change", Law: Law7,
		Does:    "A holder that died during its change counts as quiet: its webhook may still work on the server.",
		File:    "activities/lock_view.go",
		Find:    `"restore": true, "prune": true,`,
		Replace: `"restore": true, "prune": true, "change": true,`,
		Kill:    by("activities", "TestALockIsTakenOnlyFromAHolderThatIsGoneAndAfterItsGrace/holder_killed_in_the_change"),
	},
	{
		Name: "grace-by-another-runs-phase", Law: Law7,
		Does: "The grace of a lock follows the phase of a later run than the one that took it.",
		File: "activities/lock_state.go",
		Find: `	if holder.runID != lock.parentRunID {
		phase = "" // of another run than the one that took the lock and may have a write in flight
	}
`,
		Kill: by("activities", "TestALockIsTakenOnlyFromAHolderThatIsGoneAndAfterItsGrace/the_latest_run_is_another_one"),
	},
	{
		Name: "grace-goes-on-for-another-lock", Law: Law7,
		Does:    "The grace that was counted for one run of the lock counts for the next one.",
		File:    "activities/lock_state.go",
		Find:    `if st.StaleRunID != look.lockRunID {`,
		Replace: `if st.StaleRunID == "" {`,
		Kill:    by("activities", "TestTheGraceIsCountedForOneRunOfTheLock"),
	},
	{
		Name: "lock-of-a-person-taken", Law: Law7,
		Does: "A lock that a person started to keep runbooks away is taken over.",
		File: "activities/lock_state.go",
		Find: `	case lock.open() && lock.parentID == "":
		// Started by hand, perhaps to keep every runbook away from a server. Nobody knows better than that person.
		look.state, look.why = lockBusy, "the lock was started by hand and belongs to no runbook"
`,
		Kill: by("activities", "TestALockIsTakenOnlyFromAHolderThatIsGoneAndAfterItsGrace/started_by_hand"),
	},
	{
		Name: "lock-closed-by-force-is-free", Law: Law7,
		Does:    "A lock that was terminated under a living holder is free at once.",
		File:    "activities/lock_state.go",
		Find:    `case lock.released() || !holder.open():`,
		Replace: `case !lock.open():`,
		Kill:    by("activities", "TestALockIsTakenOnlyFromAHolderThatIsGoneAndAfterItsGrace/forced,_holder_alive"),
	},
	{
		Name: "paused-holder-is-gone", Law: Law7,
		Does:    "A runbook that is paused counts as gone, and its lock is taken.",
		File:    "activities/lock_view.go",
		Find:    `return r.status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING || r.status == enums.WORKFLOW_EXECUTION_STATUS_PAUSED`,
		Replace: `return r.status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING`,
		Kill:    by("activities", "TestALockIsTakenOnlyFromAHolderThatIsGoneAndAfterItsGrace/paused_holder"),
	},
	{
		Name: "lock-cancelled-with-its-runbook", Law: Law7,
		Does:    "A cancel of the runbook cancels its lock, while it finishes a rollback.",
		File:    "workflows/lock_hold.go",
		Find:    `safe, _ := workflow.NewDisconnectedContext(ctx)`,
		Replace: `safe := ctx`,
		Kill:    by("workflows", "TestACancelOfARunbookIsNoCancelOfItsLock"),
	},
	{
		Name: "lock-terminated-with-its-runbook", Law: Law7,
		Does:    "A runbook that is terminated frees its server at once, while its last write may be in flight.",
		File:    "workflows/lock_hold.go",
		Find:    `ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,`,
		Replace: `ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_TERMINATE,`,
		Kill:    by("workflows", "TestALockOutlivesARunbookThatIsTerminated"),
	},
	{
		Name: "cancelled-lock-lets-go-at-once", Law: Law7,
		Does:    "A lock that is cancelled counts its grace on the cancelled context: not at all.",
		File:    "workflows/server_lock.go",
		Find:    `free, cancel := workflow.NewDisconnectedContext(ctx)`,
		Replace: `free, cancel := workflow.WithCancel(ctx)`,
		Kill:    by("workflows", "TestACanceledLockKeepsTheServerClosedForTheGrace"),
	},
	{
		Name: "unknown-grace-is-the-shorter-one", Law: Law7,
		Does:    "A lock that cannot ask how long to stay closed waits for the shorter time.",
		File:    "workflows/server_lock.go",
		Find:    `grace.Grace = max(in.WriteGrace, in.ChangeGrace) // not known: the longer one is the safe one`,
		Replace: `grace.Grace = in.WriteGrace`,
		Kill:    by("workflows", "TestAGraceThatIsNotKnownIsTheLongerOne"),
	},
	{
		Name: "grace-shorter-than-a-write", Law: Law7,
		Does:    "The server opens again before the longest write of a dead holder has met its deadline.",
		File:    "internal/contract/lock.go",
		Find:    `const WriteGrace = CheckedWriteDeadline`,
		Replace: `const WriteGrace = WriteDeadline`,
		Kill:    by("internal/contract", "TestAWriteEndsBeforeItsDeadlineWithRoomToReport"),
	},
	{
		Name: "grace-shorter-than-the-webhook", Law: Law7,
		Does:    "The server opens again while the webhook of a dead holder may still be under way.",
		File:    "workflows/change.go",
		Find:    `return max(contract.WriteGrace, changeDeadline(u.Timeout.Std()))`,
		Replace: `return contract.WriteGrace`,
		Kill:    by("workflows", "TestTheLockIsAskedForWithTheGraceOfTheChange"),
	},
	{
		Name: "lock-lost-before-the-change-goes-on", Law: Law7,
		Does: "A run that loses its lock before its change takes it again and goes on with what it saw before.",
		File: "workflows/lock_hold.go",
		Find: `	if !r.changeBegun {
		r.lockLostEarly = true
		r.cancelBeforeChange()
		return
	}
	r.retakeLock(ctx, lock)
`,
		Replace: `	r.retakeLock(ctx, lock)
`,
		Kill: by("workflows", "TestALockLostBeforeTheChangeStopsTheRun/it_ends_during_the_wait"),
	},
	{
		Name: "lost-lock-not-taken-again", Law: Law7,
		Does:    "A run that loses its lock after its change does not take it again: the rollback waits for ever.",
		File:    "workflows/lock_hold.go",
		Find:    `if busy == nil && err == nil {`,
		Replace: `if busy != nil && err == nil {`,
		Kill:    by("workflows", "TestALockLostAfterTheChangeBeganIsTakenAgain"),
	},
	{
		Name: "restore-without-the-lock", Law: Law7,
		Does: "A rollback restores although the lock was lost and another run holds it.",
		File: "workflows/rollback.go",
		Find: `		if !r.ensureLock(ctx) {
			return restoreFailed, "the server's lock was lost and another run holds it"
		}
`,
		Kill: by("workflows", "TestALockThatCannotBeTakenAgainEndsWithoutAWrite"),
	},
	{
		Name: "commit-without-the-lock", Law: Law7,
		Does: "A change is committed although another run holds the server: what the checks saw may be its work.",
		File: "workflows/snapshot_update_verify.go",
		Find: `	if !r.ensureLock(r.safe) {
		return r.lockGone()
	}
`,
		Kill: by("workflows", "TestALockThatCannotBeTakenAgainEndsWithoutAWrite"),
	},
	{
		Name: "lock-not-released", Law: Law7,
		Does: "A run ends without releasing its lock: its server stays closed for the grace.",
		File: "workflows/server_run.go",
		Find: `	r.releaseLock(r.safe)
`,
		Kill: by("workflows", "TestEveryFailingStepBeforeTheChangeEndsWithItsClass/the_snapshot_failed"),
	},
}
