package schema

import (
	"slices"

	"github.com/safepoint-dev/safepoint/workflows"
)

// needsVerify makes verify necessary: its checks have no default.
func needsVerify(s *Schema) { s.Required = append(s.Required, "verify") }

func adaptUpdate(s *Schema) { needsVerify(s) }

func adaptRollback(s *Schema) {
	needsVerify(s)
	baseline := s.at("verify", "baseline")
	baseline.Default, baseline.Const = false, false
	baseline.Description = "baseline has no place here: the checks are only made after the restore."
}

func adaptRotation(s *Schema) {
	chooses(s)
	s.at("lock", "on_busy").Default = string(workflows.BusySkip)
	s.at("lock", "on_busy").Description = "on_busy is skip (default), wait or fail."
	prefix := s.at("snapshot", "name_prefix")
	prefix.Default, prefix.Pattern = nil, "^$|"+prefixPattern
	prefix.Description = `name_prefix starts the snapshot's name: letters, digits, "-" and "_", up to 24; default the policy's name.`
	s.AllOf = append(s.AllOf, &Schema{
		If:   &Schema{Properties: Properties{{"snapshot", has("stop_server", true)}}, Required: []string{"snapshot"}},
		Then: &Schema{Properties: Properties{{"create", &Schema{Const: true}}}},
	})
}

func adaptAudit(s *Schema) { chooses(s) }

func adaptFleet(s *Schema) {
	chooses(s, &Schema{Properties: Properties{{"retry_of", &Schema{MinLength: ptr(1)}}}, Required: []string{"retry_of"}})
	// An error here would be one of the type above, which is made the same way.
	from := sourcesOfKinds()[0]
	template, err := inputOf(from)
	if err != nil {
		return
	}
	template.without("server_id", "dry_run")
	template.Description = s.field("template").Description
	placeholders(template)
	*s.field("template") = *template
}

// chooses wants exactly one way to say which servers are meant.
func chooses(s *Schema, more ...*Schema) {
	s.OneOf = append([]*Schema{
		{Properties: Properties{{"servers", &Schema{MinItems: ptr(1)}}}, Required: []string{"servers"}},
		{Required: []string{"selector"}},
		has("all", true),
	}, more...)
}

// placeholders lets each text of a template be one with {{.Hostname}} and the like, which the schema cannot judge. Lists
// of words stay: no server's name is one of them.
func placeholders(s *Schema) {
	if s == nil {
		return
	}
	if s.Pattern != "" || s.MaxLength != nil && *s.MaxLength > 0 {
		judged := &Schema{Pattern: s.Pattern, MaxLength: s.MaxLength, AllOf: s.AllOf, Not: s.Not}
		s.Pattern, s.MaxLength, s.AllOf, s.Not = "", nil, nil, nil
		s.AnyOf = append(s.AnyOf, judged, &Schema{Pattern: placeholderPattern})
		return
	}
	for _, p := range s.Properties {
		placeholders(p.Schema)
	}
	for _, below := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf, []*Schema{s.Items, s.Then, s.Else}) {
		placeholders(below)
	}
}
