package cli

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
)

// closedPatience bounds the reading of an end that is there already: Temporal answers it at once, or has trouble.
const closedPatience = 30 * time.Second

// outageError is Temporal's silence for longer than a wait has patience.
type outageError struct{ err error }

// Error is the last answer there was.
func (e *outageError) Error() string { return e.err.Error() }

// Unwrap returns it.
func (e *outageError) Unwrap() error { return e.err }

// awaitClose waits until a run has closed. A run that was reset goes on as another run, which is then waited for.
func (a *app) awaitClose(ctx context.Context, c client.Client, id, runID string) (verdict, error) {
	if runID == "" { // Temporal did not say which run answered: the one that is there now is meant
		if description, err := c.DescribeWorkflowExecution(ctx, id, ""); err == nil {
			runID = description.GetWorkflowExecutionInfo().GetExecution().GetRunId()
		}
	}
	for {
		v, ended, err := a.awaitRun(ctx, c, id, runID)
		var away *outageError
		switch {
		case errors.As(err, &away):
			return verdict{}, fail(codePerson, "lost Temporal while waiting for %s: %w\nThe run goes on without this command. Look again: safepoint status %s --wait", id, err, quote(id))
		case err != nil:
			return verdict{}, err
		}
		next, err := a.successor(ctx, c, id, runID, ended)
		switch {
		case ctx.Err() != nil:
			return verdict{}, ctx.Err()
		case err != nil:
			return verdict{}, fail(codePerson, "%s was terminated, and Temporal does not say whether by a reset, after which it goes on: %w\nLook again: safepoint status %s --wait", id, err, quote(id))
		case next == "":
			finish(ctx, c, &v, runID)
			return v, nil
		}
		runID = next
	}
}

// awaitRun waits for the end of one run. ended is how Temporal says that it did not complete; err that nobody knows.
func (a *app) awaitRun(ctx context.Context, c client.Client, id, runID string) (v verdict, ended, err error) {
	lastContact := time.Now()
	for {
		var result json.RawMessage
		err := c.GetWorkflow(ctx, id, runID).Get(ctx, &result)
		if ctx.Err() != nil {
			return verdict{}, nil, ctx.Err()
		}
		if v, ok := verdictOf(id, result, err); ok {
			return v, err, nil
		}
		var gone *serviceerror.NotFound
		switch {
		case temporalclient.Refused(err):
			return verdict{}, nil, denied(err)
		case errors.As(err, &gone):
			return lost(id, "The run is gone: Temporal no longer knows it."), nil, nil
		case time.Since(lastContact) > a.outage():
			return verdict{}, nil, &outageError{err}
		}
		select {
		case <-ctx.Done():
			return verdict{}, nil, ctx.Err()
		case <-time.After(min(2*time.Second, a.outage())):
		}
	}
}

// finish adds what the run's own end does not say.
func finish(ctx context.Context, c client.Client, v *verdict, runID string) {
	if v.lost {
		fill(ctx, c, v, runID)
	}
	judgeFleet(ctx, c, v)
}

// successor is the run that took over from a terminated one by a reset; empty when there is none. A reset keeps the first
// run of the chain. A run that was merely started with the same id has another one: its end is not that of the run that
// is waited for. A run that Temporal no longer knows has none.
func (a *app) successor(ctx context.Context, c client.Client, id, runID string, ended error) (string, error) {
	var terminated *temporal.TerminatedError
	if !errors.As(ended, &terminated) || runID == "" {
		return "", nil
	}
	own, _, err := a.chain(ctx, c, id, runID)
	if err != nil || own == "" {
		return "", known(err)
	}
	first, latest, err := a.chain(ctx, c, id, "")
	if err != nil || first != own || latest == runID {
		return "", known(err)
	}
	return latest, nil
}

// known takes "there is none" for an answer.
func known(err error) error {
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return nil
	}
	return err
}

// chain is the first run of the chain that a run belongs to, and the run itself. An older Temporal does not say the first.
func (a *app) chain(ctx context.Context, c client.Client, id, runID string) (first, run string, err error) {
	err = a.persist(ctx, func() error {
		description, err := c.DescribeWorkflowExecution(ctx, id, runID)
		info := description.GetWorkflowExecutionInfo()
		first, run = info.GetFirstRunId(), info.GetExecution().GetRunId()
		return err
	})
	return first, run, err
}

// closedVerdict is the end of a run that is known to be closed. It is this run's own end, whatever came after it.
func (a *app) closedVerdict(ctx context.Context, c client.Client, id, runID string) (verdict, error) {
	return a.closedWithin(ctx, c, id, runID, closedPatience)
}

func (a *app) closedWithin(ctx context.Context, c client.Client, id, runID string, patience time.Duration) (verdict, error) {
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v, _, err := a.awaitRun(within, c, id, runID)
	var said *exitError
	switch {
	case err == nil:
		finish(within, c, &v, runID)
		return v, nil
	case ctx.Err() != nil:
		return verdict{}, fail(codeDetached, "interrupted: %s has ended, but how it ended was not read yet\nLook again: safepoint status %s", id, quote(id))
	case errors.As(err, &said): // a definite no
		return verdict{}, err
	default: // Temporal says that it has ended, and does not say how
		return verdict{}, fail(codePerson, "cannot read the end of %s: %w\nThe run has ended, but Temporal does not say how. Try again: safepoint status %s", id, err, quote(id))
	}
}
