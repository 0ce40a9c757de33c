package schema

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/workflows"
)

// one is an input that differs from the full example in one or two places.
type one struct {
	kind  string
	path  string
	value any
	// also and alsoValue are a second place; may be empty.
	also      string
	alsoValue any
}

const (
	suv      = workflows.TypeSnapshotUpdateVerify
	rollback = workflows.TypeRollbackByRestore
	rotation = workflows.TypeSnapshotRotation
	fleet    = workflows.TypeFleetUpdate
	audit    = workflows.TypeSnapshotAudit
)

func (o one) text(t *testing.T) []byte {
	t.Helper()
	text := place{full(t, o.kind), o.path}.with(t, o.value)
	if o.also != "" {
		text = place{object(t, string(text)), o.also}.with(t, o.alsoValue)
	}
	return text
}

type fields = map[string]any

// refusedByBoth are about fields that belong together, lists of words that are no Go constants, and values of several types.
var refusedByBoth = []one{
	{kind: suv, path: "update", value: fields{}},
	{kind: suv, path: "update", value: fields{"kind": "webhook"}},
	{kind: suv, path: "update", value: fields{"kind": "webhook", "url": ""}},
	{kind: suv, path: "update", value: fields{"kind": "webhook", "url": "ftp://example.com/"}},
	{kind: suv, path: "update", value: fields{"kind": "webhook", "url": "https://example.com/a b"}},
	{kind: suv, path: "update", value: fields{"kind": "webhook", "url": "https://example.com/#top"}},
	{kind: suv, path: "update", value: fields{"kind": "none", "url": "https://example.com/"}},
	{kind: suv, path: "update", value: fields{"kind": "external", "command": "true"}},
	{kind: suv, path: "update", value: fields{"kind": "ssh", "address": "web01"}},
	{kind: suv, path: "update", value: fields{"kind": "ssh", "address": "web01", "command": "true"}},
	{kind: suv, path: "update", value: fields{"kind": "ssh", "address": "web01:0", "command": "true"}},
	{kind: suv, path: "update", value: fields{"kind": "ssh", "address": "web01:22", "command": "  "}},
	{kind: suv, path: "update", value: fields{"kind": "workflow", "type": "Deploy"}},
	{kind: suv, path: "update", value: fields{"kind": "workflow", "type": "/_sys/x", "task_queue": "q"}},
	{kind: suv, path: "update", value: fields{"kind": "workflow", "type": "Deploy", "task_queue": "q", "input": nil}},
	{kind: suv, path: "update", value: fields{"kind": "none", "input": fields{}}},
	{kind: suv, path: "verify", value: fields{}},
	{kind: suv, path: "verify", value: fields{"checks": []any{}}},
	{kind: suv, path: "verify.skip", value: true},
	{kind: suv, path: "verify.checks[0]", value: fields{"kind": "http"}},
	{kind: suv, path: "verify.checks[0]", value: fields{"url": "https://example.com/"}},
	{kind: suv, path: "verify.checks[0]", value: fields{"kind": "http", "url": "https://example.com/", "address": "a:1"}},
	{kind: suv, path: "verify.checks[0]", value: fields{"kind": "tcp", "url": "https://example.com/"}},
	{kind: suv, path: "verify.checks[0]", value: fields{"kind": "tcp", "address": "a:1", "expect_status": 200}},
	{kind: suv, path: "verify.checks[0]", value: fields{"kind": "tcp", "address": "a:1", "expect_body": "ok"}},
	{kind: suv, path: "verify.checks[0]", value: fields{"kind": "tcp", "address": "a:1", "command": "true"}},
	{kind: suv, path: "verify.checks[0]", value: fields{"kind": "ssh", "address": "[::1]22", "command": "true"}},
	{kind: suv, path: "verify.checks[0]", value: fields{"kind": "ssh", "address": "[::1]:22"}},
	{kind: suv, path: "verify.checks[0].name", value: "  "},
	{kind: suv, path: "snapshot.description", value: "before managed-by=me"},
	{kind: suv, path: "snapshot.name_prefix", value: ""},
	{kind: suv, path: "backup", value: fields{"create": false, "wait": true}},
	{kind: suv, path: "backup", value: fields{"required": true}},
	{kind: suv, path: "notify", value: []any{fields{}}},
	{kind: suv, path: "notify", value: []any{fields{"url": "https://example.com/", "on": []any{"deployed"}}}},
	{kind: suv, path: "not_during", value: []any{fields{}}},
	{kind: suv, path: "not_during", value: []any{fields{"days": []any{"fri"}}}},
	{kind: suv, path: "not_during", value: []any{fields{"days": []any{"vrijdag"}, "from": "16:00", "to": "18:00"}}},
	{kind: suv, path: "not_during", value: []any{fields{"from": "24:00", "to": "18:00"}}},
	{kind: suv, path: "not_during", value: []any{fields{"from": "6:00", "to": "18:00"}}},
	{kind: suv, path: "not_during", value: []any{fields{"from": "16:00", "to": "18:00", "start": "2026-12-23T18:00:00Z"}}},
	{kind: suv, path: "not_during", value: []any{fields{"start": "2026-12-23T18:00:00Z"}}},
	{kind: suv, path: "not_during", value: []any{fields{"start": "tomorrow", "end": "2026-12-23T18:00:00Z"}}},
	{kind: suv, path: "not_during", value: []any{fields{"start": "2026-12-23T18:00:00Z", "end": "2026-12-24T18:00:00Z", "time_zone": "UTC"}}},
	{kind: rollback, path: "snapshot", value: 0},
	{kind: rollback, path: "snapshot", value: -1},
	{kind: rollback, path: "snapshot", value: "0"},
	{kind: rollback, path: "snapshot", value: ""},
	{kind: rollback, path: "snapshot", value: "the newest"},
	{kind: rollback, path: "snapshot", value: true},
	{kind: rollback, path: "snapshot", value: nil},
	{kind: rollback, path: "safety", value: fields{"required": true}},
	{kind: rollback, path: "verify.baseline", value: true},
	{kind: rotation, path: "servers", value: []any{1}},
	{kind: rotation, path: "servers", value: []any{1, 1}},
	{kind: rotation, path: "all", value: true},
	{kind: rotation, path: "selector", value: fields{"exclude": []any{1}}},
	{kind: rotation, path: "selector", value: fields{"status": "restoring"}},
	{kind: rotation, path: "selector", value: fields{"name": "*", "exclude_names": []any{""}}},
	{kind: rotation, path: "policy", value: fields{}},
	{kind: rotation, path: "policy", value: fields{"min_count": 1, "protect": []any{"a"}}},
	{kind: rotation, path: "policy", value: fields{"name": "update", "keep_last": 1}},
	{kind: rotation, path: "policy", value: fields{"name": "safety", "keep_last": 1}},
	{kind: rotation, path: "policy", value: fields{"keep_within": "0s"}},
	{kind: rotation, path: "max_concurrency", value: 0},
	{kind: rotation, path: "max_concurrency", value: 201},
	{kind: rotation, path: "max_concurrency", value: "0"},
	{kind: rotation, path: "max_concurrency", value: "0%"},
	{kind: rotation, path: "max_concurrency", value: "101%"},
	{kind: rotation, path: "max_concurrency", value: "many"},
	{kind: rotation, path: "max_concurrency", value: 1.5},
	{kind: rotation, path: "max_concurrency", value: nil},
	{kind: rotation, path: "create", value: false, also: "snapshot.stop_server", alsoValue: true},
	{kind: fleet, path: "template", value: fields{}},
	{kind: fleet, path: "template.server_id", value: 1},
	{kind: fleet, path: "template.dry_run", value: true},
	{kind: fleet, path: "template.verify.checks[0].url", value: "{{.Hostname"},
	{kind: fleet, path: "retry_of", value: "web-2.13.0"},
	{kind: fleet, path: "canary", value: fields{"pause": "1m"}},
	{kind: fleet, path: "canary", value: fields{"count": 0, "decide": true}},
	{kind: fleet, path: "canary", value: fields{"count": "0", "pause": "1m"}},
	{kind: fleet, path: "max_errors", value: -1},
	{kind: fleet, path: "max_errors", value: 10_001},
	{kind: audit, path: "selector", value: fields{}},
	{kind: audit, path: "max_age", value: ""},
	{kind: Schedule, path: "runbook", value: "ServerLock"},
	{kind: Schedule, path: "input", value: fields{"all": true}},
	{kind: Schedule, path: "input.server_id", value: 5},
	{kind: Schedule, path: "id", value: ""},
	{kind: Schedule, path: "spec", value: fields{}},
	{kind: Schedule, path: "spec.cron", value: []any{"@daily"}},
	{kind: Schedule, path: "spec", value: fields{"cron": []any{"0 3 * *"}}},
	{kind: Schedule, path: "spec", value: fields{"cron": []any{"@every 5m"}}},
	{kind: Schedule, path: "spec", value: fields{"cron": []any{"CRON_TZ=UTC 0 3 * * *"}}},
	{kind: Schedule, path: "spec", value: fields{"cron": []any{"@daily"}, "offset": "1m"}},
	{kind: Schedule, path: "spec.calendars", value: []any{fields{"second": "*"}}},
	{kind: Schedule, path: "spec.calendars", value: []any{fields{}}},
}

// Whatever a schema refuses here, the runbook refuses too: an editor never shows red what would run.
func TestWhatASchemaRefusesTheRunbookRefuses(t *testing.T) {
	for _, o := range refusedByBoth {
		text, judge := o.text(t), newJudge(t, o.kind)
		if o.path == "template.verify.checks[0].url" { // a text with double braces is the runbook's to judge
			assert.Empty(t, judge.refusals(t, text))
		} else {
			assert.NotEmpty(t, judge.refusals(t, text), "the schema of %s takes %s = %v", o.kind, o.path, o.value)
		}
		assert.NotEmpty(t, problems(t, o.kind, text), "%s takes %s = %v", o.kind, o.path, o.value)
	}
}

// takenByBoth are odd, but good.
var takenByBoth = []one{
	{kind: suv, path: "update", value: fields{"kind": "none", "url": "", "command": "", "timeout": "1h30m"}},
	{kind: suv, path: "update", value: fields{"kind": "webhook", "url": "HTTPS://example.com:8443/a?b=%20@c"}},
	{kind: suv, path: "update", value: fields{"kind": "workflow", "type": "Deploy", "task_queue": "q", "input": []any{1, nil}}},
	{kind: suv, path: "update", value: fields{"kind": "ssh", "address": "[2001:db8::1]:22", "command": "a\nb\tc"}},
	{kind: suv, path: "update.timeout", value: "1.5h"},
	{kind: suv, path: "update.timeout", value: "1d"},
	{kind: suv, path: "verify", value: fields{"skip": true}},
	{kind: suv, path: "verify", value: fields{"skip": true, "checks": []any{}}},
	{kind: suv, path: "snapshot.description", value: "rerun=1 of managed-by-me"},
	{kind: suv, path: "backup", value: fields{"create": true, "wait": true, "required": true}},
	{kind: suv, path: "not_during", value: []any{fields{"days": []any{"Friday", "SAT", "sunday"}, "from": "23:59", "to": "24:00"}}},
	{kind: suv, path: "not_during", value: []any{fields{"start": "2026-12-23T18:00:00.5+01:00", "end": "2026-12-23T18:00:01+01:00", "days": []any{}, "from": ""}}},
	{kind: rollback, path: "snapshot", value: 801},
	{kind: rollback, path: "snapshot", value: "801"},
	{kind: rollback, path: "snapshot", value: "latest_any"},
	{kind: rollback, path: "snapshot", value: "before-the-sale_2026"},
	{kind: rotation, path: "max_concurrency", value: "5"},
	{kind: rotation, path: "max_concurrency", value: "100%"},
	{kind: rotation, path: "policy", value: fields{"expire_after": "2w"}},
	{kind: rotation, path: "snapshot.name_prefix", value: ""},
	{kind: fleet, path: "template.update.timeout", value: "{{.ServerID}}m"},
	{kind: fleet, path: "template.verify.checks[0].url", value: "https://{{ .Hostname }}/healthz"},
	{kind: fleet, path: "template.verify.checks[1].address", value: "{{.IPAddress}}:22"},
	{kind: fleet, path: "canary", value: fields{"count": "10%", "decide": true}},
	{kind: fleet, path: "max_errors", value: "10%"},
	{kind: audit, path: "max_age", value: "8d"},
	{kind: Schedule, path: "spec", value: fields{"every": "6h", "offset": "5m"}},
	{kind: Schedule, path: "spec", value: fields{"cron": []any{"@daily", "30 0 3 * * mon 2027"}}},
}

func TestOddButGoodInputsAreTakenByBoth(t *testing.T) {
	for _, o := range takenByBoth {
		text := o.text(t)
		assert.Empty(t, newJudge(t, o.kind).refusals(t, text), "the schema of %s refuses %s = %v", o.kind, o.path, o.value)
		assert.Empty(t, problems(t, o.kind, text), "%s refuses %s = %v", o.kind, o.path, o.value)
	}
}

// Each required field is missed by both.
func TestWhatIsRequiredIsRequiredByBoth(t *testing.T) {
	for _, kind := range Kinds() {
		s, err := For(kind)
		assert.NoError(t, err)
		assert.NotEmpty(t, newJudge(t, kind).refusals(t, []byte("{}")), kind)
		for _, name := range s.Required {
			input := full(t, kind)
			delete(input, name)
			assert.NotEmpty(t, newJudge(t, kind).refusals(t, written(t, input)), "%s without %s", kind, name)
			assert.NotEmpty(t, problems(t, kind, written(t, input)), "%s without %s", kind, name)
		}
	}
}
