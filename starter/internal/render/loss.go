package render

import (
	"fmt"

	"github.com/safepoint-dev/safepoint/workflows"
)

// WouldLose says in lines what a rollback of this run overwrites, before a person is asked for it. It is never empty:
// where the run does not say, that is what is said. Like Plan and FleetLoss it leaves its lines as long as they are, for
// Fit to lay them out.
func WouldLose(s workflows.Status, p Palette) string {
	d := &document{p: p}
	switch {
	case s.Loss != "":
		d.whole("", "", fmt.Sprintf("Server %d would be overwritten: %s", s.ServerID, s.Loss), p.Warn)
	case s.Snapshot != nil:
		d.whole("", "", fmt.Sprintf("Server %d would go back to restore point %s. Everything written to it since %s is lost.",
			s.ServerID, restorePoint(*s.Snapshot), snapshotTime(s)), p.Warn)
	default: // no restore point is known
		d.whole("", "", "The run does not say what would be lost: it has no restore point yet.", p.Warn)
	}
	if c := s.Change; c != nil {
		d.whole("  - ", "    ", "change: "+changeText(*c), plain)
	}
	if l := s.LastVerification; l != nil {
		d.whole("  - ", "    ", verificationText(*l), plain)
	}
	return d.String()
}

// snapshotTime is when the run asked for its snapshot, by the Temporal server's clock: what was written later may not be
// in it.
func snapshotTime(s workflows.Status) string {
	for _, phase := range s.Phases {
		if phase.Phase == workflows.PhaseSnapshot {
			return clock(phase.StartedAt) + " (Temporal's clock)"
		}
	}
	return "then"
}

// FleetLoss says what an abort of a run of many does to its servers.
func FleetLoss(f workflows.FleetRecord, p Palette) string {
	d := &document{p: p}
	d.whole("", "", "Servers: "+fleetCounts(f, "to go")+". No further one would be started.", p.Warn)
	d.whole("  - ", "    ", fmt.Sprintf("on_stop is rollback_committed: %s that are done would be rolled back, and what was written to them since their snapshots is lost.",
		plural(f.Counts.Done, "server")), p.Warn)
	return d.String()
}
