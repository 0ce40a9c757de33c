package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/safepoint-dev/safepoint/workflows"
)

// fleet writes what became of the servers of a run of many. The targets are shown where they are known; otherwise the
// last failures, and where the rest is.
func (d *document) fleet(id string, f workflows.FleetRecord) {
	d.field("servers", fleetCounts(f, "not tried"), plain)
	if f.StoppedBy != "" {
		d.field("stopped", f.StoppedBy, d.p.Warn)
	}
	if n := len(f.Missing); n > 0 {
		d.field("missing", "servers that the account does not have: "+numbersText(f.Missing), d.p.Warn)
	}
	switch {
	case len(f.Targets) > 0:
		d.targets(f.Targets)
	case len(f.LastFailures) > 0:
		d.field("failures", "the last ones:", plain)
		d.targets(f.LastFailures)
	}
	if u := f.UndoneCounts; u != (workflows.UndoneCounts{}) {
		d.field("undone", fmt.Sprintf("%d rolled back, %d refused, %d left", u.Restored, u.Refused, u.Left), plain)
		d.targets(f.Undone)
	}
	if (len(f.Targets) == 0 && len(f.Pages) > 0) || (len(f.Undone) == 0 && len(f.UndonePages) > 0) {
		d.whole("  "+d.p.Dim(pad("all", labelWidth)), strings.Repeat(" ", 2+labelWidth), "safepoint report "+id+" -o text", d.p.Bold)
	}
}

// maxFlying is how many of the runs under way a status names.
const maxFlying = 10

// fleetStatus says where a run of many stands.
func (d *document) fleetStatus(f workflows.FleetRecord) {
	d.row("servers", fleetCounts(f, "to go"), plain)
	if f.Paused {
		d.row("paused", "no further server is started until resume", d.p.Warn)
	}
	if f.StoppedBy != "" {
		d.row("stopped by", f.StoppedBy, d.p.Warn)
	}
	for i, run := range f.InFlight {
		if i == maxFlying {
			d.row("under way", fmt.Sprintf("and %d more", len(f.InFlight)-maxFlying), plain)
			break
		}
		d.whole("  "+d.p.Dim(pad("under way", 15)), strings.Repeat(" ", 17), fmt.Sprintf("server %d: safepoint status %s", run.ServerID, run.WorkflowID), plain)
	}
	if len(f.LastFailures) > 0 {
		d.row("failures", "the last ones:", d.p.Warn)
		d.targets(f.LastFailures)
	}
}

// field is a labelled line of a report.
func (d *document) field(label, text string, paint func(string) string) {
	d.wrapped("  "+d.p.Dim(pad(label, labelWidth)), strings.Repeat(" ", 2+labelWidth), text, paint)
}

// fleetCounts counts in words; every server is in one of them. rest names those that have not ended.
func fleetCounts(f workflows.FleetRecord, rest string) string {
	parts := []string{strconv.Itoa(f.Total)}
	c := f.Counts
	left := f.Total - c.Done - c.Skipped - c.Planned - c.RolledBack - c.Errors - c.Undone
	for _, one := range []struct {
		n    int
		word string
	}{
		{c.Done, "done"}, {c.Skipped, "skipped"}, {c.Planned, "planned"}, {c.RolledBack, "rolled back"}, {c.Errors, "failed"}, {c.Undone, "undone"}, {left, rest},
	} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.word))
		}
	}
	return strings.Join(parts, ", ")
}

func (d *document) targets(list []workflows.TargetResult) {
	if len(list) == 0 {
		return
	}
	rows := make([][]string, len(list))
	for i, t := range list {
		word := string(t.Outcome)
		if word == "" {
			word = t.Failure // a run that nobody heard the end of
		}
		rows[i] = []string{strings.TrimSpace(fmt.Sprintf("%d %s", t.ServerID, t.Name)), strings.ReplaceAll(word, "_", " "), snapshotNumber(t.SnapshotID), t.Summary}
	}
	d.table("    ", []string{"SERVER", "OUTCOME", "SNAPSHOT", "SUMMARY"}, rows, func(row int, line string) string {
		if o := list[row].Outcome; o != workflows.OutcomeCommitted && o != workflows.OutcomeRotated && o != workflows.OutcomeSkipped && o != workflows.OutcomePlanned {
			return d.p.Outcome(o, line)
		}
		return line
	})
}

func snapshotNumber(id int64) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("#%d", id)
}

// maxNumbers keeps a list of servers readable.
const maxNumbers = 20

func numbersText(ids []int64) string {
	parts := make([]string, 0, min(len(ids), maxNumbers))
	for _, id := range ids[:min(len(ids), maxNumbers)] {
		parts = append(parts, strconv.FormatInt(id, 10))
	}
	text := strings.Join(parts, ", ")
	if more := len(ids) - maxNumbers; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
