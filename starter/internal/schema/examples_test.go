package schema

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/starter/examples"
	"github.com/safepoint-dev/safepoint/workflows"
)

// kindOf says by its fields, or for a runbook of its own by its name, what an example is.
func kindOf(name string, text string) string {
	for _, kind := range Kinds() {
		if commandWords[kind]+".json" == name {
			return kind
		}
	}
	if strings.Contains(text, `"runbook"`) {
		return Schedule
	}
	return workflows.TypeSnapshotUpdateVerify
}

func taken(t *testing.T, kind, what, text string) {
	t.Helper()
	assert.Empty(t, newJudge(t, kind).refusals(t, []byte(text)), "the schema of %s refuses %s", kind, what)
	assert.Empty(t, problems(t, kind, []byte(text)), "%s refuses %s", kind, what)
}

func TestEveryExampleFileFitsItsSchema(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.json")
	require.NoError(t, err)
	require.Greater(t, len(files), 10)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		taken(t, kindOf(filepath.Base(file), string(text)), file, string(text))
	}
	for _, kind := range Kinds() {
		for _, read := range []func(string) (string, error){examples.Smallest, examples.Full} {
			text, err := read(commandWords[kind])
			require.NoError(t, err)
			taken(t, kind, "an example of "+kind, text)
		}
	}
}

func TestTheJSONOfTheREADMEFitsItsSchema(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```json\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		taken(t, kindOf("", block[1]), "the README's", block[1])
	}
}

// A new field must be shown to whoever starts from the full example.
func TestTheFullExamplesShowEveryField(t *testing.T) {
	// hidden are fields that exclude one which is shown.
	hidden := regexp.MustCompile(`^(servers|all|retry_of|spec\.(cron|every|offset)|(template\.)?update\.(address|command|type|task_queue|input))(\[0\])?$`)
	for _, kind := range Kinds() {
		shown := map[string]bool{}
		paths(full(t, kind), "", shown)
		for _, n := range nodes(t, kind) {
			if kind == Schedule && strings.HasPrefix(n.path, "input.") {
				continue // the runbook's own example shows it
			}
			assert.Equal(t, !hidden.MatchString(n.path), shown[n.path], "%s %s", kind, n.path)
		}
	}
}

// paths collects where there are values; every element of a list counts as its first.
func paths(value any, path string, into map[string]bool) {
	if path != "" {
		into[path] = true
	}
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			paths(inner, strings.TrimPrefix(path+"."+name, "."), into)
		}
	case []any:
		for _, inner := range value {
			paths(inner, path+"[0]", into)
		}
	default: // a leaf
	}
}
