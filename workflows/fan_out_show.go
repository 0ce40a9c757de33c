package workflows

import (
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// open names the run in the list of runs and starts its first phase, or goes on with that of the run before.
func (f *fanOut) open(ctx workflow.Context) error {
	if len(f.state.Phases) == 0 {
		f.state.Phases = []PhaseRecord{{Phase: f.phase, StartedAt: workflow.Now(ctx)}}
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, phaseAttribute.ValueSet(string(f.phase))); err != nil {
		return err
	}
	f.sayWhatFor()
	if len(f.state.Phases) == 1 && !f.state.Selected { // the first run of the chain
		f.tell(contract.NotifyStarted, "The run has started.", "")
	}
	return nil
}

// tell notifies about this run.
func (f *fanOut) tell(event contract.NotifyEvent, summary, next string) {
	f.notifier.notify(f.safe, f.report.OriginalRunID, contract.NotifyMessage{
		Event: event, Runbook: f.report.Runbook, WorkflowID: f.report.WorkflowID, RunID: f.report.RunID,
		Outcome: string(f.report.Outcome), Failure: f.report.Failure,
		Summary: summary, Next: next, At: workflow.Now(f.safe), Reason: f.report.Reason,
	})
}

// enter moves the run to a phase.
func (f *fanOut) enter(phase Phase, more ...temporal.SearchAttributeUpdate) {
	if f.phase == phase {
		return
	}
	now := workflow.Now(f.safe)
	f.state.Phases[len(f.state.Phases)-1].EndedAt = now
	f.state.Phases = append(f.state.Phases, PhaseRecord{Phase: phase, StartedAt: now})
	if phase == PhaseDone {
		f.state.Phases[len(f.state.Phases)-1].EndedAt = now
	}
	f.phase = phase
	updates := append([]temporal.SearchAttributeUpdate{phaseAttribute.ValueSet(string(phase))}, more...)
	if err := workflow.UpsertTypedSearchAttributes(f.safe, updates...); err != nil {
		// Only a programming error (an empty update) gets here; the run itself must not stop for a label.
		workflow.GetLogger(f.safe).Error("search attributes were not set", "error", err)
	}
}

// sayWhatFor says what the run waits for, from its state.
func (f *fanOut) sayWhatFor() {
	s := f.state
	flying := count(len(s.InFlight), "server")
	switch {
	case s.Undoing && len(s.InFlight) > 0:
		f.waitFor("server %d to be rolled back", s.InFlight[0].ServerID)
	case s.Canceled:
		f.waitFor("%s under way to leave what they do safe (canceled)", flying)
	case s.StopWhy != "":
		f.waitFor("%s under way to end (stopped: %s)", flying, s.StopWhy)
	case f.asking():
		f.waitFor("a person to decide: %s", f.canaryQuestion())
	case s.Canary.Stage == canaryPause:
		f.waitFor("the pause after the canaries to end")
	case s.Paused:
		f.waitFor("resume (paused%s), with %s under way", f.lastBy(DecidePause), flying)
	case len(s.InFlight) > 0:
		f.waitFor("%s under way", flying)
	default:
		f.waitFor("the list of servers")
	}
}

// waitFor says what the run waits for now, in the status query and in the UI. It costs no event.
func (f *fanOut) waitFor(format string, args ...any) {
	f.waitingFor = fmt.Sprintf(format, args...)
	workflow.SetCurrentDetails(f.safe, f.details())
}

// note adds a surprise to the report, once however often it happens.
func (f *fanOut) note(format string, args ...any) {
	text := cutText(fmt.Sprintf(format, args...), maxShortText)
	if len(f.state.Notes) < maxFanOutNotes && !slices.Contains(f.state.Notes, text) {
		f.state.Notes = append(f.state.Notes, text)
	}
}

// details is the short Markdown status that the UI shows. Whatever came from outside stands in a code span.
func (f *fanOut) details() string {
	s := f.state
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**: %d of %s taken up, %d under way\n\n", f.phase, s.Tried, count(s.Total, "server"), len(s.InFlight))
	fmt.Fprintf(&b, "| done | skipped | planned | rolled back | errors |\n|---|---|---|---|---|\n| %d | %d | %d | %d | %d |\n",
		s.Counts.Done, s.Counts.Skipped, s.Counts.Planned, s.Counts.RolledBack, s.Counts.Errors)
	if f.waitingFor != "" && !f.ended {
		fmt.Fprintf(&b, "\nWaiting for %s.\n", codeSpan(f.waitingFor))
	}
	if s.StopWhy != "" {
		fmt.Fprintf(&b, "\n**Stopped**: %s\n", codeSpan(s.StopWhy))
	}
	const shown = 5
	for _, failure := range lastOf(s.LastFailures, shown) {
		fmt.Fprintf(&b, "\n- server %d %s: %s", failure.ServerID, codeSpan(failure.Name), codeSpan(outcomeWord(failure)+": "+failure.Summary))
	}
	if f.report.Summary != "" {
		fmt.Fprintf(&b, "\n\n**%s**: %s", f.report.Outcome, codeSpan(f.report.Summary))
	}
	return b.String()
}

// fleetRecord is the record as it stands now, without the results of the targets.
func (f *fanOut) fleetRecord() *FleetRecord {
	s := f.state
	record := &FleetRecord{
		Total: s.Total, Started: s.Started, Counts: s.Counts, LastFailures: s.LastFailures, Missing: s.Missing,
		StoppedBy: s.StopWhy, Paused: s.Paused && !s.stopping(), Reverted: s.Reverted,
		Pages: f.pageReferences(&s.Results, "page"), UndonePages: f.pageReferences(&s.Undone, "undo-page"),
	}
	record.UndoneCounts = s.UndoneCounts
	if s.Undoing || (s.Unstored && s.stopping()) {
		record.UndoneCounts.Left = len(s.Committed)
	}
	return record
}

// status is the handler of the query.
func (f *fanOut) status() (Status, error) {
	record := f.fleetRecord()
	for _, fl := range f.state.InFlight[:min(len(f.state.InFlight), maxShownInFlight)] {
		record.InFlight = append(record.InFlight, RunReference{ServerID: fl.ServerID, WorkflowID: f.flightID(fl), RunID: fl.RunID})
	}
	s := Status{
		Runbook: f.report.Runbook, RunID: f.report.RunID, Phase: f.phase, Since: f.state.Phases[len(f.state.Phases)-1].StartedAt,
		WaitingFor: f.waitingFor, CanDo: f.canDo(), Outcome: f.report.Outcome, Phases: f.state.Phases, Notes: f.state.Notes, Fleet: record,
	}
	if f.asking() {
		s.Hold = &Hold{Why: f.canaryQuestion(), Until: f.state.Canary.Until, Decisions: approvalDecisions}
	}
	return s, nil
}

// canDo lists what a person may do now, as commands.
func (f *fanOut) canDo() []string {
	id := shellWord(f.report.WorkflowID)
	if f.ended {
		return []string{"safepoint report " + id}
	}
	cancel := "temporal workflow cancel -w " + id + "  # each server under way is left safe"
	if f.state.stopping() {
		return []string{cancel}
	}
	var can []string
	undoes := ""
	if f.undoesOnStop() {
		undoes = "  # rolls back what was committed"
	}
	if f.asking() {
		can = decisionCommands(id, approvalDecisions)
		can[slices.Index(approvalDecisions, DecideDeny)] += undoes
	}
	update := UpdatePause
	if f.state.Paused {
		update = UpdateResume
	}
	return append(can, "safepoint "+update+" "+id, "safepoint "+UpdateAbort+" "+id+undoes, cancel)
}

// undoesOnStop says whether a stop that is no cancel rolls back what was committed.
func (f *fanOut) undoesOnStop() bool { return f.plan.undo != nil && !f.state.Unstored }

// undoWords says what a stop does to the servers that are committed; empty when it leaves them as they are.
func (f *fanOut) undoWords() string {
	if !f.undoesOnStop() {
		return ""
	}
	return "rolls back what was committed: " + count(len(f.state.Committed), "server") + " by now (on_stop)"
}

// close stores the last results, and closes the run with its report.
func (f *fanOut) close(end fanOutEnd) (*Report, error) {
	s := f.state
	f.closing = true
	if err := f.storeRest(&s.Results, "page"); err != nil {
		return nil, err
	}
	if err := f.storeRest(&s.Undone, "undo-page"); err != nil {
		return nil, err
	}
	record := f.fleetRecord()
	record.Targets, record.Undone = s.Results.Current, s.Undone.Current
	if s.stopping() {
		record.NotStarted, record.NotStartedUnknown = s.notStarted()
	}
	ending := f.plan.finish(record, end)
	f.report.Outcome, f.report.Failure = ending.outcome, ending.failure
	f.report.Summary, f.report.Next = ending.summary, ending.next
	f.report.EndedAt = workflow.Now(f.safe)
	f.ended = true
	f.enter(PhaseDone, outcomeAttribute.ValueSet(string(ending.outcome)))
	f.waitFor("nothing: the run has ended")
	f.tell(endEvent(ending.outcome), ending.summary, ending.next)
	f.notifier.flush(f.safe)
	f.report.Fleet, f.report.Phases, f.report.Decisions, f.report.Notes = record, s.Phases, s.Decisions, s.Notes
	if err := workflow.Await(f.safe, func() bool { return workflow.AllHandlersFinished(f.safe) }); err != nil {
		return nil, err
	}
	return ending.result(&f.report)
}
