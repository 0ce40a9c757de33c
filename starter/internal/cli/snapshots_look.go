package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// lookGrace is how much longer than whoever asked waits a look may live at Temporal: one that no worker takes ends by
// itself, and nothing is left behind.
const lookGrace = 30 * time.Second

// lookRequest is a short run that writes nothing.
type lookRequest struct {
	id, kind, queue string
	// within is how long its answer is waited for.
	within time.Duration
	// format is that of the answer: a script that reads JSON may read both outputs as one, so that only a terminal is told
	// there what is waited for.
	format outputFormat
}

// lateLook is a look whose answer did not come in time.
type lateLook struct {
	request lookRequest
	// gone is what Temporal said last, where it does not answer; nil where it does, and only the worker is late.
	gone error
	// progress is how far the worker has come, where Temporal answers.
	progress lookProgress
}

// Error says who has not answered, and for how long.
func (l *lateLook) Error() string {
	within := contract.Duration(l.request.within)
	switch {
	case l.gone != nil:
		return fmt.Sprintf("Temporal has stopped answering: %v", l.gone)
	case l.progress.begun:
		return fmt.Sprintf("the worker has not answered in %s: %s", within, l.progress.text)
	default: // nobody has taken it
		return fmt.Sprintf("no worker has answered on task queue %s in %s", l.request.queue, within)
	}
}

// Unwrap returns the cause.
func (l *lateLook) Unwrap() error { return l.gone }

// lookOnce starts a look and waits for its answer, and says meanwhile what it waits for. Temporal ends by itself what
// nobody waits for any more.
func (a *app) lookOnce(ctx context.Context, c client.Client, request lookRequest, input, into any) error {
	options := startOptions(request.id, request.queue)
	options.WorkflowExecutionTimeout = request.within + lookGrace
	waiting, cancel := context.WithTimeout(ctx, request.within)
	defer cancel()
	waiting, last := withLastError(waiting)
	if request.format != formatJSON || a.progress.Live() {
		defer a.tellLook(ctx, c, request)()
	}
	run, err := c.ExecuteWorkflow(waiting, options, request.kind, input)
	started := err == nil
	if started {
		err = run.Get(waiting, into)
	}
	var late *serviceerror.DeadlineExceeded // the same end, when Temporal notices it first
	if err == nil || ctx.Err() != nil || waiting.Err() == nil && !errors.As(err, &late) {
		return err
	}
	gone := last.error()
	if gone == nil && !started { // not even a no came back
		gone = err
	}
	if gone != nil {
		return &lateLook{request: request, gone: gone}
	}
	// A long poll ends in the same way when the worker is late and when the connection is dead.
	d, err := describeLook(ctx, c, request.id)
	return &lateLook{request: request, gone: err, progress: progressOf(d, request)}
}

func describeLook(ctx context.Context, c client.Client, id string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	ctx, last := withLastError(ctx)
	d, err := c.DescribeWorkflowExecution(ctx, id, "")
	if why := last.error(); err != nil && why != nil {
		return nil, why
	}
	return d, err
}

// lookProgress is how far a look has come.
type lookProgress struct {
	// begun is true once a worker has begun with it.
	begun bool
	// fails is true when the worker cannot run it at all.
	fails bool
	text  string
}

func progressOf(d *workflowservice.DescribeWorkflowExecutionResponse, request lookRequest) lookProgress {
	if task := d.GetPendingWorkflowTask(); task.GetAttempt() > 1 {
		return lookProgress{begun: true, fails: true, text: fmt.Sprintf("a worker takes the request and fails at it, in attempt %d", task.GetAttempt())}
	}
	activities := pending(d)
	if unrest := (render.View{Pending: activities}).Unrest(); unrest != "" {
		return lookProgress{begun: true, text: unrest}
	}
	for _, one := range activities {
		if one.Started {
			return lookProgress{begun: true, text: "a worker is asking the API"}
		}
	}
	return lookProgress{text: "no worker has taken it on task queue " + request.queue}
}

// lookPatience is how long a look may go on in silence. A worker answers within a second.
const lookPatience = 3 * time.Second

// tellLook says what a look waits for, once it has lasted a while, until the returned function is called: the API may
// not answer for minutes. Where there is no terminal it writes a line when that changes, and one a minute.
func (a *app) tellLook(ctx context.Context, c client.Client, request lookRequest) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		next := time.NewTimer(lookPatience)
		defer next.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-next.C:
			}
			a.showLook(ctx, c, request)
			next.Reset(lookEvery)
		}
	}()
	return func() {
		cancel()
		<-done
		a.progress.Clear()
	}
}

func (a *app) showLook(ctx context.Context, c client.Client, request lookRequest) {
	d, err := describeLook(ctx, c, request.id)
	if ctx.Err() != nil { // the answer has come
		return
	}
	var missing *serviceerror.NotFound
	text := progressOf(d, request).text
	switch {
	case errors.As(err, &missing):
		text = "Temporal has not taken it yet"
	case err != nil:
		text = "Temporal does not answer: " + err.Error()
	}
	text = render.Clean(fmt.Sprintf("waiting up to %s for the answer: %s", contract.Duration(request.within), text))
	if a.progress.Live() {
		a.progress.Draw(strings.Split(a.fitted(text), "\n"))
		return
	}
	now := time.Now().UTC()
	a.progress.TellAt(request.id, now.Format(time.TimeOnly)+" ", text)
	a.progress.Pulse(now.Format("15:04"), now.Format(time.TimeOnly)+" still "+text)
}

// noLook says why there is no answer. A look writes nothing, whatever became of it.
func noLook(ctx context.Context, err error) error {
	const help = "Nothing was written. "
	var app *temporal.ApplicationError
	var invalid *serviceerror.InvalidArgument
	var late *lateLook
	switch {
	case ctx.Err() != nil:
		return fail(codeDetached, "interrupted: nothing was written")
	case temporalclient.Refused(err):
		return denied(err)
	case errors.As(err, &late) && late.gone != nil:
		return fail(codeNotChanged, "%w\n"+help+"Try again when Temporal answers: `safepoint doctor` says whether it does", err)
	case errors.As(err, &late) && late.progress.begun && !late.progress.fails:
		return fail(codeNotChanged, "%w\n"+help+"`safepoint doctor` says what is wrong with the API or the token", err)
	case errors.As(err, &late):
		return fail(codeNotChanged, "%w: is safepoint-worker running, and as new as this program? `safepoint doctor` says what is wrong", err)
	case errors.As(err, &invalid):
		return fail(codeUsage, "Temporal refuses the start: %w", err)
	case errors.As(err, &app) && app.Type() == contract.FailInvalidInput:
		return fail(codeUsage, "%s", app.Message())
	case errors.As(err, &app):
		return fail(codeNotChanged, "%s", app.Message())
	default: // somebody ended the look
		return fail(codeNotChanged, "the worker could not be asked: %w\n"+help+"Try again, or see `safepoint doctor`", err)
	}
}
