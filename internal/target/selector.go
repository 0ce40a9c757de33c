package target

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// Selector says which servers are meant. It lives in the contract, because activities take it.
type Selector = contract.Selector

// Bounds of a selector.
const (
	// MaxServers is how many ids a selector may name, and how many it may exclude.
	MaxServers = 10_000
	// MaxExcludeNames is how many patterns it may exclude.
	MaxExcludeNames = 100

	maxServerID = 999_999_999_999
	maxText     = contract.MaxServerText
)

// statuses are those that the API lists servers by. Others pass by while something is done to a server.
var statuses = []string{string(contract.ServerActive), string(contract.ServerStopped), string(contract.ServerSuspended)}

// Validate returns what is wrong with a selector, by paths inside of it; see At.
func Validate(s Selector) []strictjson.Problem {
	var v problems
	narrowed := len(s.Servers) > 0 || s.NameGlob != "" || s.Location != "" || s.Status != ""
	switch {
	case s.All && narrowed:
		v.add("all", "means every server and stands alone: leave it out, or leave out servers, name, location and status")
	case !s.All && !narrowed:
		v.add("", "chooses no server: give servers, name, location or status, or \"all\": true for every server of the account")
	}
	v.ids("servers", s.Servers)
	if s.NameGlob != "" {
		v.glob("name", s.NameGlob)
	}
	v.line("location", s.Location)
	if s.Status != "" && !slices.Contains(statuses, string(s.Status)) {
		v.add("status", "must be one of %s, got %s", strings.Join(statuses, ", "), strictjson.Quote(string(s.Status)))
	}
	v.ids("exclude", s.Exclude)
	if len(s.ExcludeNames) > MaxExcludeNames {
		v.add("exclude_names", "must have at most %d patterns, has %d", MaxExcludeNames, len(s.ExcludeNames))
		return v.list
	}
	for i, pattern := range s.ExcludeNames {
		v.glob(element("exclude_names", i), pattern)
	}
	return v.list
}

// At puts problems under the path of the field that the selector or the template was read from.
func At(under string, list []strictjson.Problem) []strictjson.Problem {
	moved := make([]strictjson.Problem, 0, len(list))
	for _, p := range list {
		switch {
		case p.Path == "":
			p.Path = under
		case strings.HasPrefix(p.Path, "["):
			p.Path = under + p.Path
		default:
			p.Path = under + "." + p.Path
		}
		moved = append(moved, p)
	}
	return moved
}

func element(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// problems collects what is wrong, up to the number that is reported.
type problems struct{ list []strictjson.Problem }

func (v *problems) full() bool { return len(v.list) >= strictjson.MaxProblems }

func (v *problems) add(where, format string, args ...any) {
	switch {
	case v.full():
	case len(v.list) == strictjson.MaxProblems-1:
		v.list = append(v.list, strictjson.Problem{Message: fmt.Sprintf("has more than %d problems: the rest was not looked at", len(v.list))})
	default:
		v.list = append(v.list, strictjson.Problem{Path: where, Message: fmt.Sprintf(format, args...)})
	}
}

func (v *problems) ids(where string, ids []int64) {
	if len(ids) > MaxServers {
		v.add(where, "must have at most %d servers, has %d", MaxServers, len(ids))
		return
	}
	seen := make(map[int64]bool, len(ids))
	for i, id := range ids {
		switch {
		case id < 1 || id > maxServerID:
			v.add(element(where, i), "must be a server's number at VPS.org, from 1 to %d, got %d", int64(maxServerID), id)
		case seen[id]:
			v.add(element(where, i), "names server %d again: leave one", id)
		}
		seen[id] = true
	}
}

func (v *problems) glob(where, pattern string) {
	if pattern == "" {
		v.add(where, "must not be empty: give a pattern such as \"web-*\"")
		return
	}
	v.line(where, pattern)
	if _, err := path.Match(pattern, ""); err != nil {
		v.add(where, "is not a pattern that can be read, got %s: write * for any text, ? for one character, [a-c] for one of a set", strictjson.Quote(pattern))
	}
}

func (v *problems) line(where, text string) {
	if len(text) > maxText {
		v.add(where, "must have at most %d bytes, has %d", maxText, len(text))
		return
	}
	for _, r := range text {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			v.add(where, "must be one line of printable text, but contains %U", r)
			return
		}
	}
}
