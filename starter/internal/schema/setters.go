package schema

import "strconv"

func between(least, most int64) func(*Schema) {
	return func(s *Schema) { s.Minimum, s.Maximum = &least, &most }
}

func atLeast(n int) func(*Schema) { return func(s *Schema) { s.MinLength = &n } }

func atMost(n int) func(*Schema) { return func(s *Schema) { s.MaxLength = &n } }

func matches(pattern string) func(*Schema) { return func(s *Schema) { s.Pattern = pattern } }

// also is a second pattern.
func also(pattern string) func(*Schema) {
	return func(s *Schema) { s.AllOf = append(s.AllOf, &Schema{Pattern: pattern}) }
}

func neverMatches(pattern string) func(*Schema) {
	return func(s *Schema) { s.Not = &Schema{Pattern: pattern} }
}

// line is one line of text for people.
func line(longest int) func(*Schema) {
	return func(s *Schema) { s.Pattern, s.MaxLength = linePattern, &longest }
}

// span is a duration above zero; the default may be empty.
func span(standard string) func(*Schema) {
	return func(s *Schema) {
		also(notZero)(s)
		if standard != "" {
			s.Default = standard
		}
	}
}

func byDefault(value any) func(*Schema) { return func(s *Schema) { s.Default = value } }

func describe(text string) func(*Schema) { return func(s *Schema) { s.Description = text } }

func oneOf(words ...string) func(*Schema) { return func(s *Schema) { s.Enum = words } }

// upTo bounds a list.
func upTo(n int) func(*Schema) { return func(s *Schema) { s.MaxItems = &n } }

// items are rules of a list's elements.
func items(sets ...func(*Schema)) func(*Schema) {
	return func(s *Schema) {
		for _, set := range sets {
			set(s.Items)
		}
	}
}

// ids is a list of servers, each named once.
func ids(most int) func(*Schema) {
	return func(s *Schema) {
		s.UniqueItems, s.MaxItems = true, &most
		between(1, maxServerID)(s.Items)
	}
}

// kept is one of a policy's keep rules.
func kept(what string) func(*Schema) {
	return func(s *Schema) {
		between(0, maxKept)(s)
		s.Default = 0
		s.Description = what + ", from 0 to " + strconv.Itoa(maxKept) + ", the API's own limit of snapshots a server; 0 means that the rule is not used."
	}
}

// anyValue is JSON of any kind but null.
func anyValue() func(*Schema) {
	return func(s *Schema) { s.Not = &Schema{Type: "null"} }
}

// amount is a workflows.Amount: 5, "5" or "25%".
func amount(least, most int64) func(*Schema) {
	digits := `[0-9]+`
	if least > 0 {
		digits = `0*[1-9][0-9]*`
	}
	return func(s *Schema) {
		s.AnyOf = []*Schema{
			{Type: "integer", Minimum: &least, Maximum: &most},
			{Type: "string", Pattern: `^(` + digits + `|0*([1-9][0-9]?|100)%)$`},
		}
	}
}

// snapshotChoice is a workflows.SnapshotChoice: an id, a name, or one of the words for the latest. Digits are an id.
func snapshotChoice() *Schema {
	return &Schema{AnyOf: []*Schema{
		{Type: "integer", Minimum: ptr(int64(1))},
		{Type: "string", Enum: []string{"latest", "latest_any"}},
		{Type: "string", Pattern: namePattern, Not: &Schema{Pattern: `^0+$`}},
	}}
}
