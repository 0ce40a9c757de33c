package workflows

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// triers read one runbook's input each, in the order of inputRules.
var triers = []func(*testing.T, []byte){
	tryInput(decodeSnapshotUpdateVerify), tryInput(decodeRollbackByRestore), tryInput(decodeSnapshotRotation),
	tryInput(decodeFleetUpdate), tryInput(decodeSnapshotAudit),
}

func addExamples(f *testing.F, add func([]byte)) {
	f.Helper()
	paths, err := filepath.Glob("../starter/examples/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatalf("the examples are missing: %v", err)
	}
	for _, path := range append(paths, "testdata/input/snapshot_update_verify.json") {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		add(data)
	}
}

// FuzzInput: an input that a runbook takes means the same to encoding/json, and the same again when it is written and read,
// as a fleet's children and a continued run read it. One that is refused is refused by paths, in lines that can be shown.
func FuzzInput(f *testing.F) {
	if len(triers) != len(inputRules) {
		f.Fatal("a runbook is missing here")
	}
	for kind := range triers {
		add := func(data []byte) { f.Add(uint8(kind), data) }
		addExamples(f, add)
		for _, seed := range []string{
			exampleInput, exampleRollback, exampleRotation, exampleAudit, `{}`, `null`, `[]`, ``, `{"server_id": 1e3}`, `{"server_id": 0, "server_id": 5}`, `{"SERVER_ID": 5}`,
			`{"server_id": 5, "snapshot": "+801", "verify": {"skip": true}}`, `{"server_id": 5, "snapshot": "-5", "verify": {"skip": true}}`, `{"server_id": 5, "snapshot": "\u0031", "verify": {"skip": true}}`,
			`{"all": true, "policy": {"keep_last": 2, "keep_within": "7d", "expire_after": "30d", "protect": ["*-gold", "[a-"]}, "max_concurrency": "25%"}`,
			`{"servers": [1, 2], "max_age": "26h", "stuck_after": "1h"}`, `{"selector": {"name": "web-*", "exclude": [3], "exclude_names": ["web-0?"]}, "max_age": "1d"}`,
			`{"all": true, "template": {"update": {"kind": "workflow", "type": "T", "task_queue": "q", "input": {"a": [1, null, "<é\u2028>"]}}, "verify": {"skip": true}}, "canary": {"count": "10%", "pause": "1m", "decide": true}, "max_errors": 1}`,
			`{"server_id": 5, "update": {"kind": "none"}, "verify": {"skip": true}, "not_during": [{"days": ["fri"], "from": "18:00", "to": "06:00", "time_zone": "Europe/Berlin"}, {"start": "9999-12-31T23:00:00-23:59", "end": "9999-12-31T23:59:59-23:59"}]}`,
			`{"server_id": 5, "update": {"kind": "ssh", "address": "h:22", "command": "true"}, "verify": {"checks": [{"kind": "ssh", "address": "[2001:db8::1]:22", "command": "a\tb"}]}}`,
			`{"server_id": 5, "reason": "\u001b[2J", "update": {"kind": "\u202e", "\u009b": 1}, "verify": {"checks": [null, {"kind": "http", "url": "http://u:p@h/"}]}}`,
		} {
			add([]byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) { triers[int(kind)%len(triers)](t, data) })
}

func tryInput[T any](decode func(converter.RawValue) (T, error)) func(*testing.T, []byte) {
	return func(t *testing.T, data []byte) {
		t.Helper()
		in, err := decode(jsonInput(string(data)))
		if err != nil {
			checkRefused(t, err)
			return
		}
		var strict, loose T
		if problems := strictjson.Decode(data, &strict); len(problems) > 0 {
			t.Fatalf("taken, and then not: %v", problems)
		}
		if err := json.Unmarshal(data, &loose); err != nil || !reflect.DeepEqual(strict, loose) {
			t.Fatalf("read as %+v\nby encoding/json as %+v (%v)", strict, loose, err)
		}
		written := marshal(t, in)
		again, err := decode(jsonInput(written))
		if err != nil {
			t.Fatalf("taken, and not taken when it is written again as %s: %v", written, err)
		}
		if second := marshal(t, again); second != written {
			t.Fatalf("written as\n%s\nand the next time as\n%s", written, second)
		}
	}
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("taken, and it cannot be written: %v", err)
	}
	return string(data)
}

// checkRefused: every problem has a path and words, and the whole can be shown and travels.
func checkRefused(t *testing.T, err error) {
	t.Helper()
	var invalid *InvalidInputError
	if !errors.As(err, &invalid) || len(invalid.Problems) == 0 {
		t.Fatalf("refused without a problem: %v", err)
	}
	for _, p := range invalid.Problems {
		if p.Path == "" || p.Message == "" || !printable(p.Path) || !printable(p.Message) {
			t.Fatalf("problem %+q", p)
		}
	}
	if text := err.Error(); len(text) > 128<<10 || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Fatalf("%d bytes: %q", len(text), text)
	}
}
