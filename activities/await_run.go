package activities

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// defaultRunTimeout ends a wait that was given no time.
const defaultRunTimeout = time.Hour

// AwaitRun waits until at least one of the runs has closed and returns all of which that is known by then. A run that
// was reset goes on as another one, which is then waited for.
func (a *Activities) AwaitRun(ctx context.Context, in contract.AwaitRunInput) (contract.AwaitRunResult, error) {
	if n := len(in.Runs); n == 0 || n > contract.MaxAwaitRuns {
		return contract.AwaitRunResult{}, refusal("there must be 1 to %d runs to wait for, there are %d", contract.MaxAwaitRuns, n)
	}
	w := startWait(ctx, a.pace.heartbeat, struct{}{})
	defer w.end()
	timeout := in.Timeout.Std()
	if timeout <= 0 {
		timeout = defaultRunTimeout
	}
	// Time for one look, also when an earlier attempt used up the user's: the runs may have closed since.
	watch, cancel := context.WithTimeout(w.ctx, max(timeout-w.elapsed(), min(a.pace.firstLook, a.pace.call)))
	defer cancel()
	r := &runWatch{a: a, ends: make(chan numberedEnd, len(in.Runs)), first: make(chan struct{})}
	var watchers sync.WaitGroup
	for i, ref := range in.Runs {
		watchers.Go(func() { r.watch(watch, i, ref) })
	}
	select {
	case <-r.first:
		if len(in.Runs) > 1 {
			pauseFor(watch, a.pace.gather)
		}
	case <-watch.Done():
	}
	cancel()
	watchers.Wait()
	close(r.ends)
	if ended := r.inOrder(); len(ended) > 0 {
		return contract.AwaitRunResult{State: contract.AwaitDone, Ended: ended}, nil
	}
	if stop := w.interrupted(); stop != nil {
		return contract.AwaitRunResult{}, stop
	}
	return contract.AwaitRunResult{State: contract.AwaitTimedOut, Detail: r.trouble()}, nil
}

// runWatch is what the watchers of one AwaitRun share.
type runWatch struct {
	a    *Activities
	ends chan numberedEnd
	// first is closed with the first end.
	first chan struct{}
	once  sync.Once

	mu   sync.Mutex
	last error
}

type numberedEnd struct {
	number int
	end    contract.RunEnd
}

// watch reports the end of one run, or nothing when the time is over before.
func (r *runWatch) watch(ctx context.Context, number int, ref contract.RunRef) {
	runID := ref.RunID
	for {
		end, next, err := r.a.endOfOurs(ctx, ref, runID)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.note(err)
			pauseFor(ctx, r.a.pace.retry)
		case next != "":
			runID = next
		default:
			end.WorkflowID, end.RunID = ref.WorkflowID, ref.RunID
			if runID != ref.RunID {
				end.LastRunID = runID
			}
			r.ends <- numberedEnd{number, end}
			r.once.Do(func() { close(r.first) })
			return
		}
	}
}

func (r *runWatch) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = err
}

func (r *runWatch) trouble() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		return ""
	}
	return short("Temporal could not always be asked: " + r.last.Error())
}

func (r *runWatch) inOrder() []contract.RunEnd {
	var all []numberedEnd
	for e := range r.ends {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b numberedEnd) int { return cmp.Compare(a.number, b.number) })
	ended := make([]contract.RunEnd, 0, len(all))
	for _, e := range all {
		ended = append(ended, e.end)
	}
	return ended
}

// endOfOurs is endOf, after a look at who started the run where that matters. A run that Temporal does not know is not
// foreign but gone.
func (a *Activities) endOfOurs(ctx context.Context, ref contract.RunRef, runID string) (end contract.RunEnd, next string, err error) {
	if ref.ChildOf != "" {
		found, err := a.describe(ctx, ref.WorkflowID, ref.RunID)
		if err != nil {
			return contract.RunEnd{}, "", err
		}
		if found.runID != "" && found.parentID != ref.ChildOf {
			return contract.RunEnd{Status: contract.RunForeign}, "", nil
		}
	}
	return a.endOf(ctx, ref.WorkflowID, runID)
}

// endOf long-polls one run. next is the run that took over from it, if one did; an error says nothing about the run.
func (a *Activities) endOf(ctx context.Context, workflowID, runID string) (end contract.RunEnd, next string, err error) {
	var result converter.RawValue
	err = a.locks.GetWorkflow(ctx, workflowID, runID).Get(ctx, &result)
	if ctx.Err() != nil {
		return contract.RunEnd{}, "", ctx.Err()
	}
	end, known := runEnd(result, err)
	if !known {
		return contract.RunEnd{}, "", err
	}
	if end.Status != contract.RunTerminated {
		return end, "", nil
	}
	next, err = a.successor(ctx, workflowID, runID)
	return end, next, err
}

// successor is the run that took over from a terminated one, as after a reset; empty when there is none.
func (a *Activities) successor(ctx context.Context, workflowID, runID string) (string, error) {
	latest, err := a.describe(ctx, workflowID, "")
	if err != nil || latest.runID == runID || runID == "" && !latest.open() {
		return "", err
	}
	return latest.runID, nil
}

// runReport is what Safepoint's runbooks say at their end, in the words of their JSON. Activities must not import them.
type runReport struct {
	ServerID int64  `json:"server_id"`
	Outcome  string `json:"outcome"`
	Failure  string `json:"failure"`
	Summary  string `json:"summary"`
	Snapshot struct {
		ID int64 `json:"id"`
	} `json:"snapshot"`
}

// runEnd reads how a run ended out of its result or its error. known is false when the answer says nothing about it,
// such as a connection that broke.
func runEnd(result converter.RawValue, err error) (end contract.RunEnd, known bool) {
	var report runReport
	status, fallback, known := closedAs(result, err, &report)
	if !known {
		return contract.RunEnd{}, false
	}
	return contract.RunEnd{
		Status: status, ServerID: report.ServerID, Outcome: fit(report.Outcome, maxRunWord),
		Failure: fit(cmp.Or(report.Failure, fallback.failure), maxRunWord),
		Summary: fit(cmp.Or(report.Summary, fallback.summary), contract.MaxRunSummary), SnapshotID: report.Snapshot.ID,
	}, true
}

// maxRunWord is how many bytes of an outcome or a failure class are kept.
const maxRunWord = 64

// withoutReport is what is known of a failed run that left no report.
type withoutReport struct{ failure, summary string }

// closedAs says how a run closed and reads what it left behind, its result or its failure's details, into report, which
// stays as it is when that is of another shape.
func closedAs[R any](result converter.RawValue, err error, report *R) (contract.RunStatus, withoutReport, bool) {
	var (
		gone       *serviceerror.NotFound
		execution  *temporal.WorkflowExecutionError
		app        *temporal.ApplicationError
		canceled   *temporal.CanceledError
		terminated *temporal.TerminatedError
		timedOut   *temporal.TimeoutError
		panicked   *temporal.PanicError
	)
	switch {
	case err == nil:
		*report = decoded[R](result.Payload())
		return contract.RunCompleted, withoutReport{}, true
	case errors.As(err, &gone):
		return contract.RunGone, withoutReport{summary: "Temporal no longer knows the run."}, true
	case !errors.As(err, &execution):
		return "", withoutReport{}, false
	case errors.As(err, &app):
		*report = inDetails[R](app)
		return contract.RunFailed, withoutReport{app.Type(), app.Message()}, true
	case errors.As(err, &canceled):
		*report = inDetails[R](canceled)
		return contract.RunCanceled, withoutReport{}, true
	case errors.As(err, &terminated):
		return contract.RunTerminated, withoutReport{summary: "The run was terminated before it could report."}, true
	case errors.As(err, &timedOut):
		return contract.RunTimedOut, withoutReport{summary: "The run was ended by its time-out before it could report."}, true
	case errors.As(err, &panicked):
		return contract.RunFailed, withoutReport{"PanicError", "The run's code panicked: " + panicked.Error()}, true
	default: // a failure of a kind that no runbook of this version ends with
		return contract.RunFailed, withoutReport{summary: err.Error()}, true
	}
}

func inDetails[R any](d interface {
	HasDetails() bool
	Details(...any) error
}) R {
	var report, none R
	if !d.HasDetails() || d.Details(&report) != nil {
		return none
	}
	return report
}

// pauseFor waits, or less when the context ends.
func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
