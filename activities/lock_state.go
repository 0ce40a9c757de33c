package activities

import (
	"fmt"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// lockState is what a look at a lock found.
type lockState int

const (
	// lockFree: nothing stands in the way of a try.
	lockFree lockState = iota
	// lockBusy: a runbook that is alive holds it.
	lockBusy
	// lockStale: its holder is gone, but a write of the holder may still be in flight until the grace is over.
	lockStale
)

// lockLook is one look at a lock and the runbook behind it.
type lockLook struct {
	state  lockState
	holder contract.LockHolder
	// lock is the run to wait for, and open says whether it must be terminated when the grace is over.
	lockRunID string
	open      bool
	grace     time.Duration
	why       string
}

// asker is the runbook that wants the lock.
type asker struct{ workflowID, runID string }

// judgeLock decides from the lock and its holder's latest run; either may be the zero run.
func judgeLock(lock, holder run, me asker) lockLook {
	look := lockLook{holder: holder.holder(), lockRunID: lock.runID, open: lock.open()}
	look.holder.WorkflowID = lock.parentID // also of a holder that no longer exists
	phase := holder.phase
	if holder.runID != lock.parentRunID {
		phase = "" // of another run than the one that took the lock and may have a write in flight
	}
	mine := lock.parentID != "" && lock.parentID == me.workflowID
	switch {
	case lock.runID == "":
		look.why = "there is no lock"
	case lock.open() && lock.parentID == "":
		// Started by hand, perhaps to keep every runbook away from a server. Nobody knows better than that person.
		look.state, look.why = lockBusy, "the lock was started by hand and belongs to no runbook"
	case lock.open() && holder.open() && !mine:
		look.state, look.why = lockBusy, "a running runbook holds the lock"
	case lock.open() && mine:
		look.state, look.why = lockStale, "an earlier run of this runbook left the lock behind"
		look.grace = longer(lock)
	case lock.open():
		look.state, look.why = lockStale, "the runbook that held the lock is gone"
		look.grace = graceAfter(lock, phase)
	case lock.released() || !holder.open():
		look.why = "the lock is closed"
	case mine && lock.parentRunID == me.runID:
		// This very run held it. It waits for its own writes itself.
		look.why = "the lock of this run was closed by force"
	default:
		// Terminated by hand, perhaps, while its holder runs: the holder sends nothing new, but may just have sent something.
		look.state, look.why = lockStale, "the lock was closed by force while its runbook runs"
		look.grace = graceAfter(lock, phase)
		if mine {
			look.grace = longer(lock)
		}
	}
	return look
}

// graceAfter is how long a holder that was in the phase may still have a write in flight.
func graceAfter(lock run, phase string) time.Duration {
	if quietPhases[phase] {
		return writeGrace(lock)
	}
	return longer(lock)
}

func writeGrace(lock run) time.Duration {
	if lock.writeGrace <= 0 {
		return contract.WriteGrace
	}
	return lock.writeGrace
}

// longer is the grace of a change, or of a phase that is not known.
func longer(lock run) time.Duration {
	if lock.changeGrace <= 0 {
		return longestChange
	}
	return max(writeGrace(lock), lock.changeGrace)
}

// lockWait is what AwaitLock remembers from one attempt to the next.
type lockWait struct {
	// StaleRunID is the stale lock's run that the grace is counted for, since the time StaleSince of the wait.
	StaleRunID string            `json:"stale_run_id,omitempty"`
	StaleSince contract.Duration `json:"stale_since,omitempty"`
	// Holder is who held the lock at the last look, for people who look at the heartbeat.
	Holder contract.LockHolder `json:"holder,omitzero"`
}

// graceLeft starts the count for the look's lock, anew when it is another run than before, and returns what is left.
// A lock that is not stale ends the count.
func (st lockWait) graceLeft(look lockLook, at time.Duration) (lockWait, time.Duration) {
	st.Holder = look.holder
	if look.state != lockStale {
		st.StaleRunID, st.StaleSince = "", 0
		return st, 0
	}
	if st.StaleRunID != look.lockRunID {
		st.StaleRunID, st.StaleSince = look.lockRunID, contract.Duration(at)
	}
	return st, look.grace - (at - st.StaleSince.Std())
}

// words says in one sentence how things stand.
func (l lockLook) words(left time.Duration) string {
	if l.state == lockStale && left > 0 {
		return fmt.Sprintf("%s; it may be taken in %s, when nothing of it can be in flight any more",
			l.why, contract.Duration(left.Round(time.Second)))
	}
	return l.why
}
