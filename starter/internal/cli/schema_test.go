package cli

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/starter/internal/schema"
)

// None of these asks Temporal: the address is one where nothing listens.

func TestSchemaPrintsTheSchemaOfEachRunbookByBothItsNames(t *testing.T) {
	var kinds []string
	for _, word := range inputWords() {
		_, kind, err := inputNamed(word)
		require.NoError(t, err)
		kinds = append(kinds, kind)
		byWord, byKind := safepoint(t, unreachable, "schema", word), safepoint(t, unreachable, "schema", kind)
		require.Equal(t, codeOK, byWord.code, byWord.err)
		assert.Equal(t, byWord, byKind)
		var got struct {
			Dialect string `json:"$schema"`
			Title   string `json:"title"`
		}
		require.NoError(t, json.Unmarshal([]byte(byWord.out), &got))
		assert.Equal(t, schema.Dialect, got.Dialect)
		assert.Equal(t, kind, got.Title)
	}
	assert.Equal(t, schema.Kinds(), kinds)
}

func TestARunbookThatThereIsNotIsNamedWithThoseThatThereAre(t *testing.T) {
	for _, word := range []string{"schema", "example"} {
		for _, args := range [][]string{{word}, {word, ""}, {word, "ServerLock"}, {word, "fleet-update", "schedule"}, {word, "\x1b[2J"}} {
			got := safepoint(t, unreachable, args...)
			assert.Equal(t, codeUsage, got.code, args)
			assert.Contains(t, got.err, "snapshot-update-verify, rollback-by-restore, snapshot-rotation, fleet-update, snapshot-audit, schedule")
			assert.Empty(t, got.out)
			assert.NotContains(t, got.err, "\x1b")
		}
	}
}
