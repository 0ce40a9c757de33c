package main

var law5 = []Mutant{
	{
		Name: "no-count-check", Law: Law5,
		Does:    "A list with fewer rows than its count is taken for the whole one.",
		File:    "internal/vpsorg/list.go",
		Find:    `if int64(len(l.rows)) != l.count {`,
		Replace: `if int64(len(l.rows)) > l.count {`,
		Kill:    by("internal/vpsorg", "TestAListThatIsNotWholeIsAnErrorNeverAbsent/fewer_rows_than_the_count"),
	},
	{
		Name: "count-may-change-between-pages", Law: Law5,
		Does: "A list that changed while its pages were read is taken for whole when the last count fits.",
		File: "internal/vpsorg/list.go",
		Find: `	case l.pages > 1 && *page.Count != l.count:
		return "", fmt.Errorf("the count was %d and is now %d: the list changed while it was read", l.count, *page.Count)
`,
		Kill: by("internal/vpsorg", "TestPagesThatDoNotAddUpAreNotWhole/the_count_changes"),
	},
	{
		Name: "row-twice-hides-another", Law: Law5,
		Does: "A row that comes on two pages counts twice, and hides the row that came on none.",
		File: "internal/vpsorg/list.go",
		Find: `		case l.seen[id]:
			return fmt.Errorf("row %d: id %d is listed twice", i, id)
`,
		Kill: by("internal/vpsorg", "TestPagesThatDoNotAddUpAreNotWhole/an_id_comes_on_two_pages"),
	},
	{
		Name: "failed-list-is-an-empty-list", Law: Law5,
		Does: "A list that could not be read before a write is taken for an empty one: what is to be deleted is \"gone\".",
		File: "activities/snapshot_writes.go",
		Find: `	if err != nil {
		return nil, err
	}
	return snapshotsOf(list), nil
`,
		Replace: `	if err != nil {
		return nil, nil
	}
	return snapshotsOf(list), nil
`,
		Kill: by("activities", "TestNothingIsDeletedOrRestoredAfterALookThatFailed"),
	},
	{
		Name: "failed-poll-has-a-value", Law: Law5,
		Does:    "The shared poll hands out whatever came with an error.",
		File:    "internal/watch/ask.go",
		Find:    `return Observation[T]{Err: err, At: at}`,
		Replace: `return Observation[T]{Value: value, Err: err, At: at}`,
		Kill:    by("internal/watch", "TestAFailedPollIsTheAnswerOfEverybodyItWasFor"),
	},
	{
		Name: "failed-poll-is-a-server-that-is-gone", Law: Law5,
		Does:    "A list of servers that could not be read says of each server that it does not exist.",
		File:    "internal/watch/ask.go",
		Find:    `if _, ok := found[id]; !ok && o.Err == nil {`,
		Replace: `if _, ok := found[id]; !ok {`,
		Kill:    by("internal/watch", "TestAFailedPollIsTheAnswerOfEverybodyItWasFor"),
	},
	{
		Name: "one-list-without-it-is-gone", Law: Law5,
		Does:    "One list that misses a snapshot is enough to call it deleted.",
		File:    "activities/snapshot_state.go",
		Find:    `const goneAfter = 2`,
		Replace: `const goneAfter = 1`,
		Kill:    by("activities", "TestASnapshotIsGoneOnlyAfterItWasSeenAndTwoListsMissIt"),
	},
	{
		Name: "lists-that-lag-are-gone", Law: Law5,
		Does:    "The time in which a list may lag is counted from the begin of the wait, not from the first list that misses the snapshot.",
		File:    "activities/snapshot_state.go",
		Find:    `if state == contract.AwaitGone && at-st.MissingSince.Std() < settle {`,
		Replace: `if state == contract.AwaitGone && at < settle {`,
		Kill:    by("activities", "TestListsThatLagDoNotMakeASnapshotGone"),
	},
	{
		Name: "filter-of-the-api-trusted", Law: Law5,
		Does:    "Rows of other servers in a filtered list are taken for this server's.",
		File:    "internal/vpsorg/snapshots.go",
		Find:    `func(s Snapshot) bool { return s.ServerID != o.ServerID })`,
		Replace: `func(s Snapshot) bool { return s.ServerID <= 0 })`,
		Kill:    by("internal/vpsorg", "TestRowsOfOtherServersAreDroppedOnlyAfterTheListWasSeenWhole"),
	},
	{
		Name: "filter-trusted-by-the-poll", Law: Law5,
		Does: "The shared poll hands a wait the snapshots of other servers.",
		File: "internal/watch/ask.go",
		Find: `			o.Value = byServer(o.Value)[id]
`,
		Kill: by("internal/watch", "TestFewServersAreAskedOneByOneAndManyByOneListATick/three_by_default"),
	},
	{
		Name: "list-of-two-servers-decides", Law: Law5,
		Does: "Retention decides by a list that mixes servers or shows an id twice.",
		File: "internal/retention/validate.go",
		Find: `	checkList(&found, snapshots)
`,
		Kill: by("internal/retention", "TestAPolicyThatKeepsNothingOrAListThatIsNotOneServersIsAnErrorAndDecidesNothing"),
	},
	{
		Name: "older-answer-delivered-as-news", Law: Law5,
		Does:    "A subscriber gets an answer that was asked for before it subscribed: before its own write, perhaps.",
		File:    "internal/watch/feed.go",
		Find:    `s.from = f.begun + 1`,
		Replace: `s.from = f.begun`,
		Kill:    by("internal/watch", "TestARequestThatBeganBeforeTheSubscriptionIsNotItsObservation"),
	},
}
