package activities

import (
	"slices"
	"strings"
)

// Parts of the words in which the API names a token's permissions. They are not documented: what is in none of these lists
// could mean anything.
var (
	readingParts = []string{"read", "readonly", "view", "viewer", "list", "get"}
	writingParts = []string{"write", "readwrite", "full", "admin", "all", "manage", "create", "delete", "restore", "rw"}
	denyingParts = []string{"none", "no", "deny", "denied", "off", "disabled", "false"}
	// otherParts are things of an account that are no snapshots. The account is none of them: who administers it may do all.
	otherParts = []string{"server", "servers", "backup", "backups", "billing", "token", "tokens"}
)

// partsOf splits "snapshots:read" or "SNAPSHOTS_READ" into its parts, in small letters.
func partsOf(word string) []string {
	return strings.FieldsFunc(strings.ToLower(word), func(r rune) bool { return r < 'a' || r > 'z' })
}

// anyOf says whether one of the parts is in a list.
func anyOf(parts, list []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(list, p) })
}

// onlyReads says whether there are words, every one is about reading and none could be about writing.
func onlyReads(words []string) bool {
	for _, word := range words {
		if parts := partsOf(word); anyOf(parts, writingParts) || !anyOf(parts, readingParts) {
			return false
		}
	}
	return len(words) > 0
}

// withoutSnapshots says whether snapshots are among what the words name, and no word could be about writing them.
func withoutSnapshots(words []string) bool {
	named := false
	for _, word := range words {
		parts := partsOf(word)
		ours := anyOf(parts, []string{"snapshot", "snapshots"})
		named = named || ours
		if (ours || !anyOf(parts, otherParts)) && !deniesWriting(parts) {
			return false
		}
	}
	return named
}

// deniesWriting says whether a word is about reading, or about nothing at all.
func deniesWriting(parts []string) bool {
	return !anyOf(parts, writingParts) && (anyOf(parts, readingParts) || anyOf(parts, denyingParts))
}
