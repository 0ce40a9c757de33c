package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestAnErrorOfAnyCommandFitsTheTerminalAndStaysOneLineInALog(t *testing.T) {
	for _, args := range [][]string{
		{"run", "snapshot-update-verify", "--server=7", "--update=none"}, {"snapshots"}, {"schedule", "list"},
		{"decide", "deploy-1"}, {"no-such-command-of-this-program"},
	} {
		at, log := inWidth(t, unreachable, 44, args...), inWidth(t, unreachable, 0, args...)
		assertFits(t, at.err, 44)
		assert.Equal(t, log.code, at.code)
		assert.Greater(t, strings.Count(at.err, "\n"), strings.Count(log.err, "\n"), "%s", at.err)
		assert.Contains(t, log.err, "safepoint: ")
	}
	assert.Contains(t, inWidth(t, unreachable, 44, "decide", "deploy-1").err, "instead of 2:\n  safepoint decide <workflow-id> ", "a command is not torn from its words")
}

func TestAQuestionAndWhatItIsAboutFitTheTerminal(t *testing.T) {
	report := *aReport(workflows.OutcomePlanned, "")
	report.Summary, report.Plan = strings.Repeat("the disk goes back ", 9), []string{strings.Repeat("restore the snapshot ", 9)}
	status := *changing("runner")
	status.Snapshot = &contract.RestorePoint{ID: 801, Name: "pre-update-7-20260301T120010Z"}
	for name, about := range map[string]string{
		"plan": render.Plan(report, render.Palette{}), "loss": render.WouldLose(status, render.Palette{}),
		"fleet": render.FleetLoss(workflows.FleetRecord{Total: 20, Counts: workflows.FleetCounts{Done: 3}}, render.Palette{}),
	} {
		var at, log strings.Builder
		newApp(World{Err: &at, ErrWidth: 60}).ask("%s", about)
		newApp(World{Err: &log}).ask("%s", about)
		assertFits(t, at.String(), 60)
		assert.Equal(t, about, log.String(), name)
		assert.NotContains(t, log.String(), "\n   ", "%s: no terminal, no layout", name)
		assert.Contains(t, at.String(), "\n  ", name)
		assert.True(t, strings.HasSuffix(at.String(), "\n"), name)
	}
	var at strings.Builder
	newApp(World{Err: &at, ErrWidth: 30}).ask("Abort, and roll back what was committed? [y/N] ")
	assert.Equal(t, "Abort, and roll back what\n  was committed? [y/N] ", at.String(), "the answer does not stick to the question")
}

func TestWhatASchedulesCommandPrintsFitsTheTerminal(t *testing.T) {
	_, address := newFrontend(t)
	file := write(t, strings.Replace(nightly, `"cron": ["0 3 * * *"]`, `"cron": ["0 3 * * mon", "30 4 * * tue", "15 5 * * wed", "0 6 * * thu", "0 7 * * fri"], "jitter": "10m"`, 1))
	at := inWidth(t, address, 60, "schedule", "apply", "-f", file)
	require.Equal(t, codeOK, at.code, at.err)
	assertFits(t, at.out, 60)
	assertFits(t, inWidth(t, address, 60, "schedule", "describe", "nightly").out, 60)
	at = inWidth(t, address, 60, "schedule", "pause", "nightly", "--note", strings.Repeat("the sale goes on ", 6))
	require.Equal(t, codeOK, at.code, at.err)
	assertFits(t, at.out, 60)

	var out strings.Builder
	a := newApp(World{Out: &out, OutWidth: 60})
	require.NoError(t, a.printTriggered("nightly", schedule.Triggered{Unclear: true}, formatText))
	assertFits(t, out.String(), 60)
}

func TestTheReportsOfADryRunFitTheTerminal(t *testing.T) {
	a := newApp(World{OutWidth: 60, Environ: []string{"NO_COLOR=1"}})
	report := *wordyReport()
	assertFits(t, a.plansText(report, []workflows.Report{report}), 60)
}
