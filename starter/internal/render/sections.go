package render

import (
	"fmt"
	"strings"

	"github.com/safepoint-dev/safepoint/workflows"
)

// sections are what belongs to no phase.
func (d *document) sections(r workflows.Report) {
	if r.Loss != "" && !strings.Contains(r.Summary, r.Loss) {
		d.field("lost", r.Loss, d.p.Warn)
	}
	if s := r.SafetySnapshot; s != nil {
		d.field("safety", "the state before the restore is in "+restorePoint(*s), plain)
	}
	if b := r.Backup; b != nil {
		d.field("backup", backupText(*b), plain)
	}
	for _, step := range r.Plan {
		d.field("would", step, plain)
	}
	if b := r.BusyWith; b != nil {
		d.whole("  "+d.p.Dim(pad("busy with", labelWidth)), strings.Repeat(" ", 2+labelWidth), holderText(*b), plain)
	}
	for _, s := range r.Kept {
		d.field("kept", fmt.Sprintf("#%d %s: %s", s.ID, s.Name, s.Reason), plain)
	}
	for _, s := range r.Pruned {
		text, paint := prunedText(s), plain
		if !s.Deleted {
			paint = d.p.Warn
		}
		d.field("pruned", text, paint)
	}
	for _, s := range r.Stuck {
		d.field("stuck", fmt.Sprintf("#%d %s, %s: %s", s.ID, s.Name, s.Status, s.Detail), d.p.Warn)
	}
	if r.Fleet != nil {
		d.fleet(r.WorkflowID, *r.Fleet)
	}
	if r.Audit != nil {
		d.audit(*r.Audit)
	}
	for _, note := range r.Notes {
		d.field("note", note, d.p.Warn)
	}
}

func backupText(b workflows.BackupRecord) string {
	var parts []string
	if b.ID != 0 {
		parts = append(parts, fmt.Sprintf("#%d", b.ID))
	}
	for _, text := range []string{b.Status, b.Detail} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

// maxOutputLines is how much of a change's output a report shows; the report as JSON has the rest.
const maxOutputLines = 5

// outputLines are the last lines of what an ssh change wrote.
func outputLines(c workflows.ChangeRecord) []string {
	lines := strings.Split(strings.TrimRight(c.Output, "\n"), "\n")
	if c.Output == "" {
		return nil
	}
	cut := max(0, len(lines)-maxOutputLines)
	shown := lines[cut:]
	if cut > 0 || c.OutputCut {
		return append([]string{"(the last lines of its output; safepoint report has more)"}, shown...)
	}
	return shown
}
