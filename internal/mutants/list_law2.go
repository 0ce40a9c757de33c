package main

var law2 = []Mutant{
	{
		Name: "unknown-status-is-completed", Law: Law2,
		Does:    "A snapshot whose status nobody knows counts as completed.",
		File:    "internal/contract/resources.go",
		Find:    `func (s Snapshot) Completed() bool { return s.Status == SnapshotCompleted }`,
		Replace: `func (s Snapshot) Completed() bool { return s.Status != SnapshotInProgress && !s.Failed() }`,
		Kill:    by("internal/contract", "TestLaw2AnUnknownStatusIsNeitherCompletedNorFinished"),
	},
	{
		Name: "done-is-taken-for-completed", Law: Law2,
		Does:    "The runbook believes a wait that says \"done\" of a snapshot that is not completed.",
		File:    "workflows/own_snapshot.go",
		Find:    `if !result.Snapshot.Completed() {`,
		Replace: `if result.Snapshot.Failed() {`,
		Kill:    by("workflows", "TestEveryFailingStepBeforeTheChangeEndsWithItsClass/done_without_being_completed_(law_2)"),
	},
	{
		Name: "time-out-is-taken-for-done", Law: Law2,
		Does:    "A wait for a snapshot that ran out of time says that it is done.",
		File:    "activities/await_snapshot.go",
		Find:    `result.State = contract.AwaitTimedOut`,
		Replace: `result.State = contract.AwaitDone`,
		Kill:    by("activities", "TestAwaitSnapshotThatTimesOutSaysHowThingsStood/in_progress"),
	},
	{
		Name: "word-of-a-later-worker-is-done", Law: Law2,
		Does: "A wait that ends in a word the runbook does not know is taken for done.",
		File: "workflows/own_snapshot.go",
		Find: `	default: // timed out
		return notChanged(contract.FailSnapshot, "Snapshot %d was not completed within %s. %s", begun.ID, timeout, result.Detail).
`,
		Replace: `	case contract.AwaitTimedOut:
		return notChanged(contract.FailSnapshot, "Snapshot %d was not completed within %s. %s", begun.ID, timeout, result.Detail).
`,
		Kill: by("workflows", "TestEveryFailingStepBeforeTheChangeEndsWithItsClass/a_wait_that_ends_in_a_word_not_known"),
	},
}
