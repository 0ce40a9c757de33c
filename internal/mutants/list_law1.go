package main

var law1 = []Mutant{
	{
		Name: "no-list-before-post", Law: Law1,
		Does: "What a listing shows before the first POST is not remembered: somebody else's snapshot can be adopted.",
		File: "workflows/preflight.go",
		Find: `	r.own.KnownIDs = r.knownIDs(seen)
`,
		Kill: by("workflows", "TestSnapshotsListedBeforeTheFirstPostAreNeverAdopted"),
	},
	{
		Name: "known-snapshot-adopted", Law: Law1,
		Does:    "A snapshot that was there before the first POST is taken for this run's own.",
		File:    "activities/own.go",
		Find:    `contract.ParseMarker(s.Description).RunID == own.RunID && !slices.Contains(own.KnownIDs, s.ID)`,
		Replace: `contract.ParseMarker(s.Description).RunID == own.RunID`,
		Kill:    by("activities", "TestOursIsToldByNameRunAndNotHavingBeenThereBefore/listed_before"),
	},
	{
		Name: "another-runs-snapshot-adopted", Law: Law1,
		Does:    "A snapshot with the right name is this run's own, whoever made it.",
		File:    "activities/own.go",
		Find:    `contract.ParseMarker(s.Description).RunID == own.RunID && !slices`,
		Replace: `!slices`,
		Kill:    by("activities", "TestOursIsToldByNameRunAndNotHavingBeenThereBefore/another_run"),
	},
	{
		Name: "second-create-without-a-look", Law: Law1,
		Does: "After an unclear answer the create is sent again at once, and says that somebody looked.",
		File: "workflows/own_snapshot.go",
		Find: `			found, end := r.findSnapshot(ctx, contract.ActivityFindSnapshot)
			if end != nil || found != nil {
				return deref(found), end
			}
			looked = r.lookedRunID
`,
		Replace: `			looked = r.report.RunID
`,
		Kill: by("workflows", "TestAfterAnUnclearCreateTheRunLooksBeforeASecondPost/answer_lost"),
	},
	{
		Name: "no-settle-before-the-look", Law: Law1,
		Does:    "After an unclear create the runbook looks at once, at a list that may lag.",
		File:    "workflows/own_snapshot.go",
		Find:    `found, end := r.findSnapshot(ctx, contract.ActivityFindSnapshot)`,
		Replace: `found, end := r.findSnapshot(ctx, contract.ActivityListSnapshots)`,
		Kill:    by("workflows", "TestAfterAnUnclearCreateTheRunLooksBeforeASecondPost/worker_killed"),
	},
	{
		Name: "settle-not-waited-for", Law: Law1,
		Does: "The look after an unclear create does not wait for VPS_SETTLE.",
		File: "activities/await_snapshot.go",
		Find: `	if left := a.settle - w.elapsed(); left > 0 {
		if err := w.pause(left); err != nil {
			return contract.FindSnapshotResult{}, err
		}
	}
`,
		Kill: by("activities", "TestFindSnapshotAsksNothingBeforeTheListHasSettled"),
	},
	{
		Name: "failed-look-is-an-empty-look", Law: Law1,
		Does: "A look that failed after an unclear create counts as \"not there\": the create is sent again.",
		File: "workflows/own_snapshot.go",
		Find: `		return nil, notChanged(contract.FailSnapshot, "It is not known whether the snapshot was begun: %v.", plain(err)).
			withNext("%s A snapshot named %s may exist; retention will find it.", adviceForRead(err), r.own.Name)
`,
		Replace: `		return nil, nil
`,
		Kill: by("workflows", "TestALookThatFailsAfterAnUnclearCreateNeverPostsAgain"),
	},
	{
		Name: "refusal-believed-after-an-unclear-create", Law: Law1,
		Does:    "A 400 to the second create ends the run, although the first create has made the snapshot.",
		File:    "workflows/own_snapshot.go",
		Find:    `if end != nil || (found != nil && r.createWasUnclear) {`,
		Replace: `if end != nil {`,
		Kill:    by("workflows", "TestARefusalAfterAnUnclearCreateIsNotBelievedBeforeALook"),
	},
	{
		Name: "name-changes-with-a-reset", Law: Law1,
		Does:    "The snapshot's name is made from the run id and not from the original one: a reset run makes a second.",
		File:    "workflows/setup.go",
		Find:    `sha256.Sum256([]byte(info.OriginalRunID))`,
		Replace: `sha256.Sum256([]byte(info.WorkflowExecution.RunID))`,
		Kill:    by("workflows", "TestASnapshotsNameIsMadeFromTheRun"),
	},
	{
		Name: "twin-in-progress-not-waited-for", Law: Law1,
		Does:    "The wait ends while a duplicate is still being made: nobody deletes it.",
		File:    "activities/snapshot_state.go",
		Find:    `finished = finished && s.Finished()`,
		Replace: `finished = finished || s.Finished()`,
		Kill:    by("activities", "TestASnapshotIsReadyOnlyAsTheListShowsIt/completed,_twin_in_progress"),
	},
	{
		Name: "highest-twin-kept", Law: Law1,
		Does:    "Of two of its own snapshots a run keeps the higher id, and two looks may keep different ones.",
		File:    "activities/snapshot_state.go",
		Find:    `if kept < 0 && !s.Failed() {`,
		Replace: `if !s.Failed() {`,
		Kill:    by("activities", "TestASnapshotIsReadyOnlyAsTheListShowsIt/two_completed"),
	},
	{
		Name: "late-twin-left-behind", Law: Law1,
		Does: "A run whose create was unclear does not look for a late duplicate at its end.",
		File: "workflows/server_run.go",
		Find: `	r.removeTwins(r.safe)
`,
		Kill: by("workflows", "TestATwinThatShowsUpLateIsRemovedAtTheEnd"),
	},
}
