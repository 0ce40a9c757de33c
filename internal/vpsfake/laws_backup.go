package vpsfake

import (
	"cmp"
	"fmt"
	"time"
)

// backupIntent tells the backup of one run from another's: a backup has no name. It is cut because it is kept with every
// request.
func backupIntent(description string) string {
	intent := cmp.Or(runIn(description), description)
	return intent[:min(len(intent), 200)]
}

// sameBackup says whether two backups were made by one run. What does not say so is somebody's own business, and a failed
// one is no backup.
func sameBackup(a, b *backup, now time.Time) bool {
	usable := func(x *backup) bool {
		status := x.statusAt(now)
		return x.liveAt(now) && saysIn(x.description, wordManaged) && status != snapshotFailed && status != "error"
	}
	return a.id != b.id && a.serverID == b.serverID && runIn(a.description) == runIn(b.description) && usable(a) && usable(b)
}

// backedUpAgainWithoutLook is law 1 for backups: after an ambiguous answer the client waits Settle, then lists, and only
// then may try again.
func backedUpAgainWithoutLook(f *Fake, _ time.Time, e *record) string {
	if e.Op != OpCreateBackup {
		return ""
	}
	doubt, inDoubt := f.laws.backups[createKey{e.ServerID, e.intent}]
	list := f.laws.lastBackupList(e.ServerID)
	if !inDoubt || (list.after(doubt) && list.asked.Sub(doubt.at) >= f.laws.settled()) {
		return ""
	}
	return fmt.Sprintf("second backup of server %d, %s after an ambiguous answer, with no list asked for later than %s after it",
		e.ServerID, e.Time.Sub(doubt.at).Round(time.Millisecond), f.laws.settle)
}

// duplicatedBackup: two usable backups of one run. It is excused as a duplicate snapshot is.
func duplicatedBackup(f *Fake, now time.Time, e *record) string {
	if e.Op != OpCreateBackup {
		return ""
	}
	list := f.laws.lastBackupList(e.ServerID)
	made := f.backups[len(f.backups)-1] // right after its effect
	for _, older := range f.liveBackups(e.ServerID, now) {
		hidden := list.asOf.Before(older.born) && list.asked.Sub(older.born) >= f.laws.settled()
		if sameBackup(older, made, now) && !hidden {
			return fmt.Sprintf("backup %d is a duplicate of %d: both are of one run on server %d", made.id, older.id, made.serverID)
		}
	}
	return ""
}

func backedUpBeyondLimit(f *Fake, now time.Time, e *record) string {
	if e.Op != OpCreateBackup || f.manualBackups(e.ServerID, now) < maxBackups || e.ServerID == 0 {
		return ""
	}
	return fmt.Sprintf("backup of server %d, which has %d manual ones already", e.ServerID, maxBackups)
}
