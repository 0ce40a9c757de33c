package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
	"github.com/safepoint-dev/safepoint/starter/examples"
	"github.com/safepoint-dev/safepoint/workflows"
)

// commandWords are the runbooks' words on the command line, which also name their example files.
var commandWords = map[string]string{
	workflows.TypeSnapshotUpdateVerify: "snapshot-update-verify", workflows.TypeRollbackByRestore: "rollback-by-restore",
	workflows.TypeSnapshotRotation: "snapshot-rotation", workflows.TypeFleetUpdate: "fleet-update",
	workflows.TypeSnapshotAudit: "snapshot-audit", Schedule: "schedule",
}

// judge is a schema as an independent implementation reads it.
type judge struct{ schema *jsonschema.Schema }

// compiled keeps the judges: each takes a while to make.
var compiled sync.Map

func newJudge(t *testing.T, kind string) judge {
	t.Helper()
	if known, ok := compiled.Load(kind); ok {
		return known.(judge)
	}
	made := compile(t, kind)
	compiled.Store(kind, made)
	return made
}

func compile(t *testing.T, kind string) judge {
	t.Helper()
	s, err := For(kind)
	require.NoError(t, err)
	text, err := s.Text()
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("mem://input.json", document))
	whole, err := compiler.Compile("mem://input.json")
	require.NoError(t, err, "%s", text)
	return judge{whole}
}

// refusals are the places that the schema refuses, in the form of the runbooks' own paths; empty when it takes the input.
func (j judge) refusals(t *testing.T, input []byte) []string {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(input))
	require.NoError(t, err, "%s", input)
	err = j.schema.Validate(value)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	require.True(t, errors.As(err, &invalid), "%v", err)
	var paths []string
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		paths = append(paths, pathOf(e.InstanceLocation))
		for _, cause := range e.Causes {
			walk(cause)
		}
	}
	walk(invalid)
	return paths
}

// pathOf writes a place as the runbooks do: verify.checks[0].url.
func pathOf(words []string) string {
	var b strings.Builder
	for _, word := range words {
		switch {
		case strings.Trim(word, "0123456789") == "" && word != "":
			b.WriteString("[" + word + "]")
		case b.Len() == 0:
			b.WriteString(word)
		default:
			b.WriteString("." + word)
		}
	}
	return b.String()
}

// problems are what the runbook, or the schedule, itself says of an input.
func problems(t *testing.T, kind string, input []byte) []strictjson.Problem {
	t.Helper()
	var err error
	if kind == Schedule {
		_, err = schedule.Read(input, "safepoint")
	} else {
		err = workflows.Validate(kind, input)
	}
	if err == nil {
		return nil
	}
	var invalidInput *workflows.InvalidInputError
	var invalidFile *schedule.InvalidFileError
	switch {
	case errors.As(err, &invalidInput):
		return invalidInput.Problems
	case errors.As(err, &invalidFile):
		return invalidFile.Problems
	default:
		require.NoError(t, err)
		return nil
	}
}

// about says whether a problem is about a place: the place itself, or one below it.
func about(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		return p == path || strings.HasPrefix(p, path+".") || strings.HasPrefix(p, path+"[")
	})
}

func pathsOf(list []strictjson.Problem) []string {
	var paths []string
	for _, p := range list {
		paths = append(paths, p.Path)
	}
	return paths
}

// full is the full example of a kind.
func full(t *testing.T, kind string) map[string]any {
	t.Helper()
	text, err := examples.Full(commandWords[kind])
	require.NoError(t, err)
	return object(t, text)
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value map[string]any
	require.NoError(t, decoder.Decode(&value), text)
	return value
}

func written(t *testing.T, value any) []byte {
	t.Helper()
	text, err := unescaped(value)
	require.NoError(t, err)
	return text
}
