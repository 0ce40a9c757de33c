package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
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
