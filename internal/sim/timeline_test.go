package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// timeline is what happened in a world, for a person who wants to know why it failed.
func (w *world) timeline() string {
	lines := slices.Clone(w.notes)
	for _, r := range w.fake.Requests() {
		text := fmt.Sprintf("   %4d %s %s", r.Seq, r.Op, strings.TrimPrefix(r.Path, "/api/v1"))
		if r.SnapshotID != 0 {
			text += fmt.Sprintf(" (snapshot %d)", r.SnapshotID)
		}
		text += fmt.Sprintf(" -> %d", r.Status)
		if r.Effect {
			text += ", took effect"
		}
		if len(r.Faults) > 0 {
			text += fmt.Sprintf(", FAULTS %v", r.Faults)
		}
		lines = append(lines, note{r.Time, text})
	}
	for _, run := range w.temporal.Runs() {
		for _, ev := range w.temporal.History(run.RunID).GetEvents() {
			if a := ev.GetActivityTaskScheduledEventAttributes(); a != nil {
				lines = append(lines, note{ev.GetEventTime().AsTime(), fmt.Sprintf("  %s schedules %s", run.WorkflowID, a.GetActivityType().GetName())})
			}
			if a := ev.GetActivityTaskTimedOutEventAttributes(); a != nil {
				lines = append(lines, note{ev.GetEventTime().AsTime(), fmt.Sprintf("  %s: an activity timed out: %s", run.WorkflowID, a.GetFailure().GetMessage())})
			}
			if a := ev.GetActivityTaskFailedEventAttributes(); a != nil {
				lines = append(lines, note{ev.GetEventTime().AsTime(), fmt.Sprintf("  %s: an activity failed: %s", run.WorkflowID, a.GetFailure().GetMessage())})
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b note) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	var b strings.Builder
	for i, l := range lines {
		if quiet := i > 0 && i+1 < len(lines) && isPoll(lines[i-1].text) && isPoll(l.text) && isPoll(lines[i+1].text); quiet {
			continue // a poll among polls
		}
		fmt.Fprintf(&b, "%10s %s\n", l.at.Sub(w.began).Round(time.Millisecond), l.text)
	}
	return b.String()
}

func isPoll(text string) bool {
	return (strings.Contains(text, " list_snapshots ") || strings.Contains(text, " get_server ")) && strings.HasSuffix(text, "-> 200")
}
