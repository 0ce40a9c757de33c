package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Size is how big a terminal is.
type Size struct{ Columns, Rows int }

// labels is how many columns a screen's labels take, indent and gap included.
const labels = 16

// screen lays out one view for a whole terminal.
type screen struct {
	v    View
	size Size
	p    Palette
}

// Screen lays out a view for a whole terminal. No line is wider and there are no more of them than it has room for,
// whatever the texts: what matters least gives way first, and what a person may do last.
func Screen(v View, size Size, p Palette) []string {
	s := screen{v, size, p}
	lines := []string{frameHead(s.v, s.p)}
	blocks := fitBlocks(s.blocks(), size.Rows-2)
	body := 0
	for _, b := range blocks {
		body += b.keep
	}
	if body+4 <= size.Rows { // room for air above and below
		lines = append(lines, "")
	}
	for _, b := range blocks {
		lines = append(lines, b.kept(p)...)
	}
	if body+4 <= size.Rows {
		lines = append(lines, "")
	}
	lines = append(lines, s.foot())
	lines = lines[:min(len(lines), max(size.Rows, 1))]
	for i, line := range lines {
		lines[i] = strings.TrimRight(Cut(line, size.Columns), " ")
	}
	return lines
}

func (s screen) foot() string {
	return s.p.Dim(s.v.Now.UTC().Format("15:04:05 UTC") + "  Ctrl-C stops watching; the run goes on")
}

// blocks are the parts of the screen from top to bottom.
func (s screen) blocks() []block {
	list := []block{s.unrest()}
	if st := s.v.Status; st != nil {
		list = append(list, s.phases(*st), s.waiting(*st), s.bar(), s.looks())
		if st.Fleet != nil {
			list = append(list, s.fleet(*st.Fleet), s.flying(*st.Fleet), s.failures(*st.Fleet))
		}
		list = append(list, s.checks(*st), s.notes(*st), s.loss(*st), s.question(*st), s.commands(*st))
	}
	return slices.DeleteFunc(list, func(b block) bool { return len(b.lines) == 0 })
}

func (s screen) unrest() block {
	b := block{rank: 9, least: 1}
	if s.v.Stale > 0 {
		b.lines = s.row("old news", fmt.Sprintf("Temporal has not answered for %s; what is below is as old", Elapsed(s.v.Stale)), 1, s.p.Warn)
	}
	if s.v.Trouble != "" {
		b.lines = append(b.lines, s.row("trouble", s.v.Trouble, 3, s.p.Warn)...)
	}
	return b
}

// phases are one line each: how far into the run it began, how long it took, and what came of it.
func (s screen) phases(st workflows.Status) block {
	b := block{rank: 3, least: 2, list: true, tail: true}
	if len(st.Phases) == 0 {
		return b
	}
	known := workflows.Report{Phases: st.Phases, StartedAt: st.Phases[0].StartedAt, Snapshot: st.Snapshot, Change: st.Change}
	if st.LastVerification != nil {
		known.Verifications = []workflows.VerificationRecord{*st.LastVerification}
	}
	details := detailsByPhase(known, s.p)
	for i, phase := range st.Phases {
		mark, took := s.p.Dim("done"), phase.EndedAt.Sub(phase.StartedAt)
		if phase.EndedAt.IsZero() {
			mark, took = s.p.Accent("now "), s.v.Now.Sub(phase.StartedAt)
		}
		head := fmt.Sprintf("  %s  %s %s %s ", mark, s.p.Accent(pad(Cut(Clean(string(phase.Phase)), phaseWidth), phaseWidth)),
			s.p.Dim(pad("+"+offset(phase.StartedAt.Sub(known.StartedAt)), 8)), pad(Elapsed(took), tookWidth))
		if len(details[i]) > 0 {
			head += details[i][0].paint(Cut(Clean(details[i][0].text), max(s.size.Columns-columns(head), 0)))
		}
		b.lines = append(b.lines, head)
	}
	return b
}

func (s screen) waiting(st workflows.Status) block {
	return block{rank: 7, least: 1, lines: s.row("waiting for", st.WaitingFor, 3, plain)}
}

func (s screen) bar() block {
	b := block{rank: 8, least: 1}
	if text := s.v.longBar(s.size.Columns-labels, s.p); text != "" {
		b.lines = []string{s.label("progress") + text}
	}
	return b
}

// maxLooks is how many activities a screen shows at most.
const maxLooks = 2

// looks says how old the workers' last look is: what the API shows is only as new as that.
func (s screen) looks() block {
	b := block{rank: 6, least: 1, list: true}
	for _, a := range s.v.Pending[:min(len(s.v.Pending), maxLooks)] {
		b.lines = append(b.lines, s.row("last look", a.looked(s.v.Now), 1, plain)...)
		if a.Attempt > 1 {
			b.lines = append(b.lines, s.row("", fmt.Sprintf("attempt %d, after: %s", a.Attempt, a.LastFailure), 1, s.p.Warn)...)
		}
	}
	return b
}

// checks are the newest looks of the probes: those of the verification under way, or else of the last one.
func (s screen) checks(st workflows.Status) block {
	b := block{rank: 5, least: 1, list: true}
	var checks []contract.CheckResult
	for _, a := range s.v.Pending {
		checks = append(checks, a.Checks...)
	}
	if l := st.LastVerification; l != nil && len(checks) == 0 {
		b.lines = s.row("checks", verificationText(*l), 2, verdictPaint(l.Verdict, s.p))
		checks = slices.Clone(l.Checks)
	}
	// What is not well comes first: it is what a person looks for, and the rest may have no room.
	slices.SortStableFunc(checks, func(x, y contract.CheckResult) int { return badness(y.Verdict) - badness(x.Verdict) })
	for i, check := range checks {
		label := ""
		if i == 0 && len(b.lines) == 0 {
			label = "checks"
		}
		most := 1
		if len(checks) <= fewChecks {
			most = 2
		}
		b.lines = append(b.lines, s.row(label, checkText(check), most, verdictPaint(check.Verdict, s.p))...)
	}
	return b
}

// fewChecks are so few that their words may take more than a line each.
const fewChecks = 3

func badness(v contract.Verdict) int {
	switch v {
	case contract.VerdictPassed:
		return 0
	case contract.VerdictFailed:
		return 2
	default: // inconclusive, and whatever a later version may add
		return 1
	}
}

// notes shows the newest.
func (s screen) notes(st workflows.Status) block {
	b := block{rank: 2, least: 1, list: true, tail: true}
	for _, note := range st.Notes {
		b.lines = append(b.lines, s.row("note", note, 1, s.p.Warn)...)
	}
	return b
}

func (s screen) loss(st workflows.Status) block {
	if st.Loss == "" || strings.Contains(st.WaitingFor, st.Loss) {
		return block{}
	}
	return block{rank: 8, least: 1, lines: s.row("would be lost", st.Loss, 3, s.p.Warn)}
}

func (s screen) question(st workflows.Status) block {
	b := block{rank: 8, least: 1}
	if st.Hold == nil {
		return b
	}
	if !strings.Contains(st.WaitingFor, st.Hold.Why) {
		b.lines = s.row("held", st.Hold.Why, 3, s.p.Warn)
	}
	b.lines = append(b.lines, s.row("held until", clock(st.Hold.Until), 1, plain)...)
	return b
}

func (s screen) commands(st workflows.Status) block {
	b := block{rank: 10, least: 1}
	for i, command := range st.CanDo {
		label := ""
		if i == 0 {
			label = "you can type"
		}
		for _, line := range shellLines(Clean(command), s.size.Columns-labels) {
			b.lines = append(b.lines, s.label(label)+s.p.Bold(line))
			label = ""
		}
	}
	return b
}

// row is a labelled text of at most so many lines.
func (s screen) row(label, text string, most int, paint func(string) string) []string {
	room := max(s.size.Columns-labels, minRoom)
	lines := fewLines(text, room, most)
	for i := range lines {
		lines[i] = s.label(label) + paint(Cut(lines[i], room))
		label = ""
	}
	return lines
}

// minRoom is how many columns a text has at least; what is past the edge is cut at the end.
const minRoom = 8

func (s screen) label(word string) string { return "  " + s.p.Dim(pad(word, labels-2)) }
