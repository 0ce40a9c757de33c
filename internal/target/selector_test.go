package target

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// account has ids out of order, as an API may list them.
var account = []contract.Server{
	{ID: 30, Name: "web-3", Status: "active", Location: "Berlin"},
	{ID: 10, Name: "web-1", Status: "active", Location: "berlin"},
	{ID: 20, Name: "web-2", Status: "stopped", Location: "Paris"},
	{ID: 40, Name: "DB-1", Status: "active", Location: ""},
	{ID: 50, Name: "team/a b", Status: "Suspended", Location: "Paris"},
}

func idsOf(servers []contract.Server) []int64 {
	ids := []int64{}
	for _, s := range servers {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestASelectorChoosesWhatMeetsEveryConditionAndNoExclusionInOrder(t *testing.T) {
	for name, c := range map[string]struct {
		selector Selector
		want     []int64
		missing  []int64
	}{
		"all, when it is said":            {selector: Selector{All: true}, want: []int64{10, 20, 30, 40, 50}},
		"empty":                           {selector: Selector{}, want: []int64{}},
		"only exclusions":                 {selector: Selector{Exclude: []int64{10}, ExcludeNames: []string{"x"}}, want: []int64{}},
		"ids":                             {selector: Selector{Servers: []int64{30, 10}}, want: []int64{10, 30}},
		"ids that are not there":          {selector: Selector{Servers: []int64{99, 10, 98, 99}}, want: []int64{10}, missing: []int64{98, 99}},
		"an id that is excluded":          {selector: Selector{Servers: []int64{10, 20}, Exclude: []int64{10}}, want: []int64{20}},
		"ids and a condition":             {selector: Selector{Servers: []int64{10, 20}, Status: "active"}, want: []int64{10}},
		"a name pattern":                  {selector: Selector{NameGlob: "web-[12]"}, want: []int64{10, 20}},
		"a name pattern is of the case":   {selector: Selector{NameGlob: "db-*"}, want: []int64{}},
		"a pattern is of the whole name":  {selector: Selector{NameGlob: "eb-"}, want: []int64{}},
		"a slash is no border":            {selector: Selector{NameGlob: "te*b"}, want: []int64{50}},
		"a slash can be asked for":        {selector: Selector{NameGlob: "team/*"}, want: []int64{50}},
		"a location, any case":            {selector: Selector{Location: "BERLIN"}, want: []int64{10, 30}},
		"an unknown location is no match": {selector: Selector{Location: "Rome"}, want: []int64{}},
		"a status, any case":              {selector: Selector{Status: "suspended"}, want: []int64{50}},
		"conditions add up":               {selector: Selector{NameGlob: "web-*", Location: "berlin", Status: "active", Exclude: []int64{30}}, want: []int64{10}},
		"excluded names ignore case":      {selector: Selector{All: true, ExcludeNames: []string{"db-*", "WEB-1"}}, want: []int64{20, 30, 50}},
		"a broken pattern chooses none":   {selector: Selector{NameGlob: "web-["}, want: []int64{}},
		"a broken exclusion excludes all": {selector: Selector{All: true, ExcludeNames: []string{"web-["}}, want: []int64{}},
	} {
		t.Run(name, func(t *testing.T) {
			before := idsOf(account)
			chosen, missing := Match(c.selector, account)
			assert.Equal(t, c.want, idsOf(chosen))
			assert.Equal(t, c.missing, missing)
			assert.Equal(t, before, idsOf(account), "the list is left as it was")
		})
	}
}

func TestASelectorThatChoosesNothingOrContradictsItselfIsRefused(t *testing.T) {
	long := strings.Repeat("x", maxText+1)
	for name, c := range map[string]struct {
		selector Selector
		paths    []string
	}{
		"empty":                  {Selector{}, []string{""}},
		"only exclusions":        {Selector{Exclude: []int64{1}, ExcludeNames: []string{"a*"}}, []string{""}},
		"empty list":             {Selector{Servers: []int64{}}, []string{""}},
		"all and ids":            {Selector{All: true, Servers: []int64{1}}, []string{"all"}},
		"all and a name":         {Selector{All: true, NameGlob: "*"}, []string{"all"}},
		"all and a location":     {Selector{All: true, Location: "x"}, []string{"all"}},
		"all and a status":       {Selector{All: true, Status: "active"}, []string{"all"}},
		"ids that are no ids":    {Selector{Servers: []int64{0, 5, -1, maxServerID + 1}}, []string{"servers[0]", "servers[2]", "servers[3]"}},
		"an id twice":            {Selector{Servers: []int64{5, 6, 5}}, []string{"servers[2]"}},
		"an exclusion twice":     {Selector{All: true, Exclude: []int64{5, 5}}, []string{"exclude[1]"}},
		"broken patterns":        {Selector{NameGlob: "[", ExcludeNames: []string{"ok", "[a", ""}}, []string{"name", "exclude_names[1]", "exclude_names[2]"}},
		"unprintable":            {Selector{NameGlob: "a\x1b[0m", Location: "a\nb"}, []string{"name", "name", "location"}},
		"too long":               {Selector{NameGlob: long, Location: long}, []string{"name", "location"}},
		"a status of its own":    {Selector{Status: "restoring"}, []string{"status"}},
		"a misspelt status":      {Selector{Status: "Active"}, []string{"status"}},
		"too many ids":           {Selector{Servers: make([]int64, MaxServers+1)}, []string{"servers"}},
		"too many excluded":      {Selector{All: true, Exclude: make([]int64, MaxServers+1)}, []string{"exclude"}},
		"too many name patterns": {Selector{All: true, ExcludeNames: make([]string, MaxExcludeNames+1)}, []string{"exclude_names"}},
	} {
		t.Run(name, func(t *testing.T) {
			paths := []string{}
			for _, p := range Validate(c.selector) {
				paths = append(paths, p.Path)
				assert.NotEmpty(t, p.Message)
			}
			assert.Equal(t, c.paths, paths)
		})
	}
	for _, good := range []Selector{
		{All: true},
		{All: true, Exclude: []int64{1}, ExcludeNames: []string{"db-*"}},
		{Servers: []int64{1, maxServerID}},
		{NameGlob: "web-*", Location: "Berlin", Status: contract.ServerActive},
	} {
		assert.Empty(t, Validate(good))
	}
}

func TestTheNumberOfProblemsIsBounded(t *testing.T) {
	list := Validate(Selector{Servers: make([]int64, 500)})
	require.Len(t, list, strictjson.MaxProblems)
	assert.Contains(t, list[len(list)-1].Message, "more than")
}

func TestASelectorIsReadStrictly(t *testing.T) {
	var s Selector
	problems := strictjson.Decode([]byte(`{"servers":[5],"name":"web-*","location":"x","status":"active","exclude":[7],"exclude_names":["db-*"]}`), &s)
	require.Empty(t, problems)
	assert.Equal(t, Selector{Servers: []int64{5}, NameGlob: "web-*", Location: "x", Status: "active", Exclude: []int64{7}, ExcludeNames: []string{"db-*"}}, s)
	assert.NotEmpty(t, strictjson.Decode([]byte(`{"server":[5]}`), &s))
}

func TestProblemsMoveUnderTheFieldTheyWereReadFrom(t *testing.T) {
	assert.Equal(t, []strictjson.Problem{{Path: "targets"}, {Path: "targets.servers[0]"}, {Path: "targets[2].x"}},
		At("targets", []strictjson.Problem{{Path: ""}, {Path: "servers[0]"}, {Path: "[2].x"}}))
}
