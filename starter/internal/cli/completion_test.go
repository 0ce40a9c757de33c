package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/workflows"
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
		offered, _ := offers(t, one.typed...)
		assert.Subset(t, offered, one.want, "%q", one.typed)
	}
}

// offers are what a shell is offered behind the words, and whether it shows names of files too.
func offers(t *testing.T, typed ...string) (words []string, files bool) {
	t.Helper()
	got := safepoint(t, unreachable, append([]string{"__complete"}, typed...)...)
	require.Equal(t, codeOK, got.code, got.err)
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	for _, line := range lines[:len(lines)-1] {
		word, _, _ := strings.Cut(line, "\t")
		words = append(words, word)
	}
	directive, err := strconv.Atoi(strings.TrimPrefix(lines[len(lines)-1], ":"))
	require.NoError(t, err, got.out)
	return words, cobra.ShellCompDirective(directive)&cobra.ShellCompDirectiveNoFileComp == 0
}

func TestTheWordsOfFlagsAndArgumentsAreOfferedAndNoFiles(t *testing.T) {
	for _, one := range []struct {
		typed []string
		want  []string
	}{
		{[]string{"list", "--phase", ""}, texted(phases)},
		{[]string{"list", "--phase="}, texted(phases)},
		{[]string{"list", "--outcome", ""}, texted(outcomes)},
		{[]string{"list", "-o", ""}, []string{"text", "json"}},
		{[]string{"report", "deploy-1", "--output", ""}, []string{"text", "json", "markdown"}},
		{[]string{"report", "--result", ""}, []string{"succeeded", "failed"}},
		{[]string{"example", "fleet-update", "--json", ""}, []string{"smallest", "full"}},
		{[]string{"run", "snapshot-update-verify", "--update", ""}, []string{"none", "webhook", "external"}},
		{[]string{"decide", "deploy-1", ""}, []string{"commit", "rollback", "extend", "approve", "deny"}},
		{[]string{"decide", ""}, nil},
		{[]string{"status", ""}, nil},
		{[]string{"list", ""}, nil},
	} {
		offered, files := offers(t, one.typed...)
		assert.ElementsMatch(t, one.want, offered, "%q", one.typed)
		assert.False(t, files, "%q", one.typed)
	}
	_, files := offers(t, "guard", "--server", "7", "--", "./")
	assert.True(t, files, "a command follows")
}

// Whatever command and flag: names of files are offered only where a file is meant.
func TestNoFlagOffersFilesButThoseThatTakeOne(t *testing.T) {
	flags := 0
	eachCommand(newApp(World{}).root(), func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		path := strings.Fields(cmd.CommandPath())[1:]
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.NoOptDefVal != "" {
				return
			}
			flags++
			words, files := offers(t, append(path, "--"+f.Name, "")...)
			assert.Equal(t, f.Name == "file" || f.Name == "log-dir", files, "%s --%s", cmd.CommandPath(), f.Name)
			assert.Subset(t, append(flagWords[f.Name], strings.Split(f.Value.Type(), "|")...), words, "%s --%s", cmd.CommandPath(), f.Name)
		})
	})
	assert.Greater(t, flags, 50)
}

// A word that is offered and then refused would be worse than none.
func TestEveryOfferedWordOfAnInputIsOneThatTheRunbookTakes(t *testing.T) {
	checked := 0
	for _, book := range runbooks {
		for _, one := range book.fields {
			for _, word := range flagWords[one.flag] {
				args := map[string][]string{
					workflows.TypeSnapshotUpdateVerify: {"--server=7", "--update=none", "--check-tcp=h:1"}, workflows.TypeRollbackByRestore: {"--server=7", "--snapshot=latest", "--skip-verify"},
					workflows.TypeSnapshotRotation: {"--server=7", "--keep-last=2"},
				}[book.kind]
				if args = append(args, "--"+one.flag+"="+word); word == string(workflows.UpdateWebhook) {
					args = append(args, "--webhook-url=https://deploy.example.com/")
				}
				f, fs := inputFlags{of: book}, pflag.NewFlagSet("test", pflag.ContinueOnError)
				f.bind(fs)
				require.NoError(t, fs.Parse(args))
				raw, err := f.build(fs)
				require.NoError(t, err, args)
				require.NoError(t, workflows.Validate(book.kind, raw), "%s %q", book.kind, args)
				checked++
			}
		}
	}
	assert.Greater(t, checked, 15)
}
