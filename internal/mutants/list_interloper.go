package main

// interloper are mutants of what a run does that had lost its lock, or was reset, while another run may have worked.
var interloper = []Mutant{
	{
		Name: "nobody-asks-who-held-a-lost-lock", Law: Law7,
		Does:    "A run takes a lost lock again and does not ask who held it meanwhile: its rollback undoes the change of another run.",
		File:    "workflows/lock_hold.go",
		Find:    `counts := r.changeBegun && r.countsInterlopers(ctx)`,
		Replace: `counts := !r.changeBegun && r.countsInterlopers(ctx)`,
		Kill:    by("workflows", "TestARestoreOverTheWorkOfAnotherRunIsAPersonsDecision/it_has_come_and_gone"),
	},
	{
		Name: "awaited-holder-forgotten", Law: Law7,
		Does:    "A run waits for another one to let go of the lock it had lost, and then rolls back over its work.",
		File:    "workflows/lock_hold.go",
		Find:    `if counts && r.lockWaits > waits &&`,
		Replace: `if counts && r.lockWaits < waits &&`,
		Kill:    by("workflows", "TestARestoreOverTheWorkOfAnotherRunIsAPersonsDecision/it_is_waited_for"),
	},
	{
		Name: "unknown-holder-taken-for-none", Law: Law7,
		Does:    "Temporal has forgotten who held the lock, and the run takes that for nobody.",
		File:    "workflows/interloper.go",
		Find:    `case !last.Found:`,
		Replace: `case !last.Found && false:`,
		Kill:    by("workflows", "TestARestoreOverTheWorkOfAnotherRunIsAPersonsDecision/Temporal_has_forgotten"),
	},
	{
		Name: "unaskable-holder-taken-for-none", Law: Law7,
		Does:    "Nobody can say who held the lock, and the run takes that for nobody.",
		File:    "workflows/interloper.go",
		Find:    `case err != nil:`,
		Replace: `case err != nil && last.Found:`,
		Kill:    by("workflows", "TestARestoreOverTheWorkOfAnotherRunIsAPersonsDecision/nobody_can_be_asked"),
	},
	{
		Name: "restore-over-another-runs-work", Law: Law7,
		Does: "A rollback does not stop although another run held the server's lock meanwhile.",
		File: "workflows/rollback.go",
		Find: `		if why := r.askAboutInterlopers(); why != "" {
			return restoreHeld, why
		}
`,
		Replace: ``,
		Kill:    by("workflows", "TestARestoreOnDemandOverTheWorkOfAnotherRunIsAskedForAgain"),
	},
	{
		Name: "commit-of-another-runs-work", Law: Law7,
		Does:    "Green checks commit a change although another run held the lock, and may have made the server green.",
		File:    "workflows/snapshot_update_verify.go",
		Find:    `if r.unasked() {`,
		Replace: `if r.unasked() && r.in.DryRun {`,
		Kill:    by("workflows", "TestGreenChecksOfAServerThatAnotherRunHadAreNoProofOfTheChange"),
	},
	{
		Name: "lock-lost-in-the-moment-before-the-change", Law: Law8,
		Does:    "A lock that is lost in the very moment before the change is waited for, and nobody takes it: the run hangs.",
		File:    "workflows/lock_hold.go",
		Find:    `if r.lockLostEarly && r.lock.lost && r.countsInterlopers(ctx) {`,
		Replace: `if r.lockLostEarly && r.lock.lost && !r.changeBegun {`,
		Kill:    by("internal/sim", "TestWhatWasFoundOnceStaysMended/lock-lost-in-the-moment-before-the-change.json"),
	},
	{
		Name: "reset-run-says-nothing-of-the-run-before", Law: Law11,
		Does:    "A run that was reset and then skipped says that nothing was changed, and not that the run before may have left the server down.",
		File:    "workflows/ending.go",
		Find:    `end.outcome == OutcomeCanceled || end.outcome == OutcomeSkipped`,
		Replace: `end.outcome == OutcomeCanceled`,
		Kill:    by("workflows", "TestAResetRunThatEndsEarlySendsAPersonToTheServer/skipped"),
	},
	{
		Name: "reset-run-sends-nobody-to-the-server", Law: Law11,
		Does:    "A run that was reset and then ended early does not tell anybody to start the server that the run before may have left down.",
		File:    "workflows/ending.go",
		Find:    `end.next = look + "; then " + next`,
		Replace: `_ = look + next`,
		Kill:    by("workflows", "TestAResetRunThatEndsEarlySendsAPersonToTheServer/denied"),
	},
	{
		Name: "own-lock-taken-from-itself", Law: Law7,
		Does:    "A run that took its lost lock again, to start its server, takes it once more: from itself, after the whole grace.",
		File:    "workflows/lock_hold.go",
		Find:    `if r.lockLostEarly && r.lock.lost && r.countsInterlopers(ctx) {`,
		Replace: `if r.lockLostEarly && r.countsInterlopers(ctx) {`,
		Kill:    by("workflows", "TestEveryEndAfterAStopLeavesTheServerUp/the_lock_is_lost"),
	},
	{
		Name: "one-word-for-every-interloper", Law: Law7,
		Does:    "A person's word about one other run counts for the next one too, of which nobody was told.",
		File:    "workflows/interloper.go",
		Find:    `r.interlopersAsked = len(r.interlopers)`,
		Replace: `r.interlopersAsked = len(r.interlopers) + 100`,
		Kill:    by("workflows", "TestAnInterloperThatComesWhileThePersonThinksIsAskedAboutAgain"),
	},
	{
		Name: "snapshots-of-other-runs-overlooked", Law: Law7,
		Does:    "A snapshot that another run has made since says nothing to a run that is about to restore its own.",
		File:    "workflows/interloper.go",
		Find:    `marker.RunID != r.own.RunID && !known && !older`,
		Replace: `marker.RunID == r.own.RunID && !known && !older`,
		Kill:    by("workflows", "TestARestoreOverTheWorkOfAnotherRunIsAPersonsDecision/it_has_left_a_snapshot"),
	},
	{
		Name: "reset-run-believes-in-its-old-lock", Law: Law7,
		Does: "A run that was reset after its end goes by the lock that it held then, and asks nobody who has had the server since.",
		File: "workflows/interloper.go",
		Find: `	if wasReset { // otherwise the holder was looked for when the lock was taken again
		r.meetLastHolder(ctx)
	}
`,
		Replace: "",
		Kill:    by("workflows", "TestAResetRunAsksBeforeItRestoresOverALaterRun"),
	},
	{
		Name: "question-without-the-interloper", Law: Law7,
		Does:    "A person who is asked for another reason is not told that another run had the server.",
		File:    "workflows/judge.go",
		Find:    `why := r.withInterlopers(holdCause(change, verdict))`,
		Replace: `why := holdCause(change, verdict)`,
		Kill:    by("workflows", "TestAPersonWhoIsAskedForAnotherReasonIsToldOfTheInterloperToo"),
	},
}
