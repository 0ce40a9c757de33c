package activities

import (
	"context"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/probe"
)

// Verify looks at the required checks, round after round, until there is a verdict. It always ends with one: passed,
// failed or inconclusive.
func (a *Activities) Verify(ctx context.Context, in contract.VerifyInput) (contract.VerifyResult, error) {
	w := startWait(ctx, a.pace.heartbeat, VerifyProgress{})
	defer w.end()
	if left := in.InitialDelay.Std() - w.elapsed(); left > 0 {
		if err := w.pause(left); err != nil {
			return contract.VerifyResult{}, err
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
