package main

// interloper are mutants of what a run does that had lost its lock, or was reset, while another run may have worked.
var interloper = []Mutant{
	{
		Name: "nobody-asks-who-held-a-lost-lock", Law: Law7,
		Does:    "A run takes a lost lock again and does not ask who held it meanwhile: its rollback undoes the change of another run.",
		File:    "workflows/lock_hold.go",
		Find:    `counts := r.changeBegun && workflow.GetVersion(`,
		Replace: `counts := !r.changeBegun && workflow.GetVersion(`,
		Kill:    by("workflows", "TestARestoreOverTheWorkOfAnotherRunIsAPersonsDecision/it_has_come_and_gone"),
	},
	{
		Name: "awaited-holder-forgotten", Law: Law7,
		Does:    "A run waits for another one to let go of the lock it had lost, and then rolls back over its work.",
		File:    "workflows/lock_hold.go",
		Find:    `if counts && r.lockWaitedFor != "" &&`,
		Replace: `if counts && r.lockWaitedFor == "" &&`,
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
		Find: `		if why := r.heldForInterloper(); why != "" {
			return restoreHeld, why
		}
`,
		Replace: "",
		Kill:    by("workflows", "TestARestoreOnDemandOverTheWorkOfAnotherRunIsAskedForAgain"),
	},
	{
		Name: "commit-of-another-runs-work", Law: Law7,
		Does:    "Green checks commit a change although another run held the lock, and may have made the server green.",
		File:    "workflows/snapshot_update_verify.go",
		Find:    `if r.interloper != "" && !r.decidedToKeep() {`,
		Replace: `if r.interloper != "" && r.decidedToKeep() {`,
		Kill:    by("workflows", "TestGreenChecksOfAServerThatAnotherRunHadAreNoProofOfTheChange"),
	},
	{
		Name: "lock-lost-in-the-moment-before-the-change", Law: Law8,
		Does:    "A lock that is lost in the very moment before the change is waited for, and nobody takes it: the run hangs.",
		File:    "workflows/lock_hold.go",
		Find:    `	if r.lockLostEarly { // it was`,
		Replace: `	if r.lockLostEarly && !r.changeBegun { // it was`,
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
		Find:    `	end.next = look + "; then " + end.next`,
		Replace: `	_ = look`,
		Kill:    by("workflows", "TestAResetRunThatEndsEarlySendsAPersonToTheServer/denied"),
	},
}
