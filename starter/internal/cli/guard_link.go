package cli

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/guard"
	"github.com/safepoint-dev/safepoint/workflows"
)

// guardLink is a run as the guard's supervision sees it.
type guardLink struct {
	*app
	c client.Client
	// runID is the run that granted the change to the runner; empty when nobody knows.
	id, runID, runner string
	silence           time.Duration

	mu   sync.Mutex // guards last
	last *seen
}

// Beat sends a heartbeat and looks at the run. What Temporal has taken counts, although no worker may answer the look: a
// run without a worker cannot go on either, and takes the heartbeats before it looks at its clock.
func (l *guardLink) Beat(ctx context.Context, taken func()) guard.Pulse {
	err := l.c.SignalWorkflow(ctx, l.id, "", workflows.SignalHeartbeat, workflows.HeartbeatSignal{Runner: l.runner})
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return guard.Pulse{Unwanted: "the run has ended or does not exist"}
	case err != nil:
		return guard.Pulse{Trouble: err}
	}
	taken()
	pulse := guard.Pulse{Acknowledged: true}
	looking, stop := context.WithTimeout(ctx, guard.LookFor(l.silence))
	defer stop()
	s, err := l.look(looking, l.c, l.id)
	if err != nil {
		pulse.Trouble = err
		return pulse
	}
	l.mu.Lock()
	l.last = &s
	l.mu.Unlock()
	pulse.Unwanted, pulse.Trouble = unwanted(s, l.runner)
	if pulse.Unwanted == "" && s.view.Status == nil {
		pulse.Likely = s.waitsUnasked(l.runID)
	}
	pulse.Wanted = pulse.Unwanted == "" && pulse.Trouble == nil
	return pulse
}

// waitsUnasked says whether all that Temporal knows of a run that could not be asked fits the run that granted the change,
// and waits for it. A run that was reset, or has only got its id, is another one. One that decides in this moment may not
// have seen the heartbeat that came before the look; every later decision of it has. A phase that it noted is no news where
// it is another one: the run may not have got to note the next. So nothing that runs is stopped for it.
func (s seen) waitsUnasked(granted string) bool {
	return s.phase == string(workflows.PhaseChange) && s.runID != "" && s.runID == granted && !s.deciding
}

// seen is the last look that there was; nil before the first.
func (l *guardLink) seen() *seen {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// errAway is the end of a wait during which Temporal could not be reached for the whole outage.
var errAway = errors.New("no answer of Temporal for too long")

// attended is how something that waits came to its end.
type attended[T any] struct {
	value T
	err   error
	// signal is the one that cut it short; nil when none came.
	signal os.Signal
}

// attend does something that waits for Temporal until it ends, a signal comes, or Temporal was away for the outage. After
// a signal it may go on for the grace, until the next one.
func attend[T any](g *guarded, ctx context.Context, grace time.Duration, do func(context.Context) (T, error)) attended[T] {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go g.cancelWhenAway(ctx, cancel)
	ended := make(chan attended[T], 1)
	go func() {
		value, err := do(ctx)
		ended <- attended[T]{value: value, err: err}
	}()
	var first os.Signal
	var late <-chan time.Time
	for {
		select {
		case got := <-ended: // nobody else writes to the terminal after this
			if got.err != nil && errors.Is(context.Cause(ctx), errAway) {
				got.err = errAway
			}
			got.signal = first
			return got
		case sig := <-g.signals:
			g.interrupts++
			if first != nil || grace == 0 {
				cancel(nil)
			}
			first, late = sig, time.After(grace)
		case <-late:
			cancel(nil)
		}
	}
}

// awayEvery is the pause between two looks whether Temporal is there.
const awayEvery = 5 * time.Second

// enoughLooks is how many looks must have failed before Temporal counts as away: one may have been slow by itself.
const enoughLooks = 2

// cancelWhenAway ends a wait when Temporal has not answered for the outage, whatever the answer. The wait itself cannot
// tell: a long poll that gets no answer may mean that there is no news, or no network.
func (g *guarded) cancelWhenAway(ctx context.Context, cancel context.CancelCauseFunc) {
	lastContact, failed := time.Now(), 0
	for {
		look, stop := context.WithTimeout(ctx, min(dialTimeout, g.outage()))
		_, err := g.c.DescribeWorkflowExecution(look, g.o.id, "")
		stop()
		var unavailable *serviceerror.Unavailable
		var late *serviceerror.DeadlineExceeded
		switch {
		case ctx.Err() != nil:
			return
		case !errors.As(err, &unavailable) && !errors.As(err, &late) && !errors.Is(err, context.DeadlineExceeded):
			lastContact, failed = time.Now(), 0
		case time.Since(lastContact) >= g.outage() && failed+1 >= enoughLooks:
			cancel(errAway)
			return
		default: // not yet
			failed++
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(awayEvery, g.outage()/4)):
		}
	}
}
