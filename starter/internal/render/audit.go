package render

import (
	"fmt"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// audit writes what a SnapshotAudit found, one table for each kind of thing.
func (d *document) audit(a contract.AuditResult) {
	of := "the API's clock"
	if a.ClockOf == contract.ClockWorker {
		of = "the worker's clock: the API did not say"
	}
	d.field("servers", fmt.Sprintf("%d, looked at %s (%s)", a.Servers, clock(a.Now), of), plain)
	if len(a.Missing) > 0 {
		d.field("missing", "servers that the account does not have: "+numbersText(a.Missing), d.p.Warn)
	}
	d.auditRows("stale", "without a completed snapshot that is young enough", a.Stale, a.Counts.Stale, d.p.Bad)
	d.auditRows("stopped", "stopped, and a dead run may have left them so", a.StoppedByRun, a.Counts.StoppedByRun, d.p.Bad)
	if a.StoppedUnread > 0 {
		d.field("stopped", plural(a.StoppedUnread, "stopped server")+" could not be looked at for that", d.p.Warn)
	}
	d.auditRows("full", "no further snapshot fits", a.Full, a.Counts.Full, d.p.Warn)
	d.auditSnapshots("orphans", "nothing will clean these up", a.Orphans, a.Counts.Orphans, d.p.Warn)
	d.auditSnapshots("protected", "never removed", a.Protected, a.Counts.Protected, plain)
	d.auditSnapshots("foreign", "not made by Safepoint, never removed by it", a.Foreign, a.Counts.Foreign, plain)
}

func (d *document) auditRows(label, what string, list []contract.AuditRow, all int, paint func(string) string) {
	if len(list) == 0 {
		return
	}
	d.field(label, fmt.Sprintf("%d: %s", all, what), paint)
	rows := make([][]string, len(list))
	for i, row := range list {
		rows[i] = []string{serverCell(row.ServerID, row.ServerName), moment(row.Newest), age(row.Age.Std()), row.Detail}
	}
	d.table("    ", []string{"SERVER", "NEWEST COMPLETED", "AGE", "DETAIL"}, rows, nil)
	d.more(all, len(list))
}

func (d *document) auditSnapshots(label, what string, list []contract.AuditSnapshot, all int, paint func(string) string) {
	if len(list) == 0 {
		return
	}
	d.field(label, fmt.Sprintf("%d: %s", all, what), paint)
	rows := make([][]string, len(list))
	for i, s := range list {
		rows[i] = []string{fmt.Sprintf("#%d %s", s.ID, s.Name), serverCell(s.ServerID, s.ServerName), string(s.Status), age(s.Age.Std()), s.Detail}
	}
	d.table("    ", []string{"SNAPSHOT", "SERVER", "STATUS", "AGE", "DETAIL"}, rows, nil)
	d.more(all, len(list))
}

// more says that a list is only the beginning.
func (d *document) more(all, shown int) {
	if all > shown {
		d.line(fmt.Sprintf("    and %d more", all-shown))
	}
}

func serverCell(id int64, name string) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", id, name))
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// age writes how old something is, roughly: minutes matter for hours, hours for days.
func age(d time.Duration) string {
	switch minutes := int(d / time.Minute); {
	case d == 0:
		return "-"
	case minutes < 60:
		return fmt.Sprintf("%dm", minutes)
	case minutes < 24*60:
		return fmt.Sprintf("%dh%02dm", minutes/60, minutes%60)
	default:
		return fmt.Sprintf("%dd%02dh", minutes/(24*60), minutes/60%24)
	}
}
