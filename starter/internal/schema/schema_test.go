package schema

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/workflows"
)

// node is one field somewhere in a schema.
type node struct {
	path   string
	schema *Schema
}

// nodes are every field of a kind, with the first element of each list.
func nodes(t *testing.T, kind string) []node {
	t.Helper()
	s, err := For(kind)
	require.NoError(t, err)
	var all []node
	var walk func(path string, s *Schema)
	walk = func(path string, s *Schema) {
		if path != "" {
			all = append(all, node{path, s})
		}
		for _, p := range s.Properties {
			walk(strings.TrimPrefix(path+"."+p.Name, "."), p.Schema)
		}
		if s.Items != nil {
			walk(path+"[0]", s.Items)
		}
	}
	walk("", s)
	return all
}

func TestEveryRunbookAndTheScheduleFileHaveASchema(t *testing.T) {
	assert.Equal(t, append(workflows.Runbooks(), Schedule), Kinds())
	for _, kind := range Kinds() {
		newJudge(t, kind)
	}
	_, err := For("Snapshot")
	require.ErrorContains(t, err, `there is no schema of "Snapshot": name one of SnapshotUpdateVerify, `)
}

func TestEveryFieldIsExplainedInTheWordsOfJSON(t *testing.T) {
	goWord := regexp.MustCompile(`\b[A-Z][a-z]+[A-Z]\w*`)
	typeNames := regexp.MustCompile(`SnapshotUpdateVerify|RollbackByRestore|SnapshotRotation|SnapshotAudit|FleetUpdate|SnapshotLimit|IPAddress|ServerID|KiB`)
	for _, kind := range Kinds() {
		for _, n := range nodes(t, kind) {
			if strings.HasSuffix(n.path, "[0]") {
				continue // the list is explained
			}
			assert.NotEmpty(t, n.schema.Description, "%s %s", kind, n.path)
			assert.NotContains(t, n.schema.Description, "\n")
			assert.Empty(t, goWord.FindAllString(typeNames.ReplaceAllString(n.schema.Description, ""), -1), "%s %s: %s", kind, n.path, n.schema.Description)
		}
	}
}

func TestNoFieldHasATypeThatInputsDoNotUse(t *testing.T) {
	for _, kind := range Kinds() {
		for _, n := range nodes(t, kind) {
			assert.False(t, n.schema.never, "%s %s", kind, n.path)
		}
	}
}

func TestEveryRuleIsAboutAFieldThatThereIs(t *testing.T) {
	types := map[string]reflect.Type{}
	for _, s := range sourcesOfKinds() {
		reach(s.goes, types)
	}
	known := map[string]bool{}
	for _, one := range types {
		if one.Kind() != reflect.Struct {
			continue
		}
		for i := range one.NumField() {
			known[one.Name()+"."+jsonName(one.Field(i))] = true
		}
	}
	for _, name := range ruleNames() {
		assert.True(t, known[name], name)
	}
	for name := range acrossFields {
		assert.NotNil(t, types[name], name)
	}
}

// A description that names a default, and the schema's own, must not say different things.
func TestTheDefaultsAreThoseOfTheComments(t *testing.T) {
	named := regexp.MustCompile(`default "?([A-Za-z0-9*_-]+)"?`)
	marked := regexp.MustCompile(`([a-z_]+) \(default\)`)
	// notAValue are defaults that are no JSON value.
	notAValue := map[string]bool{"the": true, "all": true, "none": true, "no": true, "check-": true, "*": true, "UTC": true}
	for _, kind := range Kinds() {
		for _, n := range nodes(t, kind) {
			m := named.FindStringSubmatch(n.schema.Description)
			if m == nil {
				m = marked.FindStringSubmatch(n.schema.Description)
			}
			if m == nil || notAValue[m[1]] || strings.HasPrefix(n.path, "spec.calendars") {
				continue
			}
			require.NotNil(t, n.schema.Default, "%s %s: %s", kind, n.path, n.schema.Description)
			assert.Equal(t, m[1], strings.Trim(string(written(t, n.schema.Default)), `"`), "%s %s: %s", kind, n.path, n.schema.Description)
		}
	}
}
