package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// serverWait is what AwaitServer remembers from one attempt to the next.
type serverWait struct {
	Status contract.ServerStatus `json:"status,omitempty"`
	// InARow counts looks in a row with that status.
	InARow int `json:"in_a_row,omitempty"`
}

// see takes one look after the time at and says whether the wait is over.
func (st serverWait) see(in contract.AwaitServerInput, now contract.ServerStatus, at, settle time.Duration) (serverWait, bool) {
	if st.Status == now {
		st.InARow++
	} else {
		st = serverWait{Status: now, InARow: 1}
	}
	stable := st.InARow >= 2
	if !in.Settle {
		return st, stable && now == in.Want
	}
	switch {
	case !stable || at < settle:
		return st, false
	case now == in.Want, now == contract.ServerActive, now == contract.ServerStopped:
		return st, true
	default: // on its way somewhere, or a word we do not know
		return st, false
	}
}

// AwaitServer watches a server until its status is the wanted one on two polls in a row; with Settle, until VPS_SETTLE
// has passed and the status is a known and stable one.
func (a *Activities) AwaitServer(ctx context.Context, in contract.AwaitServerInput) (contract.AwaitServerResult, error) {
	w := startWait(ctx, a.pace.heartbeat, serverWait{})
	defer w.end()
	feed := a.watch.Server(in.ServerID)
	defer feed.Close()
	var (
		result  contract.AwaitServerResult
		lastErr error
	)
	timedOut, err := observe(w, feed, a.observation(in.Timeout, 2), func(look Look[contract.Server]) bool {
		if lastErr = look.Err; lastErr != nil {
			return false
		}
		before := w.read()
		state, over := before.see(in, look.Value.Status, w.elapsed(), a.settle)
		if state != before {
			w.write(state)
		}
		result.Server = look.Value
		return over
	})
	if err != nil {
		return contract.AwaitServerResult{}, err
	}
	if timedOut {
		result.State, result.Detail = contract.AwaitTimedOut, unfinished(w.read().Status, lastErr)
		return result, nil
	}
	result.State = contract.AwaitDone
	if result.Server.Status != in.Want {
		result.Detail = fmt.Sprintf("the server is %s and stays so", result.Server.Status)
	}
	return result, nil
}

// AwaitAccess asks the API who we are until it answers well: until a person has mended the token, or the API is back.
func (a *Activities) AwaitAccess(ctx context.Context, in contract.AwaitAccessInput) (contract.AwaitAccessResult, error) {
	w := startWait(ctx, a.pace.heartbeat, struct{}{})
	defer w.end()
	for {
		_, err := a.api.Me(w.ctx)
		if stop := w.interrupted(); stop != nil {
			return contract.AwaitAccessResult{}, stop
		}
		if err == nil {
			return contract.AwaitAccessResult{State: contract.AwaitDone}, nil
		}
		left := in.Timeout.Std() - w.elapsed()
		if left <= 0 {
			return contract.AwaitAccessResult{State: contract.AwaitTimedOut}, nil
		}
		if err := w.pause(min(a.poll, left)); err != nil {
			return contract.AwaitAccessResult{}, err
		}
	}
}
