package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/probe"
)

// Verify looks at the required checks, round after round, until there is a verdict. It always ends with one: passed,
// failed or inconclusive.
func (a *Activities) Verify(ctx context.Context, in contract.VerifyInput) (contract.VerifyResult, error) {
	result, err := a.verify(ctx, in)
	result.RunID = activity.GetInfo(ctx).WorkflowExecution.RunID
	return result, err
}

func (a *Activities) verify(ctx context.Context, in contract.VerifyInput) (contract.VerifyResult, error) {
	w := startWait(ctx, a.pace.heartbeat, VerifyProgress{})
	defer w.end()
	if left := in.InitialDelay.Std() - w.elapsed(); left > 0 {
		if err := w.pause(left); err != nil {
			return contract.VerifyResult{}, err
		}
	}
	if in.ServerUp != 0 && !w.read().ServerUp {
		if verdict, err := a.awaitUp(w, in); err != nil || verdict.Verdict != "" {
			return verdict, err
		}
	}
	rules, interval := rulesOf(in), in.Interval.Std()
	if interval <= 0 {
		interval = a.poll // never hammer a server
	}
	for {
		results := a.prober.Round(w.ctx, in.Checks)
		// A round that was cut says nothing about the server and does not count.
		if err := w.interrupted(); err != nil {
			return contract.VerifyResult{}, err
		}
		looked := w.elapsed() - in.InitialDelay.Std()
		progress, end := w.read().add(rules, probe.RoundVerdict(results), looked)
		progress.Last = results
		w.write(progress)
		if end.reached() {
			return contract.VerifyResult{
				Verdict: end.verdict, Detail: end.detail, Rounds: progress.Rounds, Last: results,
				Took: contract.Duration(looked.Round(time.Millisecond)),
			}, nil
		}
		// The last round before an end is looked at when the end comes, not an interval (up to 1h) after it.
		if err := w.pause(min(interval, progress.left(rules, looked))); err != nil {
			return contract.VerifyResult{}, err
		}
	}
}

// awaitUp waits until the API shows the server active on two polls in a row, within the time of the verification. A
// verdict means that it never was: failed when the API said so, inconclusive when the API could not be read.
func (a *Activities) awaitUp(w *wait[VerifyProgress], in contract.VerifyInput) (contract.VerifyResult, error) {
	feed := a.watch.Server(in.ServerUp)
	defer feed.Close()
	var (
		status  contract.ServerStatus
		inARow  int
		lastErr error
	)
	timedOut, err := observe(w, feed, a.observation(in.InitialDelay+in.Timeout, 2), func(look Look[contract.Server]) bool {
		if lastErr = look.Err; lastErr != nil {
			return false
		}
		if status = look.Value.Status; status == contract.ServerActive {
			inARow++
		} else {
			inARow = 0
		}
		return inARow >= 2
	})
	if err != nil {
		return contract.VerifyResult{}, err
	}
	progress := w.read()
	if !timedOut {
		progress.ServerUp = true
		w.write(progress)
		return contract.VerifyResult{}, nil
	}
	verdict := contract.VerdictFailed
	if lastErr != nil || status == "" {
		verdict = contract.VerdictInconclusive // nobody could look at it, which says nothing about it
	}
	return contract.VerifyResult{
		Verdict: verdict, Took: contract.Duration(w.elapsed().Round(time.Millisecond)),
		Detail: short(fmt.Sprintf("the server was not seen active within %s: %s", in.Timeout, unfinished(status, lastErr))),
	}, nil
}
