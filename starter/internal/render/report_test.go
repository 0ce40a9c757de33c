package render

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestReportOfACommittedRun(t *testing.T) {
	golden(t, "committed", Report(committedReport(), Palette{}))
}

func TestReportOfARunThatWasHeldAndRolledBack(t *testing.T) {
	golden(t, "rolled_back", Report(rolledBackReport(), Palette{}))
}

func TestReportOfARollbackThatNeedsAPerson(t *testing.T) {
	r := rolledBackReport()
	r.Outcome, r.Failure = workflows.OutcomeRollbackFailed, contract.FailRollback
	r.Verifications, r.Decisions = r.Verifications[:2], nil
	r.Rollback = &workflows.RollbackRecord{Cause: "verification failed", Posts: 2, Detail: "the API did not take the restore within rollback.restore_timeout"}
	r.Summary = "The rollback failed. The server may hold the bad change, or be half restored."
	r.Next = `look at server 12345 at VPS.org, then restore snapshot 801 by hand if it is not restoring: curl -X POST -H "Authorization: Bearer $VPS_API_TOKEN" https://admin.vps.org/api/v1/snapshots/801/restore/`
	golden(t, "rollback_failed", Report(r, Palette{}))
}

func TestReportsThatEndBeforeTheChange(t *testing.T) {
	planned := baseReport(workflows.OutcomePlanned, 2)
	planned.Phases = phases(2, workflows.PhasePreflight, 0.0)
	planned.Plan = []string{"create a snapshot", "make the change (webhook)", "when it fails: restore"}
	planned.Summary = "Dry run: nothing was written."

	skipped := baseReport(workflows.OutcomeSkipped, 1)
	skipped.Phases = phases(1, workflows.PhaseLock, 0.0)
	skipped.BusyWith = &contract.LockHolder{WorkflowID: "deploy-2.13.0", Phase: "verify"}
	skipped.Summary = "The server is busy; lock.on_busy is skip."

	invalid := workflows.Report{WorkflowID: "deploy-2.14.0", Outcome: workflows.OutcomeNotChanged, Failure: contract.FailInvalidInput,
		Summary: "2 problems in the input:\n- server_id: is required\n- update.kind: must be one of none, external, webhook", Next: "Mend the input."}

	gone := workflows.Report{WorkflowID: "deploy-2.14.0", Summary: "The run was ended from outside."}
	golden(t, "before_the_change", Report(planned, Palette{})+"\n"+Report(skipped, Palette{})+"\n"+Report(invalid, Palette{})+"\n"+Report(gone, Palette{}))
}

func TestTextFromOutsideCannotSteerTheTerminal(t *testing.T) {
	const evil = "\x1b[2J\x1b]0;owned\x07a\u202eb\rc\u200b\x00\xff\u009b1m"
	r := rolledBackReport()
	r.WorkflowID, r.ServerName, r.Reason, r.Summary, r.Next = evil, evil, evil, evil, evil
	r.Notes, r.Plan = []string{evil}, []string{evil}
	r.Change.Detail, r.Change.Runner, r.Rollback.Cause, r.Snapshot.Name = evil, evil, evil, evil
	r.Verifications[1].Detail, r.Verifications[1].Checks[0].Name, r.Verifications[1].Checks[0].Detail = evil, evil, evil
	r.Decisions[0].By, r.Decisions[0].Note = evil, evil
	r.Phases[0].Phase, r.Outcome = evil, evil
	r.Pruned = []workflows.PrunedSnapshot{{Name: evil, Reason: evil, Detail: evil}}
	r.BusyWith = &contract.LockHolder{WorkflowID: evil, Phase: evil}
	v := View{ID: evil, Now: began, Trouble: evil, Status: &workflows.Status{Phase: evil, WaitingFor: evil, Hold: &workflows.Hold{Why: evil}, CanDo: []string{evil}, Notes: []string{evil}},
		Pending: []Pending{{Activity: evil, Attempt: 2, Heartbeat: evil, LastFailure: evil}}}
	for _, text := range []string{Report(r, Palette{}), Status(v, Palette{}, 0), strings.Join(Frame(v, Palette{}, standard), "\n"), Line(v)} {
		assert.NotEmpty(t, text)
		for _, c := range text {
			assert.False(t, c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)), "%q in %q", c, text)
		}
	}
}

func TestColoursAreOnlyThereWhenAskedFor(t *testing.T) {
	r := committedReport()
	plainText, coloured := Report(r, NewPalette(false)), Report(r, NewPalette(true))
	assert.NotContains(t, plainText, "\x1b")
	assert.Contains(t, coloured, "\x1b[32;1mCOMMITTED")
	assert.Equal(t, plainText, stripCodes(coloured), "colours change no column")
}

// stripCodes takes the colour codes out.
func stripCodes(s string) string {
	var b strings.Builder
	inCode := false
	for _, r := range s {
		switch {
		case r == '\x1b':
			inCode = true
		case inCode:
			inCode = r != 'm'
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func TestElapsedIsForPeople(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0.0s": -time.Second, "0.4s": 450 * time.Millisecond, "59.9s": 59999 * time.Millisecond, "1m00s": time.Minute, "3m05s": 185 * time.Second, "1h02m": 62*time.Minute + 59*time.Second,
	} {
		assert.Equal(t, want, Elapsed(d))
	}
}
