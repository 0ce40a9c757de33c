package render

import "strings"

// minLast is how wide a table's last column is at least, however long the others are.
const minLast = 20

// table writes rows under titles, as wide as their texts and no wider than the layout: the last column is cut. Every
// text is cleaned first; paint, when it is given, colours the whole line of a row.
func (d *document) table(indent string, titles []string, rows [][]string, paint func(row int, line string) string) {
	wide := make([]int, len(titles))
	lines := make([][]string, 0, len(rows)+1)
	for _, row := range append([][]string{titles}, rows...) {
		cells := make([]string, len(titles))
		for i := range cells {
			cells[i] = Clean(row[i])
			wide[i] = max(wide[i], columns(cells[i]))
		}
		lines = append(lines, cells)
	}
	for i := range wide[:len(wide)-1] {
		most := maxCell
		if i == 0 {
			most = maxFirst
		}
		wide[i] = min(wide[i], most)
	}
	last := narrow(wide, d.columns()-columns(indent))
	for n, cells := range lines {
		var b strings.Builder
		for i, cell := range cells[:len(cells)-1] {
			b.WriteString(pad(fit(cell, wide[i]), wide[i]) + "  ")
		}
		line := strings.TrimRight(b.String()+fit(cells[len(cells)-1], last), " ")
		switch {
		case n == 0:
			line = d.p.Dim(line)
		case paint != nil:
			line = paint(n-1, line)
		}
		if line = indent + line; d.width > 0 {
			line = Cut(line, d.columns())
		}
		d.line(line)
	}
}

// How wide any column but the last may be. The first one is what people copy.
const (
	maxFirst = 60
	maxCell  = 40
	// leastCell is how narrow a column becomes to make room.
	leastCell = 16
)

// narrow makes the widest columns but the first smaller until the last one has its least width, and returns the width of
// the last.
func narrow(wide []int, width int) int {
	middle := wide[1 : len(wide)-1]
	for {
		left := width
		for _, w := range wide[:len(wide)-1] {
			left -= w + 2
		}
		widest := 0
		for i, w := range middle {
			if w > middle[widest] {
				widest = i
			}
		}
		if left >= min(minLast, wide[len(wide)-1]) || len(middle) == 0 || middle[widest] <= leastCell {
			return max(left, minLast)
		}
		middle[widest]--
	}
}

// fit cuts a text that is longer than its column.
func fit(s string, width int) string {
	if columns(s) <= width {
		return s
	}
	return Cut(s, width)
}
