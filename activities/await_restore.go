package activities

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// AwaitRestore watches a server until a restore has finished, or until its status and updated_at have been quiet for so
// long that there is nothing more to see. Failed looks only cost time: the API goes on restoring without us.
func (a *Activities) AwaitRestore(ctx context.Context, in contract.AwaitRestoreInput) (contract.AwaitRestoreResult, error) {
	w := startWait(ctx, a.pace.heartbeat, restoreWait{})
	defer w.end()
	feed := a.watch.Server(in.ServerID)
	defer feed.Close()
	limits := restoreLimits{settle: a.settle, reach: a.poll + a.poll/2}
	result := contract.AwaitRestoreResult{RunID: activity.GetInfo(ctx).WorkflowExecution.RunID}
	var lastErr error
	// Two answers at least: finished is two polls in a row, also for a restore that ended while no worker ran.
	timedOut, err := observe(w, feed, a.observation(in.Timeout, 2), func(look Look[contract.Server]) bool {
		if lastErr = look.Err; lastErr != nil {
			return false
		}
		state, end := w.read().see(in.Before, look.Value, w.elapsed(), limits)
		w.write(state)
		result.Server = look.Value
		if end.done {
			result.State, result.Unclear, result.Detail = contract.AwaitDone, end.unclear, end.detail
		}
		return end.done
	})
	if err != nil {
		return contract.AwaitRestoreResult{}, err
	}
	st := w.read()
	result.SeenRestoring = st.SeenRestoring
	if timedOut {
		result.State = contract.AwaitTimedOut
		result.Detail = unfinished(st.Status, lastErr)
	}
	return result, nil
}

// unfinished says in one sentence how a server stood when time was over.
func unfinished(status contract.ServerStatus, last error) string {
	text := "the server's status could not be read"
	if status != "" {
		text = fmt.Sprintf("the server's status was last %q", status)
	}
	if last != nil {
		text += "; the last look failed: " + last.Error()
	}
	return short(text)
}
