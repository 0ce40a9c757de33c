package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// AwaitBackup watches the list of a server's manual backups until one of them is completed, failed or gone. It asks by
// itself once each VPS_POLL_INTERVAL: backups are too rare for the shared poll. Failed looks (a token that stopped
// working, too) only cost time: the API goes on making the backup without us.
func (a *Activities) AwaitBackup(ctx context.Context, in contract.AwaitBackupInput) (contract.AwaitBackupResult, error) {
	w := startWait(ctx, a.pace.heartbeat, backupWait{})
	defer w.end()
	feed := &backupFeed{every: a.poll, list: func(ctx context.Context) ([]contract.Backup, error) {
		return a.manualBackups(ctx, in.ServerID)
	}}
	defer feed.Close()
	var lastErr error
	var state contract.AwaitState
	timedOut, err := observe(w, feed, a.observation(in.Timeout, 1), func(look Look[[]contract.Backup]) (over bool) {
		if lastErr = look.Err; lastErr != nil {
			return false
		}
		before := w.read()
		after, judged := before.judge(in.BackupID, look.Value, w.elapsed(), a.settle)
		if after != before {
			w.write(after)
		}
		state = judged
		return state != ""
	})
	if err != nil {
		return contract.AwaitBackupResult{}, err
	}
	if timedOut {
		state = contract.AwaitTimedOut
	}
	last := w.read()
	return contract.AwaitBackupResult{State: state, Backup: last.Last, Detail: last.detail(state, lastErr)}, nil
}

// backupWait is what AwaitBackup remembers from one attempt to the next.
type backupWait struct {
	// Last is the backup as a list last showed it; zero before.
	Last contract.Backup `json:"last,omitzero"`
	// Absent counts the whole lists in a row that miss it, since MissingSince of the wait's time.
	Absent       int               `json:"absent,omitempty"`
	MissingSince contract.Duration `json:"missing_since,omitempty"`
}

// judge takes one whole list and says how the wait ended; no state means that it goes on. A backup is gone only when it
// was seen before and several lists over VPS_SETTLE miss it: one list may lag behind one that was shown before.
func (st backupWait) judge(id int64, list []contract.Backup, at, settle time.Duration) (backupWait, contract.AwaitState) {
	for _, b := range list {
		if b.ID != id {
			continue
		}
		st = backupWait{Last: b}
		switch {
		case b.Completed():
			return st, contract.AwaitDone
		case b.Failed():
			return st, contract.AwaitFailed
		default: // in progress, or a word that nobody knows
			return st, ""
		}
	}
	if st.Last.ID == 0 {
		return st, ""
	}
	if st.Absent++; st.Absent == 1 {
		st.MissingSince = contract.Duration(at)
	}
	if st.Absent < goneAfter || at-st.MissingSince.Std() < settle {
		return st, ""
	}
	return st, contract.AwaitGone
}

// detail says in one sentence how things stood; nothing when all is well.
func (st backupWait) detail(state contract.AwaitState, last error) string {
	var text string
	switch {
	case state == contract.AwaitDone:
		return ""
	case st.Last.ID == 0:
		text = "the backup never appeared in the list"
	case state == contract.AwaitGone:
		text = fmt.Sprintf("the backup was in the list and is missing from %d lists in a row", st.Absent)
	case st.Absent > 0:
		text = "the backup was missing from the last list"
	default:
		text = fmt.Sprintf("the backup's status was last %q", st.Last.Status)
	}
	if last != nil {
		text += "; the last look failed: " + last.Error()
	}
	return short(text)
}

// backupFeed is a feed of one wait alone.
type backupFeed struct {
	every time.Duration
	list  func(context.Context) ([]contract.Backup, error)
	// pause is the time before the next look; zero before the first.
	pause time.Duration
}

// Next looks once, a poll interval after the last look or as much later as the API asked for.
func (f *backupFeed) Next(ctx context.Context) (Look[[]contract.Backup], error) {
	timer := time.NewTimer(f.pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return Look[[]contract.Backup]{}, ctx.Err()
	case <-timer.C:
	}
	backups, err := f.list(ctx)
	if ctx.Err() != nil {
		return Look[[]contract.Backup]{}, ctx.Err() // it says nothing about the API
	}
	f.pause = f.every
	var said *vpsorg.Error
	if errors.As(err, &said) {
		f.pause = max(f.pause, said.RetryAfter)
	}
	return Look[[]contract.Backup]{Value: backups, Err: err}, nil
}

// Close does nothing: the feed holds nothing between two looks.
func (f *backupFeed) Close() {}
