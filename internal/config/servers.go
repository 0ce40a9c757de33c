package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Servers is the set of servers that the runbooks of a worker may touch. The zero value allows every server of the
// account.
type Servers struct{ ranges []idRange }

// idRange holds both of its ends.
type idRange struct{ from, to int64 }

// ParseServers reads the entries of SAFEPOINT_ALLOW_SERVERS: ids such as "12345" and ranges such as "200-299", ends
// included. No entries allow every server. Its error names every entry that cannot be read.
func ParseServers(list []string) (Servers, error) {
	var (
		s   Servers
		bad []string
	)
	for _, entry := range list {
		first, last, isRange := strings.Cut(entry, "-")
		if !isRange {
			last = first
		}
		from, errFrom := strconv.ParseUint(strings.TrimSpace(first), 10, 63)
		to, errTo := strconv.ParseUint(strings.TrimSpace(last), 10, 63)
		if errFrom != nil || errTo != nil || from == 0 || to < from {
			bad = append(bad, quote(entry))
			continue
		}
		s.ranges = append(s.ranges, idRange{int64(from), int64(to)})
	}
	if len(bad) > 0 {
		return Servers{}, fmt.Errorf("%s cannot be read; give server ids and ranges such as 12345,200-299", strings.Join(bad, ", "))
	}
	return s, nil
}

// All says whether every server of the account is allowed.
func (s Servers) All() bool { return len(s.ranges) == 0 }

// Allows says whether a server is in the set.
func (s Servers) Allows(id int64) bool {
	if s.All() {
		return true
	}
	for _, r := range s.ranges {
		if r.from <= id && id <= r.to {
			return true
		}
	}
	return false
}
