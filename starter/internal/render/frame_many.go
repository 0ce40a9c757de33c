package render

import (
	"fmt"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/workflows"
)

// fleet counts the servers of a run of many.
func (s screen) fleet(f workflows.FleetRecord) block {
	b := block{rank: 8, least: 1, lines: s.row("servers", fleetCounts(f, "to go"), 2, plain)}
	if f.Paused {
		b.lines = append(b.lines, s.row("paused", "no further server is started until resume", 1, s.p.Warn)...)
	}
	if f.StoppedBy != "" {
		b.lines = append(b.lines, s.row("stopped by", f.StoppedBy, 2, s.p.Warn)...)
	}
	return b
}

// flying are the servers under way.
func (s screen) flying(f workflows.FleetRecord) block {
	b := block{rank: 4, least: 2, list: true}
	for i, run := range f.InFlight {
		label := ""
		if i == 0 {
			label = "under way"
		}
		b.lines = append(b.lines, s.row(label, fmt.Sprintf("server %d  %s", run.ServerID, run.WorkflowID), 1, plain)...)
	}
	return b
}

// failures are the last servers that did not end well, the newest first.
func (s screen) failures(f workflows.FleetRecord) block {
	b := block{rank: 4, least: 2, list: true}
	for i := len(f.LastFailures) - 1; i >= 0; i-- {
		t, label := f.LastFailures[i], ""
		if len(b.lines) == 0 {
			label = "last failures"
		}
		word := string(t.Outcome)
		if word == "" {
			word = t.Failure // a run that nobody heard the end of
		}
		text := fmt.Sprintf("server %d %s: %s", t.ServerID, strings.ReplaceAll(word, "_", " "), t.Summary)
		b.lines = append(b.lines, s.row(label, text, 1, func(line string) string { return s.p.Outcome(t.Outcome, line) })...)
	}
	return b
}

// looked says how old the last look of an activity is, and what it saw.
func (a Pending) looked(now time.Time) string {
	switch {
	case !a.Started:
		return "none yet: no worker has taken " + a.Activity
	case a.LastHeartbeat.IsZero():
		return a.Activity + " is under way"
	case a.Heartbeat == "":
		return fmt.Sprintf("%s ago (%s)", Elapsed(now.Sub(a.LastHeartbeat)), a.Activity)
	default: // it said what it saw
		return fmt.Sprintf("%s ago (%s): %s", Elapsed(now.Sub(a.LastHeartbeat)), a.Activity, a.Heartbeat)
	}
}

// News is Line with what else is news for somebody who watches from a log: verdicts, and the counts of a fleet. It is
// the same as long as nothing happens.
func News(v View) string {
	parts := []string{Line(v)}
	if s := v.Status; s != nil {
		if s.Fleet != nil {
			parts = append(parts, fleetCounts(*s.Fleet, "to go"))
		}
		if s.LastVerification != nil {
			parts = append(parts, verificationText(*s.LastVerification))
		}
	}
	if v.Stale > 0 {
		parts = append(parts, "Temporal does not answer")
	}
	return Clean(strings.Join(parts, "; "))
}

// Still is a line for a log in which nothing happened for a while: how long the phase lasts, and how old the last look is.
func Still(v View) string {
	if v.Status == nil {
		return Clean("still no status: " + v.Trouble)
	}
	parts := []string{fmt.Sprintf("still %s for %s", v.Status.Phase, Elapsed(v.Now.Sub(v.Status.Since)))}
	if w := v.Status.Window; w != nil && w.Max > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s to %s", Elapsed(v.Now.Sub(w.From)), whole(v.shorter(w.Min)), whole(v.shorter(w.Max))))
	}
	if len(v.Pending) > 0 {
		parts = append(parts, "last look "+v.Pending[0].looked(v.Now))
	}
	return Clean(strings.Join(parts, ", "))
}
