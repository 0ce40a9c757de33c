package main

var law4 = []Mutant{
	{
		Name: "delete-without-marker", Law: Law4,
		Does: "A snapshot with the right name is deleted although its description does not say that Safepoint made it.",
		File: "activities/guard.go",
		Find: `	case !marker.Managed:
		return "its description does not say that Safepoint made it"
`,
		Kill: by("activities", "TestOnlyWhatIsOursAndNotNeededMayBeDeleted/no_marker"),
	},
	{
		Name: "delete-without-prefix", Law: Law4,
		Does:    "The marker alone is enough to delete a snapshot, whatever its name.",
		File:    "activities/guard.go",
		Find:    `case in.NamePrefix == "" || !strings.HasPrefix(s.Name, in.NamePrefix+"-"):`,
		Replace: `case in.NamePrefix == "" || !strings.Contains(s.Name, "-"):`,
		Kill:    by("activities", "TestOnlyWhatIsOursAndNotNeededMayBeDeleted/another_prefix"),
	},
	{
		Name: "delete-of-another-policy", Law: Law4,
		Does:    "The guard of a delete takes a policy whose name only begins like the asked one.",
		File:    "activities/guard.go",
		Find:    `case in.Policy == "" || marker.Policy != in.Policy:`,
		Replace: `case in.Policy == "" || !strings.HasPrefix(marker.Policy, in.Policy):`,
		Kill:    by("activities", "TestOnlyWhatIsOursAndNotNeededMayBeDeleted/a_longer_policy"),
	},
	{
		Name: "other-policys-snapshots-pruned", Law: Law4,
		Does: "A policy counts and removes the snapshots of every policy with its prefix.",
		File: "internal/retention/policy.go",
		Find: `	case marker.Policy != p.Name:
		return "made under another retention policy"
`,
		Kill: by("internal/retention", "TestOnlyWhatThisPolicyMadeIsEverRemoved/another_policy"),
	},
	{
		Name: "marker-in-the-middle-of-a-word", Law: Law4,
		Does:    "A word that only contains the marker proves ownership.",
		File:    "internal/contract/marker.go",
		Find:    `case word == markerManaged:`,
		Replace: `case strings.Contains(word, markerManaged):`,
		Kill:    by("internal/contract", "TestLaw4OwnershipIsAWholeWordNeverASubstring"),
	},
	{
		Name: "protected-snapshot-deleted", Law: Law4,
		Does: "The guard of a delete does not look for protect=true.",
		File: "activities/guard.go",
		Find: `	case marker.Protected:
		return "it is protected (protect=true)"
`,
		Kill: by("activities", "TestOnlyWhatIsOursAndNotNeededMayBeDeleted/protected"),
	},
	{
		Name: "protected-snapshot-pruned", Law: Law4,
		Does: "Retention does not look for protect=true.",
		File: "internal/retention/retention.go",
		Find: `	case r.markers[i].Protected:
		d.Reason = "protected (protect=true)"
`,
		Kill: by("internal/retention", "TestOnlyWhatThisPolicyMadeIsEverRemoved/protected_and_failed"),
	},
	{
		Name: "unknown-status-may-be-deleted", Law: Law4,
		Does:    "Only the word in_progress protects a snapshot that is being made; an unknown one does not.",
		File:    "activities/guard.go",
		Find:    `case !s.Finished():`,
		Replace: `case s.Status == contract.SnapshotInProgress:`,
		Kill:    by("activities", "TestOnlyWhatIsOursAndNotNeededMayBeDeleted/unknown_status"),
	},
	{
		Name: "newest-completed-deleted", Law: Law4,
		Does:    "The newest completed snapshot is deleted when the server has any other one.",
		File:    "activities/guard.go",
		Find:    `case s.Completed() && !someNewerCompleted(all, s):`,
		Replace: `case s.Completed() && len(all) == 1:`,
		Kill:    by("activities", "TestOnlyWhatIsOursAndNotNeededMayBeDeleted/newer_ones_are_not_completed"),
	},
	{
		Name: "newest-completed-pruned", Law: Law4,
		Does: "Retention removes the newest completed snapshot of a server.",
		File: "internal/retention/retention.go",
		Find: `	case i == r.newest:
		return true, "the newest completed snapshot of the server"
`,
		Kill: by("internal/retention", "TestTheNewestCompletedOfTheServerIsNeverRemovedWhoeverMadeIt"),
	},
	{
		Name: "restore-point-deleted", Law: Law4,
		Does: "The guard of a delete does not look whether a run may still roll back to the snapshot.",
		File: "activities/guard.go",
		Find: `	case slices.Contains(in.RestorePoints, s.ID):
		return "a running runbook may still roll back to it", false
`,
		Kill: by("activities", "TestOnlyWhatIsOursAndNotNeededMayBeDeleted/a_restore_point"),
	},
	{
		Name: "chosen-snapshot-is-no-restore-point", Law: Law4,
		Does:    "A run names only the snapshot that it made as one to keep, and not the one that it restores.",
		File:    "workflows/commit.go",
		Find:    `[]*contract.Snapshot{r.snapshot, r.made}`,
		Replace: `[]*contract.Snapshot{r.made}`,
		Kill:    by("workflows", "TestLaw4OlderSafetySnapshotsGoAfterAGoodRestoreAndNothingElse"),
	},
	{
		Name: "safety-prune-takes-the-chosen-one", Law: Law4,
		Does: "The plan for the older safety snapshots may name the very snapshot that is to be restored.",
		File: "workflows/rollback_by_restore_safety.go",
		Find: `		RestorePoints: []int64{r.chosen.ID},
`,
		Kill: by("workflows", "TestLaw4TheChosenSnapshotIsNeverPruned/with_room"),
	},
	{
		Name: "twin-deleted-before-the-kept-one-is-completed", Law: Law4,
		Does: "A duplicate is deleted while the one to keep may still fail.",
		File: "activities/guard.go",
		Find: `	case !all[kept].Completed():
		return fmt.Sprintf("the one to keep, snapshot %d, is not completed", in.TwinOf)
`,
		Kill: by("activities", "TestATwinMayGoOnlyOnceTheKeptOneIsCompleted/the_kept_one_is_in_progress"),
	},
	{
		Name: "lost-delete-is-called-done", Law: Law4,
		Does:    "A delete whose answer was lost is reported as done.",
		File:    "activities/snapshot_writes.go",
		Find:    `Deleted: known.Outcome == contract.WriteAccepted}, nil`,
		Replace: `Deleted: known.Outcome != contract.WriteRefused}, nil`,
		Kill:    by("activities", "TestAnAmbiguousDeleteIsNotCalledDeleted"),
	},
	{
		Name: "prune-before-the-new-snapshot", Law: Law4,
		Does: "A rotation prunes first and makes its snapshot then: when that fails, there is one less.",
		File: "workflows/rotation.go",
		Find: `		r.make,          // 6. room, then a completed snapshot
		r.pruneByPolicy, // 7. only now
`,
		Replace: `		r.pruneByPolicy,
		r.make,
`,
		Kill: by("workflows", "TestWhenTheCreateFailsNothingIsPruned"),
	},
	{
		Name: "wrong-date-decides-ages", Law: Law4,
		Does:    "A rotation whose new snapshot is dated wrong prunes by age all the same.",
		File:    "workflows/rotation_prune.go",
		Find:    `doubt := r.dateDoubt()`,
		Replace: `doubt := r.clockDoubt(r.apiNowAt())`,
		Kill:    by("workflows", "TestAWrongDateOfTheNewSnapshotCostsNoHealthyOne"),
	},
	{
		Name: "clock-far-ahead-decides-ages", Law: Law4,
		Does:    "A clock of the API that is far ahead of Temporal's lets old snapshots expire.",
		File:    "workflows/rotation_clock.go",
		Find:    `now.Sub(temporal).Abs() > clockSlack`,
		Replace: `temporal.Sub(now) > clockSlack`,
		Kill:    by("workflows", "TestAClockOfTheAPIThatIsFarAheadCostsNoHealthyOne"),
	},
	{
		Name: "future-date-removed", Law: Law4,
		Does: "A snapshot that is dated in the future is removed by the rules of age.",
		File: "internal/retention/rules.go",
		Find: `	case Future(s, r.opts.Now):
		return fmt.Sprintf("dated in the future (%s), so it is not removed until then", s.CreatedAt.UTC().Format(time.RFC3339))
`,
		Kill: by("internal/retention", "TestASnapshotDatedInTheFutureStaysSaysSoAndHoldsNoPlaceInTheCalendar"),
	},
	{
		Name: "part-by-time-part-by-id", Law: Law4,
		Does:    "A list in which a time is missing is ordered by time where there is one: the newest may stand last.",
		File:    "internal/retention/retention.go",
		Find:    `		if byTime {`,
		Replace: `		if byTime || !a.CreatedAt.IsZero() && !b.CreatedAt.IsZero() {`,
		Kill:    by("internal/retention", "TestWithAMissingTimeTheOrderIsByIDHoweverTheListIsSorted"),
	},
}
