package main

// fleet breaks the engine that runs many servers.
var fleet = []Mutant{
	{
		Name: "one-error-more-than-allowed", Law: Fleet,
		Does:    "A fleet goes on after max_errors plus one.",
		File:    "workflows/fan_out_state.go",
		Find:    `if s.Counts.Errors > l.errors {`,
		Replace: `if s.Counts.Errors > l.errors+1 {`,
		Kill:    by("workflows", "TestTheFleetStopsWhenErrorNumberMaxErrorsPlusOneArrives"),
	},
	{
		Name: "rollbacks-do-not-stop-a-fleet", Law: Fleet,
		Does:    "Rollbacks are counted and never stop a fleet.",
		File:    "workflows/fan_out_state.go",
		Find:    `if s.Counts.RolledBack > l.rollbacks {`,
		Replace: `if s.Counts.RolledBack > l.rollbacks && s.Counts.Errors > 0 {`,
		Kill:    by("workflows", "TestRollbacksAreCountedApartFromErrors"),
	},
	{
		Name: "skipped-canary-proves-something", Law: Fleet,
		Does:    "A canary that was skipped lets the fleet go on.",
		File:    "workflows/fan_out_state.go",
		Find:    `if s.trying(l) && kind != kindDone && kind != kindPlanned {`,
		Replace: `if s.trying(l) && kind != kindDone && kind != kindPlanned && kind != kindSkipped {`,
		Kill:    by("workflows", "TestACanaryThatIsNotCommittedStopsTheFleetWhateverTheRulesTake"),
	},
	{
		Name: "unknown-end-is-a-success", Law: Fleet,
		Does: "An end whose word nobody knows counts as done.",
		File: "workflows/fan_out_state.go",
		Find: `	default: // everything else, an unknown word of a later version too: never a success by accident
		return kindError
`,
		Replace: `	default:
		return kindDone
`,
		Kill: by("workflows", "TestEveryWayInWhichARunCanEndIsCounted"),
	},
	{
		Name: "target-may-run-twice", Law: Fleet,
		Does:    "A server whose run has ended may be run again by the same fleet.",
		File:    "workflows/fan_out_children.go",
		Find:    `WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,`,
		Replace: `WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,`,
		Kill:    by("workflows", "TestARunOfAFleetIsStartedOnceAndOutlivesTheFleet"),
	},
	{
		Name: "children-end-with-the-fleet", Law: Fleet,
		Does:    "A fleet that ends or hands over terminates the runs that are under way.",
		File:    "workflows/fan_out_children.go",
		Find:    `ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,`,
		Replace: `ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_TERMINATE,`,
		Kill:    by("workflows", "TestARunOfAFleetIsStartedOnceAndOutlivesTheFleet"),
	},
	{
		Name: "run-of-somebody-else-counted", Law: Fleet,
		Does:    "A run of another parent with the same id is followed and counted.",
		File:    "activities/await_run.go",
		Find:    `if found.runID != "" && found.parentID != ref.ChildOf {`,
		Replace: `if found.runID != "" && found.parentID == "" {`,
		Kill:    by("activities", "TestARunOfAnotherParentIsForeignAtOnceAndOneOfOursIsReadToItsEnd"),
	},
}
