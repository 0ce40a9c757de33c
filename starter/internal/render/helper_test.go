package render

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file, and checks that no line is wider than the layout.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	assert.Equal(t, string(want), got)
	for line := range strings.SplitSeq(got, "\n") {
		if !strings.HasPrefix(line, "  Next: ") { // commands stay whole
			assert.LessOrEqual(t, utf8.RuneCountInString(line), Width, line)
		}
		assert.Equal(t, strings.TrimRight(line, " "), line)
	}
}

// goldenMarkdown is golden for text whose lines are as long as they are.
func goldenMarkdown(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".md")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	assert.Equal(t, string(want), got)
}

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return began.Add(time.Duration(seconds * float64(time.Second))) }

// phases are named moments: each phase ends where the next one begins.
func phases(end float64, list ...any) []workflows.PhaseRecord {
	var records []workflows.PhaseRecord
	for i := 0; i < len(list); i += 2 {
		next := end
		if i+3 < len(list) {
			next = list[i+3].(float64)
		}
		records = append(records, workflows.PhaseRecord{Phase: list[i].(workflows.Phase), StartedAt: at(list[i+1].(float64)), EndedAt: at(next)})
	}
	return append(records, workflows.PhaseRecord{Phase: workflows.PhaseDone, StartedAt: at(end), EndedAt: at(end)})
}

func verified(of workflows.VerificationOf, verdict contract.Verdict, from, to float64) workflows.VerificationRecord {
	record := workflows.VerificationRecord{Of: of, Verdict: verdict, Rounds: 3, StartedAt: at(from), EndedAt: at(to),
		Checks: []contract.CheckResult{{Name: "home", Verdict: verdict, Detail: "GET https://web01.example.com/healthz: answered 500, expected 200"}}}
	if verdict != contract.VerdictPassed {
		record.Detail = "3 rounds in a row " + string(verdict)
	}
	return record
}

func baseReport(outcome workflows.Outcome, end float64) workflows.Report {
	return workflows.Report{
		Runbook: workflows.TypeSnapshotUpdateVerify, WorkflowID: "deploy-2.14.0", RunID: "r", OriginalRunID: "r", ServerID: 12345, ServerName: "web-server-01",
		Reason: "deploy web 2.14.0", Outcome: outcome, StartedAt: began, EndedAt: at(end),
	}
}

func committedReport() workflows.Report {
	r := baseReport(workflows.OutcomeCommitted, 312.5)
	r.Phases = phases(312.5, workflows.PhaseLock, 0.0, workflows.PhasePreflight, 0.2, workflows.PhaseSnapshot, 10.4,
		workflows.PhaseChange, 250.0, workflows.PhaseVerify, 262.0, workflows.PhaseCommit, 312.0)
	r.Snapshot = &contract.RestorePoint{ID: 801, Name: "pre-update-12345-20260301T120010Z-98098a3e", SizeMB: 5120}
	r.Change = &workflows.ChangeRecord{Kind: workflows.UpdateWebhook, Result: contract.ChangeSucceeded, Detail: "the webhook answered 200", StartedAt: at(250)}
	r.Verifications = []workflows.VerificationRecord{
		verified(workflows.VerifiedBaseline, contract.VerdictPassed, 1, 10), verified(workflows.VerifiedChange, contract.VerdictPassed, 262, 312)}
	r.Pruned = []workflows.PrunedSnapshot{
		{ID: 640, Name: "pre-update-12345-20260201T090000Z-1c2d3e4f", Reason: "older than the newest 2", Deleted: true},
		{ID: 655, Name: "pre-update-12345-20260202T090000Z-5a6b7c8d", Reason: "older than the newest 2", Detail: "the API answered 500"}}
	r.Notes = []string{"a list lagged behind; the snapshot was found on the second look"}
	r.Summary = "The change was made, passed verification and is kept."
	return r
}

func rolledBackReport() workflows.Report {
	r := baseReport(workflows.OutcomeRolledBack, 3900)
	r.Failure = contract.FailRolledBack
	r.Phases = phases(3900, workflows.PhasePreflight, 0.0, workflows.PhaseSnapshot, 5.0, workflows.PhaseChange, 200.0, workflows.PhaseVerify, 210.0,
		workflows.PhaseHold, 240.0, workflows.PhaseRollback, 3300.0)
	r.Snapshot = &contract.RestorePoint{ID: 801, Name: "pre-update-12345-20260301T120010Z-98098a3e"}
	r.Change = &workflows.ChangeRecord{Kind: workflows.UpdateExternal, Result: contract.ChangeUnknown, Runner: "ci-7",
		Detail: "the runner was silent for update.heartbeat_timeout (2m)", StartedAt: at(200)}
	r.Verifications = []workflows.VerificationRecord{
		verified(workflows.VerifiedBaseline, contract.VerdictPassed, 1, 4), verified(workflows.VerifiedChange, contract.VerdictInconclusive, 210, 240),
		verified(workflows.VerifiedRestore, contract.VerdictPassed, 3860, 3900)}
	r.Decisions = []workflows.DecisionRecord{
		{Decision: workflows.DecideExtend, By: "ann", At: at(1000)}, {Decision: workflows.DecideRollback, By: "bob", Note: "the shop is down", At: at(3300)}}
	r.Rollback = &workflows.RollbackRecord{Cause: "a person decided so: the checks could not judge the server", Posts: 1, SeenRestoring: true,
		LostFrom: at(190), LostUntil: at(3301), StartedServer: true}
	r.Summary = "Rolled back: the server was restored to snapshot 801 and verified. Everything written to it since 2026-03-01 12:03:10 UTC is lost."
	return r
}

// assertNarrow wants every line to fit.
func assertNarrow(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.SplitSeq(text, "\n") {
		assert.LessOrEqual(t, columns(line), width, "%d: %q", width, line)
	}
}

// pasted is a command as a shell reads it.
func pasted(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "\\\n", " ")), " ")
}
