package workflows

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

func payloadOf(encoding, data string) converter.RawValue {
	return converter.NewRawValue(&commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding)}, Data: []byte(data),
	})
}

func jsonInput(data string) converter.RawValue {
	return payloadOf(converter.MetadataEncodingJSON, data)
}

// problemsOf decodes an input that must be refused.
func problemsOf(t *testing.T, raw converter.RawValue) []strictjson.Problem {
	t.Helper()
	in, err := decodeSnapshotUpdateVerify(raw)
	var invalid *InvalidInputError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, SnapshotUpdateVerifyInput{}, in, "a half-read input must not be used")
	require.NotEmpty(t, invalid.Problems)
	for _, p := range invalid.Problems {
		require.NotEmpty(t, p.Path)
		require.NotEmpty(t, p.Message)
	}
	return invalid.Problems
}

func problemPaths(problems []strictjson.Problem) []string {
	paths := make([]string, 0, len(problems))
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	return paths
}

func TestTheDocumentedInputIsReadAsItStands(t *testing.T) {
	data, err := os.ReadFile("testdata/input/snapshot_update_verify.json")
	require.NoError(t, err)
	in, err := decodeSnapshotUpdateVerify(jsonInput(string(data)))
	require.NoError(t, err)
	assert.Equal(t, SnapshotUpdateVerifyInput{
		ServerID: 12345,
		Reason:   "deploy web 2.14.0",
		Snapshot: SnapshotInput{NamePrefix: "pre-update", ReadyTimeout: Duration(30 * time.Minute)},
		Update: UpdateInput{
			Kind: UpdateWebhook, URL: "https://deploy.example.com/hooks/web", Timeout: Duration(30 * time.Minute),
			HeartbeatTimeout: Duration(2 * time.Minute), BeginTimeout: Duration(30 * time.Minute), OnUnknown: UnknownHold,
		},
		Verify: VerifyInput{
			Baseline: true, InitialDelay: Duration(10 * time.Second), Interval: Duration(10 * time.Second),
			Timeout: Duration(10 * time.Minute), Successes: 3, Failures: 3,
			Checks: []contract.Check{{
				Name: "home", Kind: contract.CheckHTTP, URL: "https://web01.example.com/healthz", ExpectStatus: 200,
				Timeout: Duration(10 * time.Second),
			}},
		},
		Rollback: RollbackInput{OnFailure: FailureRestore, RestoreTimeout: Duration(45 * time.Minute), HoldTimeout: Duration(24 * time.Hour)},
		Retention: RetentionInput{
			KeepLast: 2,
		},
		Backup: BackupInput{Timeout: Duration(2 * time.Hour)},
		Lock:   LockInput{OnBusy: BusyWait, Timeout: Duration(30 * time.Minute)},
	}, in)
}

func TestTheLeastInputGetsEveryDocumentedDefault(t *testing.T) {
	in, err := decodeSnapshotUpdateVerify(jsonInput(exampleInput))
	require.NoError(t, err, "the example in the messages must be good")
	want := defaultSnapshotUpdateVerifyInput()
	want.ServerID, want.Update.Kind = 12345, UpdateNone
	want.Verify.Checks = []contract.Check{{
		Name: "check-1", Kind: contract.CheckHTTP, URL: "https://web01.example.com/healthz", ExpectStatus: 200,
		Timeout: Duration(10 * time.Second),
	}}
	assert.Equal(t, want, in)

	written, err := json.Marshal(defaultSnapshotUpdateVerifyInput())
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"server_id": 0, "backup": {"timeout": "2h"}, "snapshot": {"name_prefix": "pre-update", "ready_timeout": "30m"},
		"update": {"kind": "", "timeout": "30m", "heartbeat_timeout": "2m", "begin_timeout": "30m", "on_unknown": "hold"},
		"verify": {"baseline": true, "initial_delay": "10s", "interval": "10s", "timeout": "10m", "successes": 3, "failures": 3, "bake_time": "0s"},
		"rollback": {"on_failure": "restore", "restore_timeout": "45m", "hold_timeout": "24h"},
		"retention": {"keep_last": 2}, "lock": {"on_busy": "wait", "timeout": "30m"}
	}`, string(written))
}

func TestAGivenValueIsNeverReplacedByADefault(t *testing.T) {
	in, err := decodeSnapshotUpdateVerify(jsonInput(`{"server_id": 1, "update": {"kind": "external"},
		"verify": {"skip": true, "baseline": false, "initial_delay": "0s"}, "dry_run": true}`))
	require.NoError(t, err)
	assert.False(t, in.Verify.Baseline)
	assert.Zero(t, in.Verify.InitialDelay)
	assert.True(t, in.DryRun)
}

func TestATCPCheckGetsNoExpectedStatus(t *testing.T) {
	in, err := decodeSnapshotUpdateVerify(jsonInput(`{"server_id": 1, "update": {"kind": "none"}, "verify": {"checks": [
		{"name": "ssh port", "kind": "tcp", "address": "web01:22", "timeout": "2s"}, {"kind": "http", "url": "http://a", "expect_status": 204}]}}`))
	require.NoError(t, err)
	assert.Equal(t, []contract.Check{
		{Name: "ssh port", Kind: contract.CheckTCP, Address: "web01:22", Timeout: Duration(2 * time.Second)},
		{Name: "check-2", Kind: contract.CheckHTTP, URL: "http://a", ExpectStatus: 204, Timeout: Duration(10 * time.Second)},
	}, in.Verify.Checks)
}

func TestNoInputAtAllIsRefusedWithAnExample(t *testing.T) {
	for name, raw := range map[string]converter.RawValue{
		"no payload": {}, "nil": payloadOf(converter.MetadataEncodingNil, ""),
	} {
		t.Run(name, func(t *testing.T) {
			problems := problemsOf(t, raw)
			assert.Equal(t, []string{"input"}, problemPaths(problems))
			assert.Contains(t, problems[0].Message, "missing: there is none at all")
			assert.Contains(t, problems[0].Message, exampleInput)
		})
	}
}

func TestAnInputThatIsNotJSONIsRefusedByItsEncoding(t *testing.T) {
	for _, encoding := range []string{"binary/plain", "json/protobuf", "binary/encrypted", ""} {
		problems := problemsOf(t, payloadOf(encoding, `{"server_id": 1}`))
		assert.Equal(t, []string{"input"}, problemPaths(problems))
		assert.Contains(t, problems[0].Message, "must be JSON (encoding json/plain), got the encoding \""+encoding+"\"")
	}
}

func TestTheErrorListsEveryProblemOnALineOfItsOwn(t *testing.T) {
	_, err := decodeSnapshotUpdateVerify(jsonInput(`{"sever_id": 5, "update": {"kind": "sssh", "timeout": "0s"}, "verify": {"skip": true}}`))
	require.EqualError(t, err, `4 problems in the input:
- sever_id: is not a known field: did you mean "server_id"? Known here: server_id, reason, snapshot, update, verify, rollback, retention, lock, backup, notify, not_during, dry_run
- server_id: is required: the server's number at VPS.org, from 1 to 999999999999
- update.kind: must be one of none, external, webhook, ssh, workflow, got "sssh"
- update.timeout: must be from 1s to 24h, got 0s`)

	_, err = decodeSnapshotUpdateVerify(jsonInput(`{"server_id": 5, "update": {"kind": "none"}}`))
	require.EqualError(t, err, "1 problem in the input:\n"+
		"- verify.checks: is empty: give 1 to 50 checks, or set verify.skip to true to run without any")
	require.NoError(t, invalidInputError(nil))
}

func TestTheLongestErrorStaysFarBelowTemporalsLimit(t *testing.T) {
	check := `{"name": "", "kind": "tcp", "url": "u", "address": ":", "expect_status": 1, "expect_body": "b", "timeout": "1ns"}`
	_, err := decodeSnapshotUpdateVerify(jsonInput(`{"verify": {"checks": [` + strings.Repeat(check+",", 49) + check + `]}}`))
	var invalid *InvalidInputError
	require.ErrorAs(t, err, &invalid)
	require.Greater(t, len(invalid.Problems), 250)
	assert.Contains(t, err.Error(), " problems in the input:\n- ")
	assert.Regexp(t, `\n- and \d+ more$`, err.Error())
	assert.Equal(t, maxListedProblems+1, strings.Count(err.Error(), "\n"))
	assert.Less(t, len(err.Error()), 64<<10)
}

func TestTheSameInputGivesTheSameErrorEveryTime(t *testing.T) {
	const input = `{"x": 1, "y": 2, "reason": 5, "update": {"kind": "a", "on_unknown": "b"}, "lock": {"on_busy": "c"}, "verify": {"checks": [{"q": 1}, {}]}}`
	_, first := decodeSnapshotUpdateVerify(jsonInput(input))
	require.Error(t, first)
	for range 50 {
		_, again := decodeSnapshotUpdateVerify(jsonInput(input))
		require.EqualError(t, again, first.Error())
	}
}

func TestAHostileInputIsRefusedQuickly(t *testing.T) {
	const limit = strictjson.MaxBytes
	inputs := []string{
		`{"verify": {"checks": [{}` + strings.Repeat(",{}", 999) + `]}}`,
		`{"snapshot": {"description": "` + strings.Repeat("run= ", limit/6) + `"}}`,
		`{"reason": "` + strings.Repeat(`\u0000`, limit/7) + `"}`,
		`{"update": {"kind": "webhook", "url": "http://` + strings.Repeat("a:", limit/3) + `"}}`,
		`{"verify": {"skip": true, "checks": [{"kind": "tcp", "address": "` + strings.Repeat("[", limit/2) + `"}]}}`,
		`{"reason": "` + strings.Repeat("x", 2*limit) + `"}`,
	}
	for _, unit := range []string{"[", "{}", `{"kind":`, `,"x":0`, "9"} {
		inputs = append(inputs, `{"verify": {"checks": [`+strings.Repeat(unit, limit/len(unit)-30))
	}
	for _, input := range inputs {
		began := time.Now()
		problemsOf(t, jsonInput(input))
		assert.Less(t, time.Since(began), 5*time.Second, "it takes milliseconds; the machine may be busy")
	}
}
