package schema

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// place is a value in an input that is being changed.
type place struct {
	input map[string]any
	path  string
}

// with is the input with another value at the path; objects and lists on the way are made where they are missing.
func (p place) with(t *testing.T, value any) []byte {
	t.Helper()
	var copied any = p.input
	copied = set(t, object(t, string(written(t, copied))), steps(p.path), value)
	return written(t, copied)
}

// steps splits verify.checks[0].url into verify, checks, 0, url.
func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

func set(t *testing.T, into any, steps []string, value any) any {
	t.Helper()
	if len(steps) == 0 {
		return value
	}
	if i, err := strconv.Atoi(steps[0]); err == nil {
		list, _ := into.([]any)
		for len(list) <= i {
			list = append(list, nil)
		}
		list[i] = set(t, list[i], steps[1:], value)
		return list
	}
	object, _ := into.(map[string]any)
	if object == nil {
		object = map[string]any{}
	}
	object[steps[0]] = set(t, object[steps[0]], steps[1:], value)
	return object
}

// candidates are values at the bounds that a schema draws, and just outside of them.
func candidates(s *Schema) (good, bad []any) {
	if s.Type != "" {
		bad = append(bad, nil)
	}
	switch s.Type {
	case "boolean":
		return good, append(bad, "yes", 1)
	case "integer":
		bad = append(bad, "12", 1.5, true)
		if s.Minimum != nil {
			good, bad = append(good, *s.Minimum), append(bad, *s.Minimum-1)
		}
		if s.Maximum != nil {
			good, bad = append(good, *s.Maximum), append(bad, *s.Maximum+1)
		}
		return good, bad
	case "array":
		return good, append(bad, map[string]any{}, "one")
	case "object":
		return good, append(bad, []any{}, "one", map[string]any{"no_such_field": 1})
	case "string":
		g, b := texts(s)
		return append(good, g...), append(bad, b...)
	default: // several types: the table of bad inputs has them
		return good, bad
	}
}

// controlMarks are control characters, and unseenMarks others that nobody sees: spaces, ends of lines, marks that turn the
// direction of text around, and one for private use.
const (
	controlMarks = "\x00\n\x1b\x7f\u0080\u0085\u009b\u009f"
	unseenMarks  = "\u00a0\u00ad\u061c\u200b\u200f\u2028\u2029\u202a\u202e\u2066\u2069\u3000\ue000\ufeff"
)

func texts(s *Schema) (good, bad []any) {
	bad = append(bad, 12, true)
	for _, word := range s.Enum {
		good = append(good, word)
	}
	switch {
	case len(s.Enum) > 0:
		bad = append(bad, "no-such-word")
	case strings.Contains(s.Pattern, durationPattern):
		bad = append(bad, "30", "5 minutes", "-5m", "")
		good = append(good, s.Default)
		if len(s.AllOf) > 0 {
			bad = append(bad, "0s")
		}
	case strings.Contains(s.Pattern, prefixPattern):
		good, bad = append(good, strings.Repeat("a", 24)), append(bad, strings.Repeat("a", 25), "-a", "a b")
	case s.MaxLength != nil && s.Pattern == linePattern:
		good, bad = append(good, strings.Repeat("é", min(*s.MaxLength, 100))), append(bad, strings.Repeat("a", *s.MaxLength+1))
		for _, mark := range controlMarks + unseenMarks {
			bad = append(bad, "a"+string(mark)+"b")
		}
	case s.MaxLength != nil && s.Pattern == plainLinePattern:
		good, bad = append(good, strings.Repeat("é", *s.MaxLength)), append(bad, strings.Repeat("a", *s.MaxLength+1))
		for _, mark := range controlMarks {
			bad = append(bad, "a"+string(mark)+"b")
		}
		for _, mark := range unseenMarks {
			good = append(good, "a"+string(mark)+"b")
		}
	case s.MaxLength != nil && s.Pattern == wordPattern:
		good, bad = append(good, strings.Repeat("a", *s.MaxLength)), append(bad, strings.Repeat("a", *s.MaxLength+1))
		for _, mark := range " " + controlMarks + unseenMarks {
			bad = append(bad, "a"+string(mark)+"b")
		}
	default: // free text, or a pattern that the table of bad inputs looks at
	}
	return slices.DeleteFunc(good, func(v any) bool { return v == nil }), bad
}

// Law of this package: whatever the schema refuses the runbook refuses, at the same place, and what the schema says is
// good is no problem of the runbook's. Every bound of every field is tried.
func TestEveryBoundOfASchemaIsTheRunbooksOwn(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			judge, input := newJudge(t, kind), full(t, kind)
			tried := 0
			for _, n := range nodes(t, kind) {
				good, bad := candidates(plain(n.schema))
				at := place{input, n.path}
				for _, value := range good {
					text := at.with(t, value)
					assert.NotContains(t, judge.refusals(t, text), n.path, "the schema refuses %s = %v", n.path, value)
					assert.NotContains(t, pathsOf(problems(t, kind, text)), n.path, "the runbook refuses %s = %v", n.path, value)
				}
				for _, value := range bad {
					text := at.with(t, value)
					assert.True(t, about(judge.refusals(t, text), n.path), "the schema takes %s = %v", n.path, value)
					assert.True(t, about(pathsOf(problems(t, kind, text)), n.path), "the runbook takes %s = %v", n.path, value)
				}
				tried += len(good) + len(bad)
			}
			assert.Greater(t, tried, 40)
		})
	}
}

// plain is the schema of a template's text without the way out for placeholders.
func plain(s *Schema) *Schema {
	if n := len(s.AnyOf); n > 0 && s.AnyOf[n-1].Pattern == placeholderPattern {
		inner := *s.AnyOf[n-2]
		inner.Type, inner.Default = s.Type, s.Default
		return &inner
	}
	return s
}

// The length of a duration is beyond JSON Schema: the descriptions say it, and must not be wrong.
func TestTheDescriptionsOfDurationsSayWhatTheRunbooksTake(t *testing.T) {
	bounds := regexp.MustCompile(`from ([0-9a-z]+) to ([0-9a-z]+)`)
	for _, kind := range Kinds() {
		input := full(t, kind)
		for _, n := range nodes(t, kind) {
			if !strings.Contains(plain(n.schema).Pattern, durationPattern) {
				continue
			}
			m := bounds.FindStringSubmatch(n.schema.Description)
			if n.path == "spec.offset" { // its bound is spec.every
				continue
			}
			require.NotNil(t, m, "%s %s does not say from what to what: %s", kind, n.path, n.schema.Description)
			for i, beyond := range []time.Duration{-time.Nanosecond, time.Nanosecond} {
				bound, err := contract.ParseDuration(m[i+1])
				require.NoError(t, err)
				outside := contract.Duration(bound.Std() + beyond)
				in, out := place{input, n.path}.with(t, m[i+1]), place{input, n.path}.with(t, outside.String())
				if outside == -1 {
					out = place{input, n.path}.with(t, "-1ns")
				}
				assert.NotContains(t, pathsOf(problems(t, kind, in)), n.path, "%s refuses %s = %s", kind, n.path, m[i+1])
				assert.Contains(t, pathsOf(problems(t, kind, out)), n.path, "%s takes %s = %s", kind, n.path, outside)
			}
		}
	}
}

func TestAPlaceIsWrittenWhereItSays(t *testing.T) {
	text := place{map[string]any{"a": []any{map[string]any{"b": json.Number("1")}}}, "a[0].c.d"}.with(t, 2)
	assert.JSONEq(t, `{"a": [{"b": 1, "c": {"d": 2}}]}`, string(text), fmt.Sprint(steps("a[0].c.d")))
}
