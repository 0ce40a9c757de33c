package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// someReports are of every runbook, with long words and commands in them.
func someReports() []workflows.Report {
	failed := rolledBackReport()
	failed.Outcome, failed.Failure = workflows.OutcomeRollbackFailed, contract.FailRollback
	failed.WorkflowID = "safepoint-update-12345-20260301-115900-0a1b2c3d"
	failed.Summary = "The rollback failed. The server may hold the bad change, or be half restored."
	failed.Next = `look at server 12345 at VPS.org, then restore snapshot 801 by hand if it is not restoring: curl -X POST -H "Authorization: Bearer $VPS_API_TOKEN" https://admin.vps.org/api/v1/snapshots/801/restore/`
	failed.Verifications[1].Checks[0].Detail = "GET https://web01.example.com/" + strings.Repeat("a-long-path/", 12) + ": answered 500, expected 200"
	invalid := workflows.Report{WorkflowID: "deploy-2.14.0", Outcome: workflows.OutcomeNotChanged, Failure: contract.FailInvalidInput,
		Summary: "2 problems in the input:\n- server_id: is required\n- update.kind: must be one of none, external, webhook, ssh or workflow, and each of them wants settings of its own", Next: "Mend the input."}
	return []workflows.Report{committedReport(), failed, invalid, rolledBackReport(), restoredReport(), rotatedReport(), auditReport(), fleetReport()}
}

func TestReportsAndStatusesInATerminalOfEightyColumns(t *testing.T) {
	var all strings.Builder
	for _, r := range someReports()[:3] {
		all.WriteString(ReportIn(r, Palette{}, 80) + "\n")
	}
	late := snapshotView()
	late.Now = at(1000)
	for _, v := range []View{late, heldView(), fleetView()} {
		all.WriteString(Status(v, Palette{}, 80) + "\n")
	}
	assertNarrow(t, all.String(), 80)
	golden(t, "eighty_columns", all.String())
}

func TestAReportFitsItsTerminalAndIsNeverWiderThanTheLayout(t *testing.T) {
	for _, r := range someReports() {
		for _, width := range []int{minWidth, 60, 80, 90, Width} {
			for _, p := range []Palette{{}, NewPalette(true)} {
				text := ReportIn(r, p, width)
				for line := range strings.SplitSeq(text, "\n") {
					if !strings.Contains(line, r.WorkflowID) && !strings.Contains(line, "/restore/") && !strings.Contains(line, "Bearer") { // what is copied stays whole
						assert.LessOrEqual(t, columns(line), width, "%d: %q", width, line)
					}
				}
				assert.Contains(t, text, Word(r.Outcome))
			}
		}
		assert.Equal(t, ReportIn(r, Palette{}, Width), ReportIn(r, Palette{}, 300))
	}
}

func TestWhereThereIsNoTerminalTextStaysAsItIs(t *testing.T) {
	r := someReports()[1]
	text := ReportIn(r, Palette{}, 0)
	assert.Contains(t, text, "  Next: "+r.Next+"\n", "a log is searched and pasted from")
	assert.Contains(t, text, strings.Repeat("a-long-path/", 12))
	assert.Equal(t, text, Report(r, Palette{}))
	long := strings.Repeat("word ", 50)
	assert.Equal(t, long, Fit(long, 0))
}

func TestATextFromOutsideFitsAReportAndAStatusWhateverItHolds(t *testing.T) {
	for name, text := range texts {
		r := rolledBackReport()
		r.Reason, r.Summary, r.Notes, r.Change.Detail, r.Verifications[0].Checks[0].Detail = text, text, []string{text}, text, text
		r.Change.Output = text
		v := crowded(text)
		v.ID, v.Status.CanDo = "deploy-1", nil // they are copied
		v.Status.Phase, v.Status.Runbook, v.Status.Fleet.InFlight = "hold", workflows.TypeFleetUpdate, nil
		for _, width := range []int{minWidth, 80} {
			t.Run(name, func(t *testing.T) {
				assertNarrow(t, ReportIn(r, Palette{}, width), width)
				assertNarrow(t, Status(v, Palette{}, width), width)
			})
		}
	}
}

func TestWhatIsSaidFitsItsTerminalAndItsCommandsStayWhole(t *testing.T) {
	for text, want := range map[string]string{
		"short": "short",
		"deploy-1 the command ended with exit code 0: the change succeeded":       "deploy-1 the command ended with exit\n  code 0: the change succeeded",
		"deploy-1 asks for a safe point: safepoint status deploy-1":               "deploy-1 asks for a safe point:\n  safepoint status deploy-1",
		"look at it (temporal workflow show -w a) and at the server":              "look at it\n  (temporal workflow show -w a) and at\n  the server",
		"see `safepoint status deploy-1 --wait` before you start it again":        "see\n  `safepoint status deploy-1 --wait`\n  before you start it again",
		"type:\n  safepoint report deploy-1 --result failed --detail 'a b c d e'": "type:\n  safepoint report deploy-1 \\\n    --result failed --detail \\\n    'a b c d e'",
		"https://web01.example.com/one/two/three/four":                            "https://web01.example.com/one/two/\n  three/four",
		"漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字":                                                  "漢字漢字漢字漢字漢字漢字漢字漢字漢字\n  漢字漢字",
	} {
		got := Fit(text, 38)
		assert.Equal(t, want, got)
		assertNarrow(t, got, 38)
	}
	p := NewPalette(true)
	line := p.Bad("safepoint:") + " " + strings.Repeat("word ", 20) + p.Bold("end")
	assert.Equal(t, Fit(stripCodes(line), 38), stripCodes(Fit(line, 38)), "colours change no line break")
}

func TestACommandIsBrokenOnlyWhereAShellReadsOn(t *testing.T) {
	command := `safepoint report deploy-1 --runner abc --result failed --detail 'it''s a "long" word' --wait`
	for room := 20; room < 100; room++ {
		lines := commandLines(command, room)
		for i, line := range lines {
			assert.Equal(t, i < len(lines)-1, strings.HasSuffix(line, ` \`))
		}
		assert.Equal(t, command, pasted(strings.Join(lines, "\n")))
	}
	assert.Equal(t, []string{"temporal workflow cancel -w deploy-1", "#leaves the server safe"}, commandLines("temporal workflow cancel -w deploy-1  #leaves the server safe", 40))
	open := "safepoint report 'deploy and an open quote that goes on"
	assert.Equal(t, []string{open}, commandLines(open, 20), "no shell would take it as it is")
}

func TestAFrameInPlaceFitsWhateverTheTexts(t *testing.T) {
	for _, text := range texts {
		for _, size := range []Size{standard, {200, 60}, {30, 8}, {8, 2}, {1, 1}} {
			lines := Frame(crowded(text), NewPalette(true), size)
			assertFits(t, lines, size)
			assert.LessOrEqual(t, len(lines), max(size.Rows-1, 1), "the cursor stands below it")
		}
	}
	held := strings.Join(Frame(heldView(), Palette{}, standard), "\n")
	assert.Equal(t, "HOLD  1m00s  server 12345  deploy-2.14.0\n  waiting for a person to decide: verification failed\n"+
		"  safepoint decide deploy-2.14.0 commit --by <name>\n  safepoint decide deploy-2.14.0 rollback --by <name>", held)
}

// Terminals break the lines of a window anew that is made narrower: the frame is then higher than it was drawn.
func TestAFrameInAWindowThatBecameNarrowerIsRedrawnFromItsFirstRow(t *testing.T) {
	var terminal bytes.Buffer
	p := NewProgress(&terminal, 30)
	p.Draw([]string{strings.Repeat("a", 25), "b"})
	terminal.Reset()
	p.width = 10
	p.Draw([]string{"c"})
	assert.Equal(t, "\x1b[4A\rc\x1b[K\n\x1b[J", terminal.String(), "three rows of the long line, and one")
}
