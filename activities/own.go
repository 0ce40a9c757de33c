package activities

import (
	"cmp"
	"slices"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// matches says whether a snapshot was made by the run that own describes (law 1): its name, the whole run id in its
// description, and not listed before the first POST.
func matches(own contract.OwnSnapshot, s contract.Snapshot) bool {
	return own.RunID != "" && s.ServerID == own.ServerID && s.Name == own.Name &&
		contract.ParseMarker(s.Description).RunID == own.RunID && !slices.Contains(own.KnownIDs, s.ID)
}

// ours picks the snapshots of own from a list, the lowest id first.
func ours(own contract.OwnSnapshot, all []contract.Snapshot) []contract.Snapshot {
	return pick(all, func(s contract.Snapshot) bool { return matches(own, s) })
}

// oursOrAnswered also takes the snapshot whose id the create answered, whatever became of its texts since.
func oursOrAnswered(own contract.OwnSnapshot, id int64, all []contract.Snapshot) []contract.Snapshot {
	return pick(all, func(s contract.Snapshot) bool {
		answered := id != 0 && s.ID == id && s.ServerID == own.ServerID && !slices.Contains(own.KnownIDs, id)
		return answered || matches(own, s)
	})
}

func pick(all []contract.Snapshot, wanted func(contract.Snapshot) bool) []contract.Snapshot {
	picked := []contract.Snapshot{} // not nil: a history shows an empty list, not null
	for _, s := range all {
		if wanted(s) {
			picked = append(picked, s)
		}
	}
	slices.SortFunc(picked, func(a, b contract.Snapshot) int { return cmp.Compare(a.ID, b.ID) })
	return picked
}
