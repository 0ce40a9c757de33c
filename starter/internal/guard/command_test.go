//go:build unix

package guard

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience bounds every wait for something that comes by itself, on a slow machine too.
const patience = time.Minute

func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, patience, 20*time.Millisecond, what)
}

// running says whether a process is there and not just waiting to be collected.
func running(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

// script starts a shell script whose output is a file, and waits until it has written so many lines.
func script(t *testing.T, text string, lines int) (*Command, []string) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Close() })
	c := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", text}, Env: os.Environ(), Out: out, Err: out}
	require.NoError(t, c.Start(always))
	t.Cleanup(c.Kill)
	var said []string
	within(t, "the script's lines", func() bool {
		text, err := os.ReadFile(out.Name())
		said = strings.Fields(string(text))
		return err == nil && len(said) >= lines
	})
	return c, said
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

func TestACommandGetsItsStreamsAndItsEnvironmentAndNothingElse(t *testing.T) {
	var out, errs strings.Builder
	c := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", `cat; echo "$WORD" >&2; exit 3`}, Env: []string{"WORD=hello"},
		In: strings.NewReader("in\x00\xff"), Out: &out, Err: &errs}
	require.NoError(t, c.Start(always))
	<-c.Done()
	assert.False(t, c.Succeeded())
	assert.Equal(t, "exit code 3", c.Ended())
	assert.Equal(t, "in\x00\xff", out.String())
	assert.Equal(t, "hello\n", errs.String())
	assert.False(t, c.Alive())
	c.Kill() // a group that is gone
}

func TestOutputThatAChildHoldsOpenDoesNotMakeASuccessAFailure(t *testing.T) {
	var out strings.Builder
	c := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", "sleep 1000 & exit 0"}, Out: &out}
	require.NoError(t, c.Start(always))
	defer c.Kill()
	<-c.Done()
	assert.True(t, c.Succeeded())
	assert.True(t, c.Alive(), "the child")
}

func TestAKillReachesWhatTheCommandStartedToo(t *testing.T) {
	c, said := script(t, `trap "" TERM; (trap "" TERM; while :; do sleep 0.1; done) & echo $!; wait`, 1)
	child := number(t, said[0])
	c.Signal(syscall.SIGTERM)
	assert.True(t, c.Alive() && running(child), "both ignore it")
	c.Kill()
	<-c.Done()
	assert.Contains(t, c.Ended(), "killed")
	within(t, "the end of the group", func() bool { return !c.Alive() })
	assert.False(t, running(child))
}

func TestACommandThatCannotBeExecutedWasNotRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deploy")
	require.NoError(t, os.WriteFile(path, []byte("\x7fELF, but not really"), 0o755))
	c := &Command{Path: path, Args: []string{path}}
	require.ErrorContains(t, c.Start(always), "exec format error")
	assert.False(t, c.Alive())
}

// guardProcess is a guard of its own process, with a script that starts a child and prints both numbers.
func guardProcess(t *testing.T) (guard *exec.Cmd, words io.Writer, out *bufio.Scanner, pids []int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], roleGuard, `trap "" TERM HUP; (trap "" TERM HUP; while :; do sleep 0.1; done) & echo $$; echo $!; wait`)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	out = bufio.NewScanner(stdout)
	for range 2 {
		require.True(t, out.Scan())
		pids = append(pids, number(t, out.Text()))
	}
	t.Cleanup(func() { signalGroup(pids[0], os.Kill) }) // a test that fails leaves nothing behind
	return cmd, in, out, pids
}

func bothDead(pids []int) func() bool {
	return func() bool { return !running(pids[0]) && !running(pids[1]) }
}

func TestAGuardThatIsKilledLeavesNothingBehind(t *testing.T) {
	cmd, _, _, pids := guardProcess(t)
	require.True(t, running(pids[0]) && running(pids[1]))
	require.NoError(t, cmd.Process.Kill())
	within(t, "the command and its child to be dead", bothDead(pids))
}

func TestAGuardThatStandsStillLosesItsCommandWhenItsTimeIsOver(t *testing.T) {
	cmd, words, out, pids := guardProcess(t)
	_, err := io.WriteString(words, "1h\n")
	require.NoError(t, err)
	require.True(t, out.Scan())
	_, err = io.WriteString(words, "500ms\n")
	require.NoError(t, err)
	require.True(t, out.Scan(), "the keeper was told")
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	within(t, "the command and its child to be dead", bothDead(pids))
}

func TestAReleasedKeeperKillsNothing(t *testing.T) {
	keeper, err := StartKeeper(os.Args[0], roleKeeper)
	require.NoError(t, err)
	c := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", "sleep 1000 & exit 0"}, Keeper: keeper}
	require.NoError(t, c.Start(always))
	defer c.Kill()
	<-c.Done()
	c.Allow(time.Hour)
	keeper.Release()
	assert.True(t, c.Alive(), "what a good deploy left running is its own business")
}

func TestAKeeperThatIsGoneDoesNotDisturb(t *testing.T) {
	keeper, err := StartKeeper("/bin/true")
	require.NoError(t, err)
	c := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", "exit 0"}, Keeper: keeper}
	require.NoError(t, c.Start(always))
	<-c.Done()
	for range 3 {
		c.Allow(time.Minute)
	}
	assert.True(t, c.Succeeded())
	keeper.Release()
}

func TestAKeeperIgnoresWhatItDoesNotKnow(t *testing.T) {
	c, _ := script(t, "echo up; exec sleep 1000", 1)
	Keep(strings.NewReader("group x\nnews\nallow\n\ngroup 1\ndone\n"))
	assert.True(t, c.Alive())
	Keep(strings.NewReader("group " + strconv.Itoa(c.pgid()) + "\n"))
	assert.False(t, c.Alive())
}
