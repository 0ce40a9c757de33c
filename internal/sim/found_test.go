package sim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// found is a plan that once broke a promise. The plan is kept and not its seed: another way to draw plans would make
// another world of the same seed.
type found struct {
	// Found says what was wrong, and Seed what it was drawn from.
	Found string `json:"found"`
	Plan  plan   `json:"plan"`
}

func TestWhatWasFoundOnceStaysMended(t *testing.T) {
	files, err := filepath.Glob("testdata/found/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			var f found
			require.NoError(t, json.Unmarshal(b, &f))
			require.NotEmpty(t, f.Found)
			o := simulate(t, f.Plan, false)
			assert.Empty(t, o.findings, "%s\n%s", f.Found, o.timeline)
			assert.NotEmpty(t, o.ends)
		})
	}
}
