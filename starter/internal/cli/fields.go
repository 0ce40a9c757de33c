package cli

import "slices"

// Flags with a meaning of their own.
const (
	flagServer     = "server"
	flagUpdate     = "update"
	flagWebhookURL = "webhook-url"
	flagCheckHTTP  = "check-http"
	flagCheckTCP   = "check-tcp"
	flagSnapshot   = "snapshot"
	flagSkipVerify = "skip-verify"
	flagAll        = "all"
	flagName       = "name"
	flagLocation   = "location"
	flagStatus     = "status"
	flagDryRun     = "dry-run"
)

// Fields that more than one runbook has.
var (
	reasonField  = text("reason", "reason", "who does what, for people")
	dryRunField  = yes(flagDryRun, "dry_run", "say what would happen and write nothing", false).besideFile()
	verifyFields = []field{
		length("initial-delay", "verify.initial_delay", "time before the first check (10s)"),
		length("interval", "verify.interval", "time between two rounds of checks (10s)"),
		length("verify-timeout", "verify.timeout", "how long the checks may take to come to a verdict (10m)"),
		number("successes", "verify.successes", "green rounds in a row that pass (3)"),
		number("failures", "verify.failures", "red rounds in a row that fail (3)"),
		length("bake-time", "verify.bake_time", "how long the server must stay green after it passed (0s)"),
		yes(flagSkipVerify, "verify.skip", "allow a run without checks", false),
	}
	restoreFields = []field{
		length("restore-timeout", "rollback.restore_timeout", "how long a restore may take (45m)"),
		length("hold-timeout", "rollback.hold_timeout", "how long a held run waits for a person (24h)"),
	}
	targetFields = []field{
		numbers(flagServer, "servers", "`number` of a server at VPS.org (may be repeated)"),
		text(flagName, "selector.name", "glob of the servers' names, such as 'web-*'"),
		text(flagLocation, "selector.location", "location of the servers"),
		text(flagStatus, "selector.status", "status of the servers, such as active"),
		numbers("exclude", "selector.exclude", "`number` of a server that is left out (may be repeated)"),
		yes(flagAll, "all", "every server of the account", false),
	}
)

// lockFields are about the server's lock; onBusy is the runbook's default.
func lockFields(onBusy string) []field {
	return []field{
		text("on-busy", "lock.on_busy", "what to do when another run holds the server: wait, fail or skip ("+onBusy+")"),
		length("lock-timeout", "lock.timeout", "how long to wait for the server (30m)"),
	}
}

var updateFields = slices.Concat([]field{
	number(flagServer, "server_id", "the server's number at VPS.org"),
	reasonField,
	text(flagUpdate, "update.kind", "who makes the change: none, webhook or external; ssh and workflow need -f").onlyOwn(),
	text(flagWebhookURL, "update.url", "what the change posts to; means --update webhook").onlyOwn(),
	length("update-timeout", "update.timeout", "how long the change may take (30m)"),
	length("heartbeat-timeout", "update.heartbeat_timeout", "how long an external runner may be silent (2m)"),
	length("begin-timeout", "update.begin_timeout", "how long to wait for an external runner to begin (30m)"),
	text("on-unknown", "update.on_unknown", "what follows when nobody knows whether the change was made: hold, commit or rollback (hold)"),
}, verifyFields, []field{
	yes("no-baseline", "verify.baseline", "do not run the checks before the change", true),
	text("name-prefix", "snapshot.name_prefix", "start of the snapshot's name (pre-update)"),
	text("description", "snapshot.description", "text in the snapshot's description"),
	yes("stop-server", "snapshot.stop_server", "stop the server for the snapshot: consistent, at minutes of downtime", false),
	length("ready-timeout", "snapshot.ready_timeout", "how long the snapshot may take (30m)"),
	text("on-failure", "rollback.on_failure", "what follows a bad change: restore, hold or none (restore)"),
}, restoreFields, []field{
	number("keep-last", "retention.keep_last", "snapshots of this runbook that stay after a commit (2)"),
}, lockFields("wait"), []field{dryRunField.onlyOwn()})

var rollbackFields = slices.Concat([]field{
	number(flagServer, "server_id", "the server's number at VPS.org"),
	text(flagSnapshot, "snapshot", "what to restore: an id, a name, latest (the newest completed one of Safepoint's) or latest_any"),
	reasonField,
	yes("approve-required", "approval.required", "hold the run until safepoint approve says yes", false),
	length("approve-timeout", "approval.timeout", "how long to wait for that (24h)"),
	yes("safety-snapshot", "safety.snapshot", "take a snapshot of the present state first, when there is room", false),
	yes("safety-required", "safety.required", "end without a restore when there is no room for it", false),
}, verifyFields, restoreFields, lockFields("wait"), []field{dryRunField})

var rotationFields = slices.Concat(targetFields, []field{
	reasonField,
	text("policy", "policy.name", "name of the policy; it deletes no snapshots but its own (rotation)"),
	number("keep-last", "policy.keep_last", "the newest so many stay"),
	number("keep-hourly", "policy.keep_hourly", "the newest of each of the last so many hours stays"),
	number("keep-daily", "policy.keep_daily", "the same for days"),
	number("keep-weekly", "policy.keep_weekly", "the same for weeks"),
	number("keep-monthly", "policy.keep_monthly", "the same for months"),
	length("keep-within", "policy.keep_within", "what is this close to the newest stays, such as 7d"),
	length("expire-after", "policy.expire_after", "what is older goes, such as 30d"),
	number("min-count", "policy.min_count", "so many stay in spite of --expire-after"),
	texts("protect", "policy.protect", "`glob` of snapshot names that stay (may be repeated)"),
	yes("no-create", "create", "prune only, take no new snapshot", true),
	text("max-concurrency", "max_concurrency", "servers at a time, a number or a percentage (10)"),
}, lockFields("skip"), []field{dryRunField})

var fleetFields = []field{
	text("retry-of", "retry_of", "only the servers that this earlier fleet, by its `workflow-id`, did not commit; instead of the file's").
		besideFile("servers", "selector", "all").notEmpty(),
	dryRunField,
}

var auditFields = slices.Concat(targetFields, []field{
	length("max-age", "max_age", "how old a server's newest completed snapshot may be, such as 26h or 8d"),
	length("stuck-after", "stuck_after", "how long a snapshot may be in progress (1h)"),
})
