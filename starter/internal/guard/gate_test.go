//go:build unix

package guard

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACommandBehindAGateIsTheCommandItself(t *testing.T) {
	var out, errs strings.Builder
	c := &Command{Path: "/bin/sh", Args: []string{"a name", "-c", `echo "$0 $$"; cat; [ -e /proc/$$/fd/3 ] || [ -e /proc/$$/fd/4 ] || echo closed; exit 3`}, Env: []string{"PATH=" + os.Getenv("PATH")},
		In: strings.NewReader("in\n"), Out: &out, Err: &errs, Gate: []string{os.Args[0], roleGate}}
	require.NoError(t, c.Start(always))
	<-c.Done()
	assert.Equal(t, "exit code 3", c.Ended())
	lines := strings.Fields(out.String())
	require.Len(t, lines, 5)
	assert.Equal(t, []string{"a", "name", "in", "closed"}, []string{lines[0], lines[1], lines[3], lines[4]}, "nothing of the gate is left in it")
	assert.Equal(t, number(t, lines[2]), c.pgid(), "the process that the keeper knows")
	assert.Empty(t, errs.String())
}

func TestACommandBehindAGateThatCannotBeExecutedWasNotRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deploy")
	require.NoError(t, os.WriteFile(path, []byte("\x7fELF, but not really"), 0o755))
	c := &Command{Path: path, Args: []string{path}, Gate: []string{os.Args[0], roleGate}}
	require.ErrorContains(t, c.Start(always), "exec format error")
	assert.False(t, c.Alive())
	assert.Zero(t, c.pgid())
}

// The keeper never heard of the group: nothing but the gate itself can keep the command from running.
func TestAGuardThatIsKilledBeforeItsKeeperKnowsTheCommandRunsNothing(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	out, err := exec.Command(os.Args[0], roleEarly, "touch "+ran).Output()
	require.Error(t, err, "it was killed")
	pid := number(t, strings.TrimSpace(string(out)))
	within(t, "the end of the gate", func() bool { return !running(pid) })
	assert.NoFileExists(t, ran)
}

// always lets a command run.
func always() error { return nil }

// The machine may be suspended while a command is made ready.
func TestACommandThatMayNoLongerRunNeverDoes(t *testing.T) {
	for name, late := range map[string]int{"before it is made ready": 0, "when it is ready": 1} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", "touch " + filepath.Join(dir, "ran")}, Env: []string{"PATH=" + os.Getenv("PATH")}, Gate: []string{os.Args[0], roleGate}}
			asked := 0
			err := c.Start(func() error {
				if asked++; asked > late {
					return errors.New("too late")
				}
				return nil
			})
			require.ErrorContains(t, err, "too late")
			require.NotErrorIs(t, err, ErrMayHaveRun)
			require.NoFileExists(t, filepath.Join(dir, "ran"))
		})
	}
}
