package main

var law6 = []Mutant{
	{
		Name: "inconclusive-is-red", Law: Law6,
		Does:    "A verdict that is inconclusive rolls the change back.",
		File:    "workflows/judge.go",
		Find:    `	case verdict == contract.VerdictFailed:`,
		Replace: `	case verdict == contract.VerdictFailed, verdict == contract.VerdictInconclusive:`,
		Kill:    by("workflows", "TestTheChangesResultAndTheVerdictDecideTheNextStep"),
	},
	{
		Name: "inconclusive-is-green", Law: Law6,
		Does:    "A verdict that is not failed commits the change.",
		File:    "workflows/judge.go",
		Find:    `	case verdict != contract.VerdictPassed:`,
		Replace: `	case verdict != contract.VerdictPassed && verdict != contract.VerdictInconclusive:`,
		Kill:    by("workflows", "TestTheChangesResultAndTheVerdictDecideTheNextStep"),
	},
	{
		Name: "inconclusive-restores-again", Law: Law6,
		Does:    "Checks that cannot judge the server send a second restore.",
		File:    "workflows/rollback.go",
		Find:    `	case contract.VerdictFailed:`,
		Replace: `	case contract.VerdictFailed, contract.VerdictInconclusive:`,
		Kill:    by("workflows", "TestTheRestoreProtocol/unclear_and_inconclusive_holds_(law_6)"),
	},
	{
		Name: "check-that-errs-is-red", Law: Law6,
		Does:    "A verification that could not be made counts as failed.",
		File:    "workflows/judge.go",
		Find:    `return verification{Verdict: contract.VerdictInconclusive, Detail: "the verification could not be made: " + plain(err)}, false`,
		Replace: `return verification{Verdict: contract.VerdictFailed, Detail: "the verification could not be made: " + plain(err)}, false`,
		Kill:    by("workflows", "TestAVerificationThatCannotBeMadeHolds"),
	},
	{
		Name: "no-name-is-a-broken-server", Law: Law6,
		Does:    "A name that this worker cannot resolve is the server's fault.",
		File:    "internal/probe/classify.go",
		Find:    `return finding{unsure, "this worker could not resolve the name of the server"}`,
		Replace: `return finding{broken, "this worker could not resolve the name of the server"}`,
		Kill:    by("internal/probe", "TestEveryErrorIsBlamedOnTheRightSide"),
	},
	{
		Name: "silence-is-a-broken-server", Law: Law6,
		Does:    "A time-out fails the check without asking whether this worker reaches the API.",
		File:    "internal/probe/finding.go",
		Find:    `if apiReachable() && ctx.Err() == nil {`,
		Replace: `if ctx.Err() == nil {`,
		Kill:    by("internal/probe", "TestAConnectionThatNeverOpensIsJudgedByTheAPI"),
	},
	{
		Name: "unknown-authority-is-a-broken-server", Law: Law6,
		Does:    "A certificate whose authority this worker was not told of is the server's fault.",
		File:    "internal/probe/classify.go",
		Find:    `return finding{unsure, "this worker does not know the authority of the server's certificate: add it to the worker's roots"}`,
		Replace: `return finding{broken, "this worker does not know the authority of the server's certificate: add it to the worker's roots"}`,
		Kill:    by("internal/probe", "TestACertificateThatOnlyTheCheckerDoubtsIsInconclusive"),
	},
	{
		Name: "open-check-passes-the-round", Law: Law6,
		Does: "A round passes although one of its checks was inconclusive.",
		File: "internal/probe/probe.go",
		Find: `			round = contract.VerdictInconclusive
`,
		Kill: by("internal/probe", "TestOneFailedCheckFailsARoundAndOneOpenCheckLeavesItOpen"),
	},
	{
		Name: "time-over-is-red", Law: Law6,
		Does:    "A verification whose time is over fails the server although its last round was inconclusive.",
		File:    "activities/tally.go",
		Find:    `return conclusion{contract.VerdictInconclusive, fmt.Sprintf("the time (%s) was over and the last round was inconclusive", timeout)}`,
		Replace: `return conclusion{contract.VerdictFailed, fmt.Sprintf("the time (%s) was over and the last round was inconclusive", timeout)}`,
		Kill:    by("activities", "TestTheVerdictFollowsTheRowsOfRounds/time_over,_only_inconclusive"),
	},
	{
		Name: "no-baseline", Law: Law6,
		Does: "Nobody looks before the change: a check that was red before blames the change.",
		File: "workflows/snapshot_update_verify.go",
		Find: `		func() *ending { return r.baseline(r.beforeChange, r.baselineInput()) }, // 3. red before the change stops the run
`,
		Kill: by("workflows", "TestEveryFailingStepBeforeTheChangeEndsWithItsClass/the_checks_are_red_already"),
	},
	{
		Name: "inconclusive-baseline-goes-on", Law: Law6,
		Does: "A baseline whose checks cannot be made lets the change begin.",
		File: "workflows/preflight.go",
		Find: `	case contract.VerdictPassed:
		return nil
`,
		Replace: `	case contract.VerdictPassed, contract.VerdictInconclusive:
		return nil
`,
		Kill: by("workflows", "TestEveryFailingStepBeforeTheChangeEndsWithItsClass/the_checks_cannot_be_made"),
	},
}
