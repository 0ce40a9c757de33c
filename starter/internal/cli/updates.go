package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// persist repeats a call while its answer says nothing: no worker took it yet, or Temporal was out of reach for a
// while. The call must carry an update id of its own, so that the repeats are one and the same request.
func (a *app) persist(ctx context.Context, call func() error) error {
	lastContact, resets := time.Now(), 0
	for {
		err := call()
		if err == nil || ctx.Err() != nil {
			return err
		}
		var slow *client.WorkflowUpdateServiceTimeoutOrCanceledError
		var away *serviceerror.Unavailable
		switch {
		case errors.As(err, &slow): // Temporal answers, the run does not: it waits for a worker
			lastContact = time.Now()
		case orphaned(err) && resets < maxResets: // the run that took over has it too
			resets++
		case errors.As(err, &away) && time.Since(lastContact) < a.outage():
		default:
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

// maxResets bounds the repeats of a request whose run was reset: one that really ended answers the same each time.
const maxResets = 5

// orphaned says whether a run ended after it had taken a request and before it answered. It is mostly a reset: Temporal
// hands the request on to the run that takes over.
func orphaned(err error) bool {
	var failed *temporal.ApplicationError
	return errors.As(err, &failed) && failed.Type() == "AcceptedUpdateCompletedWorkflow" // as the server calls it
}

// update sends an update to a run and waits for its answer, however long no worker is there to give one. runID is the run
// that answered: whoever follows it must not follow another one that takes the id meanwhile. It is empty where Temporal
// did not say.
func (a *app) update(ctx context.Context, c client.Client, o client.UpdateWorkflowOptions, answer any) (runID string, err error) {
	o.WaitForStage = client.WorkflowUpdateStageCompleted
	before := a.looked
	a.looked = a.tellWaiting(time.Now())
	stop := a.watch(ctx, c, o.WorkflowID)
	defer func() {
		stop() // the last look is over
		a.looked = before
	}()
	err = a.persist(ctx, func() error {
		handle, err := c.UpdateWorkflow(ctx, o)
		if err != nil {
			return err
		}
		runID = handle.RunID()
		return handle.Get(ctx, answer)
	})
	return runID, err
}

// answerPatience is how long a request may go unanswered in silence. A worker answers within milliseconds.
const answerPatience = 2 * time.Second

// tellWaiting says once, when the answer takes long, that the request is not gone with this command: whoever interrupts
// it must not take the decision for undone. It is called at each look, where it cannot break what is drawn.
func (a *app) tellWaiting(sent time.Time) func(seen, time.Time) {
	told := false
	return func(s seen, _ time.Time) {
		if told || time.Since(sent) < answerPatience {
			return
		}
		told = true
		a.progress.Print(a.fitted(fmt.Sprintf("%s %s has not answered yet. The request may be with Temporal already: it is then carried out as soon as a worker takes it, also when you interrupt this command.",
			a.errColour.Warn("safepoint:"), render.Clean(s.view.ID))))
	}
}

// leftBehind is the end of a command that was interrupted after it had sent a request.
func leftBehind(id string) error {
	return fail(codeDetached, "interrupted: the request may still be carried out, at once or when a worker is back; the run goes on\nSee where it is: safepoint status %s", quote(id))
}

// untouched is the end of a command that could not look at a run, and asked nothing of it before.
func untouched(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fail(codeDetached, "interrupted: nothing was done")
	}
	return err
}

// updateEnd is what a failed update means.
type updateEnd struct {
	// closed is set when the run has ended, and with it every request to it.
	closed *verdict
	err    error
}

// explain finds out why an update failed: the run ended, refused it, or is not there, or Temporal could not be asked.
func (a *app) explain(ctx context.Context, c client.Client, id string, err error) updateEnd {
	if ctx.Err() != nil {
		return updateEnd{err: leftBehind(id)}
	}
	if temporalclient.Refused(err) {
		return updateEnd{err: denied(err)}
	}
	s, lookErr := a.look(ctx, c, id)
	if lookErr == nil && s.closed {
		v, err := a.closedVerdict(ctx, c, id, s.runID)
		return updateEnd{closed: &v, err: err}
	}
	var refused *temporal.ApplicationError
	switch {
	case errors.As(err, &refused):
		return updateEnd{err: fail(codeUsage, "%s refuses: %s\nSee where it is: safepoint status %s", id, refused.Message(), quote(id))}
	case ctx.Err() != nil:
		return updateEnd{err: leftBehind(id)}
	case lookErr != nil:
		return updateEnd{err: lookErr}
	default: // the same command again is the same request only where its id is; looking is always safe
		return updateEnd{err: fail(codePerson, "nobody knows whether the request reached %s: %w\nSee where it is: safepoint status %s", id, err, quote(id))}
	}
}
