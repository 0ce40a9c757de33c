package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/safepoint-dev/safepoint/starter/examples"
)

// leftOut are what the package comment says that no schema takes: a sign before a number that stands in a string, and the
// year zero, which Go takes for no moment at all.
var leftOut = regexp.MustCompile(`"[+-][0-9.]|"0001-01-01T`)

// FuzzNoSchemaRefusesWhatItsRunbookTakes is the law of this package.
func FuzzNoSchemaRefusesWhatItsRunbookTakes(f *testing.F) {
	files, err := filepath.Glob("../../examples/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("the examples are missing: %v", err)
	}
	for kind, name := range Kinds() {
		for _, read := range []func(string) (string, error){examples.Smallest, examples.Full} {
			text, err := read(commandWords[name])
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(kind), []byte(text))
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(kind), text)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		kind := Kinds()[int(which)%len(Kinds())]
		if !json.Valid(data) || leftOut.Match(data) || len(problems(t, kind, data)) > 0 {
			return
		}
		if _, err := jsonschema.UnmarshalJSON(bytes.NewReader(data)); err != nil {
			return // a field given twice and the like, which the runbook has its own mind about
		}
		if refused := newJudge(t, kind).refusals(t, data); len(refused) > 0 {
			t.Fatalf("%s takes it, its schema refuses %v: %s", kind, refused, data)
		}
	})
}
