package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
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
	assert.Contains(t, got.out, "ends with 0 only when the change is committed")
	assert.Contains(t, got.out, "Ctrl-C reaches the command itself")
	assert.NotContains(t, safepoint(t, unreachable, "--help").out, keeperWord)
	assert.NotContains(t, safepoint(t, unreachable, "--help").out, gateWord)
}

// Without a terminal of its own the remote command outlives the connection, and works on a server that is rolled back.
func TestEveryExampleOfSSHEndsWithItsConnection(t *testing.T) {
	texts := map[string]string{"the help": safepoint(t, unreachable, "guard", "--help").out}
	for _, pattern := range []string{"../../examples/*", "../../examples/*/*"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, path := range paths {
			if info, err := os.Stat(path); err != nil || info.IsDir() {
				continue
			}
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			texts[path] = string(text)
		}
	}
	found := 0
	for path, text := range texts {
		for _, command := range regexp.MustCompile(`(?m)-- ssh .*$`).FindAllString(text, -1) {
			found++
			assert.Regexp(t, `^-- ssh -tt -o BatchMode=yes -o ServerAliveInterval=15 .* </dev/null$`, command, path)
		}
	}
	assert.GreaterOrEqual(t, found, 3)
}

func TestTheExamplesForCISystemsSayWhatTheCodesOfAGuardMean(t *testing.T) {
	for _, name := range []string{"github-actions.yml", "gitlab-ci.yml", "Jenkinsfile"} {
		text, err := os.ReadFile("../../examples/ci/" + name)
		require.NoError(t, err)
		assert.Contains(t, string(text), "0 committed, and nothing else; 1 not changed or skipped: the command was not run; 2 ", name)
	}
}
