package render

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// markdown collects the lines of a comment.
type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

// heading starts a part of the comment.
func (m *markdown) heading(title string) { m.line("\n#### %s\n", title) }

// maxComment is how many characters a comment has at most: GitHub takes 65,536.
const maxComment = 60_000

// Markdown writes a report for a comment on a pull request. Whatever came from outside the program stands in code spans,
// so that it can neither link nor mention anybody, and there is no HTML. The commands of what comes next stand in code
// blocks of their own, to be copied as they are. What has no room is left out whole, and said.
func Markdown(r workflows.Report) string {
	all, size, left := "", 0, false
	for _, part := range []func(*markdown, workflows.Report){
		(*markdown).title, (*markdown).summary, (*markdown).facts, (*markdown).checks, (*markdown).phases, (*markdown).fleet, (*markdown).audit,
		(*markdown).snapshots, (*markdown).remarks,
	} {
		m := &markdown{}
		part(m, r)
		text := m.String()
		n := utf8.RuneCountInString(text)
		if size+n > maxComment {
			left = true
			continue
		}
		all, size = all+text, size+n
	}
	if left {
		all += "\nThere is more in the report as JSON.\n"
	}
	return all
}

func (m *markdown) summary(r workflows.Report) {
	if text := prose(summaryText(r)); text != "" {
		m.line("\n%s", text)
	}
	if r.Next != "" {
		text, commands := takeCommands(strings.TrimSpace(Clean(r.Next)))
		m.line("\n**Next:** %s", prose(text))
		for _, command := range commands {
			m.line("\n%s", fence(command))
		}
	}
}

func (m *markdown) remarks(r workflows.Report) {
	m.notes("Plan", r.Plan)
	m.notes("Notes", r.Notes)
}

// title is the verdict, which a reader of a long list of comments must see first.
func (m *markdown) title(r workflows.Report) {
	m.Builder.WriteString("### " + verdictMark(r.Outcome) + " Safepoint: " + strings.ToLower(markdownWord(string(r.Outcome), "ended without a report")))
	if r.ServerID != 0 {
		fmt.Fprintf(m, " (server %d", r.ServerID)
		if r.ServerName != "" {
			m.Builder.WriteString(" " + span(r.ServerName))
		}
		m.Builder.WriteString(")")
	}
	m.Builder.WriteString("\n")
}

// verdictMark is green only where a change is kept or nothing had to be done.
func verdictMark(o workflows.Outcome) string {
	switch o {
	case workflows.OutcomeCommitted, workflows.OutcomePlanned, workflows.OutcomeSkipped, workflows.OutcomeRestored,
		workflows.OutcomeRotated, workflows.OutcomeAudited:
		return "🟢"
	case workflows.OutcomeNotChanged, workflows.OutcomeCanceled, workflows.OutcomeRolledBack:
		return "🟡"
	default: // a person must look, and so at whatever a later version may add
		return "🔴"
	}
}

// markdownWord is an outcome, a phase or a verdict: one of ours, or else in a code span.
func markdownWord(word, none string) string {
	word = strings.ReplaceAll(word, "_", " ")
	if word == "" {
		return none
	}
	return prose(word)
}

// facts is the table of what is known of the run as a whole.
func (m *markdown) facts(r workflows.Report) {
	m.line("\n| | |\n|---|---|")
	m.fact("Run", span(r.WorkflowID))
	m.fact("Runbook", span(r.Runbook))
	m.fact("Reason", prose(r.Reason))
	m.fact("Failure", span(r.Failure))
	if !r.StartedAt.IsZero() && !r.EndedAt.IsZero() {
		m.fact("Took", fmt.Sprintf("%s, from %s", Elapsed(r.EndedAt.Sub(r.StartedAt)), clock(r.StartedAt)))
	}
	if s := r.Snapshot; s != nil {
		m.fact("Restore point", markdownPoint(*s))
	}
	if s := r.SafetySnapshot; s != nil {
		m.fact("State before the restore", markdownPoint(*s))
	}
	if c := r.Change; c != nil {
		m.fact("Change", prose(changeText(*c)))
	}
	if b := r.Rollback; b != nil {
		m.fact("Rollback", prose(rollbackText(*b)))
		m.fact("Lost", prose(strings.TrimPrefix(lostText(*b), "lost: ")))
	}
	m.fact("Lost by the restore", prose(r.Loss))
	if b := r.Backup; b != nil {
		m.fact("Backup", prose(backupText(*b)))
	}
	for _, d := range r.Decisions[:min(len(r.Decisions), maxRows)] {
		m.fact("Decision", prose(decisionText(d))+", "+clock(d.At))
	}
	if b := r.BusyWith; b != nil {
		m.fact("Busy with", span(b.WorkflowID)+" "+prose(b.Phase))
	}
}

func (m *markdown) fact(name, text string) {
	if text != "" {
		m.line("| %s | %s |", name, text)
	}
}

func markdownPoint(s contract.RestorePoint) string {
	text := fmt.Sprintf("%d %s", s.ID, span(s.Name))
	if s.SizeMB > 0 {
		text += fmt.Sprintf(", %d MB", s.SizeMB)
	}
	return text
}

// phases is the timeline. "done" is no phase in which anything happens.
func (m *markdown) phases(r workflows.Report) {
	if len(r.Phases) == 0 {
		return
	}
	m.heading("Phases")
	m.line("| Phase | After | Took |\n|---|---|---|")
	shown := r.Phases[:min(len(r.Phases), maxRows)]
	for _, phase := range shown {
		if phase.Phase == workflows.PhaseDone {
			continue
		}
		end := phase.EndedAt
		if end.IsZero() {
			end = r.EndedAt
		}
		m.line("| %s | %s | %s |", markdownWord(string(phase.Phase), ""), offset(phase.StartedAt.Sub(r.StartedAt)), Elapsed(end.Sub(phase.StartedAt)))
	}
	m.rest(len(r.Phases), len(shown))
}

// checks are the last looks of each verification.
func (m *markdown) checks(r workflows.Report) {
	if len(r.Verifications) == 0 {
		return
	}
	m.heading("Checks")
	m.line("| When | Check | Verdict | Seen |\n|---|---|---|---|")
	rows := 0
	for _, v := range r.Verifications {
		of := markdownWord(string(v.Of), "")
		m.line("| %s | all, %s | %s | %s |", of, plural(v.Rounds, "round"), markdownVerdict(v.Verdict), prose(v.Detail))
		for _, c := range v.Checks[:min(len(v.Checks), maxRows)] {
			m.line("| %s | %s | %s | %s |", of, span(c.Name), markdownVerdict(c.Verdict), prose(c.Detail))
		}
		m.restRow(4, len(v.Checks), min(len(v.Checks), maxRows))
		if rows++; rows == maxVerifications && len(r.Verifications) > rows {
			m.restRow(4, len(r.Verifications), rows)
			return
		}
	}
}

func markdownVerdict(v contract.Verdict) string {
	switch v {
	case contract.VerdictPassed:
		return "passed"
	case contract.VerdictFailed:
		return "**failed**"
	case contract.VerdictInconclusive:
		return "*inconclusive*"
	default: // of a later version
		return span(string(v))
	}
}
