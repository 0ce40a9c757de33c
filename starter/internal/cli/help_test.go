package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// eachCommand calls do for each command, with the words that call it.
func eachCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, child := range cmd.Commands() {
		eachCommand(child, do)
	}
}

func TestHelpTextsFitATerminalAndNameTheirValuesInWords(t *testing.T) {
	eachCommand(newApp(World{}).root(), func(cmd *cobra.Command) {
		for line := range strings.SplitSeq(cmd.Long+"\n"+cmd.Example, "\n") {
			assert.LessOrEqual(t, utf8.RuneCountInString(line), 124, "%s: %s", cmd.CommandPath(), line)
			assert.Equal(t, strings.TrimRight(line, " "), line, cmd.CommandPath())
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			name, _ := pflag.UnquoteUsage(f)
			assert.NotContains(t, name, " ", "%s --%s: a command in the text is no name of a value", cmd.CommandPath(), f.Name)
			assert.NotRegexp(t, `Slice|Array`, name, "%s --%s", cmd.CommandPath(), f.Name)
		})
	})
}

// A help text without an example leaves the reader to guess; an example that is no command line is worse.
func TestEveryCommandHasAnExampleThatIsACommandLineOfTheProgram(t *testing.T) {
	eachCommand(newApp(World{}).root(), func(cmd *cobra.Command) {
		if cmd.Hidden { // people are not meant to call it
			return
		}
		calls := callsIn(t, cmd.Example)
		assert.NotEmpty(t, calls, "%s has no example", cmd.CommandPath())
		own := false
		for _, call := range calls {
			found := parses(t, call)
			own = own || found == cmd.CommandPath() || strings.HasPrefix(found, cmd.CommandPath()+" ")
		}
		assert.True(t, own, "no example of %s calls it", cmd.CommandPath())
	})
}

// parses wants a call of safepoint to be one that the program takes, and says which command it calls.
func parses(t *testing.T, call []string) string {
	t.Helper()
	root := newApp(World{Environ: []string{"SAFEPOINT_RUNNER=r"}}).root()
	cmd, rest, err := root.Find(call[1:])
	require.NoError(t, err, "%q", call)
	require.NoError(t, cmd.ParseFlags(rest), "%q", call)
	require.NoError(t, cmd.ValidateArgs(cmd.Flags().Args()), "%q", call)
	require.NoError(t, cmd.ValidateRequiredFlags(), "%q", call)
	return cmd.CommandPath()
}

// callsIn are the calls of safepoint in a piece of shell, each in words. It knows quotes, comments, lines that go on, and
// what ends a command, which is all that the examples use.
func callsIn(t *testing.T, shell string) [][]string {
	t.Helper()
	var calls [][]string
	for _, words := range commandsIn(strings.ReplaceAll(shell, "\\\n", " ")) {
		for len(words) > 1 && (strings.Contains(words[0], "=") || strings.Contains("! if then do else while exec", words[0])) {
			words = words[1:]
		}
		if words[0] == "safepoint" {
			calls = append(calls, words)
		}
	}
	return calls
}

// commandsIn splits shell into simple commands without their redirections.
func commandsIn(shell string) [][]string {
	var commands [][]string
	var words []string
	var word strings.Builder
	var quote rune
	inWord, comment, skip := false, false, false
	endWord := func() {
		if inWord && !skip {
			words = append(words, word.String())
		}
		if inWord {
			skip = false
		}
		word.Reset()
		inWord = false
	}
	endCommand := func() {
		endWord()
		if len(words) > 0 {
			commands = append(commands, words)
		}
		words, skip = nil, false
	}
	for _, c := range shell {
		switch {
		case comment:
			comment = c != '\n'
			if !comment {
				endCommand()
			}
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				word.WriteRune(c)
			}
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == '#' && !inWord:
			comment = true
		case c == '>':
			endWord()
			skip = true // the file's name
		case strings.ContainsRune("|&;()<\n", c):
			endCommand()
		case c == ' ' || c == '\t':
			endWord()
		default:
			inWord = true
			word.WriteRune(c)
		}
	}
	endCommand()
	return commands
}

func TestTheShellOfExamplesIsReadRight(t *testing.T) {
	calls := callsIn(t, `  X=1 safepoint run a --name 'web-*' --reason "web 2; and #3" \
      --wait > out.json && safepoint status b # safepoint comment
  source <(safepoint completion bash)
  temporal workflow list`)
	assert.Equal(t, [][]string{
		{"safepoint", "run", "a", "--name", "web-*", "--reason", "web 2; and #3", "--wait"},
		{"safepoint", "status", "b"},
		{"safepoint", "completion", "bash"},
	}, calls)
}

func TestACommandThatOnlyHasCommandsIsNoSuccess(t *testing.T) {
	for _, word := range []string{"run", "schedule"} {
		got := safepoint(t, unreachable, word)
		assert.Equal(t, codeUsage, got.code, "a variable that is not set must not look like a committed change")
		assert.Contains(t, got.out, "Available Commands")
		assert.Contains(t, got.err, "Name one of those above")
	}
	assert.Equal(t, codeOK, safepoint(t, unreachable).code)
	assert.Equal(t, codeOK, safepoint(t, unreachable, "run", "--help").code)
}

func TestAMissingArgumentIsNamed(t *testing.T) {
	got := safepoint(t, unreachable, "decide", "deploy-1")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "safepoint decide <workflow-id> commit|rollback|extend|approve|deny")
	assert.NotContains(t, got.err, "[flags]")
}
