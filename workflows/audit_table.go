package workflows

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Bounds of what a message shows; the report has more.
const (
	maxTableRows = 20
	maxTableName = 40 // bytes of a server's name
)

// staleTable lists the stale servers, the oldest first, for a terminal or a chat.
func staleTable(found contract.AuditResult) string {
	shown := found.Stale[:min(len(found.Stale), maxTableRows)]
	rows := [][3]string{{"SERVER", "NEWEST COMPLETED", "AGE"}}
	for _, row := range shown {
		newest, age := "none", "-"
		if !row.Newest.IsZero() {
			newest, age = row.Newest.UTC().Format("2006-01-02 15:04 UTC"), roughAge(row.Age.Std())
		}
		rows = append(rows, [3]string{shownServer(row.ServerID, cut(row.ServerName, maxTableName)), newest, age})
	}
	wide := [2]int{}
	for _, row := range rows {
		for i := range wide {
			wide[i] = max(wide[i], utf8.RuneCountInString(row[i]))
		}
	}
	lines := make([]string, 0, len(rows)+1)
	for _, row := range rows {
		lines = append(lines, padded(row[0], wide[0])+"  "+padded(row[1], wide[1])+"  "+row[2])
	}
	if more := found.Counts.Stale - len(shown); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

func padded(text string, wide int) string {
	return text + strings.Repeat(" ", max(wide-utf8.RuneCountInString(text), 0))
}

// roughAge is an age as people say it: minutes matter for hours, hours for days.
func roughAge(age time.Duration) string {
	minutes := int(age / time.Minute)
	switch {
	case minutes < 60:
		return fmt.Sprintf("%dm", minutes)
	case minutes < 24*60:
		return fmt.Sprintf("%dh%dm", minutes/60, minutes%60)
	default:
		return fmt.Sprintf("%dd%dh", minutes/(24*60), minutes/60%24)
	}
}

// auditRemarks names in one sentence what else was found. The report lists it.
func auditRemarks(found contract.AuditResult) string {
	var also []string
	for _, c := range []struct {
		n         int
		one, many string
	}{
		{found.Counts.Missing, "asked-for server is not in the account", "asked-for servers are not in the account"},
		{found.Counts.Orphans, "orphaned snapshot", "orphaned snapshots"},
		{found.Counts.Full, "server with a full quota", "servers with a full quota"},
		{found.Counts.StoppedByRun, "server that a dead run may have left stopped", "servers that dead runs may have left stopped"},
	} {
		switch {
		case c.n == 1:
			also = append(also, "1 "+c.one)
		case c.n > 1:
			also = append(also, fmt.Sprintf("%d %s", c.n, c.many))
		}
	}
	text := ""
	if len(also) > 0 {
		text = "\nAlso found: " + strings.Join(also, ", ") + "."
	}
	if found.ClockOf == contract.ClockWorker {
		text += "\nThe API did not say what time it is: ages are by the worker's clock."
	}
	return text
}
