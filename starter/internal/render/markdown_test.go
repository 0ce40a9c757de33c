package render

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestReportsAsMarkdown(t *testing.T) {
	for name, r := range map[string]workflows.Report{
		"committed": committedReport(), "rolled_back": rolledBackReport(), "restored": restoredReport(), "rotated": rotatedReport(), "audit": auditReport(), "fleet": fleetReport(),
	} {
		text := Markdown(r)
		goldenMarkdown(t, "markdown_"+name, text)
		assertTables(t, text)
		assertHarmless(t, text)
	}
}

// assertTables: every row of a table has as many cells as its heading.
func assertTables(t *testing.T, text string) {
	t.Helper()
	cells := 0
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(line, "|")
		if cells == 0 {
			cells = n
		}
		require.Equal(t, cells, n, "%q", line)
		require.True(t, strings.HasSuffix(line, "|"), "%q", line)
	}
}

// outside is what Markdown reads of a text: all of it beside the code spans and blocks.
func outside(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	rest, _ := codeBlocks(t, text)
	for line := range strings.SplitSeq(rest, "\n") {
		parts := strings.Split(line, "`")
		require.Equal(t, 1, len(parts)%2, "a code span ends on its line: %q", line)
		for i, part := range parts {
			if i%2 == 0 {
				b.WriteString(part)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// traps are texts that Markdown, HTML, GitHub or GitLab would make something of.
var traps = []string{
	"![x](https://evil.example/x.png)", "[click](javascript:alert(1))", "<img src=x onerror=alert(1)>", "<!-- hidden -->", "</details>", "@everyone",
	"#1234", "!77", "GH#1", "GH-26", "gh-26", "e9d6a6e", "0123456789abcdef0123456789abcdef01234567", "**bold**", "__bold__", "~~gone~~", "$math$", "| a | b |", "a|b", `a\|b`, `\`, "`code`", "``", "x`y", "&lt;b&gt;", "https://evil.example", "www.evil.example",
	"mailto:a@evil.example", "a@evil.example", "# heading", "- item", "1. item", "> quote", "---", "===", "[x]: https://evil.example", "    indented", ":tada:", "~label", "%milestone", "&epic",
	"two\n\n# lines", "x\u2028# y", hostileText, strings.Repeat("`|", 3000), strings.Repeat("@a ", 3000),
}

// markup is what none of the texts may leave behind beside code spans. The headings and tables of the report itself are
// taken away before.
var markup = regexp.MustCompile(`[<>@#\[\]~$&\\_]|://|(?i)www\.|evil|javascript|mailto|\*\*bold|!\d|%m|:tada|(?i)gh-\d|e9d6a6e|0123456789abcdef`)

func TestNoTextFromOutsideBecomesMarkdownOrHTML(t *testing.T) {
	for _, trap := range traps {
		for _, text := range []string{trap, "word " + trap, trap + " word", "(" + trap + ")", "a: " + trap + ", b"} {
			got := outside(t, prose(text))
			assert.NotRegexp(t, markup, got, "%q became %q", text, prose(text))
			assert.NotContains(t, got, "|", "%q", text)
			assert.NotContains(t, span(text), "|", "%q", text)
			assert.NotRegexp(t, `^\s*([-+*>#=]|\d+[.)])`, prose(text), "no line begins as a list, a quote or a heading: %q", text)
			assert.Equal(t, 0, strings.Count(span(text), "`")%2)
		}
	}
	assert.Equal(t, "Rolled back: the server was restored to snapshot 801 and verified.", prose("Rolled back: the server was restored to snapshot 801 and verified."))
	assert.Equal(t, "it answered `<b>500</b> @all` to `https://web01.example.com/`, so", prose("it answered <b>500</b> @all to https://web01.example.com/, so"))
	assert.Empty(t, span("\x1b\u202e "))
}

func TestAReportFullOfTrapsIsStillTheSameDocument(t *testing.T) {
	for _, trap := range traps {
		r := filled[workflows.Report](t)
		poison(&r, trap)
		text := Markdown(r)
		assertHarmless(t, text)
		assertTables(t, text)
		var rest strings.Builder
		for line := range strings.SplitSeq(outside(t, text), "\n") {
			line = strings.TrimPrefix(strings.TrimPrefix(line, "#### "), "### ")
			rest.WriteString(strings.NewReplacer("**Next:**", "", "**failed**", "", "**not deleted**", "").Replace(line) + "\n")
		}
		assert.NotRegexp(t, markup, rest.String(), "%q", trap)
	}
}

// poison puts a text where reports have words of other people.
func poison(r *workflows.Report, text string) {
	r.Runbook, r.WorkflowID, r.ServerName, r.Reason, r.Summary, r.Next, r.Loss, r.Failure = text, text, text, text, text, text, text, text
	r.Outcome, r.Snapshot.Name, r.SafetySnapshot.Name = workflows.Outcome(text), text, text
	r.Change.Detail, r.Change.Runner, r.Change.WorkflowID, r.Rollback.Cause, r.Rollback.Detail = text, text, text, text, text
	r.Decisions = []workflows.DecisionRecord{{Decision: workflows.Decision(text), By: text, Note: text}}
	r.Phases = []workflows.PhaseRecord{{Phase: workflows.Phase(text)}}
	r.Verifications = []workflows.VerificationRecord{{Of: workflows.VerificationOf(text), Verdict: contract.Verdict(text), Detail: text,
		Checks: []contract.CheckResult{{Name: text, Verdict: contract.VerdictFailed, Detail: text}}}}
	r.Kept, r.Plan, r.Notes = []workflows.KeptSnapshot{{Name: text, Reason: text}}, []string{text}, []string{text}
	r.Pruned, r.Stuck = []workflows.PrunedSnapshot{{Name: text, Reason: text, Detail: text}}, []workflows.StuckSnapshot{{Name: text, Status: contract.SnapshotStatus(text), Detail: text}}
	r.BusyWith.WorkflowID, r.BusyWith.Phase = text, text
	targets := []workflows.TargetResult{{Name: text, Outcome: workflows.Outcome(text), Summary: text}, {Failure: text}}
	r.Fleet.Targets, r.Fleet.Undone, r.Fleet.StoppedBy = targets, targets, text
	rows := []contract.AuditRow{{ServerName: text, Detail: text}}
	r.Audit.Stale, r.Audit.Full, r.Audit.StoppedByRun = rows, rows, rows
	r.Backup.Status, r.Backup.Detail = text, text
}

func TestACommentOfTheGreatestReportIsNotTooLongForGitHub(t *testing.T) {
	r := filled[workflows.Report](t)
	poison(&r, strings.Repeat("word @x ", 200))
	for range 60 {
		r.Verifications = append(r.Verifications, r.Verifications[0])
		r.Phases, r.Notes, r.Decisions = append(r.Phases, r.Phases[0]), append(r.Notes, r.Notes[0]), append(r.Decisions, r.Decisions[0])
		r.Pruned, r.Fleet.Targets, r.Audit.Stale = append(r.Pruned, r.Pruned[0]), append(r.Fleet.Targets, r.Fleet.Targets[0]), append(r.Audit.Stale, r.Audit.Stale[0])
	}
	text := Markdown(r)
	assert.LessOrEqual(t, len([]rune(text)), 65_000)
	assertTables(t, text)
}
