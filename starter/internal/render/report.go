package render

import (
	"fmt"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Columns of the timeline: when, phase, how long, then the detail.
const (
	phaseWidth   = 10
	tookWidth    = 8
	labelWidth   = 10
	detailColumn = 2 + 7 + phaseWidth + 1 + tookWidth + 1
)

// Report writes a report as a short timeline, for a log or a file.
func Report(r workflows.Report, p Palette) string { return ReportIn(r, p, 0) }

// ReportIn is Report for a terminal of so many columns, which may be fewer than Width; 0 is no terminal.
func ReportIn(r workflows.Report, p Palette, width int) string {
	d := &document{p: p, width: width}
	d.title(r)
	d.timeline(r)
	d.sections(r)
	d.line("")
	d.wrapped("  ", "  ", summaryText(r), func(s string) string { return d.p.Outcome(r.Outcome, s) })
	if r.Next != "" {
		d.whole("  Next: ", "        ", r.Next, d.p.Bold)
	}
	return d.String()
}

// Plan writes what a dry run found, for a question about it. Its lines are as long as they are: Fit lays them out.
func Plan(r workflows.Report, p Palette) string {
	d := &document{p: p}
	d.whole("", "", r.Summary, p.Warn)
	for _, step := range r.Plan {
		d.whole("  - ", "    ", step, plain)
	}
	return d.String()
}

// summaryText is the summary without the table that an audit puts below it for those who only see the failure: it
// stands in the report already.
func summaryText(r workflows.Report) string {
	if r.Audit == nil || len(r.Audit.Stale) == 0 {
		return r.Summary
	}
	first, rest, _ := strings.Cut(r.Summary, "\n")
	var after []string // what follows the table
	for line := range strings.SplitSeq(rest, "\n") {
		if strings.HasPrefix(line, "Also found: ") {
			after = append(after, line)
		}
	}
	return strings.Join(append([]string{strings.TrimSuffix(first, ":") + "."}, after...), "\n")
}

// Word is an outcome as a heading.
func Word(o workflows.Outcome) string {
	if o == "" {
		return "ENDED"
	}
	return strings.ToUpper(strings.ReplaceAll(Clean(string(o)), "_", " "))
}

func (d *document) title(r workflows.Report) {
	parts := []string{d.p.Outcome(r.Outcome, Word(r.Outcome))}
	if r.WorkflowID != "" {
		parts = append(parts, d.p.Bold(Clean(r.WorkflowID)))
	}
	if r.ServerID != 0 {
		parts = append(parts, serverName(r.ServerID, r.ServerName))
	}
	if !r.StartedAt.IsZero() && !r.EndedAt.IsZero() {
		parts = append(parts, Elapsed(r.EndedAt.Sub(r.StartedAt)))
	}
	d.beside(parts)
	if r.Reason != "" {
		d.wrapped("  ", "  ", r.Reason, d.p.Dim)
	}
}

func serverName(id int64, name string) string {
	if name == "" {
		return fmt.Sprintf("server %d", id)
	}
	return fmt.Sprintf("server %d (%s)", id, Clean(name))
}

// timeline writes one line for each phase, with what happened in it. "done" is not a phase in which anything happens.
func (d *document) timeline(r workflows.Report) {
	details := detailsByPhase(r, d.p)
	for i, phase := range r.Phases {
		if phase.Phase == workflows.PhaseDone && len(details[i]) == 0 {
			continue
		}
		end := phase.EndedAt
		if end.IsZero() {
			end = r.EndedAt
		}
		head := fmt.Sprintf("  %s%s %s ", d.p.Dim(pad(offset(phase.StartedAt.Sub(r.StartedAt)), 7)),
			d.p.Accent(pad(Clean(string(phase.Phase)), phaseWidth)), pad(Elapsed(end.Sub(phase.StartedAt)), tookWidth))
		indent := strings.Repeat(" ", detailColumn)
		if len(details[i]) == 0 {
			d.line(head)
		}
		for n, text := range details[i] {
			if n > 0 {
				head = indent
			}
			d.wrapped(head, indent, text.text, text.paint)
		}
	}
}

// detail is one thing that happened, and how it is coloured.
type detail struct {
	text  string
	paint func(string) string
}

// detailsByPhase puts everything that a report knows under the phase in which it happened.
func detailsByPhase(r workflows.Report, p Palette) map[int][]detail {
	all := map[int][]detail{}
	add := func(phase int, paint func(string) string, format string, args ...any) {
		all[phase] = append(all[phase], detail{fmt.Sprintf(format, args...), paint})
	}
	if s := r.Snapshot; s != nil {
		add(lastPhase(r, workflows.PhaseSnapshot), plain, "restore point %s", restorePoint(*s))
	}
	if c := r.Change; c != nil {
		add(lastPhase(r, workflows.PhaseChange), changePaint(c.Result, p), "%s", changeText(*c))
		for _, line := range outputLines(*c) {
			add(lastPhase(r, workflows.PhaseChange), p.Dim, "| %s", line)
		}
	}
	if b := r.Rollback; b != nil {
		phase := restorePhase(r)
		add(phase, plain, "%s", rollbackText(*b))
		if lost := lostText(*b); lost != "" {
			add(phase, p.Warn, "%s", lost)
		}
	}
	for _, v := range r.Verifications {
		at := phaseAt(r, v.StartedAt)
		add(at, verdictPaint(v.Verdict, p), "%s", verificationText(v))
		for _, c := range v.Checks {
			if c.Verdict != contract.VerdictPassed {
				add(at, plain, "%s", checkText(c))
			}
		}
	}
	for _, decision := range r.Decisions {
		add(heldAt(r, decision.At), p.Bold, "%s", decisionText(decision))
	}
	return all
}

// phaseAt is the phase that ran at a moment: the last one that had begun.
func phaseAt(r workflows.Report, at time.Time) int {
	index := 0
	for i, phase := range r.Phases {
		if !phase.StartedAt.After(at) && phase.Phase != workflows.PhaseDone {
			index = i
		}
	}
	return index
}

// heldAt is the hold in which a decision was made. The hold ends at the moment of the decision, and the next phase
// begins at the same one.
func heldAt(r workflows.Report, at time.Time) int {
	for i, phase := range r.Phases {
		if phase.Phase == workflows.PhaseHold && !phase.StartedAt.After(at) && (phase.EndedAt.IsZero() || !phase.EndedAt.Before(at)) {
			return i
		}
	}
	return phaseAt(r, at)
}

// restorePhase is where a restore happened: a rollback, or a restore that was asked for.
func restorePhase(r workflows.Report) int {
	for _, phase := range r.Phases {
		if phase.Phase == workflows.PhaseRestore {
			return lastPhase(r, workflows.PhaseRestore)
		}
	}
	return lastPhase(r, workflows.PhaseRollback)
}

func lastPhase(r workflows.Report, want workflows.Phase) int {
	index := 0
	for i, phase := range r.Phases {
		if phase.Phase == want {
			index = i
		}
	}
	return index
}
