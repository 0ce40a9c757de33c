package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/workflows"
)

// shownTimes is how many of the next times are shown.
const shownTimes = 5

// Schedules writes a table of schedules, one a line, for a terminal of so many columns; 0 is no terminal.
func Schedules(list []schedule.Details, p Palette, width int) string {
	d := &document{p: p, width: width}
	if len(list) == 0 {
		d.whole("", "  ", "no schedules: make one with `safepoint schedule apply -f schedule.json`", plain)
		return d.String()
	}
	rows := make([][]string, len(list))
	for i, s := range list {
		next := "-"
		if len(s.Next) > 0 && !s.Paused {
			next = s.Next[0].In(s.Zone()).Format("2006-01-02 15:04 MST")
		}
		last := "-"
		if len(s.Recent) > 0 {
			last = words(s.Recent[0].Outcome)
		}
		rows[i] = []string{s.ID, s.Runbook, specWords(s), next, last, stateWords(s)}
	}
	d.table("", []string{"ID", "RUNBOOK", "WHEN", "NEXT", "LAST", "STATE"}, rows, func(row int, line string) string {
		switch last := list[row].Recent; {
		case list[row].Paused:
			return p.Warn(line)
		case len(last) > 0 && bad(last[0].Outcome):
			return p.Bad(line)
		default:
			return line
		}
	})
	return d.String()
}

// bad says whether a run's outcome is one that a person should look at.
func bad(outcome string) bool {
	switch o := workflows.Outcome(outcome); o {
	case workflows.OutcomeCommitted, workflows.OutcomeSkipped, workflows.OutcomePlanned, workflows.OutcomeRestored, workflows.OutcomeRotated, workflows.OutcomeAudited:
		return false
	default:
		return outcome != schedule.OutcomeRunning && outcome != schedule.OutcomeGone
	}
}

// Schedule writes everything that is known of a schedule, for a terminal of so many columns; 0 is no terminal.
func Schedule(s schedule.Details, p Palette, width int) string {
	d := &document{p: p, width: width}
	d.beside([]string{p.Bold(Clean(s.ID)), Clean(s.Runbook), p.Accent(strings.ToUpper(Clean(runsWord(s))))})
	switch {
	case s.PlanOf != "":
		d.row("left over", "from a dry run of "+s.PlanOf+": delete it", p.Warn)
	case s.Foreign:
		d.row("made by", "somebody else, not by safepoint schedule apply", p.Warn)
	}
	if s.Note != "" {
		d.row("note", s.Note, p.Warn)
	}
	d.row("when", specWords(s), plain)
	d.times(s.Next, s.Spec, s.Paused)
	d.row("overlap", string(s.Overlap), plain)
	d.row("catch up", s.CatchUp.String(), plain)
	d.row("workflow id", s.WorkflowID+"-<time>", plain)
	d.row("task queue", s.TaskQueue, plain)
	if !s.CreatedAt.IsZero() {
		d.row("created", clock(s.CreatedAt), plain)
	}
	if !s.UpdatedAt.IsZero() {
		d.row("updated", clock(s.UpdatedAt), plain)
	}
	d.row("runs", fmt.Sprintf("%d started, %d skipped because one still ran, %d missed", s.Runs, s.Overlapped, s.Missed), plain)
	for _, run := range s.Recent {
		paint := plain
		if bad(run.Outcome) {
			paint = p.Bad
		}
		d.row("run", fmt.Sprintf("%s  %s", localTime(run.StartedAt, s.Zone()), words(run.Outcome)), paint)
		d.whole(strings.Repeat(" ", 17), strings.Repeat(" ", 17), "safepoint status "+run.WorkflowID, plain)
	}
	d.input(s.Input)
	return d.String()
}

// input writes a runbook's input as it is, indented: it is copied, and a line break inside a text would spoil it.
func (d *document) input(raw json.RawMessage) {
	var b bytes.Buffer
	if len(raw) == 0 || json.Indent(&b, raw, "", "  ") != nil {
		return
	}
	d.line("  " + d.p.Dim("input"))
	for line := range strings.SplitSeq(b.String(), "\n") {
		d.line("    " + Clean(line))
	}
}

// times writes the next times of a spec, with the zone in which they are read. A paused schedule lets them pass.
func (d *document) times(next []time.Time, spec *schedule.Spec, paused bool) {
	zone := time.UTC
	if spec != nil {
		zone = spec.Zone()
	}
	label := "next"
	if paused {
		label = "if resumed"
	}
	for _, t := range next[:min(len(next), shownTimes)] {
		d.row(label, localTime(t, zone), plain)
		label = ""
	}
	if len(next) == 0 {
		d.row("next", "never: no time fits", d.p.Warn)
	}
}

// Change says what applying a schedule file did, or would do, for a terminal of so many columns; 0 is no terminal.
func Change(f schedule.File, c schedule.Change, next []time.Time, dry bool, p Palette, width int) string {
	d := &document{p: p, width: width}
	d.changed(f, p.Good(changeWord(c, dry)))
	if c.Foreign {
		d.row("made by", "somebody else, not by safepoint schedule apply: it is only changed with --force", p.Warn)
	}
	for _, one := range c.Differences {
		if c.Action == schedule.ActionUpdate {
			d.row("differs", fmt.Sprintf("%s: %s -> %s", one.Path, orNothing(one.Old), orNothing(one.New)), plain)
		}
	}
	if c.Paused {
		d.row("paused", strings.TrimSpace("and stays so until `safepoint schedule resume "+f.ID+"`. "+c.Note), p.Warn)
	}
	if f.Paused && c.Action == schedule.ActionCreate {
		d.row("paused", "from the start; `safepoint schedule resume "+f.ID+"` starts it", p.Warn)
	}
	d.times(next, &f.Spec, c.Paused || (f.Paused && c.Action == schedule.ActionCreate))
	if f.Spec.Jitter > 0 {
		d.row("", "each put off by up to "+f.Spec.Jitter.String()+" (jitter)", plain)
	}
	return d.String()
}

// changed is the first line of Change. A spec may be as long as it likes: it then goes below.
func (d *document) changed(f schedule.File, word string) {
	what := Clean(f.Runbook) + ", " + Clean(f.Spec.Words())
	head := []string{word, d.p.Bold(Clean(f.ID)), what}
	if d.width > 0 && columns(strings.Join(head, "  ")) > d.columns() {
		d.beside(head[:2])
		d.wrapped(hanging, hanging, what, plain)
		return
	}
	d.beside(head)
}

func changeWord(c schedule.Change, dry bool) string {
	word := map[schedule.Action]string{schedule.ActionCreate: "created", schedule.ActionUpdate: "updated", schedule.ActionUnchanged: "unchanged"}[c.Action]
	if dry && c.Action != schedule.ActionUnchanged {
		return "would be " + word
	}
	return word
}

func orNothing(value string) string {
	if value == "" {
		return "nothing"
	}
	return Cut(Clean(value), 60)
}

// localTime writes a time as the clocks of a place show it, with the place's name.
func localTime(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04:05 MST")
}

func specWords(s schedule.Details) string {
	if s.Spec == nil && s.Trouble != "" {
		return "not known"
	}
	if s.Spec == nil {
		return "set elsewhere"
	}
	return s.Spec.Words()
}

func runsWord(s schedule.Details) string {
	if s.Paused {
		return "paused"
	}
	return "active"
}

func stateWords(s schedule.Details) string {
	text := runsWord(s)
	if s.Paused && s.Note != "" {
		text += ": " + s.Note
	}
	switch {
	case s.Trouble != "":
		text = "no answer now"
	case s.PlanOf != "":
		text += " (left over from a dry run)"
	case s.Foreign:
		text += " (made elsewhere)"
	}
	return text
}

func words(outcome string) string { return strings.ReplaceAll(outcome, "_", " ") }
