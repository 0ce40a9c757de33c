package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// How long the API says its two long actions take (sure: vendor reference). Shown to people, decides nothing.
var (
	snapshotWindow = Window{Min: Duration(3 * time.Minute), Max: Duration(10 * time.Minute)}
	restoreWindow  = Window{Min: Duration(5 * time.Minute), Max: Duration(15 * time.Minute)}
)

// enter moves the run to a phase.
func (r *serverRun) enter(ctx workflow.Context, phase Phase) { r.enterWith(ctx, phase) }

// enterWith moves the run to a phase and upserts further search attributes in the same event.
func (r *serverRun) enterWith(ctx workflow.Context, phase Phase, more ...temporal.SearchAttributeUpdate) {
	if r.phase == phase {
		return
	}
	now := workflow.Now(ctx)
	r.report.Phases[len(r.report.Phases)-1].EndedAt = now
	r.report.Phases = append(r.report.Phases, PhaseRecord{Phase: phase, StartedAt: now})
	if phase == PhaseDone {
		r.report.Phases[len(r.report.Phases)-1].EndedAt = now
	}
	r.phase = phase
	updates := append([]temporal.SearchAttributeUpdate{phaseAttribute.ValueSet(string(phase))}, more...)
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		// Only a programming error (an empty update) gets here; the run itself must not stop for a label.
		workflow.GetLogger(ctx).Error("search attributes were not set", "error", err)
	}
}

// waitFor says what the run waits for now, in the status query and in the UI.
func (r *serverRun) waitFor(ctx workflow.Context, format string, args ...any) {
	r.waitIn(ctx, nil, format, args...)
}

// waitIn is waitFor with the documented length of the wait.
func (r *serverRun) waitIn(ctx workflow.Context, window *Window, format string, args ...any) {
	r.waitingFor = fmt.Sprintf(format, args...)
	r.window = nil
	if window != nil {
		w := *window
		w.From = workflow.Now(ctx)
		r.window = &w
	}
	workflow.SetCurrentDetails(ctx, r.details())
}

// maxNotes bounds the notes of a run whose API was down for a day.
const maxNotes = 50

// note adds a surprise to the report, once however often it happens.
func (r *serverRun) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(r.report.Notes) < maxNotes && !slices.Contains(r.report.Notes, text) {
		r.report.Notes = append(r.report.Notes, text)
	}
}

// details is the short Markdown status that the UI shows. What a run waits for, why it holds and how it ended may quote
// a server, a check, an endpoint or a runner, so each of them stands in a code span.
func (r *serverRun) details() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** of server %d", r.phase, r.serverID)
	if r.server.Name != "" {
		fmt.Fprintf(&b, " (%s)", codeSpan(r.server.Name))
	}
	if r.hold != nil { // first, because the UI cuts off what is long
		fmt.Fprintf(&b, "\n\n**A person must decide:** %s", codeSpan(r.hold.why))
		fmt.Fprintf(&b, "\n\nAnswer with the update %s by %s: %s", codeSpan(UpdateDecide), r.hold.until.UTC().Format("2006-01-02 15:04 UTC"), r.hold.answers())
	} else {
		fmt.Fprintf(&b, "\n\nWaiting for %s.", codeSpan(r.waitingFor))
	}
	if r.snapshot != nil {
		fmt.Fprintf(&b, "\n\nRestore point: snapshot %d %s.", r.snapshot.ID, codeSpan(r.snapshot.Name))
	}
	if c := r.report.Change; c != nil {
		fmt.Fprintf(&b, "\n\nChange (%s): %s.", c.Kind, resultWord(c.Result))
	}
	if r.report.Summary != "" {
		fmt.Fprintf(&b, "\n\n**%s**: %s", r.report.Outcome, codeSpan(r.report.Summary))
	}
	return b.String()
}

// answers are what a person may send, as JSON.
func (h *holdState) answers() string {
	var all []string
	for _, d := range h.allowed {
		all = append(all, codeSpan(fmt.Sprintf(`{"decision": %q}`, d)))
	}
	return strings.Join(all, " or ")
}

// codeSpan shows text that came from outside so that it can never become Markdown of its own.
func codeSpan(s string) string {
	return "`" + strings.Map(func(c rune) rune {
		switch {
		case c == '`':
			return '\''
		case !unicode.IsPrint(c): // control characters, and marks that turn the direction of text around
			return ' '
		default:
			return c
		}
	}, s) + "`"
}

// resultWord names a change's result for people.
func resultWord(result contract.ChangeResult) string {
	if result == "" {
		return "under way"
	}
	return strings.ReplaceAll(string(result), "_", " ")
}
