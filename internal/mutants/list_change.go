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
