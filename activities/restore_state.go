package activities

import (
	"fmt"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// restoreWait is what AwaitRestore remembers from one attempt to the next. It decides when a restore has finished
// (law 3): pure, fed with looks at the server and the time watched so far.
type restoreWait struct {
	// SeenRestoring is true once a look showed the status restoring.
	SeenRestoring bool `json:"seen_restoring"`
	// Status and UpdatedAt are of the last look.
	Status    contract.ServerStatus `json:"status,omitempty"`
	UpdatedAt time.Time             `json:"updated_at,omitzero"`
	// InARow counts looks in a row with that status. A look that failed says nothing and does not break the row.
	InARow int `json:"in_a_row,omitempty"`
	// Quiet is how long status and updated_at have not moved. Each look adds the time since the one before it, at most
	// restoreLimits.reach: what happened in a longer gap nobody saw.
	Quiet contract.Duration `json:"quiet,omitempty"`
	// at is when this worker looked last, as a duration of the wait; zero before its first look.
	at time.Duration
}

// restoreLimits are the times that the decision rests on.
type restoreLimits struct {
	// settle is VPS_SETTLE.
	settle time.Duration
	// reach is the longest gap between two looks that counts as watched: somewhat above the poll interval.
	reach time.Duration
}

// restoreEnd is the decision after a look.
type restoreEnd struct {
	done    bool
	unclear bool
	detail  string
}

// see takes one look, made after the time at. before is the server right before the first POST.
func (st restoreWait) see(before, now contract.Server, at time.Duration, limits restoreLimits) (restoreWait, restoreEnd) {
	same := st.Status == now.Status && st.UpdatedAt.Equal(now.UpdatedAt)
	switch {
	case !same:
		st.Quiet = 0
	case st.at > 0:
		st.Quiet += contract.Duration(min(at-st.at, limits.reach))
	}
	if st.Status == now.Status {
		st.InARow++
	} else {
		st.InARow = 1
	}
	st.Status, st.UpdatedAt, st.at = now.Status, now.UpdatedAt, at

	switch now.Status {
	case contract.ServerActive, contract.ServerStopped:
		return st, st.finished(before, limits.settle)
	case contract.ServerRestoring:
		st.SeenRestoring = true
		return st, restoreEnd{}
	default: // suspended, and every word we do not know: not an end that we understand, so it is still under way
		return st, restoreEnd{}
	}
}

// finished judges a server whose last look was active or stopped.
func (st restoreWait) finished(before contract.Server, settle time.Duration) restoreEnd {
	if st.InARow < 2 {
		return restoreEnd{} // one look may be a flicker, or older than the one before it
	}
	if st.SeenRestoring {
		return restoreEnd{done: true, detail: fmt.Sprintf("the server was seen restoring and is now %s", st.Status)}
	}
	// Never seen restoring: the status may lag behind the API's yes, or the restore may have ended while nobody looked.
	if st.Quiet.Std() < quietNeeded(st.Status, before.Status, settle) {
		return restoreEnd{}
	}
	moved := !before.UpdatedAt.IsZero() && !st.UpdatedAt.IsZero() && !before.UpdatedAt.Equal(st.UpdatedAt)
	if moved {
		return restoreEnd{
			done: true, detail: "the server was never seen restoring, but its updated_at moved and it has been quiet since",
		}
	}
	return restoreEnd{
		done: true, unclear: true,
		detail: "the server was never seen restoring and its updated_at did not move: " +
			"only verification can tell whether the restore took effect",
	}
}

// quietNeeded is longer for a server that ran before and is stopped now. The API stops a server by itself before it
// shows restoring; taking that for the end would start the server in the middle of its restore.
func quietNeeded(now, before contract.ServerStatus, settle time.Duration) time.Duration {
	if now == contract.ServerStopped && before != contract.ServerStopped {
		return 2 * settle
	}
	return settle
}
