package main

var law8 = []Mutant{
	{
		Name: "time-starts-over-with-each-worker", Law: Law8,
		Does:    "A wait whose worker died begins its time anew: with enough crashes it never ends.",
		File:    "activities/progress.go",
		Find:    `w.base, w.state = last.Elapsed.Std(), last.State`,
		Replace: `w.state = last.State`,
		Kill:    by("activities", "TestAWaitResumesItsTimeAndStateFromTheLastHeartbeat"),
	},
	{
		Name: "time-over-without-a-look", Law: Law8,
		Does: "A wait that comes back after its time is over says so without having looked.",
		File: "activities/observe.go",
		Find: `		if answers < o.least {
			left = max(left, o.grace-w.here())
		}
`,
		Replace: `		_ = answers < o.least
`,
		Kill: by("activities", "TestAWaitWhoseTimeIsOverStillLooksBeforeItSaysSo"),
	},
	{
		Name: "late-restore-gets-what-is-left", Law: Law8,
		Does:    "A restore that was accepted in the last minute has that minute to finish.",
		File:    "workflows/rollback.go",
		Find:    `timeout := r.restoreTimeout.Std() // from here: a restore that was accepted late takes as long as any other`,
		Replace: `timeout := r.left(ctx, a)`,
		Kill:    by("workflows", "TestARestoreIsFollowedForTheWholeTimeoutFromItsAcceptance"),
	},
	{
		Name: "mended-token-asked-in-a-hot-loop", Law: Law8,
		Does: "A token that works but lacks a permission is asked for again without a pause.",
		File: "workflows/rollback.go",
		Find: `		// A token that works again may still lack this permission: with the pause, the next try is not a hot loop.
		return "", answer.Detail, wait
`,
		Replace: `		return "", answer.Detail, 0
`,
		Kill: by("workflows", "TestATokenWithoutThePermissionIsNotAskedInAHotLoop/restore"),
	},
	{
		Name: "dead-worker-costs-the-whole-wait", Law: Law8,
		Does: "A wait has no heartbeat time-out: the death of its worker is noticed when its time is over.",
		File: "workflows/options.go",
		Find: `		StartToCloseTimeout: timeout + time.Hour,
		HeartbeatTimeout:    heartbeatTimeout,
`,
		Replace: `		StartToCloseTimeout: timeout + time.Hour,
`,
		Kill: by("workflows", "TestAWaitIsTakenOverFromAWorkerThatIsSilent"),
	},
}

var law9 = []Mutant{
	{
		Name: "clean-up-on-the-cancelled-context", Law: Law9,
		Does:    "What must not be left half done runs on the context that a cancel ends.",
		File:    "workflows/server_run.go",
		Find:    `r.safe, _ = workflow.NewDisconnectedContext(ctx)`,
		Replace: `r.safe = ctx`,
		Kill:    by("workflows", "TestACancelBeforeTheChangeStopsAndWritesNothingMore"),
	},
	{
		Name: "lock-released-on-the-cancelled-context", Law: Law9,
		Does:    "A cancelled run does not wait for the end of its lock: the next one finds a busy server.",
		File:    "workflows/server_run.go",
		Find:    `r.releaseLock(r.safe)`,
		Replace: `r.releaseLock(r.beforeChange)`,
		Kill:    by("workflows", "TestACanceledRunWaitsForTheEndOfItsLock"),
	},
	{
		Name: "cancel-interrupts-a-rollback", Law: Law9,
		Does: "A cancel ends a rollback in the middle.",
		File: "workflows/rollback.go",
		Find: `	ctx := r.safe
	r.restoreBegun = true
`,
		Replace: `	ctx := r.beforeChange
	r.restoreBegun = true
`,
		Kill: by("workflows", "TestACancelNeverInterruptsARollback"),
	},
	{
		Name: "cancel-during-the-change-goes-on", Law: Law9,
		Does: "A run that was cancelled during its change verifies and commits.",
		File: "workflows/judge.go",
		Find: `	if ctx.Err() != nil {
		return r.rollBack(ctx, "canceled by a person during the change")
	}
`,
		Kill: by("workflows", "TestACancelWhileTheChangeIsMadeWaitsForItsEndThenRestores"),
	},
	{
		Name: "cancel-interrupts-the-commit", Law: Law9,
		Does:    "A cancel during the commit ends the prune in the middle.",
		File:    "workflows/snapshot_update_verify.go",
		Find:    `return r.commit(r.safe)`,
		Replace: `return r.commit(ctx)`,
		Kill:    by("workflows", "TestACancelDuringTheCommitPrunesToTheEnd"),
	},
	{
		Name: "restore-under-a-runner-that-works", Law: Law9,
		Does:    "A cancel does not wait for the runner: the restore begins under its work.",
		File:    "workflows/external.go",
		Find:    `if _, err := awaitFor(r.safe, min(silent, total),`,
		Replace: `if _, err := awaitFor(ctx, min(silent, total),`,
		Kill:    by("workflows", "TestACancelWhileARunnerWorksWaitsForItsEndThenRestores"),
	},
	{
		Name: "cancel-decides-a-held-rollback", Law: Law9,
		Does: "A cancel that came before the hold of a rollback ends it, and leaves the server as nobody decided.",
		File: "workflows/hold.go",
		Find: `	if ctx.Err() != nil {
		waitOn = r.safe
	}
`,
		Kill: by("workflows", "TestAHoldAfterACancelCanStillBeDecided"),
	},
}
