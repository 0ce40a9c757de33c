package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/guard"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
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
	// start is how the run was started, as it was looked at after its answer.
	start origin
	// ungranted is the local time of the last look that showed the change not granted, and of begin before there is one.
	ungranted atomic.Pointer[time.Time]
	// failedChange is true once this guard's own command has failed, or could not be run.
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
	defer keeper.Release() // before the command; after it the supervision has let it go
	g.say("%s asks for a safe point of server %d: safepoint status %s", g.errColour.Bold(render.Clean(g.o.id)), serverOf(g.raw), quote(g.o.id))
	answer, err := g.begin(ctx)
	if err != nil {
		return g.endedBefore(ctx, err)
	}
	if err := g.joined(ctx); err != nil {
		return g.notOurs(ctx, answer, err)
	}
	if !answer.Granted {
		g.say("%s the command is not run here: %s", g.errColour.Warn(render.Clean(g.o.id)), render.Clean(answer.Detail))
		return g.verdict(ctx, answer.runID)
	}
	ending := g.change(keeper, answer)
	if err := g.report(ctx, answer, ending); err != nil {
		return err
	}
	if g.interrupts > 1 {
		return detached(g.o.id)
	}
	return g.verdict(ctx, answer.runID)
}

// notOurs is the end of a guard that must not use the answer that it got. A run that granted it the change would
// otherwise wait for it, and then take it for dead.
func (g *guarded) notOurs(ctx context.Context, answer begun, why error) error {
	if answer.Granted {
		if err := g.report(ctx, answer, notRun("nothing was run: the guard that was granted the change is not of this run's server or kind, or could not find out")); err != nil {
			g.say("%s %v", g.errColour.Warn("safepoint:"), err)
		}
	}
	return why
}

// noteGrant remembers until when the change was surely not granted.
func (g *guarded) noteGrant(s seen, began time.Time) {
	if status := s.view.Status; status != nil && (status.Change == nil || status.Change.Runner == "") {
		g.ungranted.Store(&began)
	}
}

func startKeeper() (*guard.Keeper, error) {
	program, err := guard.ThisProgram()
	if err != nil {
		return nil, err
	}
	return guard.StartKeeper(program, keeperWord)
}

// begin starts the run or joins it, and blocks until it answers. A signal cancels the run, where this guard started it:
// nothing was changed yet. Where it only joined, the run is somebody else's, and goes on.
func (g *guarded) begin(ctx context.Context) (begun, error) {
	began := time.Now() // of the first try: an answer to it may have been lost
	g.ungranted.Store(&began)
	g.looked = g.noteGrant
	defer func() { g.looked = nil }()
	for {
		got := attend(g, ctx, 0, func(ctx context.Context) (begun, error) {
			return g.askToBegin(ctx, g.c, g.o.beginOptions, g.raw)
		})
		if got.err == nil || got.signal == nil {
			return got.value, got.err
		}
		if g.interrupts > 1 {
			return begun{}, detached(g.o.id)
		}
		start, err := g.originOf(ctx, g.c, g.o.id)
		if err != nil || start.runner != g.o.runner {
			return begun{}, detached(g.o.id)
		}
		cancelling, stop := context.WithTimeout(ctx, dialTimeout)
		err = g.c.CancelWorkflow(cancelling, g.o.id, "")
		stop()
		var gone *serviceerror.NotFound
		if err != nil && !errors.As(err, &gone) {
			g.say("%s could not be canceled: %v", g.errColour.Warn(render.Clean(g.o.id)), err)
			return begun{}, detached(g.o.id)
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
	if err := g.joined(ctx); err != nil {
		return err
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
func (g *guarded) change(keeper *guard.Keeper, answer begun) guard.Ending {
	if g.interrupts > 0 {
		return notRun("interrupted before the command was started, nothing was run")
	}
	program, err := guard.ThisProgram()
	if err != nil {
		return notRun("the command could not be started, nothing was run: " + err.Error())
	}
	link := g.link(answer)
	g.say("%s granted: snapshot #%d is completed, running %s", g.errColour.Good(render.Clean(g.o.id)), answer.Snapshot.ID, render.Clean(g.o.argv[0]))
	ending := guard.Supervise(guard.Options{
		Link: link, Signals: g.signals, Silence: silenceOf(answer), Timeout: answer.Timeout.Std(), Grace: g.o.grace, Began: *g.ungranted.Load(),
		Process: &guard.Command{Path: g.o.path, Args: g.o.argv, Env: g.environ(answer), In: g.In, Out: g.Out, Err: g.Err, Keeper: keeper,
			Gate: []string{program, gateWord}},
		Say: func(text string) { g.say("%s %s", g.errColour.Warn(render.Clean(g.o.id)), render.Clean(text)) },
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

func (g *guarded) link(answer begun) *guardLink {
	return &guardLink{app: g.app, c: g.c, id: g.o.id, runID: answer.runID, runner: g.o.runner, silence: silenceOf(answer)}
}

// silenceOf is how long the runner may be silent. The run always says it; a zero would be a busy loop.
func silenceOf(answer begun) time.Duration {
	if silence := answer.HeartbeatTimeout.Std(); silence > 0 {
		return silence
	}
	return defaultSilence
}

// environ is the command's environment: this one's, and what the run is called. The last of a name counts.
func (g *guarded) environ(answer begun) []string {
	return append(append([]string{}, g.Environ...),
		"SAFEPOINT_RUN_ID="+g.o.id,
		"SAFEPOINT_WORKFLOW_RUN_ID="+g.start.runID,
		"SAFEPOINT_SNAPSHOT_ID="+strconv.FormatInt(answer.Snapshot.ID, 10),
		"SAFEPOINT_SERVER_ID="+strconv.FormatInt(serverOf(g.raw), 10),
		"SAFEPOINT_RUNNER="+g.o.runner)
}
