package vpsfake

import (
	"fmt"
	"slices"
	"time"
)

// rule says what is wrong with a request, or nothing.
type rule struct {
	law    int
	broken func(f *Fake, now time.Time, e *record) string
}

// arrivalRules judge a request by its being sent: a client breaks them even when a fault swallows the request.
var arrivalRules = []rule{
	{1, createdAgainWithoutLook},
	{1, backedUpAgainWithoutLook},
	{2, changedBeforeSafePoint},
	{3, restoredUnfinished},
	{3, restoredUnseen},
	{3, restoredAgainWithoutLook},
	{4, deletedForeign},
	{4, deletedProtected},
	{4, deletedInProgress},
	{4, deletedNewest},
	{7, wroteAtOnce},
	{12, createdBeyondLimit},
	{12, backedUpBeyondLimit},
}

// effectRules judge what a request has done.
var effectRules = []rule{
	{1, duplicated},
	{1, duplicatedBackup},
	{3, restoredTwice},
}

func (f *Fake) checkArrival(now time.Time, e *record) {
	f.check(arrivalRules, now, e)
	if e.isWrite() {
		f.laws.inFlight[e.ServerID] = append(f.laws.inFlight[e.ServerID], e.Seq)
	}
}

func (f *Fake) checkEffect(now time.Time, e *record) { f.check(effectRules, now, e) }

func (f *Fake) check(rules []rule, now time.Time, e *record) {
	for _, r := range rules {
		if detail := r.broken(f, now, e); detail != "" {
			f.violate(now, e, r.law, detail)
		}
	}
}

// isWrite holds for what may alter a server that is known; the deploy hook is a write as well.
func (e *record) isWrite() bool {
	return e.ServerID != 0 && (slices.Contains(writeOps, e.Op) || e.Op == OpDeployHook)
}

// createdAgainWithoutLook: after an ambiguous answer the client waits Settle, then lists, and only then may try again.
func createdAgainWithoutLook(f *Fake, _ time.Time, e *record) string {
	if e.Op != OpCreateSnapshot {
		return ""
	}
	doubt, inDoubt := f.laws.creates[createKey{e.ServerID, e.Name}]
	list := f.laws.lastList(e.ServerID)
	if !inDoubt || (list.after(doubt) && list.asked.Sub(doubt.at) >= f.laws.settled()) {
		return ""
	}
	return fmt.Sprintf("second create of %q on server %d, %s after an ambiguous answer, with no list asked for later than %s after it",
		e.Name, e.ServerID, e.Time.Sub(doubt.at).Round(time.Millisecond), f.laws.settle)
}

// duplicated: two usable snapshots of one intent. It is excused when a list asked for a whole Settle after the older one
// was made still didn't show it: the design accepts that, and Duplicates tells whether it was cleaned up.
func duplicated(f *Fake, now time.Time, e *record) string {
	if e.Op != OpCreateSnapshot {
		return ""
	}
	made := f.snapshots[e.SnapshotID]
	list := f.laws.lastList(e.ServerID)
	for _, older := range f.liveSnapshots(e.ServerID, now) {
		hidden := list.asOf.Before(older.born) && list.asked.Sub(older.born) >= f.laws.settled()
		if sameIntent(older, made, now) && !hidden {
			return fmt.Sprintf("snapshot %d is a duplicate of %d: both are %q of server %d", made.id, older.id, made.name, made.serverID)
		}
	}
	return ""
}

// changedBeforeSafePoint: no change while the newest managed snapshot isn't completed. A server without any managed
// snapshot is somebody's own business: the hook alone can't tell who calls it.
func changedBeforeSafePoint(f *Fake, now time.Time, e *record) string {
	if e.Op != OpDeployHook {
		return ""
	}
	newest := f.newest(e.ServerID, now, func(s *snapshot) bool { return s.says(wordManaged) })
	if newest == nil || newest.statusAt(now) == snapshotCompleted {
		return ""
	}
	return fmt.Sprintf("change of server %d while its newest managed snapshot %d is %s", e.ServerID, newest.id, newest.statusAt(now))
}

// restoring is the snapshot that a restore names, if it exists.
func (f *Fake) restoring(now time.Time, e *record) *snapshot {
	snap := f.snapshots[e.SnapshotID]
	if e.Op != OpRestoreSnapshot || snap == nil || !snap.liveAt(now) {
		return nil
	}
	return snap
}

func restoredUnfinished(f *Fake, now time.Time, e *record) string {
	snap := f.restoring(now, e)
	if snap == nil || snap.statusAt(now) == snapshotCompleted {
		return ""
	}
	return fmt.Sprintf("restore of snapshot %d, which is %s", snap.id, snap.statusAt(now))
}

// restoredUnseen: the status and the server of a snapshot are only in the list, so a client that was never shown it as
// completed can't have checked either.
func restoredUnseen(f *Fake, now time.Time, e *record) string {
	snap := f.restoring(now, e)
	if snap == nil || snap.shownCompleted || snap.statusAt(now) != snapshotCompleted {
		return ""
	}
	return fmt.Sprintf("restore of snapshot %d, which no list has shown as completed: its server and status were not checked", snap.id)
}

func restoredAgainWithoutLook(f *Fake, _ time.Time, e *record) string {
	doubt, inDoubt := f.laws.restores[e.ServerID]
	if e.Op != OpRestoreSnapshot || !inDoubt || f.laws.lastServerLook(e.ServerID).after(doubt) {
		return ""
	}
	return fmt.Sprintf("second restore on server %d after an ambiguous answer without a look at the server in between", e.ServerID)
}

// restoredTwice: a second restore of the same snapshot with no change in between decides nothing new.
func restoredTwice(f *Fake, _ time.Time, e *record) string {
	if e.Op != OpRestoreSnapshot {
		return ""
	}
	srv := f.servers[e.ServerID]
	last := srv.lastRestore
	srv.lastRestore.snapshotID, srv.lastRestore.changes = e.SnapshotID, srv.changes
	if last.snapshotID != e.SnapshotID || last.changes != srv.changes {
		return ""
	}
	return fmt.Sprintf("snapshot %d was restored on server %d twice with no change in between", e.SnapshotID, e.ServerID)
}

// deleting is the snapshot that a delete names, if it exists.
func (f *Fake) deleting(now time.Time, e *record) *snapshot {
	snap := f.snapshots[e.SnapshotID]
	if e.Op != OpDeleteSnapshot || snap == nil || !snap.liveAt(now) {
		return nil
	}
	return snap
}

func deletedForeign(f *Fake, now time.Time, e *record) string {
	snap := f.deleting(now, e)
	if snap == nil || snap.says(wordManaged) {
		return ""
	}
	return fmt.Sprintf("delete of snapshot %d, which is not Safepoint's: its description doesn't say %s", snap.id, wordManaged)
}

func deletedProtected(f *Fake, now time.Time, e *record) string {
	snap := f.deleting(now, e)
	if snap == nil || !snap.says(wordProtected) {
		return ""
	}
	return fmt.Sprintf("delete of snapshot %d, which is protected", snap.id)
}

// deletedInProgress also holds for a status that nobody knows: it is not finished.
func deletedInProgress(f *Fake, now time.Time, e *record) string {
	snap := f.deleting(now, e)
	if snap == nil {
		return ""
	}
	switch snap.statusAt(now) {
	case snapshotCompleted, snapshotFailed, "error":
		return ""
	default: // in_progress, or a word that is not in the reference
		return fmt.Sprintf("delete of snapshot %d, which is %s", snap.id, snap.statusAt(now))
	}
}

// deletedNewest: the newest completed snapshot stays, whoever made it, unless it is a duplicate of another completed one.
func deletedNewest(f *Fake, now time.Time, e *record) string {
	snap := f.deleting(now, e)
	completed := func(s *snapshot) bool { return s.statusAt(now) == snapshotCompleted }
	if snap == nil || !completed(snap) || f.newest(snap.serverID, now, completed) != snap {
		return ""
	}
	for _, other := range f.liveSnapshots(snap.serverID, now) {
		if completed(other) && sameIntent(other, snap, now) {
			return ""
		}
	}
	return fmt.Sprintf("delete of snapshot %d, the newest completed one of server %d", snap.id, snap.serverID)
}

// newest is the newest snapshot that exists and is wanted, or nil.
func (f *Fake) newest(serverID int64, now time.Time, wanted func(*snapshot) bool) *snapshot {
	var found *snapshot
	for _, s := range f.liveSnapshots(serverID, now) {
		if wanted(s) && (found == nil || s.newerThan(found)) {
			found = s
		}
	}
	return found
}

func wroteAtOnce(f *Fake, _ time.Time, e *record) string {
	open := f.laws.inFlight[e.ServerID]
	if !e.isWrite() || len(open) == 0 {
		return ""
	}
	return fmt.Sprintf("%s on server %d while request %d is not answered yet", e.Op, e.ServerID, open[0])
}

func createdBeyondLimit(f *Fake, now time.Time, e *record) string {
	if e.Op != OpCreateSnapshot || len(f.liveSnapshots(e.ServerID, now)) < maxSnapshots || e.ServerID == 0 {
		return ""
	}
	return fmt.Sprintf("create on server %d, which has %d snapshots already", e.ServerID, maxSnapshots)
}
