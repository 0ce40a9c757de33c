package render

import (
	"fmt"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// maxSnapshotName is how wide the column of snapshot names may be: Safepoint's own names have up to 64 characters.
const maxSnapshotName = 46

// Snapshots writes an inventory: one block a server, and of each snapshot a line with what it is and one with what
// retention would do. A terminal may be narrower than Width.
func Snapshots(r contract.InventoryResult, p Palette, width int) string {
	d := &document{p: p, width: width}
	wide := d.snapshotColumns(r.Rows)
	var server int64
	for i, row := range r.Rows {
		if i == 0 || row.ServerID != server {
			if server = row.ServerID; i > 0 {
				d.line("")
			}
			d.line(p.Bold("server " + Clean(serverCell(row.ServerID, row.ServerName))))
		}
		d.snapshot(row, wide)
	}
	if len(r.Rows) > 0 {
		d.line("")
	}
	if r.Left > 0 {
		d.wrapped("", "", fmt.Sprintf("%s more not shown: name fewer servers with --server or --name", plural(r.Left, "snapshot")), p.Warn)
	}
	d.inventoryEnd(r)
	return d.String()
}

// cells are the columns of a snapshot's first line.
func cells(row contract.InventoryRow) []string {
	whose := string(row.Kind)
	if row.Policy != "" && row.Policy != whose {
		whose += " (" + row.Policy + ")"
	}
	size := "-"
	if row.SizeMB > 0 {
		size = fmt.Sprintf("%d MB", row.SizeMB)
	}
	texts := []string{fmt.Sprintf("#%d", row.ID), row.Name, whose, string(row.Status), age(row.Age.Std()), size}
	for i, most := range []int{20, maxSnapshotName, 24, 14, 8, 12} {
		texts[i] = fit(Clean(texts[i]), most)
	}
	return texts
}

// snapshotColumns are the widths of the columns. Names are cut where a line would be too long.
func (d *document) snapshotColumns(rows []contract.InventoryRow) []int {
	wide := make([]int, 6)
	for _, row := range rows {
		for i, cell := range cells(row) {
			wide[i] = max(wide[i], columns(cell))
		}
	}
	all := 1
	for _, w := range wide {
		all += w + 1
	}
	wide[nameColumn] = max(wide[nameColumn]-max(all-d.columns(), 0), min(leastCell, wide[nameColumn]))
	return wide
}

// nameColumn is where cells has the name.
const nameColumn = 1

func (d *document) snapshot(row contract.InventoryRow, wide []int) {
	line := " "
	for i, cell := range cells(row) {
		line += " " + pad(fit(cell, wide[i]), wide[i])
	}
	if d.width > 0 {
		line = Cut(line, d.columns())
	}
	d.line(line)
	word, paint := "keep", d.p.Good
	switch row.Retention {
	case contract.RetentionKeep:
	case contract.RetentionRemove:
		word, paint = "remove", d.p.Warn
	default: // its rules are not known
		word, paint = "unknown", d.p.Dim
	}
	indent := strings.Repeat(" ", wide[0]+3)
	d.wrapped(indent+paint(word)+": ", indent+strings.Repeat(" ", len(word)+2), row.Why, plain)
}

func (d *document) inventoryEnd(r contract.InventoryResult) {
	c := r.Counts
	text := fmt.Sprintf("%s of %s: %d ours, %d safety, %d protected, %d foreign; retention would keep %d and remove %d",
		plural(c.Snapshots, "snapshot"), plural(r.Servers, "server"), c.Ours, c.Safety, c.Protected, c.Foreign, c.Keep, c.Remove)
	if c.Unknown > 0 {
		text += fmt.Sprintf("; of %d nobody knows without their rules", c.Unknown)
	}
	d.wrapped("", "  ", text, plain)
	if len(r.Policies) > 0 {
		d.wrapped("", "  ", "judged by "+strings.Join(r.Policies, "; "), d.p.Dim)
	}
	if c.Full > 0 {
		d.wrapped("", "  ", "no room for one more snapshot: "+idList(r.Full, c.Full), d.p.Warn)
	}
	if c.Missing > 0 {
		d.wrapped("", "  ", "the account does not have: "+idList(r.Missing, c.Missing), d.p.Warn)
	}
	if r.ClockOf == contract.ClockWorker {
		d.wrapped("", "  ", "ages are by the worker's clock: the API did not say what time it is", d.p.Warn)
	}
}

// idList names servers of which there may be more than are listed.
func idList(ids []int64, all int) string {
	noun := "server "
	if all > 1 {
		noun = "servers "
	}
	shown := ids[:min(len(ids), maxNumbers)]
	text := noun + numbersText(shown)
	if more := all - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
