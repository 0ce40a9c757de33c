package target

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Match chooses from the whole list of the account's servers: chosen is ordered by id, missing are the selector's own
// ids that are not in the list, in order. A selector that Validate refuses for being empty chooses nothing.
func Match(s Selector, servers []contract.Server) (chosen []contract.Server, missing []int64) {
	m := newMatcher(s)
	there := make(map[int64]bool, len(servers))
	for _, server := range servers {
		there[server.ID] = true
		if m.chooses(server) {
			chosen = append(chosen, server)
		}
	}
	slices.SortFunc(chosen, func(a, b contract.Server) int { return cmp.Compare(a.ID, b.ID) })
	for _, id := range s.Servers {
		if !there[id] {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	return chosen, slices.Compact(missing)
}

// matcher is a selector with its lists made quick to ask: both may have thousands of entries.
type matcher struct {
	Selector
	wanted, excluded map[int64]bool
}

func newMatcher(s Selector) matcher {
	return matcher{Selector: s, wanted: setOf(s.Servers), excluded: setOf(s.Exclude)}
}

func setOf(ids []int64) map[int64]bool {
	set := make(map[int64]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func (m matcher) chooses(server contract.Server) bool {
	switch {
	case !m.All && len(m.wanted) == 0 && m.NameGlob == "" && m.Location == "" && m.Status == "":
		return false // a forgotten field must never mean the whole account
	case len(m.wanted) > 0 && !m.wanted[server.ID], m.excluded[server.ID]:
		return false
	case m.NameGlob != "" && !globs(m.NameGlob, server.Name, false):
		return false
	case m.Location != "" && !strings.EqualFold(m.Location, server.Location):
		return false
	case m.Status != "" && !strings.EqualFold(string(m.Status), string(server.Status)):
		return false
	default:
		return !m.excludesName(server.Name)
	}
}

func (m matcher) excludesName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(m.ExcludeNames, func(pattern string) bool {
		return globs(strings.ToLower(pattern), name, true)
	})
}

// globs matches a whole name. broken is the answer of a pattern that cannot be read: the one that chooses fewer servers.
func globs(pattern, name string, broken bool) bool {
	// A slash is a character like any other: a name is no path.
	const slash = "\x00"
	matched, err := path.Match(strings.ReplaceAll(pattern, "/", slash), strings.ReplaceAll(name, "/", slash))
	if err != nil {
		return broken
	}
	return matched
}
