package cli

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

func TestAShellReadsAQuotedTextAsTheVerySameBytes(t *testing.T) {
	for _, text := range []string{
		"deploy-1", "", "a b", "it's", `back\slash`, "a\nb", "\x1b[2Jgone", "a\u202eb", "ümlaut", "z\u200bz", "\xff\xfe", "it's\ta \\ tab", "$(x)\x07", "f\x01f", "\ufffd",
	} {
		quoted := quote(text)
		assert.Equal(t, quoted, render.Clean(quoted), "a terminal shows all of it")
		got, err := exec.CommandContext(t.Context(), "bash", "-c", "printf %s "+quoted).Output()
		require.NoError(t, err)
		assert.Equal(t, text, string(got), quoted)
	}
}

// The client puts the id into a header that takes visible ASCII alone, and refuses every other before it is sent.
func TestAnIDThatTheClientCannotSendIsSaidToBeOneForTheUI(t *testing.T) {
	for _, id := range []string{"ümlaut", "a\tb", "del\x7f"} {
		f, address := newFrontend(t)
		for _, args := range [][]string{{"status", id}, {"report", id}, {"watch", id}, {"commit", id, "--by=ann"}, {"begin", id, "--server=7"}} {
			got := safepoint(t, address, args...)
			assert.Equal(t, codeUsage, got.code, "%s: %s", args, got.err)
			assert.Contains(t, got.err, "Only Temporal's UI", args)
			assert.NotContains(t, got.err, "Try again", args)
		}
		assert.Empty(t, f.starts)
		assert.Empty(t, f.updates)
	}
	_, address := newFrontend(t)
	assert.NotContains(t, safepoint(t, address, "status", "a b~").err, "Only Temporal's UI")
}
