package cli

import (
	"context"
	"errors"

	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// free looks, before anything is asked, whether the id belongs to a run that is not this deploy's: the verdict of another
// server's run, or of a fleet, would be taken for this change's.
func (a *app) free(ctx context.Context, c client.Client, own claim) error {
	start, err := a.knownOrigin(ctx, c, own.id)
	switch {
	case err == nil:
		return own.belongs(start)
	case ctx.Err() != nil:
		return fail(codeDetached, "interrupted: nothing was started")
	}
	end := a.describeError(own.id, err)
	var said *exitError
	if temporalclient.Refused(err) || errors.As(end, &said) && said.code == codeUsage {
		return end
	}
	return fail(codeNotChanged, "cannot ask Temporal about %s: %w\nNothing was started. Try again with the same id", own.id, err)
}

// stillOwn looks again after the answer: another begin may have started the run meanwhile. A look that fails takes no
// grant away, for nobody else would ever get it.
func (a *app) stillOwn(ctx context.Context, c client.Client, own claim, runner string, answer workflows.BeginAnswer) error {
	start, err := a.knownOrigin(ctx, c, own.id)
	switch {
	case err == nil: // seen
	case errors.Is(ctx.Err(), context.Canceled):
		return nil // interrupted, which the caller says
	default: // out of reach
		a.say("%s could not be looked at again: %v", a.errColour.Warn(render.Clean(own.id)), err)
		return nil
	}
	if answer.Granted {
		own.mend = "Make no change. The run waits for this runner, so tell it: " + notStarted(own.id, runner) + "\nThen give an id of its own"
	}
	return own.belongs(start)
}

// notStarted is how a runner tells a run that it makes no change.
func notStarted(id, runner string) string {
	return "safepoint report " + quote(id) + " --runner " + quote(runner) + " --result not_started --detail 'nothing was run'"
}
