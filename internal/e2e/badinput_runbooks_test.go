package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/workflows"
)

// Good inputs around the part that a case is about.
func rollbackWith(fields string) string {
	return `{"server_id": SERVER, "snapshot": "latest", "verify": {"skip": true}, ` + fields + `}`
}

func rotationWith(fields string) string {
	return `{"servers": [SERVER], "policy": {"keep_last": 2}, ` + fields + `}`
}

func rotationWithPolicy(policy string) string {
	return `{"servers": [SERVER], "policy": {` + policy + `}}`
}

const soundTemplate = `{"update": {"kind": "none"}, "verify": {"skip": true}}`

func fleetWith(fields string) string {
	return `{"servers": [SERVER], "template": ` + soundTemplate + `, ` + fields + `}`
}

func fleetWithTemplate(template string) string {
	return `{"servers": [SERVER], "template": ` + template + `}`
}

// inputsOfAnyRunbook are no inputs at all, whatever the runbook.
func inputsOfAnyRunbook(r *rig) []badInput {
	const whole = "input"
	return []badInput{
		{name: "none at all", want: []string{whole}},
		{name: "bytes", args: []any{[]byte(`{"server_id": 1}`)}, want: []string{whole}},
		r.bad("null", "null", whole),
		r.bad("a list", "[SERVER]", whole),
		r.bad("not whole JSON", `{"servers": [SERVER`, whole),
	}
}

func badRollbacks(r *rig) []badInput {
	return append(inputsOfAnyRunbook(r),
		r.bad("an empty object", "{}", "server_id", "snapshot", "verify.checks"),
		r.bad("an unknown field", rollbackWith(`"update": {"kind": "none"}`), "update"),
		r.bad("server zero", `{"server_id": 0, "snapshot": "latest", "verify": {"skip": true}}`, "server_id"),
		r.bad("a list of servers", `{"servers": [SERVER], "snapshot": "latest", "verify": {"skip": true}}`, "servers", "server_id"),
		r.bad("a snapshot that is none", `{"server_id": SERVER, "snapshot": -801, "verify": {"skip": true}}`, "snapshot"),
		r.bad("an empty snapshot", `{"server_id": SERVER, "snapshot": "", "verify": {"skip": true}}`, "snapshot"),
		r.bad("a snapshot that is an object", `{"server_id": SERVER, "snapshot": {"id": 801}, "verify": {"skip": true}}`, "snapshot"),
		r.bad("a baseline before a rollback", `{"server_id": SERVER, "snapshot": "latest", "verify": {"skip": true, "baseline": true}}`, "verify.baseline"),
		r.bad("required without a safety snapshot", rollbackWith(`"safety": {"required": true}`), "safety.required"),
		r.bad("durations", rollbackWith(`"approval": {"timeout": "0s"}, "safety": {"ready_timeout": "25h"}, "rollback": {"restore_timeout": 45, "hold_timeout": "-1h"}`),
			"approval.timeout", "safety.ready_timeout", "rollback.restore_timeout", "rollback.hold_timeout"),
		r.bad("on_failure has no meaning here", rollbackWith(`"rollback": {"on_failure": "restore"}`), "rollback.on_failure"),
		r.bad("unknown words", rollbackWith(`"lock": {"on_busy": "steal"}, "notify": [{"url": "https://chat.example.com/", "on": ["never"]}]`), "lock.on_busy", "notify[0].on[0]"),
		r.bad("a notify URL with a password", rollbackWith(`"notify": [{"url": "https://user:hunter2@chat.example.com/"}]`), "notify[0].url"),
		r.bad("after_run of two lines", rollbackWith(`"after_run": "a\nb"`), "after_run"),
	)
}

func badRotations(r *rig) []badInput {
	return append(inputsOfAnyRunbook(r),
		r.bad("an empty object", "{}", "servers", "policy"),
		r.bad("an unknown field", rotationWith(`"keep_last": 3`), "keep_last"),
		r.bad("no servers", `{"servers": [], "policy": {"keep_last": 2}}`, "servers"),
		r.bad("servers and all", rotationWith(`"all": true`), "all"),
		r.bad("a server twice", `{"servers": [SERVER, SERVER], "policy": {"keep_last": 2}}`, "servers[1]"),
		r.bad("a server that is none", `{"servers": [SERVER, 0], "policy": {"keep_last": 2}}`, "servers[1]"),
		r.bad("a selector that selects by nothing", `{"selector": {}, "policy": {"keep_last": 2}}`, "selector"),
		r.bad("a broken glob", `{"selector": {"name": "web["}, "policy": {"keep_last": 2}}`, "selector.name"),
		r.bad("a policy without a rule", rotationWithPolicy(`"min_count": 1, "protect": ["x"]`), "policy"),
		r.bad("keeps out of range", rotationWithPolicy(`"keep_last": 6, "keep_daily": -1, "min_count": 9`), "policy.keep_last", "policy.keep_daily", "policy.min_count"),
		r.bad("another runbook's policy", rotationWithPolicy(`"name": "update", "keep_last": 2`), "policy.name"),
		r.bad("a broken pattern", rotationWithPolicy(`"keep_last": 2, "protect": ["ok-*", "["]`), "policy.protect[1]"),
		r.bad("a stop without a snapshot", rotationWith(`"create": false, "snapshot": {"stop_server": true}`), "snapshot.stop_server"),
		r.bad("a forged marker", rotationWith(`"snapshot": {"description": "managed-by=safepoint"}`), "snapshot.description"),
		r.bad("none at a time", rotationWith(`"max_concurrency": 0`), "max_concurrency"),
		r.bad("a freeze window without an end", rotationWith(`"not_during": [{"from": "18:00"}]`), "not_during[0].to"),
	)
}

func badAudits(r *rig) []badInput {
	return append(inputsOfAnyRunbook(r),
		r.bad("an empty object", "{}", "servers", "max_age"),
		r.bad("an unknown field", `{"servers": [SERVER], "max_age": "26h", "policy": "rotation"}`, "policy"),
		r.bad("no age", `{"servers": [SERVER]}`, "max_age"),
		r.bad("an age as a number", `{"servers": [SERVER], "max_age": 26}`, "max_age"),
		r.bad("ages out of range", `{"servers": [SERVER], "max_age": "1s", "stuck_after": "8d"}`, "max_age", "stuck_after"),
		r.bad("all and a selector", `{"all": true, "selector": {"name": "web*"}, "max_age": "26h"}`, "all"),
		r.bad("an unknown status", `{"selector": {"name": "*", "status": "restoring now"}, "max_age": "26h"}`, "selector.status"),
		r.bad("excludes that are none", `{"selector": {"name": "*", "exclude": [0]}, "max_age": "26h"}`, "selector.exclude[0]"),
		r.bad("a broken glob", `{"selector": {"exclude_names": ["["], "name": "*"}, "max_age": "26h"}`, "selector.exclude_names[0]"),
	)
}

func badFleets(r *rig) []badInput {
	return append(inputsOfAnyRunbook(r),
		r.bad("an empty object", "{}", "servers", "template"),
		r.bad("an unknown field", fleetWith(`"maxerrors": 1`), "maxerrors"),
		r.bad("no template", `{"servers": [SERVER]}`, "template"),
		r.bad("a template that is a string", fleetWithTemplate(`"x"`), "template"),
		r.bad("servers and retry_of", fleetWith(`"retry_of": "fleet-41"`), "servers"),
		r.bad("a field that targets do not have", fleetWithTemplate(`{"reason": "{{.Nmae}}", "update": {"kind": "none"}, "verify": {"skip": true}}`), "template.reason"),
		r.bad("a template of a program", fleetWithTemplate(`{"reason": "{{range .}}x{{end}}", "update": {"kind": "none"}, "verify": {"skip": true}}`), "template.reason"),
		r.bad("a template with a server", fleetWithTemplate(`{"server_id": SERVER, "update": {"kind": "none"}, "verify": {"skip": true}}`), "template.server_id"),
		r.bad("what the template makes is bad", fleetWithTemplate(`{"update": {"kind": "webhook"}, "lock": {"timeout": 5}}`),
			"template.update.url", "template.verify.checks", "template.lock.timeout"),
		r.bad("a pause without a canary", fleetWith(`"canary": {"pause": "1h"}`), "canary.count"),
		r.bad("amounts", fleetWith(`"max_concurrency": 201, "max_errors": "101%", "max_rollbacks": -1`), "max_concurrency", "max_errors", "max_rollbacks"),
		r.bad("an unknown word", fleetWith(`"on_stop": "explode"`), "on_stop"),
	)
}

func TestABadInputOfAnyRunbookEndsAtOnceWithEveryProblemByItsPathAndTouchesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_ = r.retried(r.id()+"-warm").Get(t.Context(), nil) // the first task of a new worker pays for its connections
	for runbook, inputs := range map[string][]badInput{
		workflows.TypeRollbackByRestore: badRollbacks(r), workflows.TypeSnapshotRotation: badRotations(r),
		workflows.TypeSnapshotAudit: badAudits(r), workflows.TypeFleetUpdate: badFleets(r),
	} {
		require.GreaterOrEqual(t, len(inputs), 14)
		for i, in := range inputs {
			t.Run(runbook+"/"+in.name, func(t *testing.T) {
				one := *r
				one.t = t
				one.refused(runbook, fmt.Sprintf("%s-%s-%d", r.id(), strings.ToLower(runbook), i), in)
			})
		}
	}
	r.untouchedByBadInputs()
}
