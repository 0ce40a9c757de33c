package main

// writes break the fence that every write passes right before it is sent, and what is believed of its answer.
var writes = []Mutant{
	{
		Name: "second-attempt-not-ambiguous", Law: Writes,
		Does: "A second attempt of a write is sent, although the first may have been.",
		File: "activities/fence.go",
		Find: `	case w.attempt > 1:
		// The runbooks allow one attempt; somebody changed the retry policy.
		return refrain(contract.WriteAmbiguous, "this is attempt %d; an earlier attempt may have sent it", w.attempt)
`,
		Kill: by("activities", "TestASecondAttemptIsAmbiguousEvenAfterTheWorkflowLooked"),
	},
	{
		Name: "write-retried-by-temporal", Law: Writes,
		Does:    "Temporal may start a write three times.",
		File:    "workflows/options.go",
		Find:    `RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},`,
		Replace: `RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 3},`,
		Kill:    by("workflows", "TestAWriteHasOneAttemptThatEndsAtItsDeadline"),
	},
	{
		Name: "reset-not-ambiguous", Law: Writes,
		Does: "After a reset a write is sent, although the run before may have sent it.",
		File: "activities/fence.go",
		Find: `	case w.runID != w.fence.OriginalRunID && w.runID != w.fence.LookedRunID && !w.fence.Repeatable:
		return refrain(contract.WriteAmbiguous, "this run was reset; an earlier run may have sent it")
`,
		Kill: by("activities", "TestNoWriteLeavesWhenTheFenceSaysNo/restore_after_a_reset"),
	},
	{
		Name: "any-look-counts-after-a-reset", Law: Writes,
		Does:    "A look that was made before a second reset counts, although the run that looked may have written after it.",
		File:    "activities/fence.go",
		Find:    `w.runID != w.fence.LookedRunID &&`,
		Replace: `w.fence.LookedRunID == "" &&`,
		Kill:    by("activities", "TestALookOfAnEarlierRunDoesNotCount"),
	},
	{
		Name: "late-write-is-sent", Law: Writes,
		Does: "A write is sent however long it took to get ready: past its deadline, beside the next one.",
		File: "activities/fence.go",
		Find: `	if took := w.elapsed(); took >= w.within {
		return refrain(contract.WriteNotSent, "nothing was sent: it took %s to get ready, which is too late to send safely",
			took.Round(time.Millisecond))
	}
`,
		Kill: by("activities", "TestNoWriteLeavesWhenTheFenceSaysNo/create_when_it_is_too_late"),
	},
	{
		Name: "time-asleep-does-not-count", Law: Writes,
		Does:    "The time in which the machine slept does not count against the deadline of a write.",
		File:    "activities/fence.go",
		Find:    `return max(now.Sub(w.entry), now.Round(0).Sub(w.entry.Round(0)))`,
		Replace: `return now.Sub(w.entry)`,
		Kill:    by("activities", "TestTheFenceBelievesTheClockThatSawMoreTimePass"),
	},
	{
		Name: "attempt-not-asked-for", Law: Writes,
		Does: "A worker that was frozen writes although Temporal has given its attempt up.",
		File: "activities/fence.go",
		Find: `	if err := w.gate.AttemptValid(ctx, w.token); err != nil {
		return refrain(contract.WriteNotSent, "nothing was sent: %v", err)
	}
`,
		Kill: by("activities", "TestNoWriteLeavesWhenTheFenceSaysNo/delete_when_the_attempt_is_over"),
	},
	{
		Name: "lock-not-asked-for", Law: Writes,
		Does: "A write is sent without asking whether this run still holds the server's lock.",
		File: "activities/fence.go",
		Find: `	if no := w.unlocked(ctx); no != nil {
		return no
	}
`,
		Kill: by("activities", "TestNoWriteLeavesWhenTheFenceSaysNo/restore_when_the_lock_is_lost"),
	},
	{
		Name: "unread-lock-counts-as-held", Law: Writes,
		Does: "A write is sent when Temporal did not say whether the lock is held.",
		File: "activities/fence.go",
		Find: `	case err != nil:
		return refrain(contract.WriteNotSent, "nothing was sent: %v", err)
	case !held:
`,
		Replace: `	case err == nil && !held:
`,
		Kill: by("activities", "TestNoWriteLeavesWhenTheFenceSaysNo/create_when_the_lock_is_not_read"),
	},
	{
		Name: "half-a-lock-needs-no-lock", Law: Writes,
		Does:    "A fence that names a lock without its run is taken for a write that needs none.",
		File:    "activities/fence.go",
		Find:    `if lockID == "" && runID == "" {`,
		Replace: `if lockID == "" || runID == "" {`,
		Kill:    by("activities", "TestNoWriteLeavesWhenTheFenceSaysNo/stop_when_the_lock_has_no_run"),
	},
	{
		Name: "lock-asked-for-by-id-alone", Law: Writes,
		Does:    "The fence asks for the lock's latest run: somebody else's lock counts as this run's.",
		File:    "activities/gate.go",
		Find:    `d, err := g.client.DescribeWorkflowExecution(ctx, workflowID, runID)`,
		Replace: `d, err := g.client.DescribeWorkflowExecution(ctx, workflowID, "")`,
		Kill:    by("activities", "TestALockIsHeldOnlyWhileItsOwnRunIsRunningAndNotAskedToEnd/running"),
	},
	{
		Name: "lock-that-counts-down-is-held", Law: Writes,
		Does:    "A write begins under a lock that was asked to cancel, and outlives it.",
		File:    "activities/gate.go",
		Find:    `return running && !d.GetWorkflowExtendedInfo().GetCancelRequested(), nil`,
		Replace: `return running, nil`,
		Kill:    by("activities", "TestALockIsHeldOnlyWhileItsOwnRunIsRunningAndNotAskedToEnd/cancelling"),
	},
	{
		Name: "fence-without-the-lock", Law: Writes,
		Does: "A runbook does not name its lock in the fence of its writes: they pass for writes that need none.",
		File: "workflows/setup.go",
		Find: `	if r.lock != nil {
		fence.LockWorkflowID, fence.LockRunID = r.lock.workflowID, r.lock.runID
	}
`,
		Kill: by("workflows", "TestEveryFailingStepBeforeTheChangeEndsWithItsClass/the_snapshot_is_refused"),
	},
	{
		Name: "server-error-is-a-clear-no", Law: Writes,
		Does:    "A 500 after a write is taken for a proof that nothing happened.",
		File:    "internal/vpsorg/errors.go",
		Find:    `return status >= 400 && status < 500 && status != http.StatusRequestTimeout`,
		Replace: `return status >= 400 && status != http.StatusRequestTimeout`,
		Kill:    by("internal/vpsorg", "TestOnlyAClearNoProvesThatAWriteDidNotHappen"),
	},
	{
		Name: "proxy-time-out-is-a-clear-no", Law: Writes,
		Does:    "A 408, which a proxy may say after it passed the write on, is taken for a clear no.",
		File:    "internal/vpsorg/errors.go",
		Find:    `return status >= 400 && status < 500 && status != http.StatusRequestTimeout`,
		Replace: `return status >= 400 && status < 500`,
		Kill:    by("internal/vpsorg", "TestOnlyAClearNoProvesThatAWriteDidNotHappen"),
	},
	{
		Name: "silence-proves-that-nothing-was-sent", Law: Writes,
		Does:    "A transport that reports no connection is believed to have sent nothing.",
		File:    "internal/vpsorg/exchange.go",
		Find:    `return !s.got.Load() && (tracedAlways || s.asked.Load())`,
		Replace: `return !s.got.Load()`,
		Kill:    by("internal/vpsorg", "TestATransportThatTracesNothingProvesNothing"),
	},
	{
		Name: "write-on-a-pooled-connection", Law: Writes,
		Does: "A write goes out on a connection from the pool, on which net/http may send it again by itself.",
		File: "internal/vpsorg/client.go",
		Find: `	t.DisableKeepAlives = true
`,
		Kill: by("internal/vpsorg", "TestEveryWriteHasItsOwnConnectionAndIsHTTP1"),
	},
	{
		Name: "surprise-is-a-clear-no", Law: Writes,
		Does:    "An error that is not the client's own word about a write is taken for a refusal.",
		File:    "activities/errors.go",
		Find:    `known := contract.WriteAnswer{Outcome: contract.WriteAmbiguous, Detail: short(err.Error())}`,
		Replace: `known := contract.WriteAnswer{Outcome: contract.WriteRefused, Detail: short(err.Error())}`,
		Kill:    by("activities", "TestAnswerSaysNoMoreThanIsKnownAboutAWrite/unknown_error"),
	},
}
