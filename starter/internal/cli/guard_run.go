package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/guard"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// guarded is one guard at work.
type guarded struct {
	*app
	c       client.Client
	o       guardOptions
	raw     json.RawMessage
	signals <-chan os.Signal
	// interrupts is how many signals came.
	interrupts int
	// failedChange is true once this guard's own command has failed.
	failedChange bool
}

// run is the guard: begin, the command, the report, the verdict.
func (g *guarded) run(ctx context.Context) error {
	if g.o.id == "" {
		g.o.id = newID("guard", serverOf(g.raw), time.Now())
	}
	// Always a new name, whatever the environment says: the run gives one runner the same answer twice, and two guards
	// with one name would both be granted the change.
	g.o.runner = random()
	if err := g.joinable(ctx); err != nil {
		return err
	}
	keeper, err := startKeeper()
	if err != nil {
		return fail(codeNotChanged, "%w\nNothing was started, and the server was not touched", err)
	}
	defer keeper.Release()
	g.say("%s asks for a safe point of server %d: safepoint status %s", g.errColour.Bold(render.Clean(g.o.id)), serverOf(g.raw), quote(g.o.id))
	answer, err := g.begin(ctx)
	if err != nil {
		return g.endedBefore(ctx, err)
	}
	if !answer.Granted {
		g.say("%s the command is not run here: %s", g.errColour.Warn(render.Clean(g.o.id)), render.Clean(answer.Detail))
		return g.verdict(ctx)
	}
	ending := g.change(ctx, keeper, answer)
	if err := g.report(ctx, answer, ending); err != nil {
		return err
	}
	if g.interrupts > 1 {
		return detached(g.o.id)
	}
	return g.verdict(ctx)
}

func startKeeper() (*guard.Keeper, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return guard.StartKeeper(program, keeperWord)
}

// joinable looks at a run that has the id already. One of another server is none of this guard's: its snapshot would not
// protect what the command changes.
func (g *guarded) joinable(ctx context.Context) error {
	got := attend(g, ctx, 0, func(ctx context.Context) (start origin, err error) {
		err = g.persist(ctx, func() error {
			start, err = g.originOf(ctx, g.c, g.o.id)
			return err
		})
		return start, err
	})
	start := got.value
	var none *serviceerror.NotFound
	switch {
	case got.signal != nil:
		return fail(codeDetached, "interrupted: this guard started nothing and ran nothing")
	case errors.As(got.err, &none), got.err == nil && !start.found:
		return nil
	case got.err != nil:
		return g.cannotStart(got.err)
	}
	if server := serverOf(start.input); server != 0 && server != serverOf(g.raw) {
		return fail(codeUsage, "the deploy id %s belongs to a run of server %d, not of %d: nothing was started; give a --deploy-id of its own for each server",
			g.o.id, server, serverOf(g.raw))
	}
	if !sameInput(start.input, g.raw) {
		g.say("%s was started with another input: that one counts, and this one is not looked at", g.errColour.Warn(render.Clean(g.o.id)))
	}
	return nil
}

// begin starts the run or joins it, and blocks until it answers. A signal cancels the run, where this guard started it:
// nothing was changed yet. Where it only joined, the run is somebody else's, and goes on.
func (g *guarded) begin(ctx context.Context) (workflows.BeginAnswer, error) {
	for {
		got := attend(g, ctx, 0, func(ctx context.Context) (workflows.BeginAnswer, error) {
			return g.askToBegin(ctx, g.c, g.o.beginOptions, g.raw)
		})
		if got.err == nil || got.signal == nil {
			return got.value, got.err
		}
		if g.interrupts > 1 {
			return workflows.BeginAnswer{}, detached(g.o.id)
		}
		start, err := g.originOf(ctx, g.c, g.o.id)
		if err != nil || start.runner != g.o.runner {
			return workflows.BeginAnswer{}, detached(g.o.id)
		}
		cancelling, stop := context.WithTimeout(ctx, dialTimeout)
		err = g.c.CancelWorkflow(cancelling, g.o.id, "")
		stop()
		var gone *serviceerror.NotFound
		if err != nil && !errors.As(err, &gone) {
			g.say("%s could not be canceled: %v", g.errColour.Warn(render.Clean(g.o.id)), err)
			return workflows.BeginAnswer{}, detached(g.o.id)
		}
		g.say("%s is canceled before the change; once more to detach", g.errColour.Warn(render.Clean(g.o.id)))
	}
}

// endedBefore says why there is no answer: mostly because the run has ended, now or long ago.
func (g *guarded) endedBefore(ctx context.Context, err error) error {
	var ended *exitError
	var invalid *serviceerror.InvalidArgument
	switch {
	case errors.As(err, &ended):
		return err
	case errors.Is(err, errAway):
		return fail(codePerson, "Temporal was out of reach for %s; the command was not run, but the run may have been granted to it\nSee where it is: safepoint status %s",
			short(g.outage()), quote(g.o.id))
	case errors.As(err, &invalid):
		return fail(codeUsage, "Temporal refuses the start: %w", err)
	}
	end := g.explain(ctx, g.c, g.o.id, err)
	if end.err != nil {
		return end.err
	}
	g.say("%s has ended: the command is not run", g.errColour.Warn(render.Clean(g.o.id)))
	return g.printEndOfGuard(*end.closed)
}

// cannotStart is the end when nobody knows whether there is a run, and nothing was asked of any.
func (g *guarded) cannotStart(err error) error {
	end := g.describeError(g.o.id, err)
	var ended *exitError
	if errors.As(end, &ended) && ended.code == codeUsage {
		return end
	}
	return fail(codeNotChanged, "cannot ask Temporal about %s: %w\nThis guard started nothing and ran nothing. Try again with the same --deploy-id", g.o.id, err)
}

// change runs the command under the grant.
func (g *guarded) change(ctx context.Context, keeper *guard.Keeper, answer workflows.BeginAnswer) guard.Ending {
	if g.interrupts > 0 {
		return notRun("interrupted before the command was started, nothing was run")
	}
	link := &guardLink{app: g.app, c: g.c, id: g.o.id, runner: g.o.runner}
	g.say("%s granted: snapshot #%d is completed, running %s", g.errColour.Good(render.Clean(g.o.id)), answer.Snapshot.ID, render.Clean(g.o.argv[0]))
	ending := guard.Supervise(guard.Options{
		Link: link, Signals: g.signals, Silence: silenceOf(answer), Timeout: answer.Timeout.Std(), Grace: g.o.grace,
		Process: &guard.Command{Path: g.o.path, Args: g.o.argv, Env: g.environ(ctx, answer), In: g.In, Out: g.Out, Err: g.Err, Keeper: keeper},
		Say:     func(text string) { g.say("%s %s", g.errColour.Warn(render.Clean(g.o.id)), render.Clean(text)) },
		Pulsed: func(guard.Pulse) {
			s := link.seen()
			if s == nil || g.progress.Live() { // the screen is the command's; a log gets a line when something changes
				return
			}
			if line := render.Line(s.view); line != "" {
				g.progress.TellAt(s.view.ID, s.view.Now.UTC().Format("15:04:05")+" ", line)
			}
		},
	})
	g.interrupts += ending.Signals
	return ending
}

// silenceOf is how long the runner may be silent. The run always says it; a zero would be a busy loop.
func silenceOf(answer workflows.BeginAnswer) time.Duration {
	if silence := answer.HeartbeatTimeout.Std(); silence > 0 {
		return silence
	}
	return defaultSilence
}

// environ is the command's environment: this one's, and what the run is called. The last of a name counts.
func (g *guarded) environ(ctx context.Context, answer workflows.BeginAnswer) []string {
	runID := ""
	if start, err := g.originOf(ctx, g.c, g.o.id); err == nil { // without it the command only lacks a name
		runID = start.runID
	}
	return append(append([]string{}, g.Environ...),
		"SAFEPOINT_RUN_ID="+g.o.id,
		"SAFEPOINT_WORKFLOW_RUN_ID="+runID,
		"SAFEPOINT_SNAPSHOT_ID="+strconv.FormatInt(answer.Snapshot.ID, 10),
		"SAFEPOINT_SERVER_ID="+strconv.FormatInt(serverOf(g.raw), 10),
		"SAFEPOINT_RUNNER="+g.o.runner)
}
