package activities

import (
	"fmt"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// goneAfter is how many whole lists in a row must miss a snapshot that was seen before it counts as gone, besides the
// time that missing asks for.
const goneAfter = 2

// snapshotWait is what AwaitSnapshot remembers from one attempt to the next.
type snapshotWait struct {
	// Seen is true once a list showed one of our snapshots.
	Seen bool `json:"seen"`
	// Absent counts the whole lists in a row that show none of them.
	Absent int `json:"absent,omitempty"`
	// MissingSince is the time of the wait at the first of them.
	MissingSince contract.Duration `json:"missing_since,omitempty"`
	// Status is that of the kept one when it was last seen, for people who look at the heartbeat.
	Status contract.SnapshotStatus `json:"status,omitempty"`
}

// judge takes one whole list and says whether the wait is over. It is law 1 (keep the lowest id, wait for the twins) and
// law 2 (completed as the list shows it, an unknown status is not finished).
func (st snapshotWait) judge(own contract.OwnSnapshot, id int64, all []contract.Snapshot) (snapshotWait, contract.AwaitSnapshotResult, bool) {
	found := oursOrAnswered(own, id, all)
	result := contract.AwaitSnapshotResult{All: all}
	if len(found) == 0 {
		if st.Seen {
			st.Absent++
		}
		if st.Absent < goneAfter {
			return st, result, false
		}
		result.State = contract.AwaitGone
		result.Detail = fmt.Sprintf("the snapshot was in the list and is missing from %d lists in a row", st.Absent)
		return st, result, true
	}
	kept, finished := keptOf(found)
	st = snapshotWait{Seen: true, Status: found[kept].Status}
	result.Snapshot = found[kept]
	for i, s := range found {
		if i != kept {
			result.Twins = append(result.Twins, s)
		}
	}
	switch {
	case result.Snapshot.Failed(): // then all of them have failed: keptOf prefers any other
		result.State = contract.AwaitFailed
		result.Detail = fmt.Sprintf("the API says that the snapshot is %q", result.Snapshot.Status)
	case result.Snapshot.Completed() && finished:
		result.State = contract.AwaitDone
	default:
		return st, result, false
	}
	return st, result, true
}

// missing dates the absence of a snapshot that was seen, and takes back an end that comes too soon: one list may lag
// by up to VPS_SETTLE, behind a list that was shown before, too.
func (st snapshotWait) missing(state contract.AwaitState, over bool, at, settle time.Duration) (snapshotWait, bool) {
	if st.Absent == 1 {
		st.MissingSince = contract.Duration(at)
	}
	if state == contract.AwaitGone && at-st.MissingSince.Std() < settle {
		return st, false
	}
	return st, over
}

// keptOf returns the index of the one to keep, the lowest id that has not failed (else the lowest), and whether all of
// them are finished. found is sorted by id and not empty.
func keptOf(found []contract.Snapshot) (kept int, finished bool) {
	kept, finished = -1, true
	for i, s := range found {
		if kept < 0 && !s.Failed() {
			kept = i
		}
		finished = finished && s.Finished()
	}
	return max(kept, 0), finished
}

// unready says in one sentence how things stood when time was over.
func (st snapshotWait) unready(elapsed, settle time.Duration, last error) string {
	var text string
	switch {
	case !st.Seen && elapsed > settle:
		text = fmt.Sprintf("the snapshot never appeared in the list, in %s", elapsed.Round(time.Second))
	case !st.Seen:
		text = "the snapshot has not appeared in the list yet"
	case st.Absent > 0:
		text = "the snapshot was missing from the last list"
	default:
		text = fmt.Sprintf("the snapshot's status was last %q", st.Status)
	}
	if last != nil {
		text += "; the last look failed: " + last.Error()
	}
	return short(text)
}
