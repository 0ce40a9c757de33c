package activities

import (
	"fmt"
	"slices"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// mayDelete is law 4: it says why a snapshot may not be deleted, or that it is gone already. Both zero means that it
// may be deleted. all is the whole list of the server, read right before.
func mayDelete(all []contract.Snapshot, in contract.DeleteSnapshotInput) (refusal string, gone bool) {
	found := pick(all, func(s contract.Snapshot) bool { return s.ID == in.SnapshotID })
	switch {
	case len(found) == 0:
		return "", true
	case len(found) > 1:
		return "the list shows its id more than once", false
	}
	s := found[0]
	if why := notOurs(s, in); why != "" {
		return why, false
	}
	switch {
	case !s.Finished():
		return fmt.Sprintf("it is not finished (status %q)", short(string(s.Status))), false
	case slices.Contains(in.RestorePoints, s.ID):
		return "a running runbook may still roll back to it", false
	case in.TwinOf != 0:
		return notTwin(all, s, in), false
	case s.Completed() && !someNewerCompleted(all, s):
		return "no completed snapshot of the server is known to be newer", false
	default:
		return "", false
	}
}

// notOurs says what is missing of the proof that the snapshot belongs to the policy that wants it deleted.
func notOurs(s contract.Snapshot, in contract.DeleteSnapshotInput) string {
	marker := contract.ParseMarker(s.Description)
	switch {
	case s.ServerID != in.ServerID:
		return fmt.Sprintf("it is of server %d", s.ServerID)
	case in.NamePrefix == "" || !strings.HasPrefix(s.Name, in.NamePrefix+"-"):
		return fmt.Sprintf("its name does not begin with %q", in.NamePrefix+"-")
	case !marker.Managed:
		return "its description does not say that Safepoint made it"
	case in.Policy == "" || marker.Policy != in.Policy:
		return fmt.Sprintf("its policy is %q, not %q", short(marker.Policy), in.Policy)
	case marker.Protected:
		return "it is protected (protect=true)"
	default:
		return ""
	}
}

// notTwin is the one exception to "never the newest completed one": a duplicate that this very run made may go, once
// the one that is kept is completed.
func notTwin(all []contract.Snapshot, s contract.Snapshot, in contract.DeleteSnapshotInput) string {
	kept := slices.IndexFunc(all, func(k contract.Snapshot) bool { return k.ID == in.TwinOf && k.ServerID == in.ServerID })
	runID := contract.ParseMarker(s.Description).RunID
	switch {
	case s.ID == in.TwinOf:
		return "it is the one to keep"
	case kept < 0:
		return fmt.Sprintf("the one to keep, snapshot %d, is not in the list", in.TwinOf)
	case !all[kept].Completed():
		return fmt.Sprintf("the one to keep, snapshot %d, is not completed", in.TwinOf)
	case runID == "" || runID != in.Fence.OriginalRunID:
		return "this run did not make it"
	case s.Name != all[kept].Name || contract.ParseMarker(all[kept].Description).RunID != runID:
		return fmt.Sprintf("it is no twin of snapshot %d", in.TwinOf)
	default:
		return ""
	}
}

// someNewerCompleted says whether a completed snapshot of the same server is provably newer: by the API's own
// created_at, then by id. Without a created_at nothing is proved.
func someNewerCompleted(all []contract.Snapshot, s contract.Snapshot) bool {
	return slices.ContainsFunc(all, func(o contract.Snapshot) bool {
		if o.ServerID != s.ServerID || !o.Completed() || o.CreatedAt.IsZero() || s.CreatedAt.IsZero() {
			return false
		}
		return o.CreatedAt.After(s.CreatedAt) || o.CreatedAt.Equal(s.CreatedAt) && o.ID > s.ID
	})
}

// unfit says why a snapshot may not be restored to a server (law 3), from the whole list of the server. Empty means
// that it may.
func unfit(all []contract.Snapshot, in contract.RestoreSnapshotInput) string {
	found := pick(all, func(s contract.Snapshot) bool { return s.ID == in.SnapshotID })
	switch {
	case len(found) == 0:
		return fmt.Sprintf("snapshot %d is not in the list of server %d", in.SnapshotID, in.ServerID)
	case len(found) > 1:
		return fmt.Sprintf("the list shows snapshot %d more than once", in.SnapshotID)
	case found[0].ServerID != in.ServerID:
		return fmt.Sprintf("snapshot %d is of server %d, not of server %d", in.SnapshotID, found[0].ServerID, in.ServerID)
	case !found[0].Completed():
		return fmt.Sprintf("snapshot %d is not completed (status %q)", in.SnapshotID, short(string(found[0].Status)))
	default:
		return ""
	}
}
