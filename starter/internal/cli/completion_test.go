package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryShellHasItsCompletions(t *testing.T) {
	for _, shell := range shells {
		got := safepoint(t, unreachable, "completion", shell)
		require.Equal(t, codeOK, got.code, got.err)
		assert.Contains(t, got.out, "safepoint")
		assert.Contains(t, got.out, "__complete", shell)
	}
	assert.Contains(t, safepoint(t, unreachable, "--help").out, "\n  completion ")
}

func TestAShellThatThereIsNotIsRefused(t *testing.T) {
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}} {
		got := safepoint(t, unreachable, args...)
		assert.Equal(t, codeUsage, got.code)
		assert.Contains(t, got.err, "which shell? Name one of bash, zsh, fish, powershell")
	}
}

func TestTheCompletionsForBashAreBash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "completion.bash")
	require.NoError(t, os.WriteFile(path, []byte(safepoint(t, unreachable, "completion", "bash").out), 0o600))
	out, err := exec.Command("bash", "-n", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// What a shell asks for at the tab key.
func TestCommandsFlagsAndRunbooksAreCompleted(t *testing.T) {
	for _, one := range []struct {
		typed []string
		want  []string
	}{
		{[]string{"sch"}, []string{"schema", "schedule"}},
		{[]string{"schema", ""}, inputWords()},
		{[]string{"example", ""}, inputWords()},
		{[]string{"completion", ""}, shells},
		{[]string{"run", "snapshot-r"}, []string{"snapshot-rotation"}},
		{[]string{"run", "snapshot-rotation", "--keep-"}, []string{"--keep-last", "--keep-daily"}},
	} {
		got := safepoint(t, unreachable, append([]string{"__complete"}, one.typed...)...)
		require.Equal(t, codeOK, got.code, got.err)
		var offered []string
		for line := range strings.SplitSeq(got.out, "\n") {
			word, _, _ := strings.Cut(line, "\t")
			offered = append(offered, word)
		}
		assert.Subset(t, offered, one.want, "%q", one.typed)
	}
}
