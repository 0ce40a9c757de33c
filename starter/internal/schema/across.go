package schema

import (
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// acrossFields are the rules about more than one field of a type. A text that is given but empty counts as not given,
// as the runbooks read it, so a field that has no place in an object must be empty rather than absent.
var acrossFields = map[string]func(*Schema){
	"workflows.UpdateInput":   acrossUpdate,
	"workflows.VerifyInput":   acrossVerify,
	"contract.Check":          acrossCheck,
	"workflows.BackupInput":   func(s *Schema) { isTrueWith(s, "create", "wait"); isTrueWith(s, "create", "required") },
	"workflows.SafetyInput":   func(s *Schema) { isTrueWith(s, "snapshot", "required") },
	"workflows.SelectorInput": acrossSelector,
	"workflows.PolicyInput":   acrossPolicy,
	"workflows.CanaryInput":   acrossCanary,
	"freeze.Window":           acrossWindow,
	"schedule.Calendar": func(s *Schema) {
		s.AnyOf = anyFilled("second", "minute", "hour", "day_of_month", "month", "year", "day_of_week")
	},
}

// when adds: where one field has this value, then the object also fits this.
func when(s *Schema, field string, value any, then *Schema) {
	s.AllOf = append(s.AllOf, &Schema{If: has(field, value), Then: then})
}

// has fits an object whose field has this value.
func has(field string, value any) *Schema {
	return &Schema{Properties: Properties{{field, &Schema{Const: value}}}, Required: []string{field}}
}

// isTrueWith makes one switch necessary for another.
func isTrueWith(s *Schema, first, second string) { when(s, second, true, has(first, true)) }

// empty is a text that is as good as not given.
func empty() *Schema { return &Schema{MaxLength: ptr(0)} }

func text(pattern string) *Schema { return &Schema{MinLength: ptr(1), Pattern: pattern} }

// absent is a field that must not be there at all.
func absent() *Schema { return &Schema{never: true} }

// kinds adds what the fields of an object must be for each value of "kind". A field of none that it names must be empty.
func kinds(s *Schema, of map[string]map[string]*Schema, order []string, others map[string]*Schema) {
	names := make([]string, 0, len(others))
	for _, p := range s.Properties { // in the order of the type
		if others[p.Name] != nil {
			names = append(names, p.Name)
		}
	}
	for _, kind := range order {
		then := &Schema{}
		for _, name := range names {
			if want := of[kind][name]; want != nil {
				then.Required = append(then.Required, name)
				then.Properties = append(then.Properties, Property{name, want})
				continue
			}
			if _, free := of[kind][name]; !free {
				then.Properties = append(then.Properties, Property{name, others[name]})
			}
		}
		when(s, "kind", kind, then)
	}
}

func acrossUpdate(s *Schema) {
	command := &Schema{MinLength: ptr(1), MaxLength: ptr(maxCommand), AllOf: []*Schema{{Pattern: notBlank}}}
	name := func() *Schema {
		return &Schema{MinLength: ptr(1), MaxLength: ptr(maxChildName), Pattern: linePattern, AllOf: []*Schema{{Pattern: notBlank}}, Not: &Schema{Pattern: `^/_sys/`}}
	}
	kinds(s, map[string]map[string]*Schema{
		string(workflows.UpdateWebhook): {"url": &Schema{Pattern: urlPattern, MaxLength: ptr(maxURL)}},
		string(workflows.UpdateSSH):     {"address": text(addressPattern), "command": command},
		// nil is a field that may be there and need not.
		string(workflows.UpdateWorkflow): {"type": name(), "task_queue": name(), "input": nil},
	}, s.field("kind").Enum, map[string]*Schema{
		"url": empty(), "address": empty(), "command": empty(), "type": empty(), "task_queue": empty(), "input": absent(),
	})
}

func acrossCheck(s *Schema) {
	s.field("expect_body").MaxLength = ptr(maxBody)
	command := &Schema{MinLength: ptr(1), MaxLength: ptr(maxCommand), AllOf: []*Schema{{Pattern: notBlank}}}
	kinds(s, map[string]map[string]*Schema{
		string(contract.CheckHTTP): {"url": &Schema{Pattern: urlPattern, MaxLength: ptr(maxURL)}, "expect_status": nil, "expect_body": nil},
		string(contract.CheckTCP):  {"address": text(addressPattern)},
		string(contract.CheckSSH):  {"address": text(addressPattern), "command": command},
	}, s.field("kind").Enum, map[string]*Schema{
		"url": empty(), "address": empty(), "command": empty(), "expect_status": absent(), "expect_body": empty(),
	})
}

// acrossVerify wants checks, unless it is said that there are none.
func acrossVerify(s *Schema) {
	s.AllOf = append(s.AllOf, &Schema{
		If:   has("skip", true),
		Then: &Schema{Properties: Properties{{"checks", &Schema{MaxItems: ptr(0)}}}},
		Else: &Schema{Properties: Properties{{"checks", &Schema{MinItems: ptr(1)}}}, Required: []string{"checks"}},
	})
}

// anyFilled fits an object in which at least one of the texts is given.
func anyFilled(names ...string) []*Schema {
	var some []*Schema
	for _, name := range names {
		some = append(some, &Schema{Properties: Properties{{name, &Schema{MinLength: ptr(1)}}}, Required: []string{name}})
	}
	return some
}

func acrossSelector(s *Schema) { s.AnyOf = anyFilled("name", "location", "status") }

// acrossPolicy wants at least one rule.
func acrossPolicy(s *Schema) {
	for _, name := range []string{"keep_last", "keep_hourly", "keep_daily", "keep_weekly", "keep_monthly"} {
		s.AnyOf = append(s.AnyOf, &Schema{Properties: Properties{{name, &Schema{Minimum: ptr(int64(1))}}}, Required: []string{name}})
	}
	for _, name := range []string{"keep_within", "expire_after"} {
		s.AnyOf = append(s.AnyOf, &Schema{Properties: Properties{{name, &Schema{Pattern: notZero}}}, Required: []string{name}})
	}
}

// acrossCanary wants a count with what only canaries have.
func acrossCanary(s *Schema) {
	counted := &Schema{Required: []string{"count"}, Properties: Properties{
		{"count", &Schema{Not: &Schema{AnyOf: []*Schema{{Const: 0}, {Type: "string", Pattern: `^0+$`}}}}},
	}}
	when(s, "decide", true, counted)
	s.AllOf = append(s.AllOf, &Schema{
		If:   &Schema{Properties: Properties{{"pause", &Schema{Pattern: notZero}}}, Required: []string{"pause"}},
		Then: counted,
	})
}

// acrossWindow tells a window that comes again from a single one.
func acrossWindow(s *Schema) {
	s.OneOf = []*Schema{
		{
			Required:   []string{"from", "to"},
			Properties: Properties{{"from", &Schema{Pattern: clockPattern}}, {"to", &Schema{Pattern: clockEndPattern}}, {"start", absent()}, {"end", absent()}},
		},
		{
			Required:   []string{"start", "end"},
			Properties: Properties{{"days", &Schema{MaxItems: ptr(0)}}, {"from", empty()}, {"to", empty()}, {"time_zone", empty()}},
		},
	}
}
