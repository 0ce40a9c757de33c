package render

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/workflows"
)

func restoredReport() workflows.Report {
	r := baseReport(workflows.OutcomeRestored, 900)
	r.Runbook = workflows.TypeRollbackByRestore
	r.Phases = phases(900, workflows.PhaseLock, 0.0, workflows.PhasePreflight, 0.3, workflows.PhaseHold, 2.0, workflows.PhaseSnapshot, 120.0, workflows.PhaseRestore, 300.0)
	r.Snapshot = &contract.RestorePoint{ID: 801, Name: "pre-update-12345"}
	r.Loss = "the disk goes back to 2026-03-01 11:23 UTC, 37 minutes of writes since are lost"
	r.SafetySnapshot = &contract.RestorePoint{ID: 812, Name: "safety-12345-20260301T120200Z-0f1e2d3c"}
	r.Rollback = &workflows.RollbackRecord{Cause: "asked for", Posts: 1, SeenRestoring: true, LostUntil: at(301)}
	r.Decisions = []workflows.DecisionRecord{{Decision: workflows.DecideApprove, By: "ann", At: at(120)}}
	r.Verifications = []workflows.VerificationRecord{verified(workflows.VerifiedRestore, contract.VerdictPassed, 870, 900)}
	r.Summary = "The server was restored to snapshot 801 and verified."
	return r
}

func rotatedReport() workflows.Report {
	r := baseReport(workflows.OutcomeIncomplete, 300)
	r.Runbook, r.Failure = workflows.TypeSnapshotRotation, contract.FailRotation
	r.Phases = phases(300, workflows.PhaseLock, 0.0, workflows.PhaseSnapshot, 1.0, workflows.PhasePrune, 298.0)
	r.Kept = []workflows.KeptSnapshot{{ID: 900, Name: "nightly-12345-b", Reason: "keep_last 1"}, {ID: 880, Name: "nightly-12345-a", Reason: "keep_daily 2"}}
	r.Pruned = []workflows.PrunedSnapshot{{ID: 802, Name: "nightly-12345-9", Reason: "no rule keeps it", Deleted: true}, {ID: 801, Name: "nightly-12345-8", Reason: "no rule keeps it", Detail: "the API said refused"}}
	r.Stuck = []workflows.StuckSnapshot{{ID: 850, Name: "nightly-12345-c", Status: "in_progress", Detail: "in progress for 3h, left alone"}}
	r.Backup = &workflows.BackupRecord{ID: 44, Status: "in_progress"}
	r.Summary = "Snapshot 900 was made, but 801 could not be deleted."
	r.Next = "look at what the report says of each snapshot; the next rotation tries again."
	return r
}

func auditReport() workflows.Report {
	r := baseReport(workflows.OutcomeStale, 2)
	r.Runbook, r.ServerID, r.ServerName, r.Failure = workflows.TypeSnapshotAudit, 0, "", contract.FailStale
	day := contract.Duration(24 * time.Hour)
	r.Audit = &contract.AuditResult{
		Now: at(0), ClockOf: contract.ClockAPI, Servers: 40, Missing: []int64{7},
		Stale:     []contract.AuditRow{{ServerID: 101, ServerName: "web01", Newest: at(-200000), Age: 2*day + day/2, Detail: "older than 26h"}, {ServerID: 102, Detail: "has none"}},
		Orphans:   []contract.AuditSnapshot{{ID: 801, ServerID: 9, Name: "rotation-9", Status: "completed", Age: day, Detail: "its server is gone"}},
		Full:      []contract.AuditRow{{ServerID: 103, ServerName: "web03", Snapshots: 5, Detail: "5 of 5"}},
		Protected: []contract.AuditSnapshot{{ID: 802, ServerID: 101, Name: "golden", Status: "completed", Age: 30 * day, Detail: "protect=true"}},
		Counts:    contract.AuditCounts{Missing: 1, Stale: 30, Orphans: 1, Full: 1, Protected: 1},
	}
	r.Summary = "30 of 40 servers without a completed snapshot younger than 26h:\n" +
		"SERVER     NEWEST COMPLETED      AGE\n101 web01  2026-02-27 04:26 UTC  2d12h\n102        none                  -\nand 28 more\nAlso found: 1 orphaned snapshot."
	return r
}

func fleetReport() workflows.Report {
	r := baseReport(workflows.OutcomeFleetStopped, 1800)
	r.Runbook, r.ServerID, r.ServerName, r.Failure = workflows.TypeFleetUpdate, 0, "", contract.FailFleetStopped
	r.Phases = phases(1800, workflows.PhaseSelect, 0.0, workflows.PhaseCanary, 1.0, workflows.PhaseRollout, 600.0)
	r.Fleet = &workflows.FleetRecord{
		Total: 200, Started: 3, Counts: workflows.FleetCounts{Done: 1, RolledBack: 1, Errors: 1}, StoppedBy: "rollback 1 arrived, max_rollbacks is 0",
		Targets: []workflows.TargetResult{
			{ServerID: 101, Name: "web01", Outcome: workflows.OutcomeCommitted, SnapshotID: 801, Summary: "The change was made, passed verification and is kept."},
			{ServerID: 102, Name: "web02", Outcome: workflows.OutcomeRolledBack, SnapshotID: 802, Summary: "Rolled back: the server was restored to snapshot 802 and verified. Everything written since is lost."},
			{ServerID: 103, Name: "web03", Failure: "Terminated", Summary: "The run was terminated. Look at the server."}},
		UndoneCounts: workflows.UndoneCounts{Restored: 1},
		Undone:       []workflows.TargetResult{{ServerID: 101, Name: "web01", Outcome: workflows.OutcomeRestored, SnapshotID: 801, Summary: "The server was restored."}},
	}
	r.Summary = "Stopped: rollback 1 arrived."
	return r
}

func TestReportsOfTheOtherRunbooks(t *testing.T) {
	paged := fleetReport()
	paged.Fleet.LastFailures, paged.Fleet.Targets = paged.Fleet.Targets[1:], nil
	paged.Fleet.Undone, paged.Fleet.UndoneCounts = nil, workflows.UndoneCounts{}
	paged.Fleet.Pages = []workflows.RunReference{{WorkflowID: "deploy-2.14.0/page-1"}}
	golden(t, "restored", Report(restoredReport(), Palette{}))
	golden(t, "rotated", Report(rotatedReport(), Palette{}))
	golden(t, "audit", Report(auditReport(), Palette{}))
	golden(t, "fleet", Report(fleetReport(), Palette{})+"\n"+Report(paged, Palette{}))
}

func fleetView() View {
	record := fleetReport().Fleet
	record.LastFailures, record.Targets, record.Paused = record.Targets[1:], nil, true
	record.InFlight = make([]workflows.RunReference, maxFlying+2)
	for i := range record.InFlight {
		record.InFlight[i] = workflows.RunReference{ServerID: int64(200 + i), WorkflowID: "web-2.14.0/200-0a1b2c3d"}
	}
	return View{ID: "web-2.14.0", Now: at(700), Status: &workflows.Status{Runbook: workflows.TypeFleetUpdate, Phase: workflows.PhaseRollout, Since: at(600),
		WaitingFor: "resume (paused by ann), with 12 servers under way", Fleet: record, CanDo: []string{"safepoint resume web-2.14.0"}}}
}

func TestStatusOfAFleetAndOfARestoreThatAsks(t *testing.T) {
	asks := heldView()
	asks.Status.Loss = restoredReport().Loss
	golden(t, "status_many", Status(fleetView(), Palette{}, 0)+"\n"+Status(asks, Palette{}, 0)+"\n"+strings.Join(Frame(fleetView(), Palette{}, standard), "\n")+"\n")
}

func aSchedule() schedule.Details {
	return schedule.Details{
		ID: "nightly-web", Runbook: workflows.TypeSnapshotRotation, Overlap: schedule.OverlapSkip, CatchUp: contract.Duration(time.Hour), WorkflowID: "nightly-web",
		TaskQueue: "safepoint", Spec: &schedule.Spec{Cron: []string{"0 3 * * *"}, TimeZone: "Europe/Amsterdam", Jitter: contract.Duration(10 * time.Minute)},
		Input: json.RawMessage(`{"all":true,"policy":{"keep_last":2}}`), CreatedAt: at(0), Next: []time.Time{at(14 * 3600), at(38 * 3600)}, Runs: 12, Overlapped: 1,
		Recent: []schedule.Run{{WorkflowID: "nightly-web-2026-03-01T02:00:00Z", StartedAt: at(-10 * 3600), Outcome: "rotated"}, {WorkflowID: "nightly-web-2026-02-28T02:00:00Z", StartedAt: at(-34 * 3600), Outcome: "incomplete"}},
	}
}

func TestSchedules(t *testing.T) {
	busy := schedule.Details{ID: "busy", Runbook: workflows.TypeSnapshotRotation, Trouble: "does not answer now: query buffer is full"}
	paused, foreign := aSchedule(), schedule.Details{ID: "theirs", Runbook: workflows.TypeSnapshotAudit, Foreign: true}
	paused.ID, paused.Paused, paused.Note = "nightly-db", true, "ann: the shop has a sale"
	f := schedule.File{ID: "nightly-web", Runbook: workflows.TypeSnapshotRotation, Spec: *aSchedule().Spec}
	changed := schedule.Change{Action: schedule.ActionUpdate, Paused: true, Note: "ann: sale", Differences: []schedule.Difference{{Path: "input.policy.keep_last", Old: "2", New: "3"}, {Path: "spec.jitter", Old: "", New: `"10m"`}}}
	golden(t, "schedules", Schedules([]schedule.Details{busy, paused, aSchedule(), foreign}, Palette{}, 0)+"\n"+Schedules(nil, Palette{}, 0)+"\n"+
		Schedule(aSchedule(), Palette{}, 0)+"\n"+Change(f, changed, aSchedule().Next, true, Palette{}, 0)+"\n"+Change(f, schedule.Change{Action: schedule.ActionCreate}, nil, false, Palette{}, 0))
}

func TestNoTextOfTheOtherRunbooksCanSteerTheTerminal(t *testing.T) {
	const evil = "\x1b[2J\x1b]0;owned\x07a\u202eb\rc\u200b\x00\xff\u009b1m\nd"
	rows, snapshots := []contract.AuditRow{{ServerName: evil, Detail: evil}}, []contract.AuditSnapshot{{Name: evil, ServerName: evil, Status: evil, Detail: evil}}
	targets := []workflows.TargetResult{{Name: evil, Outcome: evil, Summary: evil}, {Failure: evil}}
	r := restoredReport()
	r.Loss, r.SafetySnapshot.Name = evil, evil
	r.Change = &workflows.ChangeRecord{Kind: evil, Output: evil + "\n" + evil, WorkflowID: evil}
	r.Kept, r.Stuck = []workflows.KeptSnapshot{{Name: evil, Reason: evil}}, []workflows.StuckSnapshot{{Name: evil, Status: evil, Detail: evil}}
	r.Backup = &workflows.BackupRecord{Status: evil, Detail: evil}
	r.Audit = &contract.AuditResult{Stale: rows, Full: rows, StoppedByRun: rows, Orphans: snapshots, Protected: snapshots, Foreign: snapshots}
	r.WorkflowID = evil
	r.Fleet = &workflows.FleetRecord{StoppedBy: evil, Targets: targets, Undone: targets, UndoneCounts: workflows.UndoneCounts{Refused: 2}, UndonePages: []workflows.RunReference{{}}}
	v := View{ID: evil, Status: &workflows.Status{Runbook: evil, Loss: evil, Fleet: &workflows.FleetRecord{StoppedBy: evil, LastFailures: targets, InFlight: []workflows.RunReference{{WorkflowID: evil}}}}}
	s := schedule.Details{ID: evil, Runbook: evil, PlanOf: evil, Overlap: evil, WorkflowID: evil, TaskQueue: evil, Note: evil, Paused: true,
		Spec: &schedule.Spec{Cron: []string{evil}}, Recent: []schedule.Run{{WorkflowID: evil, Outcome: evil}}, Input: json.RawMessage(`{"a":"\u009b"}`)}
	f := schedule.File{ID: evil, Runbook: evil, Spec: *s.Spec, Paused: true}
	change := schedule.Change{Action: schedule.ActionUpdate, Differences: []schedule.Difference{{Path: evil, Old: evil, New: evil}}, Note: evil, Paused: true, Foreign: true}
	for _, text := range []string{Report(r, Palette{}), Status(v, Palette{}, 0), strings.Join(Frame(v, Palette{}, standard), "\n"), Schedules([]schedule.Details{s}, Palette{}, 0),
		Schedule(s, Palette{}, 0), Change(f, change, nil, true, Palette{}, 0)} {
		assert.NotEmpty(t, text)
		for _, c := range text {
			assert.False(t, c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)), "%q in %q", c, text)
		}
	}
}
