package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/workflows"
)

func TestAStartShowsItsReasonInTheUI(t *testing.T) {
	for _, command := range [][]string{{"run", "snapshot-update-verify", "--server=7", "--update=none"}, {"begin", "d", "--server=7", "--check-http=http://x/"}} {
		f, address := newFrontend(t)
		f.answers = map[string]any{workflows.UpdateBegin: workflows.BeginAnswer{Granted: true}}
		got := safepoint(t, address, append(command, "--reason", "web 2.14.0")...)
		require.Len(t, f.starts, 1, got.err)
		var summary string
		require.NoError(t, converter.GetDefaultDataConverter().FromPayload(f.starts[0].GetUserMetadata().GetSummary(), &summary))
		assert.Equal(t, "`web 2.14.0`", summary)
	}
}

func TestASummaryIsNeverMarkdownOfSomebodyElse(t *testing.T) {
	of := func(reason string) string {
		raw, err := json.Marshal(map[string]string{"reason": reason})
		require.NoError(t, err)
		return summaryOf(raw)
	}
	assert.Equal(t, "`' ![x](https://evil.example) '`", of("` ![x](https://evil.example) `"))
	assert.NotContains(t, of("one\ntwo\x1b[31m\u202e"), "\n")
	assert.Empty(t, of("  "))
	assert.Empty(t, summaryOf(json.RawMessage(`[]`)))
	assert.LessOrEqual(t, len(of(strings.Repeat("ü", 500))), maxSummary+len("``…"))
}
