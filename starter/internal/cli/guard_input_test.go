package cli

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACheckIsShortForTheFlagOfItsKind(t *testing.T) {
	for check, want := range map[string][2]string{
		"http://a/b": {flagCheckHTTP, "http://a/b"}, "https://a": {flagCheckHTTP, "https://a"},
		"tcp://a:443": {flagCheckTCP, "a:443"}, "tcp://[::1]:22": {flagCheckTCP, "[::1]:22"},
	} {
		flag, target, err := checkFlag(check)
		require.NoError(t, err)
		assert.Equal(t, want, [2]string{flag, target})
	}
	for _, check := range []string{"", "a:443", "ftp://a", "tcp://a", "tcp://:443", "tcp://a:", "HTTPS"} {
		_, _, err := checkFlag(check)
		assert.Error(t, err, check)
	}
}

func TestAGuardsInputIsOfAnExternalChange(t *testing.T) {
	for raw, want := range map[string]string{
		`{"server_id": 7}`:                                 `{"server_id": 7, "update": {"kind": "external"}}`,
		`{"server_id": 7, "update": null}`:                 `{"server_id": 7, "update": {"kind": "external"}}`,
		`{"server_id": 7, "update": {"timeout": "1h"}}`:    `{"server_id": 7, "update": {"kind": "external", "timeout": "1h"}}`,
		`{"server_id": 7, "update": {"kind": "external"}}`: `{"server_id": 7, "update": {"kind": "external"}}`,
		`{"server_id": 7, "odd": 1e999}`:                   `{"server_id": 7, "odd": 1e999, "update": {"kind": "external"}}`,
	} {
		got, err := externalOf(json.RawMessage(raw))
		require.NoError(t, err, raw)
		assert.Equal(t, compact(t, want), compact(t, string(got)), "what else it says is for the runbook to judge")
	}
	for _, raw := range []string{
		`{"server_id": 7, "update": {"kind": "webhook"}}`, `{"server_id": 7, "update": {"kind": ""}}`, `{"server_id": 7, "update": {"kind": 1}}`,
		`{"server_id": 7, "update": 1}`, `{"server_id": 7, "server_id": 8}`, `{"server_id": 7, "update": {"timeout": "1h", "timeout": "2h"}}`,
	} {
		_, err := externalOf(json.RawMessage(raw))
		assert.Error(t, err, raw)
	}
}

// compact orders the fields and keeps every value as it is written.
func compact(t *testing.T, raw string) string {
	t.Helper()
	var object map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(raw), &object))
	var update map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(object["update"], &update))
	inner, err := json.Marshal(update)
	require.NoError(t, err)
	object["update"] = inner
	out, err := json.Marshal(object)
	require.NoError(t, err)
	return string(out)
}

func TestInputsAreTheSameWhateverTheirOrderAndSpaces(t *testing.T) {
	assert.True(t, sameInput(json.RawMessage(`{"a": 1, "b": [2]}`), json.RawMessage(`{"b":[2],"a":1}`)))
	assert.False(t, sameInput(json.RawMessage(`{"a": 1}`), json.RawMessage(`{"a": 2}`)))
	assert.True(t, sameInput(json.RawMessage("\x00encrypted"), json.RawMessage(`{"a": 2}`)), "nothing can be told")
}

func TestADetailFitsIntoAReport(t *testing.T) {
	long := ""
	for range maxReportDetail {
		long += "é"
	}
	assert.LessOrEqual(t, len(clip(long)), maxReportDetail)
	assert.Equal(t, "short", clip("short"))
}

func TestTheHelpOfAGuardNamesItsExitCodes(t *testing.T) {
	got := safepoint(t, unreachable, "guard", "--help")
	assert.Equal(t, codeOK, got.code)
	assert.Contains(t, got.out, exitHelp)
	assert.Contains(t, got.out, "junos commit")
	assert.NotContains(t, safepoint(t, unreachable, "--help").out, keeperWord)
}
