package workflows

import (
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
	"github.com/safepoint-dev/safepoint/internal/target"
)

// targets checks that exactly one of servers, selector and all says which servers are meant. A field that was forgotten
// must never mean the whole account.
func (v *inputValidator) targets(servers []int64, selector *SelectorInput, all bool) {
	var given []string
	if len(servers) > 0 {
		given = append(given, "servers")
	}
	if selector != nil {
		given = append(given, "selector")
	}
	if all {
		given = append(given, "all")
	}
	switch len(given) {
	case 0:
		v.add("servers", "is required: give servers (their numbers at VPS.org), a selector, or \"all\": true for every server of the account")
		return
	case 1:
	default: // each of them alone would be clear; which one was meant is a guess
		for _, path := range given[1:] {
			v.add(path, "is given beside %s: leave one of them out", given[0])
		}
	}
	if len(servers) > 0 {
		for _, p := range target.Validate(contract.Selector{Servers: servers}) {
			v.add(p.Path, "%s", p.Message)
		}
	}
	if selector != nil {
		v.selector(*selector)
	}
}

func (v *inputValidator) selector(in SelectorInput) {
	for _, p := range target.Validate(selectorOf(nil, &in, false)) {
		if p.Path == "" && in.Name == "" && in.Location == "" && in.Status == "" {
			v.add("selector", "chooses no server: give name, location or status; \"name\": \"*\" is every server but those that it excludes")
			continue
		}
		at := target.At("selector", []strictjson.Problem{p})[0]
		v.add(at.Path, "%s", at.Message)
	}
}

// selectorOf is what validated input says about the servers that are meant, as the activities take it.
func selectorOf(servers []int64, selector *SelectorInput, all bool) contract.Selector {
	s := contract.Selector{All: all, Servers: servers}
	if selector != nil {
		s.NameGlob, s.Location, s.Status = selector.Name, selector.Location, contract.ServerStatus(selector.Status)
		s.Exclude, s.ExcludeNames = selector.Exclude, selector.ExcludeNames
	}
	return s
}
