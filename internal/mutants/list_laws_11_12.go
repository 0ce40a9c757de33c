package main

var law11 = []Mutant{
	{
		Name: "restored-server-left-stopped", Law: Law11,
		Does:    "A server that a rollback left stopped is verified without being started.",
		File:    "workflows/rolled_back.go",
		Find:    `if r.server.Status == contract.ServerStopped && !r.staysStopped() {`,
		Replace: `if r.onDemand && r.server.Status == contract.ServerStopped && !r.staysStopped() {`,
		Kill:    by("workflows", "TestARestoreThatLeftTheServerStoppedStartsItThenVerifies"),
	},
	{
		Name: "stop-not-remembered", Law: Law11,
		Does:    "A run forgets that it has stopped its server.",
		File:    "workflows/power.go",
		Find:    `r.stopMayBeSent, r.stopReached = true, true`,
		Replace: `r.stopReached = true`,
		Kill:    by("workflows", "TestEveryEndAfterAStopLeavesTheServerUp/canceled_while_it_is_down"),
	},
	{
		Name: "stop-of-before-a-reset-forgotten", Law: Law11,
		Does:    "A reset run that ends before its own stop does not look whether the run before has stopped the server.",
		File:    "workflows/power.go",
		Find:    `if !r.stopMayBeSent && !r.stoppedBeforeReset(ctx) {`,
		Replace: `if !r.stopMayBeSent {`,
		Kill:    by("workflows", "TestAStopFromBeforeAResetIsUndone"),
	},
	{
		Name: "stop-that-takes-effect-late", Law: Law11,
		Does:    "The last look at the server does not wait for VPS_SETTLE: a stop that takes effect later leaves it down.",
		File:    "workflows/power.go",
		Find:    `r.awaitServer(ctx, contract.ServerActive, true, timeout)`,
		Replace: `r.awaitServer(ctx, contract.ServerActive, false, timeout)`,
		Kill:    by("workflows", "TestEveryEndAfterAStopLeavesTheServerUp/canceled_while_it_stops"),
	},
	{
		Name: "server-started-on-the-cancelled-context", Law: Law11,
		Does:    "A cancelled run does not start the server that it has stopped.",
		File:    "workflows/server_run.go",
		Find:    `r.leaveServerUp(r.safe)`,
		Replace: `r.leaveServerUp(r.beforeChange)`,
		Kill:    by("workflows", "TestEveryEndAfterAStopLeavesTheServerUp/canceled_while_it_is_down"),
	},
	{
		Name: "green-checks-of-a-server-that-is-down", Law: Law11,
		Does:    "After a start the checks count before the API shows the server active.",
		File:    "activities/verify.go",
		Find:    `if in.ServerUp != 0 && !w.read().ServerUp {`,
		Replace: `if in.ServerUp != 0 && w.read().ServerUp {`,
		Kill:    by("activities", "TestLaw11GreenChecksOfAServerThatIsDownProveNothing"),
	},
	{
		Name: "flicker-counts-as-up", Law: Law11,
		Does:    "One look that shows the wanted status is enough.",
		File:    "activities/await_server.go",
		Find:    `stable := st.InARow >= 2`,
		Replace: `stable := st.InARow >= 1`,
		Kill:    by("activities", "TestAServerHasAStatusWhenTwoLooksInARowSaySo"),
	},
}

var law12 = []Mutant{
	{
		Name: "quota-off-by-one", Law: Law12,
		Does:    "Room is found on a server that is full.",
		File:    "internal/retention/quota.go",
		Find:    `need := len(snapshots) + 1 - QuotaPerServer`,
		Replace: `need := len(snapshots) - QuotaPerServer`,
		Kill:    by("internal/retention", "TestAFullServerLosesJustAsManyAsNeededOldestFirst"),
	},
	{
		Name: "refusal-not-counted", Law: Law12,
		Does:    "Every 400 to a create is called a full quota.",
		File:    "workflows/own_snapshot.go",
		Find:    `if answer.Status == http.StatusBadRequest && len(r.snapshots) >= retention.QuotaPerServer {`,
		Replace: `if answer.Status == http.StatusBadRequest {`,
		Kill:    by("workflows", "TestARefusedCreateIsToldApartByCounting"),
	},
	{
		Name: "completed-goes-before-failed", Law: Law12,
		Does:    "Room is made by a snapshot that could be restored, while a failed one stays.",
		File:    "internal/retention/quota.go",
		Find:    `removable := failedFirst(plan.Remove())`,
		Replace: `removable := plan.Remove()`,
		Kill:    by("internal/retention", "TestAFailedSnapshotMakesRoomBeforeACompletedOneHoweverYoungItIs"),
	},
	{
		Name: "hanging-creates-wear-the-history-down", Law: Law12,
		Does:    "While snapshots hang in progress, a completed one goes for each that is tried again.",
		File:    "internal/retention/quota.go",
		Find:    `if !anyway || left < max(policy.MinCount, policy.KeepLast) {`,
		Replace: `if !anyway && left < max(policy.MinCount, policy.KeepLast) {`,
		Kill:    by("internal/retention", "TestWhileSnapshotsHangKeepWithinIsNotMeasuredFromTheOneAboutToBeMade"),
	},
	{
		Name: "room-by-what-the-policy-keeps", Law: Law12,
		Does: "The plan for room does not count the snapshot that is about to be made, and so finds nothing to remove.",
		File: "internal/retention/quota.go",
		Find: `	opts.Incoming = max(opts.Incoming, 1)
`,
		Kill: by("internal/retention", "TestTheSnapshotAboutToBeMadeTakesItsPlaceInThePolicy"),
	},
	{
		Name: "place-not-made-and-created-all-the-same", Law: Law12,
		Does: "A snapshot is created although the old one in its place could not be deleted.",
		File: "workflows/own_snapshot.go",
		Find: `	return r.freePlaces(ctx, plan.Remove, plan.Spare)
`,
		Replace: `	_ = r.freePlaces(ctx, plan.Remove, plan.Spare)
	return nil
`,
		Kill: by("workflows", "TestRoomIsMadeByWhatThePolicyWouldDeleteAnyway"),
	},
}
