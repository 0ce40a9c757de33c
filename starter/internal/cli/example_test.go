package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/starter/examples"
	"github.com/safepoint-dev/safepoint/workflows"
)

// goodInput says what the runbook, or the schedule, says of an input. That it fits its schema is tested beside the schemas.
func goodInput(kind, text string) error {
	if kind == "Schedule" {
		_, err := schedule.Read([]byte(text), "safepoint")
		return err
	}
	return workflows.Validate(kind, []byte(text))
}

var heredoc = regexp.MustCompile(`(?ms)^cat > (\w+)\.json <<'JSON'\n(.*?)^JSON$`)

func TestAnExampleIsAStartThatTheProgramTakes(t *testing.T) {
	for _, word := range inputWords() {
		got := safepoint(t, unreachable, "example", word)
		require.Equal(t, codeOK, got.code, got.err)
		_, kind, err := inputNamed(word)
		require.NoError(t, err)
		inputs := heredoc.FindAllStringSubmatch(got.out, -1)
		require.Len(t, inputs, 2, word)
		assert.Equal(t, "smallest", inputs[0][1])
		assert.Equal(t, "full", inputs[1][1])
		for _, input := range inputs {
			require.NoError(t, oneObject([]byte(input[2])), word)
			assert.NoError(t, goodInput(kind, input[2]), "%s %s", word, input[1])
		}
		calls := callsIn(t, heredoc.ReplaceAllString(got.out, ""))
		require.GreaterOrEqual(t, len(calls), 3, word)
		for _, call := range calls {
			parses(t, call)
		}
		assert.Contains(t, got.out, "temporal ")
		for line := range strings.SplitSeq(got.out, "\n") {
			if strings.HasPrefix(line, "#") {
				assert.LessOrEqual(t, len(line), 124, line)
			}
		}
	}
}

// Whoever pastes every command starts one run: all of them name one id, which never runs twice.
func TestAllCommandsOfAnExampleStartOneRun(t *testing.T) {
	ids := regexp.MustCompile(`--(?:workflow-)?id (\S+)`)
	for _, one := range runbooks {
		text := safepoint(t, unreachable, "example", one.command).out
		found := ids.FindAllStringSubmatch(text, -1)
		require.GreaterOrEqual(t, len(found), 2, one.command)
		for _, m := range found {
			assert.Equal(t, starts[one.command].id, m[1])
		}
		assert.Contains(t, text, "--type "+one.kind+" ")
		assert.Contains(t, text, "--id-reuse-policy RejectDuplicate")
	}
}

func TestTheFlagsOfAnExampleMakeItsSmallestInput(t *testing.T) {
	for word, one := range starts {
		smallest, err := examples.Smallest(word)
		require.NoError(t, err)
		if one.flags == "" {
			continue
		}
		call := callsIn(t, one.flags)[0]
		app := newApp(World{})
		cmd, rest, err := app.root().Find(call[1:])
		require.NoError(t, err)
		require.NoError(t, cmd.ParseFlags(rest))
		of, found := runbookOf(kindOfWord(t, word))
		require.True(t, found)
		raw, err := app.input(cmd, &inputFlags{of: of})
		require.NoError(t, err)
		assert.JSONEq(t, smallest, string(raw), word)
	}
}

func kindOfWord(t *testing.T, word string) string {
	t.Helper()
	_, kind, err := inputNamed(word)
	require.NoError(t, err)
	return kind
}

func TestAnExampleIsShell(t *testing.T) {
	bash, err := exec.LookPath("bash")
	require.NoError(t, err, "the tests need bash")
	for _, word := range inputWords() {
		path := filepath.Join(t.TempDir(), "start.sh")
		require.NoError(t, os.WriteFile(path, []byte(safepoint(t, unreachable, "example", word).out), 0o600))
		out, err := exec.Command(bash, "-n", path).CombinedOutput()
		assert.NoError(t, err, "%s: %s", word, out)
	}
}

func TestOneInputOfAnExampleCanBePrintedAlone(t *testing.T) {
	for _, word := range inputWords() {
		for size, read := range map[string]func(string) (string, error){"smallest": examples.Smallest, "full": examples.Full} {
			want, err := read(word)
			require.NoError(t, err)
			got := safepoint(t, unreachable, "example", word, "--json", size)
			assert.Equal(t, outcome{codeOK, want, ""}, got)
		}
	}
	got := safepoint(t, unreachable, "example", "fleet-update", "--json", "large")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, `--json is smallest or full, not "large"`)
}
