package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/guard"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// maxReportDetail is below what the run takes (2000 bytes).
const maxReportDetail = 1500

// reportGrace is how long a report may still take after a signal: a run that never hears how its change ended is held for
// a person, and CI systems leave a cancelled job some seconds.
const reportGrace = 5 * time.Second

// notRun is the end of a guard that was granted the change and ran nothing: there is nothing to roll back.
func notRun(why string) guard.Ending {
	return guard.Ending{Result: contract.ChangeNotStarted, Detail: why}
}

// report sends how the command ended, until it is taken: the same update id each time, so that it counts once. It
// heartbeats meanwhile, or the run might take its runner for dead and check a server that nobody works at any more.
func (g *guarded) report(ctx context.Context, answer begun, ending guard.Ending) error {
	g.failedChange = ending.Result != contract.ChangeSucceeded
	g.say("%s %s: reporting that the change %s", g.errColour.Bold(render.Clean(g.o.id)), render.Clean(ending.Detail), resultInWords(ending.Result))
	beating, stop := context.WithCancel(ctx)
	defer stop()
	if ending.Ran || ending.Heard { // a first heartbeat would say that the command may have begun
		go guard.KeepBeating(beating, g.link(answer), silenceOf(answer))
	}
	request := workflows.ReportRequest{Runner: g.o.runner, Result: ending.Result, Detail: clip(ending.Detail)}
	got := attend(g, ctx, reportGrace, func(ctx context.Context) (workflows.ReportAnswer, error) {
		var answer workflows.ReportAnswer
		_, err := g.update(ctx, g.c, client.UpdateWorkflowOptions{
			UpdateID: "report-" + g.o.runner + "-" + string(ending.Result), WorkflowID: g.o.id,
			UpdateName: workflows.UpdateReport, Args: []any{request},
		}, &answer)
		return answer, err
	})
	var refused *temporal.ApplicationError
	var gone *serviceerror.NotFound
	switch {
	case got.err == nil:
		g.say("%s %s", g.errColour.Bold(render.Clean(g.o.id)), render.Clean(got.value.Detail))
		if got.signal != nil {
			return detached(g.o.id)
		}
		return nil
	case got.signal != nil:
		return fail(codeDetached, "detached before the report was taken: the run goes on without it. %s", g.reportByHand(ending))
	case errors.As(got.err, &refused):
		g.say("%s does not take the report: %s", g.errColour.Warn(render.Clean(g.o.id)), render.Clean(refused.Message()))
		return nil // it has gone on: its verdict counts
	case errors.As(got.err, &gone):
		return nil // it has ended: its verdict counts
	default: // out of reach, or a definite no: either way only a person can deliver it
		return fail(codePerson, "the report was not delivered: %w\n%s %s", got.err, g.withoutReport(ending), g.reportByHand(ending))
	}
}

// resultInWords ends the sentence "the change ...".
func resultInWords(result contract.ChangeResult) string {
	if result == contract.ChangeNotStarted {
		return "was not started"
	}
	return string(result)
}

// withoutReport says what the run makes of a report that never comes.
func (g *guarded) withoutReport(ending guard.Ending) string {
	if !ending.Ran && !ending.Heard {
		return "The run never heard of this runner, and ends: the server is as it was."
	}
	return "The run takes this runner for dead, and judges the server by its checks: red rolls back, green is held."
}

// reportByHand is the command that delivers what the guard could not.
func (g *guarded) reportByHand(ending guard.Ending) string {
	return "When Temporal answers again, type:\n  safepoint report " + quote(g.o.id) + " --runner " + quote(g.o.runner) +
		" --result " + string(ending.Result) + " --detail " + quote(clip(ending.Detail)) + " --wait"
}

// clip keeps a detail within what the run takes.
func clip(detail string) string {
	if len(detail) > maxReportDetail {
		detail = strings.ToValidUTF8(detail[:maxReportDetail], "")
	}
	return detail
}

// verdict follows the run that answered to its end and ends by it.
func (g *guarded) verdict(ctx context.Context, runID string) error {
	got := attend(g, ctx, 0, func(ctx context.Context) (verdict, error) { return g.follow(ctx, g.c, g.o.id, runID) })
	switch {
	case got.err == nil:
		return g.printEndOfGuard(got.value)
	case got.signal != nil:
		return detached(g.o.id)
	case errors.Is(got.err, errAway):
		return fail(codePerson, "Temporal was out of reach for %s while the run was followed: it goes on without this guard\nSee how it ends: safepoint status %s --wait",
			short(g.outage()), quote(g.o.id))
	default:
		return got.err
	}
}

// printEndOfGuard writes the verdict to standard error: standard output is the command's. Only a change that is kept is a
// success: whoever skips a deploy must not look as if it had been made.
func (g *guarded) printEndOfGuard(v verdict) error {
	switch {
	case v.code == codeOK && v.report.Outcome != workflows.OutcomeCommitted:
		v.code = codeNotChanged
	case v.code == codeOK && g.failedChange:
		v.code = codePerson // a failed change was committed: by a person, or before this word of it came
	}
	_, _ = io.WriteString(g.Err, render.ReportIn(v.report, g.errColour, g.errColumns())) // laid out already; ids stay whole
	if v.report.Outcome == workflows.OutcomeSkipped {
		g.say("%s was skipped: the command was not run", g.errColour.Warn(render.Clean(g.o.id)))
	}
	return exit(v.code)
}
