package main

var law3 = []Mutant{
	{
		Name: "no-server-check-on-restore", Law: Law3,
		Does: "A snapshot of another server is restored.",
		File: "activities/guard.go",
		Find: `	case found[0].ServerID != in.ServerID:
		return fmt.Sprintf("snapshot %d is of server %d, not of server %d", in.SnapshotID, found[0].ServerID, in.ServerID)
`,
		Kill: by("activities", "TestOnlyACompletedSnapshotOfTheSameServerMayBeRestored/of_another_server"),
	},
	{
		Name: "restore-of-an-unfinished-snapshot", Law: Law3,
		Does:    "Whatever has not failed is restored, a snapshot in progress too.",
		File:    "activities/guard.go",
		Find:    `case !found[0].Completed():`,
		Replace: `case found[0].Failed():`,
		Kill:    by("activities", "TestOnlyACompletedSnapshotOfTheSameServerMayBeRestored/in_progress"),
	},
	{
		Name: "restore-twice-on-an-ambiguous-answer", Law: Law3,
		Does: "After an ambiguous answer the restore is sent again without a look at the server.",
		File: "workflows/rollback.go",
		Find: `		r.note("restoring: %s; looked at the server before sending again", answer.Detail)
		how, detail := r.followRestore(ctx, a, answer.Detail)
		return how, detail, wait
`,
		Replace: `		return "", answer.Detail, wait
`,
		Kill: by("workflows", "TestTheRestoreProtocol/an_unclear_answer_is_looked_at,_and_seen_to_have_taken_effect"),
	},
	{
		Name: "refused-restore-taken-for-accepted", Law: Law3,
		Does: "A 400 to a restore always counts as accepted.",
		File: "workflows/rollback.go",
		Find: `	case contract.WriteAccepted:
		how, detail := r.followRestore(ctx, a, "accepted")
		return how, detail, wait
	case contract.WriteRefused:
		how, detail := r.restoreRefused(ctx, a, answer)
		return how, detail, wait
`,
		Replace: `	case contract.WriteAccepted, contract.WriteRefused:
		how, detail := r.followRestore(ctx, a, "accepted")
		return how, detail, wait
`,
		Kill: by("workflows", "TestTheRestoreProtocol/a_400_to_the_first_request_holds"),
	},
	{
		Name: "restore-of-somebody-else-taken-for-ours", Law: Law3,
		Does:    "A server that is restoring is taken for this run's doing after any POST of it, a clear yes too.",
		File:    "workflows/rollback.go",
		Find:    `		if a.unclear {`,
		Replace: `		if a.sent {`,
		Kill:    by("workflows", "TestTheRestoreProtocol/a_400_after_an_accepted_one_is_somebody_else's"),
	},
	{
		Name: "restore-into-a-restore-of-somebody-else", Law: Law3,
		Does: "A server that somebody else restores is followed as if this run had sent the restore.",
		File: "workflows/rollback_look.go",
		Find: `	if seen.RunID == r.report.OriginalRunID || seen.RunID == a.looked {
		return restoreHeld, "the server is being restored by somebody else"
	}
`,
		Kill: by("workflows", "TestTheRestoreProtocol/a_restore_of_somebody_else_seen_before_holds"),
	},
	{
		Name: "first-restore-after-a-reset-counts-as-looked-for", Law: Law3,
		Does:    "The first restore of a reset run says that its effect was looked for: the fence lets it pass.",
		File:    "workflows/rollback.go",
		Find:    `contract.RestoreSnapshotInput{Fence: r.fenceLooked(a.looked),`,
		Replace: `contract.RestoreSnapshotInput{Fence: r.fenceLooked(r.report.RunID),`,
		Kill:    by("workflows", "TestTheFirstRestoreOfAResetRunIsNotMarkedAsLookedFor"),
	},
	{
		Name: "stopped-before-restoring-is-finished", Law: Law3,
		Does:    "A server that is stopped twice in a row has been restored, although it never showed restoring.",
		File:    "activities/restore_state.go",
		Find:    `	if st.SeenRestoring {`,
		Replace: `	if st.SeenRestoring || st.Status == contract.ServerStopped {`,
		Kill:    by("activities", "TestARestoreHasFinishedExactlyAsLawThreeSays/stopped_before_it_shows_restoring"),
	},
	{
		Name: "stopped-server-is-quiet-too-soon", Law: Law3,
		Does:    "A server that ran and is stopped now gets no longer quiet than any other: it is started in its restore.",
		File:    "activities/restore_state.go",
		Find:    `return 2 * settle`,
		Replace: `return settle`,
		Kill:    by("activities", "TestARestoreHasFinishedExactlyAsLawThreeSays/stopped_that_ran:_longer_quiet"),
	},
	{
		Name: "one-look-ends-a-restore", Law: Law3,
		Does:    "One look that shows the server active ends the wait for its restore.",
		File:    "activities/restore_state.go",
		Find:    `if st.InARow < 2 {`,
		Replace: `if st.InARow < 1 {`,
		Kill:    by("activities", "TestARestoreHasFinishedExactlyAsLawThreeSays/restoring,_then_active_once"),
	},
	{
		Name: "unseen-restore-is-clear", Law: Law3,
		Does:    "A restore that nobody saw and nothing proves is reported as done for sure.",
		File:    "activities/restore_state.go",
		Find:    `done: true, unclear: true,`,
		Replace: `done: true,`,
		Kill:    by("activities", "TestARestoreHasFinishedExactlyAsLawThreeSays/unseen,_quiet,_not_moved"),
	},
	{
		Name: "gap-counts-as-watched", Law: Law3,
		Does:    "The time in which nobody looked counts as quiet.",
		File:    "activities/restore_state.go",
		Find:    `contract.Duration(min(at-st.at, limits.reach))`,
		Replace: `contract.Duration(at - st.at)`,
		Kill:    by("activities", "TestARestoreHasFinishedExactlyAsLawThreeSays/a_gap_is_not_watched"),
	},
	{
		Name: "unfinished-restore-is-finished", Law: Law3,
		Does:    "A wait for a restore that ran out of time counts as finished.",
		File:    "workflows/rollback.go",
		Find:    `case result.State != contract.AwaitDone:`,
		Replace: `case result.State == contract.AwaitFailed:`,
		Kill:    by("workflows", "TestARollbackThatFailsSaysTheNextCommand/the_restore_does_not_finish"),
	},
	{
		Name: "red-checks-send-restore-after-restore", Law: Law3,
		Does: "Each time the checks are red after an unseen restore, one more restore is sent.",
		File: "workflows/rollback.go",
		Find: `		a.again = true
`,
		Kill: by("workflows", "TestTheRestoreProtocol/unclear_and_red_twice_holds"),
	},
	{
		Name: "yes-about-another-server-believed", Law: Law3,
		Does: "A yes to a restore that names another server is believed.",
		File: "activities/snapshot_writes.go",
		Find: `	case started.Server.ID != 0 && started.Server.ID != serverID:
		known.Outcome = contract.WriteAmbiguous
		known.Detail = fmt.Sprintf("the API took the restore but answered about server %d, not %d", started.Server.ID, serverID)
`,
		Kill: by("activities", "TestARestoreWhoseAnswerNamesSomethingElseIsNotTakenForAYes"),
	},
	{
		Name: "red-checks-of-a-stopped-server-count", Law: Law3,
		Does: "The red checks of a server that was stopped before send a second restore.",
		File: "workflows/rollback.go",
		Find: `	if r.onDemand && a.before.Status == contract.ServerStopped {
		// Checks of a server that is down are red whatever it holds: no second restore may follow from that.
		return restoreHeld, unseen + ", and the checks prove nothing: the server was stopped before"
	}
`,
		Kill: by("workflows", "TestAStoppedServersRedChecksAreNoReasonForASecondRestore"),
	},
	{
		Name: "green-checks-prove-an-unseen-restore", Law: Law3,
		Does: "A restore that was asked for and that nobody saw counts as done when the checks are green, as they were before.",
		File: "workflows/rollback.go",
		Find: `		if r.onDemand { // nothing says that they were red before, as they were after a bad change
			return restoreHeld, unseen + ", and the checks are green, which proves nothing: they may have been green before"
		}
`,
		Kill: by("workflows", "TestARestoreOnDemandThatNobodySawIsHeldHoweverGreen"),
	},
	{
		Name: "green-proves-a-restore-without-red", Law: Law3,
		Does: "Green checks after an unseen restore end the run rolled back, although they were never seen red before it.",
		File: "workflows/rollback.go",
		Find: `		if !r.redBefore() && workflow.GetVersion(ctx, changeGreenBefore, workflow.DefaultVersion, 1) >= 1 {
			return restoreHeld, unseen + ", and the checks are green, which proves nothing: they were not seen red before the restore"
		}
`,
		Kill: by("workflows", "TestGreenProvesAnUnseenRestoreOnlyAfterRed"),
	},
	{
		Name: "latest-is-the-state-to-get-away-from", Law: Law3,
		Does:    "\"latest\" may mean a safety snapshot: the state that somebody wanted to get away from.",
		File:    "workflows/choose_snapshot.go",
		Find:    `return s.ServerID == serverID && s.Completed() && ours && marker.Purpose != contract.PurposeSafety`,
		Replace: `return s.ServerID == serverID && s.Completed() && ours`,
		Kill:    by("workflows", "TestChooseSnapshotFindsTheOneThatIsMeant"),
	},
	{
		Name: "work-since-the-named-run-overwritten", Law: Law3,
		Does: "A restore that was meant to undo one run goes on although another run has worked on the server since.",
		File: "workflows/rollback_by_restore.go",
		Find: `		r.checkUntouched, // 4. as 1, for whatever came while this run waited
`,
		Kill: by("workflows", "TestAServerThatWasWrittenToSinceIsRefused/while_it_waited"),
	},
	{
		Name: "restore-without-approval", Law: Law3,
		Does: "A restore that a person has denied is made.",
		File: "workflows/rollback_by_restore.go",
		Find: `		r.askApproval,    // 5. a person may say no
`,
		Kill: by("workflows", "TestAnApprovalThatNobodyGivesEndsTheRun"),
	},
	{
		Name: "restore-cuts-into-the-safety-snapshot", Law: Law3,
		Does: "The restore begins while the safety snapshot is still being made.",
		File: "workflows/rollback_by_restore_safety.go",
		Find: `	for _, s := range r.snapshots {
		if r.isOwn(s) && !s.Finished() {
			return end
		}
	}
`,
		Kill: by("workflows", "TestASafetySnapshotThatFailsEndsTheRunOnlyWhereItIsRequiredOrStillBeingMade/late,_still_in_progress"),
	},
}
