package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// chooseSnapshot finds the one snapshot that the choice means, in the whole list of the server. A problem says why there
// is none to restore, and which are there instead; the snapshot is then the zero value.
// now is the API's clock, or zero when it is not known.
func chooseSnapshot(all []contract.Snapshot, serverID int64, choice SnapshotChoice, now time.Time) (chosen contract.Snapshot, problem string) {
	var found []contract.Snapshot
	what := ""
	switch {
	case choice.ID != 0:
		what = fmt.Sprintf("no snapshot %d", choice.ID)
		found = pickSnapshots(all, func(s contract.Snapshot) bool { return s.ID == choice.ID })
	case choice.Latest != "":
		what, found = latest(all, serverID, choice.Latest)
		problem = doubtfulLatest(found, now)
		found = found[:min(len(found), 1)]
	default:
		what = "no snapshot named " + strictjson.Quote(choice.Name)
		found = pickSnapshots(all, func(s contract.Snapshot) bool { return s.ServerID == serverID && s.Name == choice.Name })
	}
	switch {
	case problem != "":
	case len(found) == 0:
		problem = fmt.Sprintf("server %d has %s", serverID, what)
	case len(found) > 1 && choice.ID != 0:
		problem = fmt.Sprintf("the list shows snapshot %d more than once", choice.ID) // not a list to overwrite a server by
	case len(found) > 1:
		problem = fmt.Sprintf("server %d has %d snapshots named %s, with the ids %s: give the id", serverID, len(found), strictjson.Quote(choice.Name), shownIDs(found))
	case found[0].ServerID != serverID:
		problem = fmt.Sprintf("snapshot %d is of server %d, not of server %d", found[0].ID, found[0].ServerID, serverID)
	case !found[0].Completed():
		problem = fmt.Sprintf("snapshot %d %s is %s, not completed", found[0].ID, strictjson.Quote(found[0].Name), plainStatus(found[0].Status))
	default:
		return found[0], ""
	}
	return contract.Snapshot{}, problem + "; " + whatIsThere(all, serverID)
}

// latest are the completed snapshots that the word means, the newest one first. A safety snapshot is never meant: it holds a
// state that somebody wanted to get away from.
func latest(all []contract.Snapshot, serverID int64, word string) (what string, found []contract.Snapshot) {
	what = "no completed snapshot of Safepoint's (safety snapshots do not count)"
	if word == LatestAnySnapshot {
		what = "no completed snapshot (safety snapshots do not count)"
	}
	candidates := newestSnapshotsFirst(pickSnapshots(all, func(s contract.Snapshot) bool {
		marker := contract.ParseMarker(s.Description)
		ours := marker.Managed || word == LatestAnySnapshot
		return s.ServerID == serverID && s.Completed() && ours && marker.Purpose != contract.PurposeSafety
	}))
	return what, candidates
}

// doubtfulLatest says why nobody can tell which of them is the latest, or nothing. The API numbers snapshots in the order
// in which they are made; a wrong date must not overwrite a server with another day's disk.
func doubtfulLatest(newestFirst []contract.Snapshot, now time.Time) string {
	if len(newestFirst) == 0 {
		return ""
	}
	newest := newestFirst[0]
	if !now.IsZero() && newest.CreatedAt.After(now.Add(retention.Skew)) {
		return fmt.Sprintf("snapshot %d %s is dated in the future (%s, the API's clock says %s), so nobody can tell which one is the latest: give the id",
			newest.ID, strictjson.Quote(newest.Name), shownTime(newest.CreatedAt), shownTime(now))
	}
	highest := slices.MaxFunc(newestFirst, func(a, b contract.Snapshot) int { return cmp.Compare(a.ID, b.ID) })
	if highest.ID != newest.ID {
		return fmt.Sprintf("snapshot %d is the newest by its date, but snapshot %d by its number, so nobody can tell which one is the latest: give the id", newest.ID, highest.ID)
	}
	return ""
}

// newerManaged is the newest snapshot that a runbook has begun on the server after the given one, by its date or by its
// number, or nil. Safety snapshots do not count.
func newerManaged(all []contract.Snapshot, than contract.Snapshot) *contract.Snapshot {
	before := true // in the list, newest first, the given one has not come yet
	for _, s := range newestSnapshotsFirst(pickSnapshots(all, func(s contract.Snapshot) bool { return s.ServerID == than.ServerID })) {
		if s.ID == than.ID {
			before = false
			continue
		}
		marker := contract.ParseMarker(s.Description)
		if (before || s.ID > than.ID) && marker.Managed && marker.Purpose != contract.PurposeSafety {
			return &s
		}
	}
	return nil
}

// pickSnapshots are the ones wanted, in a list of their own.
func pickSnapshots(all []contract.Snapshot, wanted func(contract.Snapshot) bool) []contract.Snapshot {
	var picked []contract.Snapshot
	for _, s := range all {
		if wanted(s) {
			picked = append(picked, s)
		}
	}
	return picked
}

// newestSnapshotsFirst orders a copy by the API's creation time, then by id; by id alone when one of them has no time.
func newestSnapshotsFirst(list []contract.Snapshot) []contract.Snapshot {
	sorted := slices.Clone(list)
	byTime := !slices.ContainsFunc(sorted, func(s contract.Snapshot) bool { return s.CreatedAt.IsZero() })
	slices.SortFunc(sorted, func(a, b contract.Snapshot) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); byTime && c != 0 {
			return c
		}
		return cmp.Compare(b.ID, a.ID)
	})
	return sorted
}

// Bounds of what a message lists. An honest server has five snapshots.
const maxShownSnapshots = 10

// whatIsThere lists the server's snapshots, newest first, with what a person needs to choose one.
func whatIsThere(all []contract.Snapshot, serverID int64) string {
	there := newestSnapshotsFirst(pickSnapshots(all, func(s contract.Snapshot) bool { return s.ServerID == serverID }))
	if len(there) == 0 {
		return "it has none"
	}
	var b strings.Builder
	b.WriteString("it has: ")
	for i, s := range there {
		if i == maxShownSnapshots {
			fmt.Fprintf(&b, ", and %d more", len(there)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d %s (%s, created %s)", s.ID, strictjson.Quote(s.Name), plainStatus(s.Status), shownTime(s.CreatedAt))
	}
	return b.String()
}

// plainStatus is a status for people. It is the API's own word, which may be anything.
func plainStatus(status contract.SnapshotStatus) string {
	if plainWord.MatchString(string(status)) && len(status) <= maxRunner {
		return string(status)
	}
	return strictjson.Quote(string(status))
}

// shownTime is a moment of the API's clock, for people.
func shownTime(at time.Time) string {
	if at.IsZero() {
		return "at an unknown time"
	}
	return at.UTC().Format("2006-01-02 15:04 UTC")
}

// shownIDs lists ids, as many as a message lists.
func shownIDs(list []contract.Snapshot) string {
	var ids []string
	for i, s := range list {
		if i == maxShownSnapshots {
			ids = append(ids, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		ids = append(ids, strconv.FormatInt(s.ID, 10))
	}
	return strings.Join(ids, ", ")
}
