package render

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestSchedulesFitTheirTerminal(t *testing.T) {
	long := aSchedule()
	long.Spec = &schedule.Spec{Cron: []string{"0 3 * * mon", "30 4 * * tue", "15 5 * * wed", "0 6 * * thu", "0 7 * * fri"}, TimeZone: "America/Argentina/ComodRivadavia"}
	long.Note, long.Paused = "the shop has a sale, and nobody wants a snapshot to slow it down until it is over", true
	long.Recent = append(long.Recent, schedule.Run{Outcome: "rolled_back_unverified"})
	f := schedule.File{ID: "nightly-web", Runbook: workflows.TypeSnapshotRotation, Spec: *long.Spec}
	change := schedule.Change{Action: schedule.ActionUpdate, Foreign: true, Paused: true, Note: long.Note,
		Differences: []schedule.Difference{{Path: "input.policy.keep_last", Old: "2", New: "3"}}}
	for _, width := range []int{60, 80, 90} {
		for _, p := range []Palette{{}, NewPalette(true)} {
			assertNarrow(t, Schedules([]schedule.Details{long, aSchedule()}, p, width), width)
			assertNarrow(t, Schedules(nil, p, width), width)
			assertNarrow(t, Schedule(long, p, width), width)
			assertNarrow(t, Change(f, change, long.Next, true, p, width), width)
		}
	}
	assert.Equal(t, Schedule(long, Palette{}, Width), Schedule(long, Palette{}, 300))
	assert.Contains(t, Change(f, change, nil, true, Palette{}, 0), "would be updated  nightly-web  SnapshotRotation, "+long.Spec.Words()+"\n", "a log has it on one line")
}
