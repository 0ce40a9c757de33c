package main

// change breaks what keeps a change from being made twice, or from being judged by what nobody knows.
var change = []Mutant{
	{
		Name: "begin-granted-twice", Law: Change,
		Does:    "Every runner that asks is told that the change was granted to it.",
		File:    "workflows/external.go",
		Find:    `	case x.granted == request.Runner:`,
		Replace: `	case x.granted != "":`,
		Kill:    by("workflows", "TestBeginBlocksUntilTheSnapshotIsCompletedAndGrantsOneRunner"),
	},
	{
		Name: "begin-granted-again-after-a-reset", Law: Change,
		Does:    "A reset run grants the change that the run before may have granted.",
		File:    "workflows/external.go",
		Find:    `return marker.Get(&decidedBy) == nil && decidedBy == originalRunID`,
		Replace: `return marker.Get(&decidedBy) == nil`,
		Kill:    by("workflows", "TestAResetRunNeverGrantsAgain"),
	},
	{
		Name: "change-started-again-after-a-reset", Law: Change,
		Does: "A reset run starts the user's workflow that the run before may have started.",
		File: "workflows/change_workflow.go",
		Find: `	if !decidedByOriginalRun(r.safe, r.report.OriginalRunID) {
		return r.awaitEarlierChild(id)
	}
`,
		Kill: by("workflows", "TestAResetRunNeverStartsTheUsersWorkflow"),
	},
	{
		Name: "change-workflow-may-run-twice", Law: Change,
		Does:    "The user's workflow may run again under the same id.",
		File:    "workflows/change_workflow.go",
		Find:    `enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE`,
		Replace: `enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE`,
		Kill:    by("workflows", "TestAChangeByWorkflowCannotRunTwice"),
	},
	{
		Name: "second-attempt-of-a-run-changes-again", Law: Change,
		Does:    "A run that a caller's retry policy starts again makes the change again.",
		File:    "workflows/ending.go",
		Find:    `if info.Attempt <= 1 {`,
		Replace: `if info.Attempt <= 2 {`,
		Kill:    by("workflows", "TestASecondAttemptOfTemporalTouchesNothing"),
	},
	{
		Name: "failed-end-may-be-retried", Law: Change,
		Does:    "A failed end is retryable: a caller's retry policy makes the change again.",
		File:    "workflows/ending.go",
		Find:    `temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{*report}})`,
		Replace: `temporal.ApplicationErrorOptions{Details: []any{*report}})`,
		Kill:    by("workflows", "TestABadChangeIsRolledBackAndVerified"),
	},
	{
		Name: "any-runner-may-report", Law: Change,
		Does: "A report from a runner that was not granted the change settles it.",
		File: "workflows/external.go",
		Find: `	case request.Runner != x.granted:
		return refuse("runner %q was not granted the change", request.Runner)
`,
		Kill: by("workflows", "TestAReportIsRefusedWithTheReason"),
	},
	{
		Name: "report-after-the-restore-has-begun", Law: Change,
		Does: "A late report is taken while the restore overwrites the change.",
		File: "workflows/external.go",
		Find: `	case r.restoreBegun:
		return refuse("too late: the restore of the server has begun, and it overwrites the change")
`,
		Kill: by("workflows", "TestAReportIsRefusedWithTheReason"),
	},
	{
		Name: "heartbeat-of-anybody-counts", Law: Change,
		Does:    "The heartbeats of other runners keep a silent one alive.",
		File:    "workflows/external.go",
		Find:    `if r.external.granted != "" && beat.Runner == r.external.granted {`,
		Replace: `if r.external.granted != "" {`,
		Kill:    by("workflows", "TestASilentRunnerLeavesTheResultUnknown"),
	},
	{
		Name: "acknowledged-heartbeat-is-lost", Law: Change,
		Does: "A heartbeat that came while the worker was away does not count: the runner is restored under.",
		File: "workflows/external.go",
		Find: `		if err := letOthersRun(r.safe); err != nil {
			r.settleChange(contract.ChangeUnknown, plain(err))
			return
		}
`,
		Kill: by("workflows", "TestAnAcknowledgedHeartbeatCountsEvenWhenTheWorkerWasAway"),
	},
	{
		Name: "nobody-began-in-this-run-means-nobody-did", Law: Change,
		Does:    "A reset run in which no runner began says that the server was not changed.",
		File:    "workflows/external.go",
		Find:    `case !begun && !decidedByOriginalRun(r.safe, r.report.OriginalRunID):`,
		Replace: `case !begun && decidedByOriginalRun(r.safe, r.report.RunID) && x.earlierRun:`,
		Kill:    by("workflows", "TestAResetRunWithoutARunnerDoesNotSayThatNothingWasChanged"),
	},
	{
		Name: "not-begun-is-rolled-back", Law: Change,
		Does: "A runner's word that it did not begin the change is judged like a change: the server is verified and held.",
		File: "workflows/judge.go",
		Find: `	if r.report.Change.Result == contract.ChangeNotStarted {
		if end := r.neverBegun(ctx); end != nil {
			return end, false
		}
	}
`,
		Kill: by("workflows", "TestARunnerThatReportsThatItDidNotBeginLeavesTheServerAlone"),
	},
	{
		Name: "not-begun-is-trusted-after-a-reset", Law: Change,
		Does: "A reset run says that nothing was begun, though the run before may have heard more and restored the server.",
		File: "workflows/external_unstarted.go",
		Find: `	if !decidedByOriginalRun(r.safe, r.report.OriginalRunID) {
		r.settleChange(contract.ChangeUnknown, detail+"; but`,
		Replace: `	if false {
		r.settleChange(contract.ChangeUnknown, detail+"; but`,
		Kill: by("workflows", "TestARunThatWasResetDoesNotRestOnARunnerThatDidNotBegin"),
	},
	{
		Name: "silence-means-not-begun", Law: Change,
		Does:    "A runner that confirmed its grant and fell silent counts as one that never began.",
		File:    "workflows/external_unstarted.go",
		Find:    `case x.confirms && !x.confirmed:`,
		Replace: `case x.confirms:`,
		Kill:    by("workflows", "TestARunnerThatConfirmedItsGrantMayHaveChangedTheServer"),
	},
	{
		Name: "silence-without-a-promise-means-not-begun", Law: Change,
		Does:    "A runner that promised nothing and is never heard counts as one that never began.",
		File:    "workflows/external_unstarted.go",
		Find:    `case x.confirms && !x.confirmed:`,
		Replace: `case !x.confirmed:`,
		Kill:    by("workflows", "TestARunnerThatPromisesNothingMayHaveChangedTheServer"),
	},
	{
		Name: "silence-of-before-the-reset-counts", Law: Change,
		Does: "A reset run that has lost the heartbeats of the run before restores under a runner that still works.",
		File: "workflows/external_unstarted.go",
		Find: `		r.outlastEarlierRunner()
		if x.report`,
		Replace: `		if x.report`,
		Kill:    by("workflows", "TestAResetRunWaitsAnewForARunnerThatItHasNotHeard"),
	},
	{
		Name: "begin-granted-again-after-the-change", Law: Change,
		Does: "A runner whose change is over is told anew that it may make it.",
		File: "workflows/external.go",
		Find: `	case x.granted == request.Runner && r.report.Change.Result != "":
		return BeginAnswer{Detail: "this runner's change is over: " + resultWord(r.report.Change.Result)}, nil
`,
		Kill: by("workflows", "TestARunnerWhoseChangeIsOverIsNotGrantedItAgain"),
	},
	{
		Name: "not-begun-and-then-reported", Law: Change,
		Does: "A run that ends because its runner never began takes that runner's word that it succeeded.",
		File: "workflows/external.go",
		Find: `	case r.report.Change.Result == contract.ChangeNotStarted:
		return refuse("too late: the run has taken this runner for one that never began, and ends")
`,
		Kill: by("workflows", "TestARunThatEndsBecauseNothingWasBegunLetsNobodyBeginMeanwhile"),
	},
	{
		Name: "phase-of-a-change-that-never-began", Law: Change,
		Does: "A run that ends because its runner never began shows the phase of a change for as long as its end takes.",
		File: "workflows/external_unstarted.go",
		Find: `		r.enter(r.safe, PhasePrune)
`,
		Kill: by("workflows", "TestARunThatEndsBecauseNothingWasBegunLetsNobodyBeginMeanwhile"),
	},
	{
		Name: "promise-not-taken-back", Law: Change,
		Does:    "A runner that asks again without its promise is still taken at it.",
		File:    "workflows/external.go",
		Find:    `x.confirms = x.confirms && request.Confirms`,
		Replace: `x.confirms = x.confirms || request.Confirms`,
		Kill:    by("workflows", "TestARunnerThatPromisesNothingMayHaveChangedTheServer"),
	},
	{
		Name: "lost-answer-is-a-failed-change", Law: Change,
		Does:    "A webhook whose answer was lost counts as failed: restored without a look.",
		File:    "workflows/change_once.go",
		Find:    `r.settleChange(contract.ChangeUnknown, "the webhook's answer was lost: "+plain(err))`,
		Replace: `r.settleChange(contract.ChangeFailed, "the webhook's answer was lost: "+plain(err))`,
		Kill:    by("workflows", "TestAKilledWorkerLeavesTheChangeUnknownAndNeverRepeatsIt"),
	},
	{
		Name: "unknown-and-green-commits", Law: Change,
		Does: "A change whose result nobody knows is committed when the checks are green.",
		File: "workflows/judge.go",
		Find: `	default: // hold, and whatever a later version may add
		return stepHold
`,
		Replace: `	default: // hold, and whatever a later version may add
		return stepCommit
`,
		Kill: by("workflows", "TestTheChangesResultAndTheVerdictDecideTheNextStep"),
	},
	{
		Name: "cut-off-child-has-failed", Law: Change,
		Does:    "A user's workflow that was terminated or timed out counts as a clear no.",
		File:    "workflows/change_workflow.go",
		Find:    `return contract.ChangeUnknown, "the workflow was cut off: " + cut(err.Error(), maxDetail)`,
		Replace: `return contract.ChangeFailed, "the workflow was cut off: " + cut(err.Error(), maxDetail)`,
		Kill:    by("workflows", "TestOnlyTheChildsOwnWordDecidesAboutAWorkflowChange"),
	},
	{
		Name: "webhook-follows-a-redirect", Law: Change,
		Does:    "A webhook follows a redirect: the change is sent twice, or made a GET.",
		File:    "activities/webhook.go",
		Find:    `CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },`,
		Replace: `CheckRedirect: func(*http.Request, []*http.Request) error { return nil },`,
		Kill:    by("activities", "TestTheStatusDecidesHowAChangeEnded"),
	},
	{
		Name: "cut-webhook-was-not-sent", Law: Change,
		Does:    "A webhook whose connection was cut counts as never sent.",
		File:    "activities/webhook.go",
		Find:    `	if !connected {`,
		Replace: `	if !connected || errors.Is(err, io.EOF) {`,
		Kill:    by("activities", "TestALostAnswerLeavesTheChangeUnknown"),
	},
	{
		Name: "fence-not-asked-after-the-login", Law: Change,
		Does:    "A command over ssh is sent after a long login without asking for the lock again.",
		File:    "activities/run_ssh.go",
		Find:    `if held = w.admit(ctx); held != nil {`,
		Replace: `if held = w.again(); held != nil {`,
		Kill:    by("activities", "TestTheFenceHoldsACommandBeforeAndAfterTheLogin"),
	},
	{
		Name: "change-in-a-freeze-window", Law: Change,
		Does: "A freeze window that begins during the snapshot does not stop the change.",
		File: "workflows/change.go",
		Find: `	if why := frozen(r.safe, r.notDuring, r.serverID); why != "" {
		return notChanged(contract.FailChangeNotStarted, "A freeze window began before the change: %s.", why).
			withNext("start the run again after the window, or take it out of not_during.")
	}
`,
		Kill: by("workflows", "TestAFreezeWindowThatBeginsDuringTheSnapshotStopsTheChange"),
	},
}
