package render

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/workflows"
)

func someRuns() []ListedRun {
	return []ListedRun{
		{WorkflowID: "deploy-2.14.0", Runbook: workflows.TypeSnapshotUpdateVerify, ServerID: 12345, Status: "Running", Phase: "hold", StartedAt: at(0)},
		{WorkflowID: "safepoint-update-12345-20260301-115900-0a1b2c3d", Runbook: workflows.TypeSnapshotUpdateVerify, ServerID: 12345, Status: "Running", StartedAt: at(-60)},
		{WorkflowID: "web-2.14.0", Runbook: workflows.TypeFleetUpdate, Status: "Failed", Phase: "done", Outcome: "fleet_stopped", StartedAt: at(-3600), EndedAt: at(-60)},
		{WorkflowID: "undo-web01", Runbook: workflows.TypeRollbackByRestore, ServerID: 7, Status: "Failed", Phase: "done", Outcome: "rolled_back_unverified", StartedAt: at(-7200), EndedAt: at(-7180)},
		{WorkflowID: "nightly", Runbook: workflows.TypeSnapshotRotation, ServerID: 7, Status: "Terminated", Phase: "prune", StartedAt: at(-90000), EndedAt: at(-80000)},
		{WorkflowID: "audit", Runbook: "SomethingOfALaterVersionWithALongName", Status: "Completed", Outcome: "audited", StartedAt: at(-100000), EndedAt: at(-99990)},
	}
}

func TestRunsAreATableOfWhatIsOpenAndHowTheRestEnded(t *testing.T) {
	golden(t, "runs", Runs(someRuns(), at(90), Palette{}, 80)+"\n"+Runs(someRuns()[:1], at(90), Palette{}, 0))
}

func TestAListFitsItsTerminalAndNeverCutsAnID(t *testing.T) {
	for name, text := range texts {
		if name == "lines" || name == "hostile" || name == "empty" {
			continue // what is left of them is looked for in the next test
		}
		for _, run := range someRuns() {
			run.Phase, run.Outcome, run.Runbook = text, text, text
			for line := range strings.SplitSeq(Runs([]ListedRun{run}, at(0), Palette{}, 80), "\n") {
				assert.LessOrEqual(t, columns(line), 80, "%s: %q", name, line)
			}
			run.WorkflowID = text
			assert.Contains(t, Runs([]ListedRun{run}, at(0), Palette{}, 80), strings.TrimRight(Clean(text), " "), "it is there to be copied")
		}
	}
}

func TestNoFieldOfAListReachesTheTerminalRaw(t *testing.T) {
	for _, width := range []int{0, 40, 80} {
		assertHarmless(t, Runs([]ListedRun{filled[ListedRun](t), {}}, began, Palette{}, width))
	}
}
