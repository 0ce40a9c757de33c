package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/workflows"
)

// ListedRun is one run in a list of runs, as Temporal's list shows it.
type ListedRun struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	// Older is true where the id was used again since: the id alone then means another run.
	Older   bool   `json:"older,omitempty"`
	Runbook string `json:"runbook"`
	// ServerID is 0 for a run of many servers.
	ServerID int64 `json:"server_id,omitempty"`
	// Status is Temporal's own word: Running, Completed, Failed, Canceled, Terminated, TimedOut.
	Status string `json:"status"`
	// Phase and Outcome are the run's search attributes; empty where the run did not come to set them.
	Phase     string    `json:"phase,omitempty"`
	Outcome   string    `json:"outcome,omitempty"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
}

// Open says whether the run goes on.
func (r ListedRun) Open() bool { return r.EndedAt.IsZero() }

// state is where a run is, or how it ended.
func (r ListedRun) state() string {
	switch {
	case r.Open() && r.Phase != "":
		return r.Phase
	case r.Open():
		return "starting"
	case r.Outcome != "":
		return words(r.Outcome)
	default: // ended from outside, or by an input that it refused
		return strings.ToLower(r.Status)
	}
}

// name is the run as a command takes it.
func (r ListedRun) name() string {
	if r.Older {
		return Clean(r.WorkflowID + " --run-id " + r.RunID)
	}
	return Clean(r.WorkflowID)
}

// Runs writes a table of runs for a terminal of so many columns. The id comes last: it is what may be long, and what is
// copied.
func Runs(runs []ListedRun, now time.Time, p Palette, width int) string {
	d := &document{p: p, width: width}
	titles := []string{"STARTED (UTC)", "TOOK", "STATE", "SERVER", "RUNBOOK", "RUN"}
	rows := make([][]string, 0, len(runs))
	wide := make([]int, len(titles))
	for _, r := range runs {
		end, server := r.EndedAt, ""
		if r.Open() {
			end = now
		}
		if r.ServerID != 0 {
			server = strconv.FormatInt(r.ServerID, 10)
		}
		rows = append(rows, []string{r.StartedAt.UTC().Format("2006-01-02 15:04"), tookWords(end.Sub(r.StartedAt)), Cut(Clean(r.state()), maxState), server, shortRunbook(r.Runbook), r.name()})
	}
	for _, row := range append([][]string{titles}, rows...) {
		for i, cell := range row {
			wide[i] = max(wide[i], columns(cell))
		}
	}
	d.runLine(titles, wide, p.Dim)
	for i, row := range rows {
		d.runLine(row, wide, func(line string) string { return paintRun(runs[i], line, p) })
	}
	return d.String()
}

// maxState is the longest of the outcomes, rolled back unverified; maxRunbook is of the runbooks' short names.
const (
	maxState   = 22
	maxRunbook = 10
)

// runLine never cuts the id: it goes on a line of its own where the terminal has no room for it.
func (d *document) runLine(cells []string, wide []int, paint func(string) string) {
	var b strings.Builder
	last := len(cells) - 1
	for i, cell := range cells[:last] {
		b.WriteString(pad(cell, wide[i]) + "  ")
	}
	line := b.String()
	if columns(line)+columns(cells[last]) <= d.columns() {
		d.line(paint(strings.TrimRight(line+cells[last], " ")))
		return
	}
	d.line(paint(strings.TrimRight(line, " ")))
	d.line("    " + cells[last])
}

func paintRun(r ListedRun, line string, p Palette) string {
	switch {
	case r.Open() && r.Phase == string(workflows.PhaseHold):
		return p.Warn(line)
	case r.Open():
		return line
	default: // by how it ended
		return p.Outcome(workflows.Outcome(r.Outcome), line)
	}
}

// shortRunbook is one word for a runbook: five of them must stand beside each other in a line.
func shortRunbook(name string) string {
	switch name {
	case workflows.TypeSnapshotUpdateVerify:
		return "update"
	case workflows.TypeRollbackByRestore:
		return "rollback"
	case workflows.TypeSnapshotRotation:
		return "rotation"
	case workflows.TypeSnapshotAudit:
		return "audit"
	case workflows.TypeFleetUpdate:
		return "fleet"
	default: // of a later version
		return Cut(Clean(name), maxRunbook)
	}
}

// tookWords is Elapsed without its tenths.
func tookWords(d time.Duration) string {
	if d = max(d, 0); d < time.Minute {
		return fmt.Sprintf("%ds", int(d.Seconds()))
	}
	return Elapsed(d)
}
