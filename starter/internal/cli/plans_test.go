package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/workflows"
)

const fleetFile = `{"selector": {"name": "web-*"}, "template": {"update": {"kind": "none"}}, "canary": {"count": 12345678901234567890}}`

// startedWith runs a command line whose run is planned at once, and returns the input that it was started with.
func startedWith(t *testing.T, args ...string) string {
	t.Helper()
	f, address := newFrontend(t)
	f.end(completed(t, aReport(workflows.OutcomePlanned, "")))
	got := safepoint(t, address, args...)
	require.Equal(t, codeOK, got.code, got.err)
	require.Len(t, f.starts, 1)
	return string(f.starts[0].GetInput().GetPayloads()[0].GetData())
}

func TestADryRunMayStandBesideAFileThatDoesNotAskForIt(t *testing.T) {
	for _, runbook := range []string{"snapshot-update-verify", "rollback-by-restore", "snapshot-rotation", "fleet-update"} {
		sent := startedWith(t, "run", runbook, "-f", write(t, `{"server_id": 7, "dry_run": false}`), "--dry-run", "--wait")
		assert.JSONEq(t, `{"server_id": 7, "dry_run": true}`, sent, runbook)
	}
	sent := startedWith(t, "run", "fleet-update", "-f", write(t, fleetFile), "--dry-run")
	assert.Contains(t, sent, "12345678901234567890", "numbers keep their digits")
}

func TestADryRunOfAFleetWaitsForNobody(t *testing.T) {
	file := write(t, `{"all": true, "canary": {"count": "10%", "pause": "10m", "decide": true, "decide_timeout": "2h"}}`)
	sent := startedWith(t, "run", "fleet-update", "-f", file, "--dry-run")
	assert.JSONEq(t, `{"all": true, "canary": {"count": "10%"}, "dry_run": true}`, sent)
	sent = startedWith(t, "run", "fleet-update", "-f", write(t, `{"all": true, "canary": 1}`), "--dry-run")
	assert.JSONEq(t, `{"all": true, "canary": 1, "dry_run": true}`, sent, "it is the runbook that refuses it")
}

func TestTheOtherFlagsMayNotStandBesideAFile(t *testing.T) {
	got := safepoint(t, unreachable, "run", "snapshot-rotation", "-f", write(t, `{}`), "--keep-last=2", "--dry-run")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "beside --keep-last:")
}

func TestARetryTakesItsServersFromTheEarlierFleet(t *testing.T) {
	sent := startedWith(t, "run", "fleet-update", "-f", write(t, `{"selector": {"name": "web-*"}, "max_errors": 1}`), "--retry-of", "web-2.14.0")
	assert.JSONEq(t, `{"retry_of": "web-2.14.0", "max_errors": 1}`, sent)
	sent = startedWith(t, "run", "fleet-update", "-f", write(t, `{"all": true, "servers": [7]}`), "--retry-of", "web-2.14.0")
	assert.JSONEq(t, `{"retry_of": "web-2.14.0"}`, sent)
}

func TestAFleetNeedsAFile(t *testing.T) {
	got := safepoint(t, unreachable, "run", "fleet-update", "--dry-run")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "-f input.json")
}

func TestADryRunOfManyServersShowsThePlanOfEach(t *testing.T) {
	f, address := newFrontend(t)
	many := aReport(workflows.OutcomePlanned, "")
	many.Plan = []string{"delete snapshot 801"}
	many.Fleet = &workflows.FleetRecord{Total: 1, Targets: []workflows.TargetResult{
		{ServerID: 7, Outcome: workflows.OutcomePlanned, WorkflowID: "rotation-1/7", RunID: testRunID},
	}}
	f.end(completed(t, many))
	got := safepoint(t, address, "run", "snapshot-rotation", "--all", "--keep-last=2", "--dry-run", "--wait")
	require.Equal(t, codeOK, got.code, got.err)
	assert.Equal(t, 2, strings.Count(got.out, "delete snapshot 801"), "the frontend gives the server the same report:\n%s", got.out)
	got = safepoint(t, address, "status", "rotation-1")
	assert.Equal(t, 2, strings.Count(got.out, "delete snapshot 801"), got.out)
	got = safepoint(t, address, "status", "rotation-1", "-o", "json")
	assert.Equal(t, 1, strings.Count(got.out, "delete snapshot 801"), got.out)
}

func TestAFieldThatIsGivenTwiceIsRefusedAndNotPicked(t *testing.T) {
	for text, path := range map[string]string{
		`{"servers": [7], "servers": [8], "template": {}}`:                      `"servers"`,
		`{"all": true, "template": {"reason": "a", "x": [{}], "reason": "b"}}`:  `"template.reason"`,
		`{"all": true, "x": [1, {"a": {}, "b": [], "a": 2}]}`:                   `"x[1].a"`,
		`{"dry_run": false, "all": true, "dry_run": false}`:                     `"dry_run"`,
		`{"canary": {"count": 1, "count": 2}, "all": true, "max_errors": "1%"}`: `"canary.count"`,
	} {
		for _, flag := range []string{"--dry-run", "--retry-of=web-2.14.0"} {
			got := safepoint(t, unreachable, "run", "fleet-update", "-f", write(t, text), flag)
			assert.Equal(t, codeUsage, got.code, text)
			assert.Contains(t, got.err, "gives "+path+" more than once", text)
		}
	}
}

func TestTheDryRunBeforeAQuestionRefusesWhatTheRunWould(t *testing.T) {
	f, address := newFrontend(t)
	file := write(t, `{"server_id": 7, "server_id": 8, "snapshot": "latest", "verify": {"skip": true}}`)
	got := atTerminal(t, address, "y\n", "run", "rollback-by-restore", "-f", file)
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, `"server_id" more than once`)
	assert.Empty(t, f.starts)
}

func TestAnEmptyRetryIsAVariableThatIsNotSet(t *testing.T) {
	for _, empty := range []string{"--retry-of=", "--retry-of= "} {
		got := safepoint(t, unreachable, "run", "fleet-update", "-f", write(t, `{"all": true}`), empty)
		assert.Equal(t, codeUsage, got.code)
		assert.Contains(t, got.err, "--retry-of: is empty: is a variable not set?")
	}
}
