package render

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// View is everything that is known of a running run at one moment.
type View struct {
	ID string
	// Status is nil when no worker answered the query; Trouble says why.
	Status  *workflows.Status
	Trouble string
	Pending []Pending
	// Now is this machine's clock. It is only used to show how long something lasts.
	Now time.Time
	// Stale is how old the rest is, where Temporal does not answer; 0 where it does.
	Stale time.Duration
	// Scale is how much faster than the real API the stand-in runs; 0 and 1 mean the real one.
	Scale float64
}

// Pending is one activity that has not ended.
type Pending struct {
	Activity string
	Attempt  int32
	// Started is false while no worker has taken it.
	Started bool
	// Heartbeat is what the activity last said, in words (see HeartbeatWords); LastHeartbeat is when.
	Heartbeat     string
	LastHeartbeat time.Time
	// Checks are the last looks of a verification under way.
	Checks []contract.CheckResult
	// LastFailure is why the attempt before this one ended.
	LastFailure string
}

// Status writes everything a view knows, for a terminal of so many columns; 0 is no terminal.
func Status(v View, p Palette, width int) string {
	d := &document{p: p, width: width}
	d.beside(d.headline(v))
	if s := v.Status; s != nil {
		d.status(v, *s)
	} else {
		d.row("no status", v.Trouble, p.Warn)
	}
	for _, a := range v.Pending {
		d.row("activity", a.text(v.Now), plain)
	}
	if s := v.Status; s != nil {
		for _, note := range s.Notes {
			d.row("note", note, p.Warn)
		}
		for _, command := range s.CanDo {
			d.whole("  "+p.Dim(pad("you can", 15)), strings.Repeat(" ", 17), command, p.Bold)
		}
	}
	return d.String()
}

func (d *document) row(label, text string, paint func(string) string) {
	d.wrapped("  "+d.p.Dim(pad(label, 15)), strings.Repeat(" ", 17), text, paint)
}

func (d *document) headline(v View) []string {
	s := v.Status
	if s == nil {
		return []string{d.p.Bold(Clean(v.ID))}
	}
	of := fmt.Sprintf("server %d", s.ServerID)
	if s.ServerID == 0 { // a run of many, whose servers are in Fleet
		of = Clean(s.Runbook)
	}
	return []string{d.p.Accent(strings.ToUpper(Clean(string(s.Phase)))), d.p.Bold(Clean(v.ID)), of, "for " + Elapsed(v.Now.Sub(s.Since))}
}

func (d *document) status(v View, s workflows.Status) {
	d.row("waiting for", s.WaitingFor, plain)
	if s.Window != nil {
		d.bar(v)
	}
	if s.Hold != nil {
		if !strings.Contains(s.WaitingFor, s.Hold.Why) {
			d.row("held", s.Hold.Why, d.p.Warn)
		}
		d.row("held until", clock(s.Hold.Until), plain)
		if s.Runbook == workflows.TypeRollbackByRestore && slices.Contains(s.Hold.Decisions, workflows.DecideDeny) {
			d.row("mind", "commit means deny here, and rollback means approve", plain)
		}
	}
	if s.Loss != "" && !strings.Contains(s.WaitingFor, s.Loss) {
		d.row("would be lost", s.Loss, d.p.Warn)
	}
	if s.Fleet != nil {
		d.fleetStatus(*s.Fleet)
	}
	if s.Snapshot != nil {
		d.row("restore point", restorePoint(*s.Snapshot), plain)
	}
	if s.Change != nil {
		d.row("change", changeText(*s.Change), changePaint(s.Change.Result, d.p))
	}
	if l := s.LastVerification; l != nil {
		d.row("verification", verificationText(*l), verdictPaint(l.Verdict, d.p))
		for _, check := range l.Checks {
			if check.Verdict != contract.VerdictPassed {
				d.row("", checkText(check), plain)
			}
		}
	}
}

// barWidth is how many columns a bar takes.
const barWidth = 24

// Bar is the progress through the present wait; empty when the API says nothing about its length.
func (v View) Bar(p Palette) string {
	if v.Status == nil || v.Status.Window == nil {
		return ""
	}
	return v.window(p)
}

// bar is the progress as wide as a terminal has room for it.
func (d *document) bar(v View) {
	label := "  " + d.p.Dim(pad("usually takes", 15))
	if d.width > 0 {
		d.line(Cut(label+v.longBar(d.columns()-columns(label), d.p), d.columns()))
		return
	}
	d.line(label + v.window(d.p))
}

// window is the progress through the time that the API says a wait takes. The bar is full at the upper end.
func (v View) window(p Palette) string {
	w := v.Status.Window
	least, most := v.shorter(w.Min), v.shorter(w.Max)
	if most <= 0 {
		return ""
	}
	elapsed := max(v.Now.Sub(w.From), 0)
	full := min(barWidth, int(float64(barWidth)*float64(elapsed)/float64(most)))
	bar := p.Accent(strings.Repeat("█", full)) + p.Dim(strings.Repeat("░", barWidth-full))
	text := fmt.Sprintf("%s  %s of %s to %s", bar, Elapsed(elapsed), whole(least), whole(most))
	if elapsed > most {
		text += p.Warn("  longer than the API says")
	}
	return text
}

// whole writes the ends of a window: "3m", not "3m00s".
func whole(d time.Duration) string {
	return workflows.Duration(d.Round(100 * time.Millisecond)).String()
}

func (a Pending) text(now time.Time) string {
	text := a.Activity
	if !a.Started {
		text += ", no worker has taken it yet"
	}
	if a.Attempt > 1 {
		text += fmt.Sprintf(", attempt %d", a.Attempt)
	}
	if !a.LastHeartbeat.IsZero() {
		text += fmt.Sprintf(", last heartbeat %s ago", Elapsed(now.Sub(a.LastHeartbeat)))
	}
	if a.Heartbeat != "" {
		text += ": " + a.Heartbeat
	}
	if a.LastFailure != "" {
		text += "; before: " + a.LastFailure
	}
	return text
}

// held lists the commands only where a person is waited for.
func held(s workflows.Status) []string {
	if s.Hold == nil {
		return nil
	}
	return s.CanDo
}

// Line is a view in one line, which is the same as long as nothing happens.
func Line(v View) string {
	var parts []string
	if s := v.Status; s != nil {
		parts = append(parts, pad(string(s.Phase), phaseWidth), "waiting for "+s.WaitingFor)
		if commands := held(*s); len(commands) > 0 {
			parts = append(parts, "— "+strings.Join(commands, " | "))
		}
	}
	if note := v.Unrest(); note != "" {
		parts = append(parts, "— "+note)
	}
	return Clean(strings.Join(parts, " "))
}

// Unrest says what is not as it should be: no worker answers, or an activity is tried again.
func (v View) Unrest() string {
	if v.Trouble != "" {
		return v.Trouble
	}
	for _, a := range v.Pending {
		if a.Attempt > 1 {
			return fmt.Sprintf("%s goes on in attempt %d after: %s", a.Activity, a.Attempt, a.LastFailure)
		}
	}
	return ""
}
