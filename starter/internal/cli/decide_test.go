package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// holding is the status of a run that waits for a person.
func holding(runbook string) *workflows.Status {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &workflows.Status{
		Runbook: runbook, ServerID: 7, Phase: workflows.PhaseHold, WaitingFor: "a person to decide", Since: began,
		Snapshot: &contract.RestorePoint{ID: 801, Name: "pre-update-7"}, Hold: &workflows.Hold{Why: "red", Until: began.Add(time.Hour)},
		Phases: []workflows.PhaseRecord{{Phase: workflows.PhaseSnapshot, StartedAt: began, EndedAt: began}},
	}
}

func deciding(t *testing.T, runbook string) (*frontend, string) {
	t.Helper()
	f, address := newFrontend(t)
	f.status, f.workflowType = holding(runbook), runbook
	f.answers[workflows.UpdateDecide] = workflows.DecideAnswer{Accepted: true, Detail: "so be it"}
	return f, address
}

func (f *frontend) decisions(t *testing.T) []string {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, update := range f.updates {
		all = append(all, string(update.GetInput().GetArgs().GetPayloads()[0].GetData()))
	}
	return all
}

func TestEachDecisionIsACommandOfItsOwn(t *testing.T) {
	for _, word := range []string{"approve", "deny", "commit", "rollback", "extend"} {
		f, address := deciding(t, workflows.TypeSnapshotUpdateVerify)
		got := safepoint(t, address, word, "deploy-1", "--by=ann", "--note=fine", "--yes")
		require.Equal(t, codeOK, got.code, got.err)
		require.Len(t, f.decisions(t), 1)
		assert.JSONEq(t, `{"decision": "`+word+`", "by": "ann", "note": "fine", "run_id": "run-1"}`, f.decisions(t)[0])
	}
}

func TestARollbackShowsWhatIsLostAndAsks(t *testing.T) {
	for _, args := range [][]string{{"rollback", "deploy-1", "--by=ann"}, {"decide", "deploy-1", "rollback", "--by=ann"}} {
		f, address := deciding(t, workflows.TypeSnapshotUpdateVerify)
		got := atTerminal(t, address, "n\n", args...)
		assert.Equal(t, codeNotChanged, got.code)
		assert.Contains(t, got.err, "Server 7 would go back to restore point #801 pre-update-7. Everything written to it since 2026-03-01 12:00:00 UTC (Temporal's clock) is lost.")
		assert.Contains(t, got.err, "Overwrite server 7? [y/N]")
		assert.Contains(t, got.err, "nothing was decided")
		assert.Empty(t, f.decisions(t))

		got = atTerminal(t, address, "y\n", args...)
		assert.Equal(t, codeOK, got.code, got.err)
		assert.Len(t, f.decisions(t), 1)
		got = atTerminal(t, address, "", append(args, "--yes")...)
		assert.Equal(t, codeOK, got.code, got.err)
		assert.NotContains(t, got.err, "[y/N]")
	}
}

func TestWithoutATerminalWhatOverwritesAServerNeedsYes(t *testing.T) {
	assert.Equal(t, codeUsage, safepoint(t, unreachable, "rollback", "deploy-1", "--by=ann").code, "before anything is contacted")
	f, address := deciding(t, workflows.TypeRollbackByRestore)
	got := safepoint(t, address, "approve", "undo-1", "--by=ann")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "Give --yes if that is meant")
	assert.Empty(t, f.decisions(t))
	for _, word := range []string{"deny", "commit", "extend"} {
		assert.Equal(t, codeOK, safepoint(t, address, word, "undo-1", "--by=ann").code, "%s overwrites nothing", word)
	}
	assert.Equal(t, codeOK, safepoint(t, address, "decide", "undo-1", "approve", "--by=ann").code, "the scripts' form")
	assert.Len(t, f.decisions(t), 4)
}

func TestAnApprovalOfARestoreShowsItsLossAndThatOfAFleetIsNotAskedAbout(t *testing.T) {
	f, address := deciding(t, workflows.TypeRollbackByRestore)
	f.status.Loss = "37 minutes of writes"
	got := atTerminal(t, address, "n\n", "approve", "undo-1", "--by=ann")
	assert.Equal(t, codeNotChanged, got.code)
	assert.Contains(t, got.err, "Server 7 would be overwritten: 37 minutes of writes")
	f.mu.Lock()
	f.status.Fleet = &workflows.FleetRecord{Total: 10}
	f.mu.Unlock()
	assert.Equal(t, codeOK, atTerminal(t, address, "", "approve", "web-1", "--by=ann").code)
	assert.Len(t, f.decisions(t), 1)
}

func TestWhereNoWorkerAnswersTheLossIsSaidToBeUnknown(t *testing.T) {
	f, address := deciding(t, workflows.TypeSnapshotUpdateVerify)
	f.status = nil
	got := atTerminal(t, address, "n\n", "rollback", "deploy-1", "--by=ann")
	assert.Equal(t, codeNotChanged, got.code)
	assert.Contains(t, got.err, "what would be lost is not known: no worker answers")
}

func TestARunThatAsksNothingIsNotAskedAbout(t *testing.T) {
	f, address := deciding(t, workflows.TypeSnapshotUpdateVerify)
	f.status.Hold, f.status.Phase = nil, workflows.PhaseVerify
	got := atTerminal(t, address, "y\n", "rollback", "deploy-1", "--by=ann")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "asks for no decision now: it is in phase verify")
	assert.Empty(t, f.decisions(t))
}

func TestARollbackThatComesAfterTheCommitNamesTheWayBack(t *testing.T) {
	f, address := newFrontend(t)
	report := aReport(workflows.OutcomeCommitted, "")
	report.Snapshot = &contract.RestorePoint{ID: 801, Name: "pre-update-7"}
	f.end(completed(t, report))
	got := safepoint(t, address, "rollback", "deploy-1", "--by=ann", "--yes")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "safepoint run rollback-by-restore --server 7 --snapshot 801")
}

func TestADecisionHasAName(t *testing.T) {
	for _, word := range []string{"approve", "deny", "commit", "rollback", "extend"} {
		got := safepoint(t, unreachable, word, "deploy-1", "--by=", "--yes")
		assert.Equal(t, codeUsage, got.code)
		assert.Contains(t, got.err, "who decides?")
		assert.Equal(t, codeUsage, safepoint(t, unreachable, word, "", "--yes").code)
	}
}
