package cli

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/workflows"
)

func build(t *testing.T, external bool, args ...string) (json.RawMessage, error) {
	t.Helper()
	f := inputFlags{of: runbooks[0], external: external}
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.bind(fs)
	require.NoError(t, fs.Parse(args))
	return f.build(fs)
}

// strictly decodes as the runbook does: an unknown field is an error.
func strictly(t *testing.T, raw []byte) workflows.SnapshotUpdateVerifyInput {
	t.Helper()
	var in workflows.SnapshotUpdateVerifyInput
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&in), string(raw))
	return in
}

func TestOnlyGivenFlagsAreSentSoThatDefaultsStayTheRunbooks(t *testing.T) {
	raw, err := build(t, false, "--server", "12345", "--update", "none", "--check-http", "https://web01/healthz")
	require.NoError(t, err)
	assert.JSONEq(t, `{"server_id": 12345, "update": {"kind": "none"}, "verify": {"checks": [{"kind": "http", "url": "https://web01/healthz"}]}}`, string(raw))
}

func TestEveryFlagLandsInItsField(t *testing.T) {
	raw, err := build(t, false, "--server=7", "--reason=web 2", "--update=webhook", "--webhook-url=https://d/h?a=1&b=2", "--update-timeout=90s",
		"--heartbeat-timeout=1m", "--begin-timeout=1h30m", "--on-unknown=rollback", "--initial-delay=0s", "--interval=500ms", "--verify-timeout=5m",
		"--successes=4", "--failures=5", "--bake-time=2m", "--no-baseline", "--skip-verify", "--name-prefix=p", "--description=d", "--stop-server",
		"--ready-timeout=20m", "--on-failure=hold", "--restore-timeout=40m", "--hold-timeout=8h", "--keep-last=3", "--on-busy=skip",
		"--lock-timeout=10m", "--dry-run", "--check-tcp=h:1", "--check-http=http://a", "--check-http=http://b")
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"server_id": 7, "reason": "web 2", "dry_run": true,
		"snapshot": {"name_prefix": "p", "description": "d", "stop_server": true, "ready_timeout": "20m"},
		"update": {"kind": "webhook", "url": "https://d/h?a=1&b=2", "timeout": "1m30s", "heartbeat_timeout": "1m", "begin_timeout": "1h30m", "on_unknown": "rollback"},
		"verify": {"baseline": false, "skip": true, "initial_delay": "0s", "interval": "500ms", "timeout": "5m", "successes": 4, "failures": 5, "bake_time": "2m",
			"checks": [{"kind": "http", "url": "http://a"}, {"kind": "http", "url": "http://b"}, {"kind": "tcp", "address": "h:1"}]},
		"rollback": {"on_failure": "hold", "restore_timeout": "40m", "hold_timeout": "8h"},
		"retention": {"keep_last": 3},
		"lock": {"on_busy": "skip", "timeout": "10m"}
	}`, string(raw))
	strictly(t, raw)
}

func TestASwitchThatIsTurnedOffSaysSo(t *testing.T) {
	raw, err := build(t, false, "--server=7", "--update=none", "--no-baseline=false", "--dry-run=false")
	require.NoError(t, err)
	assert.JSONEq(t, `{"server_id": 7, "update": {"kind": "none"}, "verify": {"baseline": true}, "dry_run": false}`, string(raw))
}

func TestAWebhookURLMeansAWebhookAndNoChangeAtAllIsAnError(t *testing.T) {
	raw, err := build(t, false, "--server=7", "--webhook-url=https://d/h")
	require.NoError(t, err)
	assert.Equal(t, workflows.UpdateWebhook, kindOf(raw))

	_, err = build(t, false, "--server=7")
	require.ErrorContains(t, err, "who makes the change?")
	_, err = build(t, false, "--update=none")
	require.ErrorContains(t, err, "which server?")
}

func TestBeginIsAlwaysForAnExternalChange(t *testing.T) {
	raw, err := build(t, true, "--server=7", "--heartbeat-timeout=30s")
	require.NoError(t, err)
	assert.JSONEq(t, `{"server_id": 7, "update": {"kind": "external", "heartbeat_timeout": "30s"}}`, string(raw))

	fs := pflag.NewFlagSet("begin", pflag.ContinueOnError)
	(&inputFlags{of: runbooks[0], external: true}).bind(fs)
	for _, name := range []string{"update", "webhook-url", "dry-run"} {
		assert.Nil(t, fs.Lookup(name), name)
	}
}

func TestAServerThatIsNoNumberIsToldSo(t *testing.T) {
	got := safepoint(t, unreachable, "run", "snapshot-update-verify", "--server=abc", "--update=none")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "must be a number")
	assert.NotContains(t, got.err, "strconv")
}
