package render

import (
	"fmt"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// What a comment shows of long lists; the report as JSON has the rest.
const (
	maxRows          = 20
	maxVerifications = 6
)

// rest says below a table that it is only the beginning of a list.
func (m *markdown) rest(all, shown int) {
	if all > shown {
		m.line("\n%d more in the report as JSON.", all-shown)
	}
}

// restRow is rest inside a table.
func (m *markdown) restRow(cells, all, shown int) {
	if all > shown {
		m.line("| %d more in the report as JSON |%s", all-shown, strings.Repeat(" |", cells-1))
	}
}

// snapshots is what retention did.
func (m *markdown) snapshots(r workflows.Report) {
	var rows [][3]string
	for _, s := range r.Kept {
		rows = append(rows, [3]string{fmt.Sprintf("%d %s", s.ID, span(s.Name)), "kept", prose(s.Reason)})
	}
	for _, s := range r.Pruned {
		what, why := "deleted", s.Reason
		if !s.Deleted {
			what, why = "**not deleted**", s.Reason+"; "+s.Detail
		}
		rows = append(rows, [3]string{fmt.Sprintf("%d %s", s.ID, span(s.Name)), what, prose(why)})
	}
	for _, s := range r.Stuck {
		rows = append(rows, [3]string{fmt.Sprintf("%d %s", s.ID, span(s.Name)), "stuck, " + markdownWord(string(s.Status), "status unknown"), prose(s.Detail)})
	}
	if len(rows) == 0 {
		return
	}
	m.heading("Snapshots")
	m.line("| Snapshot | What | Why |\n|---|---|---|")
	for _, row := range rows[:min(len(rows), maxRows)] {
		m.line("| %s | %s | %s |", row[0], row[1], row[2])
	}
	m.rest(len(rows), min(len(rows), maxRows))
}

// fleet is what became of the servers; those that did not go well come first, because the rest may have no room.
func (m *markdown) fleet(r workflows.Report) {
	if r.Fleet == nil {
		return
	}
	f := *r.Fleet
	m.heading("Servers")
	m.line("Of %s.", fleetCounts(f, "not tried"))
	if f.StoppedBy != "" {
		m.line("\nStopped by: %s", prose(f.StoppedBy))
	}
	if len(f.Missing) > 0 {
		m.line("\nServers that the account does not have: %s.", numbersText(f.Missing))
	}
	var bad, good []workflows.TargetResult
	all := f.Targets
	if len(all) == 0 {
		all = f.LastFailures
	}
	for _, t := range all {
		switch verdictMark(t.Outcome) {
		case "🟢":
			good = append(good, t)
		default: // not what was asked for
			bad = append(bad, t)
		}
	}
	m.targets(append(bad, good...))
	if u := f.UndoneCounts; u != (workflows.UndoneCounts{}) {
		m.line("\nUndone: %d rolled back, %d refused, %d left.", u.Restored, u.Refused, u.Left)
		m.targets(f.Undone)
	}
}

func (m *markdown) targets(list []workflows.TargetResult) {
	if len(list) == 0 {
		return
	}
	m.line("\n| Server | Outcome | Summary |\n|---|---|---|")
	for _, t := range list[:min(len(list), maxRows)] {
		word := string(t.Outcome)
		if word == "" {
			word = t.Failure // a run that nobody heard the end of
		}
		m.line("| %d %s | %s %s | %s |", t.ServerID, span(t.Name), verdictMark(t.Outcome), markdownWord(word, "not known"), prose(t.Summary))
	}
	m.rest(len(list), min(len(list), maxRows))
}

// audit is what a SnapshotAudit found, in numbers and with the stale servers by name.
func (m *markdown) audit(r workflows.Report) {
	if r.Audit == nil {
		return
	}
	a := *r.Audit
	m.heading("Audit")
	m.line("%s: %d stale, %d full, %d orphaned, %d left stopped, %d protected, %d not made by Safepoint.", plural(a.Servers, "server"),
		a.Counts.Stale, a.Counts.Full, a.Counts.Orphans, a.Counts.StoppedByRun, a.Counts.Protected, a.Counts.Foreign)
	m.auditRows("Stale", a.Stale)
	m.auditRows("Left stopped by a run", a.StoppedByRun)
	m.auditRows("Full", a.Full)
}

func (m *markdown) auditRows(title string, rows []contract.AuditRow) {
	if len(rows) == 0 {
		return
	}
	m.line("\n| %s | Newest completed | Age | Detail |\n|---|---|---|---|", title)
	for _, row := range rows[:min(len(rows), maxRows)] {
		m.line("| %d %s | %s | %s | %s |", row.ServerID, span(row.ServerName), moment(row.Newest), age(row.Age.Std()), prose(row.Detail))
	}
	m.rest(len(rows), min(len(rows), maxRows))
}

// notes are lines of their own.
func (m *markdown) notes(title string, notes []string) {
	if len(notes) == 0 {
		return
	}
	m.heading(title)
	for _, note := range notes[:min(len(notes), maxRows)] {
		m.line("- %s", prose(note))
	}
	m.rest(len(notes), min(len(notes), maxRows))
}
