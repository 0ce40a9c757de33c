package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// FindSnapshot waits until VPS_SETTLE has passed since an ambiguous create, then reads one whole list and finds ours.
// Without a whole list within in.Timeout it ends with a final error: nobody knows, and nothing may be sent again.
func (a *Activities) FindSnapshot(ctx context.Context, in contract.FindSnapshotInput) (contract.FindSnapshotResult, error) {
	w := startWait(ctx, a.pace.heartbeat, struct{}{})
	defer w.end()
	if left := a.settle - w.elapsed(); left > 0 {
		if err := w.pause(left); err != nil {
			return contract.FindSnapshotResult{}, err
		}
	}
	for pause := a.pace.retry; ; pause = min(2*pause, a.poll) {
		found, err := a.find(w.ctx, in.Own)
		if stop := w.interrupted(); stop != nil {
			return contract.FindSnapshotResult{}, stop
		}
		if err == nil || hopeless(err) {
			return found, err
		}
		if w.elapsed() >= a.settle+in.Timeout.Std() {
			return contract.FindSnapshotResult{}, temporal.NewNonRetryableApplicationError(
				"the API gave no whole list within "+in.Timeout.String()+": "+short(err.Error()), contract.ErrUnavailable, nil)
		}
		if err := w.pause(pause); err != nil {
			return contract.FindSnapshotResult{}, err
		}
	}
}

// AwaitSnapshot watches the list until our snapshot is completed and no twin of it is in progress. Failed looks (a token
// that stopped working, too) only cost time: the API goes on making the snapshot without us.
func (a *Activities) AwaitSnapshot(ctx context.Context, in contract.AwaitSnapshotInput) (contract.AwaitSnapshotResult, error) {
	w := startWait(ctx, a.pace.heartbeat, snapshotWait{})
	defer w.end()
	feed := a.watch.Snapshots(in.Own.ServerID)
	defer feed.Close()
	var (
		result  contract.AwaitSnapshotResult
		lastErr error
	)
	timedOut, err := observe(w, feed, a.observation(in.Timeout, 1), func(look Look[[]contract.Snapshot]) (over bool) {
		if lastErr = look.Err; lastErr != nil {
			return false
		}
		before := w.read()
		state, judged, over := before.judge(in.Own, in.ID, look.Value)
		state, over = state.missing(judged.State, over, w.elapsed(), a.settle)
		if state != before {
			w.write(state)
		}
		if judged.Snapshot.ID == 0 { // absent: say what it was when it was last seen
			judged.Snapshot = result.Snapshot
		}
		result = judged
		return over
	})
	if err != nil {
		return contract.AwaitSnapshotResult{}, err
	}
	if timedOut {
		result.State = contract.AwaitTimedOut
		result.Detail = w.read().unready(w.elapsed(), a.settle, lastErr)
	}
	return result, nil
}

// observation bounds a wait on the shared poll.
func (a *Activities) observation(timeout contract.Duration, least int) observation {
	return observation{
		timeout: timeout.Std(), least: least,
		grace: a.pace.firstLook + time.Duration(least)*a.poll,
	}
}
