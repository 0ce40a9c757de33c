package schema

import (
	"maps"
	"slices"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Bounds, as the runbooks have them. The tests hold each against the runbook that it is about.
const (
	maxServerID    = 999_999_999_999
	maxLine        = 500
	maxDescription = 150
	maxURL         = 2048
	maxRounds      = 1000
	maxKept        = 5
	maxInFlight    = 200
	maxCheckName   = 60
	maxBody        = 1000
	maxCommand     = 16 << 10
	maxChildName   = 200
	maxWorkflowID  = 1000
	maxProtect     = 100
	maxWindows     = 100
	maxReason      = 200 // of a freeze window
	maxWord        = 128 // of a schedule file
	maxTimes       = 50  // of a schedule file
	maxCron        = 200
	maxChecks      = 50
	maxNotify      = 10
	maxWindowIDs   = 1000
	maxExcluded    = 100
)

// rule is what is known of a field beside its Go type.
type rule struct {
	required bool
	sets     []func(*Schema)
}

func a(sets ...func(*Schema)) rule { return rule{sets: sets} }

func needed(sets ...func(*Schema)) rule { return rule{required: true, sets: sets} }

// rules are by the Go type's name and the field's JSON name.
var rules = func() map[string]rule {
	all := map[string]rule{}
	for _, some := range []map[string]rule{changeRules, verifyRules, rollbackRules, rotationRules, fleetRules, windowRules, scheduleRules} {
		maps.Copy(all, some)
	}
	return all
}()

var changeRules = map[string]rule{
	"SnapshotUpdateVerifyInput.server_id":  needed(between(1, maxServerID)),
	"SnapshotUpdateVerifyInput.reason":     a(line(maxLine)),
	"SnapshotUpdateVerifyInput.update":     needed(),
	"SnapshotUpdateVerifyInput.notify":     a(upTo(maxNotify)),
	"SnapshotUpdateVerifyInput.not_during": a(upTo(maxWindows)),
	"SnapshotInput.name_prefix":            a(matches(prefixPattern), byDefault("pre-update")),
	"SnapshotInput.description":            a(line(maxDescription), neverMatches(markerPattern)),
	"SnapshotInput.ready_timeout":          a(span("30m")),
	"UpdateInput.kind":                     needed(),
	"UpdateInput.command":                  a(describe("command is what an ssh change runs on the server, once; up to 16 KiB.")),
	"UpdateInput.task_queue":               a(describe("task_queue is where the worker of a workflow change polls.")),
	"UpdateInput.input":                    a(describe("input is the one JSON argument of a workflow change, up to 256 KiB."), anyValue()),
	"UpdateInput.timeout":                  a(span("30m")),
	"UpdateInput.heartbeat_timeout":        a(span("2m")),
	"UpdateInput.begin_timeout":            a(span("30m")),
	"UpdateInput.on_unknown":               a(byDefault("hold")),
	"RetentionInput.keep_last":             a(between(1, maxKept), byDefault(2)),
	"LockInput.on_busy":                    a(byDefault("wait")),
	"LockInput.timeout":                    a(span("30m")),
	"BackupInput.timeout":                  a(span("2h")),
	"NotifyTarget.url":                     needed(matches(urlPattern), atMost(maxURL), describe("url is the http or https URL that gets the message.")),
}

var verifyRules = map[string]rule{
	"VerifyInput.baseline":      a(byDefault(true)),
	"VerifyInput.initial_delay": a(byDefault("10s")),
	"VerifyInput.interval":      a(span("10s")),
	"VerifyInput.timeout":       a(span("10m")),
	"VerifyInput.successes":     a(between(1, maxRounds), byDefault(3)),
	"VerifyInput.failures":      a(between(1, maxRounds), byDefault(3)),
	"VerifyInput.bake_time":     a(byDefault("0s")),
	"VerifyInput.checks":        a(upTo(maxChecks)),
	"Check.name":                a(line(maxCheckName), also(notBlank)),
	"Check.kind":                needed(),
	"Check.expect_status":       a(between(100, 599), byDefault(200)),
	"Check.timeout":             a(span("10s"), describe("timeout bounds one look, from 100ms to 5m; default 10s.")),
}

var rollbackRules = map[string]rule{
	"RollbackInput.on_failure":         a(byDefault("restore")),
	"RollbackInput.restore_timeout":    a(span("45m")),
	"RollbackInput.hold_timeout":       a(span("24h")),
	"RollbackByRestoreInput.server_id": needed(between(1, maxServerID)),
	"RollbackByRestoreInput.snapshot":  needed(),
	"RollbackByRestoreInput.reason":    a(line(maxLine)),
	"RollbackByRestoreInput.notify":    a(upTo(maxNotify), told),
	"RollbackByRestoreInput.after_run": a(line(maxWorkflowID)),
	"RollbackByRestoreInput.rollback":  a(describe("rollback bounds a restore and its holds.")),
	"ApprovalInput.timeout":            a(span("24h")),
	"SafetyInput.ready_timeout":        a(span("30m")),
	"RestoreLimits.restore_timeout":    a(span("45m")),
	"RestoreLimits.hold_timeout":       a(span("24h")),
}

// chosen are the rules of the servers that an input is about, which three runbooks have.
func chosen(owner string) map[string]rule {
	return map[string]rule{
		owner + ".servers": a(ids(10_000), describe("servers are the servers' numbers at VPS.org, up to 10,000.")),
		owner + ".all":     a(describe("all selects every server of the account.")),
	}
}

var rotationRules = together(chosen("SnapshotRotationInput"), chosen("SnapshotAuditInput"), map[string]rule{
	"SnapshotRotationInput.reason":          a(line(maxLine), describe("reason is free text for people; up to 500 characters.")),
	"SnapshotRotationInput.notify":          a(upTo(maxNotify), told),
	"SnapshotRotationInput.lock":            a(describe("lock is about the server's lock.")),
	"SnapshotRotationInput.snapshot":        a(describe("snapshot is about the new snapshots.")),
	"SnapshotRotationInput.create":          a(byDefault(true)),
	"SnapshotRotationInput.policy":          needed(),
	"SnapshotRotationInput.max_concurrency": a(amount(1, maxInFlight), byDefault(10)),
	"SnapshotRotationInput.not_during":      a(upTo(maxWindows)),
	"SnapshotRotationInput.dry_run":         a(describe("dry_run says what would happen and writes nothing; default false.")),
	"SnapshotAuditInput.max_age":            needed(span("")),
	"SnapshotAuditInput.stuck_after":        a(span("1h")),
	"SelectorInput.name":                    a(line(contract.MaxServerText)),
	"SelectorInput.location":                a(line(contract.MaxServerText), describe("location is the servers' location.")),
	"SelectorInput.status":                  a(oneOf("", "active", "stopped", "suspended"), describe("status is the servers' status as the API's list shows it.")),
	"SelectorInput.exclude":                 a(ids(10_000)),
	"SelectorInput.exclude_names":           a(upTo(maxExcluded), items(line(contract.MaxServerText), atLeast(1)), describe("exclude_names are globs of the names of servers that are left out.")),
	"PolicyInput.name":                      a(matches(prefixPattern), neverMatches(`^(`+contract.PolicyUpdate+`|`+contract.PolicySafety+`)$`), byDefault(contract.PolicyRotation)),
	"PolicyInput.keep_last":                 a(kept("keep_last keeps the newest so many")),
	"PolicyInput.keep_hourly":               a(kept("keep_hourly keeps the newest of each of the last so many hours")),
	"PolicyInput.keep_daily":                a(kept("keep_daily keeps the newest of each of the last so many days")),
	"PolicyInput.keep_weekly":               a(kept("keep_weekly keeps the newest of each of the last so many weeks")),
	"PolicyInput.keep_monthly":              a(kept("keep_monthly keeps the newest of each of the last so many months")),
	"PolicyInput.keep_within":               a(describe(`keep_within keeps everything this close to the newest snapshot of the policy, such as "7d"; from 0s to 3650d.`)),
	"PolicyInput.expire_after":              a(describe("expire_after removes what is older, whatever the keep rules say, down to min_count; from 0s to 3650d.")),
	"PolicyInput.min_count":                 a(between(0, maxKept), byDefault(0)),
	"PolicyInput.protect":                   a(upTo(maxProtect), items(line(contract.MaxServerText))),
})

var fleetRules = together(chosen("FleetUpdateInput"), map[string]rule{
	"FleetUpdateInput.reason": a(line(maxLine)),
	"FleetUpdateInput.notify": a(upTo(maxNotify), told),
	"FleetUpdateInput.template": needed(describe("template is a SnapshotUpdateVerify input without server_id and dry_run. " +
		"Its texts may use {{.ServerID}}, {{.Name}}, {{.Hostname}}, {{.IPAddress}} and {{.Location}} of the server.")),
	"FleetUpdateInput.max_concurrency": a(amount(1, maxInFlight), byDefault(5)),
	"FleetUpdateInput.max_errors":      a(amount(0, contract.MaxSelected), byDefault(0)),
	"FleetUpdateInput.max_rollbacks":   a(amount(0, contract.MaxSelected), byDefault(0)),
	"FleetUpdateInput.on_stop":         a(byDefault("leave")),
	"FleetUpdateInput.retry_of":        a(line(maxWorkflowID)),
	"CanaryInput.count":                a(amount(0, contract.MaxSelected), byDefault(0)),
	"CanaryInput.pause":                a(byDefault("0s")),
	"CanaryInput.decide_timeout":       a(span("24h")),
})

var windowRules = map[string]rule{
	"Window.days":      a(items(matches(dayPattern))),
	"Window.to":        a(describe(`to may be "24:00"; earlier than from it is on the next day. to itself is no longer in the window.`)),
	"Window.start":     a(describe(`start is the moment at which a single window starts, "2026-12-23T18:00:00+01:00", in place of days, from and to.`)),
	"Window.end":       a(describe("end is the moment at which a single window ends; it is no longer in the window.")),
	"Window.servers":   a(upTo(maxWindowIDs), items(between(1, maxServerID))),
	"Window.reason":    a(line(maxReason)),
	"Window.time_zone": a(matches(zonePattern), neverMatches(`^Local$|[.][.]`), describe(`time_zone is where that clock hangs, a name of the IANA database such as "Europe/Berlin"; default UTC.`)),
}

// told describes notify where the Go type does not.
var told = describe("notify are URLs that are told how the run goes; up to 10.")

// together are rules of several places.
func together(some ...map[string]rule) map[string]rule {
	all := map[string]rule{}
	for _, one := range some {
		maps.Copy(all, one)
	}
	return all
}

// ruleNames are sorted, for the test that none of them is about a field that is gone.
func ruleNames() []string { return slices.Sorted(maps.Keys(rules)) }
