package e2e

import (
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

// badInput is what a caller sends and the paths of everything that is wrong with it.
type badInput struct {
	name string
	args []any
	want []string
}

// jsonPayload is what `temporal workflow start --input` sends.
func jsonPayload(data string) *commonpb.Payload {
	return encoded(converter.MetadataEncodingJSON, data)
}

func encoded(encoding, data string) *commonpb.Payload {
	return &commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding)}, Data: []byte(data)}
}

// bad is one input of JSON text. SERVER stands for the rig's own server, so that an input which is wrongly taken would
// reach the stand-in and be seen there.
func (r *rig) bad(name, data string, want ...string) badInput {
	data = strings.ReplaceAll(data, "SERVER", fmt.Sprint(r.server))
	return badInput{name: name, args: []any{converter.NewRawValue(jsonPayload(data))}, want: want}
}

// The rest of a good input around the part that a case is about.
func withField(field string) string {
	return `{"server_id": SERVER, "update": {"kind": "none"}, "verify": {"skip": true}, ` + field + `}`
}

func withServer(id string) string {
	return `{"server_id": ` + id + `, "update": {"kind": "none"}, "verify": {"skip": true}}`
}

func withUpdate(update string) string {
	return `{"server_id": SERVER, "update": {` + update + `}, "verify": {"skip": true}}`
}

func withVerify(verify string) string {
	return `{"server_id": SERVER, "update": {"kind": "none"}, "verify": {` + verify + `}}`
}

func withChecks(checks string) string { return withVerify(`"checks": [` + checks + `]`) }

func inputsThatAreNoObject(r *rig) []badInput {
	const whole = "input"
	return []badInput{
		{name: "none at all", want: []string{whole}},
		{name: "an encoded nothing", args: []any{nil}, want: []string{whole}},
		{name: "bytes", args: []any{[]byte(`{"server_id": 1}`)}, want: []string{whole}},
		{name: "an unknown encoding", args: []any{converter.NewRawValue(encoded("json/protobuf", `{}`))}, want: []string{whole}},
		{name: "no encoding", args: []any{converter.NewRawValue(&commonpb.Payload{Data: []byte(`{}`)})}, want: []string{whole}},
		r.bad("empty", "", whole),
		r.bad("null", "null", whole),
		r.bad("a list", "[]", whole),
		r.bad("a list of one object", `[`+withServer("SERVER")+`]`, whole),
		r.bad("a string", `"SERVER"`, whole),
		r.bad("an object in a string", `"{\"server_id\": SERVER}"`, whole),
		r.bad("a number", "SERVER", whole),
		r.bad("not JSON", "server_id=SERVER", whole),
		r.bad("not whole JSON", `{"server_id": SERVER, "update": {"kind"`, whole),
		r.bad("two objects", withServer("SERVER")+withServer("SERVER"), whole),
		r.bad("nested too deep", withField(`"reason": `+strings.Repeat("[", 40)+strings.Repeat("]", 40)), whole),
		r.bad("longer than 1 MiB", withField(`"reason": "`+strings.Repeat("x", 1<<20)+`"`), whole),
	}
}

func inputsWithBadFields(r *rig) []badInput {
	return []badInput{
		r.bad("an empty object", "{}", "server_id", "update.kind", "verify.checks"),
		r.bad("only a server", `{"server_id": SERVER}`, "update.kind", "verify.checks"),
		r.bad("a misspelt server_id", `{"serverid": SERVER, "update": {"kind": "none"}, "verify": {"skip": true}}`, "serverid", "server_id"),
		r.bad("server_id in capitals", `{"Server_ID": SERVER, "update": {"kind": "none"}, "verify": {"skip": true}}`, "Server_ID", "server_id"),
		r.bad("an unknown field", withField(`"dryrun": true`), "dryrun"),
		r.bad("unknown fields at three depths", `{"server_id": SERVER, "x": 1, "update": {"kind": "none", "y": 2}, "verify": {"checks": [{"kind": "tcp", "address": "a:1", "z": 3}]}}`,
			"x", "update.y", "verify.checks[0].z"),
		r.bad("a field twice", withField(`"reason": "a", "reason": "b"`), "reason"),
		r.bad("null for a field", withField(`"dry_run": null`), "dry_run"),
		r.bad("null for a part", withField(`"rollback": null`), "rollback"),
		r.bad("a string for a number", withServer(`"SERVER"`), "server_id"),
		r.bad("a number for a string", withField(`"reason": 5`), "reason"),
		r.bad("a string for a yes or no", withField(`"dry_run": "true"`), "dry_run"),
		r.bad("a list for an object", withField(`"lock": []`), "lock"),
		r.bad("an object for a list", withVerify(`"checks": {"kind": "http"}`), "verify.checks"),
		r.bad("a string for a check", withChecks(`"http://a/"`), "verify.checks[0]"),
		r.bad("no checks", withVerify(``), "verify.checks"),
		r.bad("empty checks", withVerify(`"checks": []`), "verify.checks"),
		r.bad("checks that are skipped", withVerify(`"skip": true, "checks": [{"kind": "tcp", "address": "a:1"}]`), "verify.skip"),
		r.bad("an empty check", withChecks(`{}`), "verify.checks[0].kind"),
		r.bad("51 checks", withChecks(strings.Repeat(`{"kind": "tcp", "address": "a:1"},`, 50)+`{"kind": "tcp", "address": "a:1"}`), "verify.checks"),
		r.bad("two checks of one name", withChecks(`{"name": "a", "kind": "tcp", "address": "a:1"}, {"name": "a", "kind": "tcp", "address": "a:2"}`), "verify.checks[1].name"),
		r.bad("no update", `{"server_id": SERVER, "verify": {"skip": true}}`, "update.kind"),
		r.bad("an unknown kind", withUpdate(`"kind": "magic"`), "update.kind"),
		r.bad("a kind of a later version", withUpdate(`"kind": "teleport"`), "update.kind"),
		r.bad("unknown words", withField(`"rollback": {"on_failure": "pray"}, "lock": {"on_busy": "steal"}`), "rollback.on_failure", "lock.on_busy"),
	}
}

func inputsWithBadValues(r *rig) []badInput {
	return []badInput{
		r.bad("server zero", withServer("0"), "server_id"),
		r.bad("a negative server", withServer("-SERVER"), "server_id"),
		r.bad("a server above the limit", withServer("1000000000000"), "server_id"),
		r.bad("a server above 64 bits", withServer("99999999999999999999"), "server_id"),
		r.bad("half a server", withServer("SERVER.5"), "server_id"),
		r.bad("a duration as a number", withField(`"lock": {"timeout": 30}`), "lock.timeout"),
		r.bad("durations without a unit, of no sense, empty", withVerify(`"skip": true, "timeout": "30", "interval": "soon", "bake_time": ""`),
			"verify.timeout", "verify.interval", "verify.bake_time"),
		r.bad("negative and zero durations", withField(`"snapshot": {"ready_timeout": "0s"}, "rollback": {"restore_timeout": "-45m", "hold_timeout": "0s"}`),
			"snapshot.ready_timeout", "rollback.restore_timeout", "rollback.hold_timeout"),
		r.bad("huge durations", withField(`"snapshot": {"ready_timeout": "25h"}, "lock": {"timeout": "9999999999h"}`), "snapshot.ready_timeout", "lock.timeout"),
		r.bad("counts out of range", withVerify(`"skip": true, "successes": 0, "failures": 1001`), "verify.successes", "verify.failures"),
		r.bad("a huge count", withVerify(`"skip": true, "successes": 1e9`), "verify.successes"),
		r.bad("keeps none", withField(`"retention": {"keep_last": 0}`), "retention.keep_last"),
		r.bad("keeps more than the quota", withField(`"retention": {"keep_last": 6}`), "retention.keep_last"),
		r.bad("a webhook without a URL", withUpdate(`"kind": "webhook"`), "update.url"),
		r.bad("a URL without a webhook", withUpdate(`"kind": "none", "url": "http://a/"`), "update.url"),
		r.bad("a URL of another scheme", withUpdate(`"kind": "webhook", "url": "ftp://a/"`), "update.url"),
		r.bad("a URL without a scheme", withUpdate(`"kind": "webhook", "url": "web01.example.com/hook"`), "update.url"),
		r.bad("a URL without a host", withUpdate(`"kind": "webhook", "url": "https:///hook"`), "update.url"),
		r.bad("a URL with a password", withUpdate(`"kind": "webhook", "url": "https://user:hunter2@a/"`), "update.url"),
		r.bad("a URL with a line break", withChecks(`{"kind": "http", "url": "http://a/\r\nHost: b"}`), "verify.checks[0].url"),
		r.bad("an http check without a URL", withChecks(`{"kind": "http"}`), "verify.checks[0].url"),
		r.bad("a tcp check without a port", withChecks(`{"kind": "tcp", "address": "a"}`), "verify.checks[0].address"),
		r.bad("a status that is none", withChecks(`{"kind": "http", "url": "http://a/", "expect_status": 99}`), "verify.checks[0].expect_status"),
		r.bad("a prefix that is no name", withField(`"snapshot": {"name_prefix": "a b"}`), "snapshot.name_prefix"),
		r.bad("a forged marker", withField(`"snapshot": {"description": "x policy=daily"}`), "snapshot.description"),
		r.bad("a reason of two lines", withField(`"reason": "a\nb"`), "reason"),
		r.bad("a reason that is too long", withField(`"reason": "`+strings.Repeat("x", 501)+`"`), "reason"),
		r.bad("everything at once", `{"server_id": "x", "nope": 1, "reason": "a\nb", "snapshot": {"ready_timeout": 1}, "update": {"kind": "webhook", "url": "x"},
			"verify": {"interval": "1ms", "checks": [{"kind": "http", "url": "nope"}, {"kind": "tcp"}]}, "rollback": {"on_failure": ""}, "lock": {"on_busy": "x"}}`,
			"server_id", "nope", "reason", "snapshot.ready_timeout", "update.url", "verify.interval", "verify.checks[0].url", "verify.checks[1].address",
			"rollback.on_failure", "lock.on_busy"),
	}
}
